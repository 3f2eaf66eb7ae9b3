"""How many validations a second the licence API answers, with few licences and with a million.

`make bench` measures the small number. All of docs/bench-licenses.md:
`python -m tests.bench.licenses --licenses 1000 100000 1000000 --report docs/bench-licenses.md`
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from sqlalchemy import insert, text

from refunddesk import licensing
from refunddesk.db.session import Database
from refunddesk.db.tables import activations, licenses
from refunddesk.settings import Settings
from refunddesk.wiring import open_edges
from tests.asking import buy
from tests.bench.databases import disk, open_desk, postgres
from tests.bench.load import Load, drive
from tests.bench.serving import serving
from tests.conftest import REPOSITORY
from tests.serving import Address

REPORT = REPOSITORY / "docs" / "bench-licenses.md"
#: Keys that are asked about, each from an address of its own, as sites are.
_ASKED = 5_000
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Measured:
    """The loads of one database with so many licences in it, one a round."""

    database: str
    licenses: int
    loads: tuple[Load, ...]

    def row(self) -> str:
        rates = [load.per_second for load in self.loads]
        p50, p99 = (median(load.wait(share) for load in self.loads) for share in (0.5, 0.99))
        return (
            f"| {self.database} | {self.licenses:,} | {median(rates):,.0f} "
            f"({min(rates):,.0f}–{max(rates):,.0f}) | {p50 * 1000:.1f} | {p99 * 1000:.1f} |"
        )


@contextmanager
def desk_with(home: Path, url: str, number: int) -> Iterator[tuple[Settings, list[str]]]:
    """A desk with so many licences in use on a site each, and the keys to ask about."""
    desk = open_desk(home, url)
    # Each call says which site it comes from, as a proxy in front would.
    settings = replace(desk.settings, trusted_proxies=1)
    edges = open_edges(settings)
    keys = [licensing.new_key(secrets.token_bytes) for _ in range(min(number, _ASKED))]
    _fill(edges.database, buy(edges, 1).id, keys, number - len(keys))
    edges.database.close()
    yield settings, keys


def _fill(database: Database, order_id: int, keys: Sequence[str], others: int) -> None:
    with database.write() as transaction:
        for statement in _OTHERS_SQLITE if database.is_sqlite else _OTHERS_POSTGRES:
            transaction.execute(text(statement), {"order": order_id, "others": others})
        # Asked already today: that a site was seen is written down once a day.
        now = datetime.now(UTC)
        for key in keys:
            license_id = transaction.execute(
                insert(licenses)
                .values(
                    store_id=1,
                    order_id=order_id,
                    product="crm-portal",
                    key_hash=licensing.key_hash(key),
                    key_ends_with=key[-4:],
                    sites_limit=1,
                    state="active",
                    created_at=now,
                )
                .returning(licenses.c.id)
            ).scalar_one()
            transaction.execute(
                insert(activations).values(
                    license_id=license_id, site=_site(key), activated_at=now, seen_at=now
                )
            )
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


_LICENSES = (
    "INSERT INTO licenses (store_id, order_id, product, key_hash, key_ends_with, sites_limit, "
    "state, created_at) SELECT 1, :order, 'crm-portal', {random}, '0000', 1, 'active', {now} "
    "FROM {numbers}"
)
_ACTIVATIONS = (
    "INSERT INTO activations (license_id, site, activated_at) "
    "SELECT id, 'site' || id || '.example', created_at FROM licenses WHERE key_ends_with = '0000'"
)
_OTHERS_SQLITE = (
    "WITH RECURSIVE numbers(n) AS (SELECT 1 WHERE :others > 0 UNION ALL SELECT n + 1 FROM numbers "
    "WHERE n < :others) "
    + _LICENSES.format(random="randomblob(32)", now="'2026-03-02 10:00:00'", numbers="numbers"),
    _ACTIVATIONS,
)
_OTHERS_POSTGRES = (
    _LICENSES.format(
        random="sha256(uuid_send(gen_random_uuid()))",
        now="now()",
        numbers="generate_series(1, :others)",
    ),
    _ACTIVATIONS,
)


def _site(key: str) -> str:
    return f"{key.lower()}.example"


def questions(address: Address, keys: Sequence[str]) -> list[bytes]:
    """One call for each key, from the address of its site."""
    found = []
    for number, key in enumerate(keys):
        body = json.dumps({"key": key, "site": _site(key)}).encode()
        caller = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        head = (
            f"POST /licenses/validate HTTP/1.1\r\nHost: {address[0]}\r\n"
            f"X-Forwarded-For: {caller}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


def measure(
    loader: ProcessPoolExecutor,
    name: str,
    home: Path,
    url: str,
    number: int,
    *,
    rounds: int,
    seconds: float,
) -> Measured:
    """Ask the web process, as `refunddesk serve` runs it, about keys of this database."""
    with desk_with(home, url, number) as (settings, keys), serving(settings) as server:
        asked = questions(server.address, keys)
        loads = [
            loader.submit(
                drive, server.address, asked, connections=_CONNECTIONS, seconds=seconds
            ).result()
            for _ in range(rounds)
        ]
    return Measured(name, number, tuple(loads))


def as_markdown(measured: Sequence[Measured], rounds: int, seconds: float) -> str:
    """The whole of docs/bench-licenses.md."""
    busy = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return "\n".join(
        (
            _HEAD,
            f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {rounds} rounds of {seconds:g} s "
            f"for each row. {os.cpu_count()} cores shared by server, load and database{busy}; "
            f"Python {platform.python_version()}.",
            "",
            "| database | licences | a second (lowest–highest) | p50 ms | p99 ms |",
            "|---|---|---|---|---|",
            *(one.row() for one in measured),
            "",
        )
    )


_HEAD = f"""\
# How fast licences are validated

Written by `python -m tests.bench.licenses`; not to be edited by hand.

`POST /licenses/validate` over {_CONNECTIONS} kept-alive connections from a process of its own, each
call for one of {_ASKED:,} keys in turn and from another address, to the web process as
`refunddesk serve` runs it. All are answered `valid`. Every licence is in use on one site. That a
site was seen is written down once a day, and was before. Other work on the machine makes every p99
long.
"""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.licenses", description=__doc__)
    parser.add_argument("--licenses", type=int, nargs="+", default=[1_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--report", type=Path, help="write the table there, as docs/ has it")
    asked = parser.parse_args(arguments)
    measured = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as loader:
        for number in asked.licenses:
            with (
                tempfile.TemporaryDirectory(prefix="bench", dir=disk()) as folder,
                postgres() as url,
            ):
                for name, address in (("SQLite `FULL`", ""), ("PostgreSQL", url)):
                    home = Path(folder) / name.split()[0]
                    home.mkdir()
                    print(f"{name}, {number:,} licences", flush=True)
                    measured.append(
                        measure(
                            loader,
                            name,
                            home,
                            address,
                            number,
                            rounds=asked.rounds,
                            seconds=asked.seconds,
                        )
                    )
                    print(measured[-1].row(), flush=True)
    report = as_markdown(measured, asked.rounds, asked.seconds)
    if asked.report:
        asked.report.write_text(report, "utf-8")
    print(report)


if __name__ == "__main__":
    main(sys.argv[1:])
