"""`python -m tests.bench.replaying`: how long a policy takes to be tried on 100 000 orders."""

from __future__ import annotations

import argparse
import os
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


def measure(home: Path, orders: int, url: str | None = None) -> float:
    """Seconds that the command takes, the start of Python included."""
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
    edges.database.close()
    policy = home / "generous.toml"
    policy.write_text(POLICY, encoding="utf-8")
    command = [
        sys.executable, "-m", "refunddesk", "policy", "replay", "--policy", str(policy),
        "--against", "crmjetty", "--unasked", "10", "--csv",
    ]  # fmt: skip
    began = time.monotonic()
    told = subprocess.run(
        command, env=os.environ | environment, check=True, capture_output=True, text=True
    )
    took = time.monotonic() - began
    assert told.stdout.count("\n") == orders + 1, "a line for every order"
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="replay", dir=disk()) as folder:
        (Path(folder) / "sqlite").mkdir()
        (Path(folder) / "postgres").mkdir()
        took = measure(Path(folder) / "sqlite", asked.orders)
        print(f"SQLite: {asked.orders:,} orders in {took:.1f} s", flush=True)
        with postgres() as url:
            took = measure(Path(folder) / "postgres", asked.orders, url)
        print(f"PostgreSQL: {asked.orders:,} orders in {took:.1f} s")
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
