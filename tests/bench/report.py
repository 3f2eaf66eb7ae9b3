"""The table of what was measured: medians over all rounds, and what they are a share of."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from tests.bench.load import Load

SIGNATURE = "Signature only, nothing kept"
SQLITE = "**SQLite `FULL`, kept**"
POSTGRES = "**PostgreSQL, kept**"
BESIDE_SLOW_CLIENTS = "SQLite `FULL`, kept, beside 64 slow clients"
SQLITE_COMMITS = "SQLite `FULL`: the driver alone, a commit for each"
POSTGRES_COMMITS = "PostgreSQL: the driver alone, a commit for each"

AIM_SHARE = 0.8
AIM_P99_MS = 25

_ORDER = (SIGNATURE, SQLITE, BESIDE_SLOW_CLIENTS, POSTGRES, SQLITE_COMMITS, POSTGRES_COMMITS)


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the table: what was measured, over how many connections at once."""

    name: str
    connections: int


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement; times in seconds. `cpu` is the web process's own, for one request, and
    `store_cpu` that of the process which stores it, `lag` after the last answer.
    """

    per_second: float
    p50: float
    p99: float
    cpu: float | None
    answered: int = 0
    lag: float | None = None
    store_cpu: float | None = None

    @classmethod
    def of(cls, load: Load, cpu: float | None) -> Run:
        return cls(load.per_second, load.wait(0.5), load.wait(0.99), cpu, load.answered)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and where it was measured; `load` is the machine's average over a minute."""

    at: datetime
    rounds: int
    seconds: float
    syncs: float
    cores: int
    load: float | None
    python: str
    sqlite: str

    @classmethod
    def now(cls, rounds: int, seconds: float, syncs: Sequence[float]) -> Circumstances:
        return cls(
            datetime.now(UTC),
            rounds,
            seconds,
            median(syncs),
            os.cpu_count() or 1,
            os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
            platform.python_version(),
            sqlite3.sqlite_version,
        )


def as_markdown(runs: Mapping[Cell, Sequence[Run]], where: Circumstances) -> str:
    """The whole of docs/bench.md."""
    rows = sorted(runs, key=lambda cell: (_ORDER.index(cell.name), cell.connections))
    table = [_row(cell, runs) for cell in rows]
    busy = "" if where.load is None else f", load average {where.load:.1f}"
    return "\n".join(
        (
            _HEAD,
            f"Measured {where.at:%Y-%m-%d %H:%M} UTC: {where.rounds} rounds of "
            f"{where.seconds:g} s for each row, interleaved. {where.cores} cores shared by server, "
            f"load and databases{busy}; Python {where.python}, SQLite {where.sqlite}; the disk "
            f"keeps 4 KiB {where.syncs:,.0f} times a second.",
            "",
            "| | connections | a second (lowest–highest) | share | p50 ms | p99 ms | CPU µs "
            "| CPU µs to store |",
            "|---|---|---|---|---|---|---|---|",
            *table,
            "",
            _against_aim(runs),
            "",
            _lag(runs),
            _FOOT,
        )
    )


def _against_aim(runs: Mapping[Cell, Sequence[Run]]) -> str:
    kept, whole = runs[Cell(SQLITE, 16)], runs[Cell(SIGNATURE, 16)]
    share, p99 = _share(kept, whole), _milliseconds(kept, lambda run: run.p99)
    share_met = "met" if float(share) >= AIM_SHARE else "missed"
    p99_met = "met" if float(p99) < AIM_P99_MS else "missed"
    return (
        f"Aim for SQLite `FULL` over 16 connections: a share of at least {AIM_SHARE} "
        f"(here {share}: {share_met}) and a p99 under {AIM_P99_MS} ms (here {p99} ms: {p99_met})."
    )


def _row(cell: Cell, runs: Mapping[Cell, Sequence[Run]]) -> str:
    mine = runs[cell]
    rates = [run.per_second for run in mine]
    return (
        f"| {cell.name} | {cell.connections} "
        f"| {median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}) "
        f"| {_share(mine, runs.get(Cell(SIGNATURE, cell.connections), ()))} "
        f"| {_milliseconds(mine, lambda run: run.p50)} "
        f"| {_milliseconds(mine, lambda run: run.p99)} "
        f"| {_cpu(run.cpu for run in mine)} "
        f"| {_cpu(run.store_cpu for run in mine)} |"
    )


def _lag(runs: Mapping[Cell, Sequence[Run]]) -> str:
    lags = [run.lag for mine in runs.values() for run in mine if run.lag is not None]
    return (
        "All that was acknowledged was in the database "
        f"{median(lags):.2f} s after a round's last answer, {max(lags):.2f} s at the latest."
        if lags
        else ""
    )


def _share(mine: Sequence[Run], whole: Sequence[Run]) -> str:
    """The median over the rounds: what disturbs a round disturbs both of its figures."""
    shares = [run.per_second / of.per_second for run, of in zip(mine, whole, strict=True)]
    return f"{median(shares):.2f}"


def _milliseconds(mine: Sequence[Run], time: Callable[[Run], float]) -> str:
    return f"{median(time(run) for run in mine) * 1000:.2f}"


def _cpu(measured: Iterable[float | None]) -> str:
    known = [each for each in measured if each is not None]
    return f"{median(known) * 1_000_000:.0f}" if known else "–"


_HEAD = """\
# How fast deliveries are taken

Written by `make bench`; not to be edited by hand.

Signed deliveries of 6 KiB, over kept-alive connections from a process of its own, to the web
process as `refunddesk serve` runs it. *Kept* means that each is on the disk before it is answered
with 200: in the journal, from where a process beside it stores it in the database meanwhile, as
`refunddesk schedule` does. *Signature only* is the same web process, its log lines included, of
which the handler proves the signature and keeps nothing: what HTTP, routing and the signature cost
by themselves.
*Share* is the rate next to *signature only* in the same round. CPU is the web process's own, for
one request, and beside it that of the process which stores it; the databases' own processes and the
load are not in it.
"""

_FOOT = """
A row's figures are medians over the rounds. Of the *slow clients*, half send their headers one
byte every 0.2 s and half their body; the row is of one client that sends as it should, meanwhile.

Other work on the machine makes every p99 long, and the shares doubtful: the more threads a process
has, the more it gets of a crowded processor. Believe a run whose load average is not far above one,
and compare CPU rather than rates.
"""
