"""`make bench`: how many deliveries a second are made durable, how soon, and at what cost."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.bench.databases import Desk, commits, disk, open_desk, postgres, syncs_per_second
from tests.bench.load import drive, slow_clients
from tests.bench.report import (
    BESIDE_SLOW_CLIENTS,
    POSTGRES,
    POSTGRES_COMMITS,
    SIGNATURE,
    SQLITE,
    SQLITE_COMMITS,
    Cell,
    Circumstances,
    Run,
    as_markdown,
)
from tests.bench.serving import SIGNATURE_ONLY, cpu_seconds, serving, storing
from tests.conftest import REPOSITORY
from tests.serving import Process, WebProcess

BODY_BYTES = 6 * 1024
#: Deliveries tell of so many orders, over and over, as in a busy hour.
ORDERS = 500
SLOW_CLIENTS = 64
REPORT = REPOSITORY / "docs" / "bench.md"


@dataclass(frozen=True, slots=True)
class Bench:
    """Measures one cell at a time; the load comes from a process of its own."""

    loader: ProcessPoolExecutor
    seconds: float

    def deliver(self, desk: Desk, server: WebProcess, connections: int) -> Run:
        target = desk.target(server.address)
        before = cpu_seconds(server.process)
        load = self.loader.submit(
            drive,
            server.address,
            target.requests(ORDERS, BODY_BYTES),
            connections=connections,
            seconds=self.seconds,
        ).result()
        return Run.of(load, each(before, cpu_seconds(server.process), load.answered))

    def deliver_and_store(
        self, desk: Desk, server: WebProcess, store: Process, connections: int
    ) -> Run:
        """Done when all that was acknowledged is in the database too."""
        before = cpu_seconds(store)
        run = self.deliver(desk, server, connections)
        begun = time.perf_counter()
        while desk.count_unstored():
            time.sleep(0.01)
        lag = time.perf_counter() - begun
        return replace(run, lag=lag, store_cpu=each(before, cpu_seconds(store), run.answered))

    def deliver_beside_slow_clients(self, desk: Desk, server: WebProcess, store: Process) -> Run:
        with slow_clients(desk.target(server.address), SLOW_CLIENTS):
            return self.deliver_and_store(desk, server, store, 1)

    def commit(self, desk: Desk, connections: int) -> Run:
        load = self.loader.submit(
            commits,
            desk.settings.database_url,
            connections=connections,
            seconds=self.seconds,
            body_bytes=BODY_BYTES,
        ).result()
        return Run.of(load, None)


def each(before: float | None, after: float | None, answered: int) -> float | None:
    """The processor's seconds for each answer; None where the system does not tell of them."""
    return None if before is None or after is None else (after - before) / answered


@contextmanager
def cells(bench: Bench, home: Path) -> Iterator[dict[Cell, Callable[[], Run]]]:
    """What each cell of the table is measured by. All servers run all the time; the idle wait."""
    (home / "sqlite").mkdir()
    (home / "postgres").mkdir()
    with postgres() as postgres_url:
        lite = open_desk(home / "sqlite")
        post = open_desk(home / "postgres", postgres_url)
        with (
            serving(lite.settings) as lite_server,
            serving(post.settings) as post_server,
            serving(lite.settings, SIGNATURE_ONLY) as proving_server,
            storing(lite.settings) as lite_store,
            storing(post.settings) as post_store,
        ):
            measured: dict[Cell, Callable[[], Run]] = {}
            for connections in (1, 16):
                prove = partial(bench.deliver, lite, proving_server, connections)
                measured[Cell(SIGNATURE, connections)] = prove
                for name, desk, server, store in (
                    (SQLITE, lite, lite_server, lite_store),
                    (POSTGRES, post, post_server, post_store),
                ):
                    keep = partial(bench.deliver_and_store, desk, server, store, connections)
                    measured[Cell(name, connections)] = keep
                measured[Cell(POSTGRES_COMMITS, connections)] = partial(
                    bench.commit, post, connections
                )
            measured[Cell(SQLITE_COMMITS, 1)] = partial(bench.commit, lite, 1)
            measured[Cell(BESIDE_SLOW_CLIENTS, 1)] = partial(
                bench.deliver_beside_slow_clients, lite, lite_server, lite_store
            )
            yield measured


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="each measures every cell once")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each cell of a round")
    parser.add_argument("--report", type=Path, default=REPORT)
    asked = parser.parse_args(arguments)
    runs: dict[Cell, list[Run]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="bench", dir=disk()) as folder,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as loader,
        cells(Bench(loader, asked.seconds), Path(folder)) as measured,
    ):
        syncs = []
        for number in range(1, asked.rounds + 1):
            print(f"round {number} of {asked.rounds}", flush=True)
            syncs.append(syncs_per_second(Path(folder), asked.seconds / 4))
            for cell, measure in measured.items():
                runs.setdefault(cell, []).append(measure())
    report = as_markdown(runs, Circumstances.now(asked.rounds, asked.seconds, syncs))
    asked.report.write_text(report, "utf-8")
    print(report)


if __name__ == "__main__":
    main(sys.argv[1:])
