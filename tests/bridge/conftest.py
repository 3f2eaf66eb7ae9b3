"""Small stores, each made once in a run and put back to its beginning for every test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from refunddesk.cli.bridge import zip_of
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.bridge.administration import Administration
from tests.bridge.real_desk import RealDesk, open_desk
from tests.bridge.small_store import SmallStore, need_drop_in, open_small_store, releases
from tests.conftest import REPOSITORY

#: As it comes from the installation, and with the bridge installed and activated.
BARE, WITH_BRIDGE = "bare", "with bridge"


@pytest.fixture(scope="session")
def packed() -> bytes:
    """The zip that `make bridge` makes."""
    return zip_of(REPOSITORY / "wp-bridge")


@pytest.fixture(scope="session")
def small_stores(packed: bytes) -> Iterator[Callable[..., SmallStore]]:
    """Makes a store on a release, or gives the one that was made before."""
    made: dict[tuple[Path, bool], SmallStore] = {}

    def get(release: Path, *, network: bool = False) -> SmallStore:
        need_drop_in()
        if (release, network) not in made:
            folder = stack.enter_context(_folder())
            store = stack.enter_context(open_small_store(release, folder, network=network))
            store.keep(BARE)
            if not network:
                administration_of(store).install(packed)
                store.keep(WITH_BRIDGE)
            made[release, network] = store
        return made[release, network]

    with ExitStack() as stack:
        yield get


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="store"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def administration_of(store: SmallStore, site: str = "") -> Administration:
    admin = Administration(store.address + site, "admin", "small-store-pw")
    admin.sign_in()
    return admin


@pytest.fixture
def small_store(
    request: pytest.FixtureRequest, small_stores: Callable[..., SmallStore]
) -> Iterator[SmallStore]:
    """With the bridge, not connected, on the newest release or the one that a test names.

    Whatever PHP and WordPress complain of while a test runs fails it.
    """
    need_drop_in()
    store = small_stores(getattr(request, "param", None) or releases()[-1])
    store.become(WITH_BRIDGE)
    yield store
    assert not store.said(), "\n".join(store.said())


@pytest.fixture
def small_admin(small_store: SmallStore) -> Administration:
    return administration_of(small_store)


@pytest.fixture
def small_desk(settings: Settings, make_edges: Callable[..., Edges]) -> Iterator[RealDesk]:
    with open_desk(settings, make_edges) as desk:
        yield desk
