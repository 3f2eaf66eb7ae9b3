"""A real store of each kind of order storage, with a desk that it is connected with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from refunddesk.cli.bridge import zip_of
from refunddesk.db import outbox
from refunddesk.jobs import keeping, registry
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_journal
from refunddesk.settings import Settings
from tests.bridge.administration import Administration
from tests.bridge.real_desk import RealDesk, open_desk
from tests.conftest import REPOSITORY
from tests.realstore.building import STORAGES, BuiltStore, build, given
from tests.woocommerce.contract_drivers import LiveStore


@dataclass(slots=True)
class Ahead:
    """The clock on the wall, moved ahead: the desk's waiting is skipped, the store's is not."""

    by: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by

    def move_to(self, at: datetime) -> None:
        self.by = max(self.by, at - datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Connected:
    """A store and its desk, which call each other over this machine's own network."""

    store: BuiltStore
    live: LiveStore
    admin: Administration
    desk: RealDesk
    clock: Ahead

    @property
    def edges(self) -> Edges:
        return self.desk.edges

    def work(self) -> None:
        """Store what was delivered, and keep every due promise of the desk until none is left."""
        drain_journal(self.edges)
        for _ in range(50):
            with self.edges.database.read() as transaction:
                due = outbox.list_due(transaction, self.edges.clock())
            if not due:
                return
            for promise_id, _job in due:
                keeping.keep(self.edges, promise_id, registry.JOBS)
        raise AssertionError("the work never ends")


@pytest.fixture(scope="session")
def built_stores() -> Iterator[dict[str, BuiltStore]]:
    given()
    with build(zip_of(REPOSITORY / "wp-bridge")) as stores:
        yield stores


@pytest.fixture(params=STORAGES)
def connected(
    request: pytest.FixtureRequest,
    built_stores: dict[str, BuiltStore],
    settings: Settings,
    make_edges: Callable[..., Edges],
) -> Iterator[Connected]:
    """The store of this storage, connected by its administration and disconnected again."""
    store = built_stores[request.param]
    admin, clock = store.administration(), Ahead()
    with open_desk(settings, make_edges, store.ca_file) as desk:
        desk.edges = replace(desk.edges, clock=clock)
        said = admin.press("connect", server=desk.address, code=desk.code())
        assert said.count("✔") == 7, said[-3000:]
        yield Connected(store, store.live(), admin, desk, clock)
        admin.press("disconnect")
        assert not store.said(), "\n".join(store.said())
