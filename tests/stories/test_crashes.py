"""Killed at any moment of the money's path and begun anew, the desk pays once and ends in order.

REFUNDDESK_TEST_CRASHES=all kills at every moment under every fault of the store on both
databases, and a second time during what follows; without it, that is a sample.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from refunddesk.db import schema
from refunddesk.db.session import open_database
from refunddesk.sealing import new_key
from tests.conftest import copying
from tests.stories.crashing import FAULTS, Life, Page, Stage, StoreFault, Zygote, open_book

ALL = os.environ.get("REFUNDDESK_TEST_CRASHES") == "all"
#: The moments are dealt out to this many tests, so that test processes can share them.
PARTS = 12
#: How many moments a sample has, besides the decisive ones.
SAMPLE = 2

pytestmark = pytest.mark.timeout(3600 if ALL else 300)


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with Zygote() as process:
        yield process


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """In memory where there is such a place: a killed process takes no written page with it."""
    if not Path("/dev/shm").is_dir():
        yield tmp_path_factory.mktemp("crashes")
        return
    with tempfile.TemporaryDirectory(prefix="crashes", dir="/dev/shm") as memory:
        yield Path(memory)


@pytest.fixture(scope="session")
def book(zygote: Zygote, folder: Path) -> tuple[Stage, list[Page]]:
    """The story on SQLite, told once without a kill."""
    file = folder / "refunddesk.db"

    def save(name: str) -> object:
        kept = folder / f"page-{name}.db"
        with closing(sqlite3.connect(file)) as live, closing(sqlite3.connect(kept)) as copy:
            live.backup(copy)
        return kept

    def restore(kept: object) -> None:
        for part in ("", "-wal", "-shm"):
            Path(f"{file}{part}").unlink(missing_ok=True)
        shutil.copy(str(kept), file)

    url = f"sqlite:///{file}"
    _migrate(url)
    stage = Stage(folder, _settings(folder, url), zygote, save, restore, folder / "certificates")
    return stage, open_book(stage)


@pytest.fixture(scope="session")
def postgres_book(
    zygote: Zygote, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stage, list[Page]]]:
    """The same on PostgreSQL; a page is a database to copy."""
    folder = tmp_path_factory.mktemp("crashes-postgres")
    name = f"crashes_{secrets.token_hex(4)}"
    server = make_url(postgres_url).set(drivername="postgresql+psycopg")
    url = server.set(database=name).render_as_string(hide_password=False)
    pages: list[str] = []

    with _superuser(server.render_as_string(hide_password=False)) as execute:

        def save(page: str) -> object:
            pages.append(f"{name}_{page}")
            execute(copying(pages[-1], name))
            return pages[-1]

        def restore(kept: object) -> None:
            execute(f"DROP DATABASE {name} WITH (FORCE)")
            execute(copying(name, str(kept)))

        execute(f"CREATE DATABASE {name}")
        _migrate(url)
        settings = _settings(folder, url)
        stage = Stage(folder, settings, zygote, save, restore, folder / "certificates")
        yield stage, open_book(stage)
        for kept in (name, *pages):
            execute(f"DROP DATABASE {kept} WITH (FORCE)")


def _settings(folder: Path, url: str) -> dict[str, str]:
    return {
        "REFUNDDESK_HOME": str(folder),
        "REFUNDDESK_SECRET_KEY": secrets.token_hex(32),
        "REFUNDDESK_SEALING_KEYS": new_key(),
        "DATABASE_URL": url,
        "REFUNDDESK_ALLOW_PRIVATE_STORES": "yes",
    }


def _migrate(url: str) -> None:
    database = open_database(url)
    schema.upgrade(database)
    database.close()


@contextmanager
def _superuser(url: str) -> Iterator[object]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def execute(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    yield execute
    engine.dispose()


def _moments(pages: list[Page]) -> list[tuple[Page, int]]:
    """Every moment of the story: the page it lies on, and its number there."""
    return [(page, kill_at) for page in pages for kill_at in range(1, len(page.moments) + 1)]


def _survive(stage: Stage, page: Page, fault: StoreFault, *kills: int) -> None:
    try:
        Life(stage, page, fault).survive(kills)
    except AssertionError as error:
        moment = page.moments[kills[0] - 1] if kills[0] <= len(page.moments) else "later"
        pytest.fail(
            f"{fault.name}; killed at moments {kills} of piece {page.number} ({moment}): {error}"
        )


def _payday(stage: Stage, page: Page, fault: StoreFault) -> Page:
    """The last piece of the story as it goes under this fault: it has moments of its own."""
    life = Life(stage, page, fault)
    return replace(page, moments=tuple(life.tell(page.number, page.number + 1)))


def _sample(page: Page, chance: random.Random) -> list[int]:
    """Every moment if all are wanted; else those between the call and the commit of its answer,
    at which a second call would be a second payment, and some others.
    """
    moments = range(1, len(page.moments) + 1)
    if ALL:
        return list(moments)
    sent = page.moments.index("POST sent") + 1
    return [sent, sent + 1, sent + 2, *chance.sample(moments, SAMPLE)]


def test_the_moments_are_those_of_the_whole_path(book: tuple[Stage, list[Page]]) -> None:
    _, pages = book
    everything = [moment for page in pages for moment in page.moments]
    assert everything.count("before POST") == everything.count("POST sent") == 1
    assert everything.count("before PUT") == 1  # the subscription
    assert everything.count("before GET") > 5
    assert everything.count("before a commit") == everything.count("after a commit") > 20


@pytest.mark.parametrize("part", range(PARTS), ids=lambda part: f"part {part + 1} of {PARTS}")
def test_killed_at_any_moment_it_pays_once_and_ends_in_order(
    book: tuple[Stage, list[Page]], part: int
) -> None:
    stage, pages = book
    for page, kill_at in _moments(pages)[part::PARTS]:
        _survive(stage, page, FAULTS[0], kill_at)


@pytest.mark.parametrize("fault", FAULTS[1:], ids=lambda fault: fault.name)
def test_killed_while_the_store_fails_too_it_pays_once_and_ends_in_order(
    book: tuple[Stage, list[Page]], fault: StoreFault
) -> None:
    stage, pages = book
    payday = _payday(stage, pages[-2], fault)
    for kill_at in _sample(payday, random.Random(fault.name)):
        _survive(stage, payday, fault, kill_at)


def test_killed_twice_it_pays_once_and_ends_in_order(book: tuple[Stage, list[Page]]) -> None:
    stage, pages = book
    chance = random.Random("twice")
    payday = pages[-2]
    moments = range(1, len(payday.moments) + 1)
    for first in _sample(payday, chance):
        for fault in FAULTS if ALL else [chance.choice(FAULTS)]:
            _survive(stage, payday, fault, first, chance.choice(moments))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_killed_on_postgresql_it_pays_once_and_ends_in_order(
    postgres_book: tuple[Stage, list[Page]], fault: StoreFault
) -> None:
    stage, pages = postgres_book
    payday = _payday(stage, pages[-2], fault)
    chance = random.Random(fault.name)
    for kill_at in _sample(payday, chance) if ALL else _sample(payday, chance)[::2]:
        _survive(stage, payday, fault, kill_at)


def test_killed_before_the_payment_on_postgresql_it_pays_once_and_ends_in_order(
    postgres_book: tuple[Stage, list[Page]],
) -> None:
    stage, pages = postgres_book
    moments = _moments(pages[:-2])
    for page, kill_at in moments if ALL else random.Random("before").sample(moments, SAMPLE):
        _survive(stage, page, FAULTS[0], kill_at)
