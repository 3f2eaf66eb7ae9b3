"""`python -m tests.bench.replaying`: how long a policy takes to be tried on 100 000 orders."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from refunddesk.db import schema
from refunddesk.db.session import open_database
from refunddesk.sealing import new_key
from refunddesk.settings import read_settings
from refunddesk.wiring import open_edges
from tests.bench.databases import disk, postgres
from tests.bench.sold import sell
from tests.building import add_store

POLICY = """\
id = "generous"
version = "1"
in_force_from = 2020-01-01T00:00:00Z
title.en = "Generous"
[[clause]]
id = "G-1"
kind = "full_refund"
text.en = "A fault raised in the first 45 days gives the price back, with its tax."
params = { within = "45 days", pays = ["product"] }
"""


def measure(home: Path, orders: int, url: str | None = None) -> str:
    """What the command took, the start of Python included; its processor time is its own."""
    environment = {
        "REFUNDDESK_HOME": str(home),
        "REFUNDDESK_SECRET_KEY": "0" * 64,
        "REFUNDDESK_SEALING_KEYS": new_key(),
    } | ({"DATABASE_URL": url} if url else {})
    settings = read_settings(environment)
    database = open_database(settings.database_url)
    schema.upgrade(database)
    database.close()
    edges = open_edges(settings)
    sell(edges.database, add_store(edges), orders)
    if url:
        # A server in use has its statistics: it takes them by itself, within a minute.
        with edges.database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    edges.database.close()
    policy = home / "generous.toml"
    policy.write_text(POLICY, encoding="utf-8")
    command = [
        sys.executable, "-m", "refunddesk", "policy", "replay", "--policy", str(policy),
        "--against", "crmjetty", "--unasked", "10", "--csv",
    ]  # fmt: skip
    began, used = time.monotonic(), _processor_seconds()
    told = subprocess.run(
        command, env=os.environ | environment, check=True, capture_output=True, text=True
    )
    took = time.monotonic() - began
    assert told.stdout.count("\n") == orders + 1, "a line for every order"
    cpu = _processor_seconds() - used
    return f"{orders:,} orders in {took:.1f} s, {cpu:.1f} s of processor time"


def _processor_seconds() -> float:
    """Of all children that have ended, and of theirs."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def measure_both(orders: int) -> list[str]:
    """A line for SQLite and one for PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="replay", dir=disk()) as folder:
        (Path(folder) / "sqlite").mkdir()
        (Path(folder) / "postgres").mkdir()
        told = [f"SQLite: {measure(Path(folder) / 'sqlite', orders)}"]
        with postgres() as url:
            told.append(f"PostgreSQL: {measure(Path(folder) / 'postgres', orders, url)}")
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    print("\n".join(measure_both(parser.parse_args().orders)))
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
