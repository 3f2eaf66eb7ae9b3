"""The desk's database, a store, and the situations a schedule begins with; kept for many seeds."""

from __future__ import annotations

import logging
import random
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine

from refunddesk.db import orders, schema
from refunddesk.db.session import Database, open_database
from refunddesk.db.staff import Role
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import stores
from refunddesk.services.bridges import look_for_bridge
from refunddesk.services.edges import Edges
from refunddesk.services.orders import record_order
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from refunddesk.woocommerce.transport import Answer
from tests import building
from tests.conftest import TestClock
from tests.stories.schedules.shop import URL, Network, SteppedStore, client_over

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TWO = ("LIC-1", "DOM-1")
APPROVERS = ("owner@example.test", "second@example.test")


class Player(Protocol):
    """Who decides what happens at the moments of the running schedule."""

    def begins(self, *, reads: bool) -> None: ...

    def commits(self) -> None: ...

    def committed(self) -> None: ...

    def rolled_back(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Opening:
    """One paid order with refunds granted on it, as two databases hold it. `has_bridge`: the store
    has the desk's own plugin, and the desk knows of it.
    """

    name: str
    desk: sqlite3.Connection
    store: sqlite3.Connection
    order_id: int
    woo_order_id: int
    paid_minor: int
    shares: tuple[tuple[int, tuple[str, str]], ...]  # per line: the store's id, net and tax
    has_bridge: bool = False


class World:
    """Everything that is costly to make. `player` is told of each moment; none while setting up."""

    def __init__(self, folder: Path) -> None:
        self.player: Player | None = None
        self.network: Network | None = None
        self.clock = TestClock(START)
        self.store_clock = TestClock(START)
        self.random = random.Random(0)
        self.store = SteppedStore(self.store_clock)
        database = open_database(f"sqlite:///{folder / 'desk.db'}")
        schema.upgrade(database)
        # Looks and copies of its own, past the desk's engine and so no moments of the schedule.
        self.past = sqlite3.connect(
            folder / "desk.db", check_same_thread=False, isolation_level=None
        )
        self._restoring = sqlite3.connect(folder / "desk.db", isolation_level=None)
        (self._schema,) = self.past.execute("PRAGMA schema_version").fetchone()
        self.edges = Edges(
            database=_WatchedDatabase(database.engine, self),
            clock=self.clock,
            sealer=Sealer([new_key()]),
            connect=self._connect,
            random_bytes=lambda number: self.random.randbytes(number),
            home=folder,
        )
        key = self.store.api_keys[0]
        self._store_id = building.add_store(
            self.edges,
            url=URL,
            consumer_key=key.consumer_key,
            consumer_secret=key.consumer_secret,
        )
        stores.add_item_rule(
            self.edges,
            self._store_id,
            field="sku",
            value="LIC-*",
            item_kind="product",
            product="pro",
        )
        building.add_staff(self.edges, (APPROVERS[0], Role.OWNER), (APPROVERS[1], Role.APPROVER))
        self._blank = (self.image(), self.store.image())
        self.openings = self._make_openings()
        self.bridged = self._make_bridged()
        #: Not to be had by asking: an order with an unsettled refund takes no second request.
        self.crowded = self._open("each line by itself", TWO, [["LIC-1"], ["DOM-1"]])

    def close(self) -> None:
        self.past.close()
        self._restoring.close()
        self.edges.database.close()
        self.store.close()

    def image(self) -> sqlite3.Connection:
        """A copy of the desk's database as it is committed now: a backup."""
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        self.past.backup(kept)
        return kept

    def restore(self, image: sqlite3.Connection) -> None:
        image.backup(self._restoring)
        # Every image has the same schema, so those who know it need not read it anew, nor their
        # statements: that takes several times as long as the copy.
        self._restoring.execute(f"PRAGMA schema_version = {self._schema}")

    def set_up(self, opening: Opening, seed: int) -> None:
        """Go back to the opening; from here on all chance comes from `seed`."""
        self.random = random.Random(seed)
        self.clock.at = self.store_clock.at = START
        self.restore(opening.desk)
        self.store.remember(opening.store)
        self.store.bridge.installed = opening.has_bridge

    def openings_of(self, seed: int) -> tuple[Opening, ...]:
        """What the seed may begin with: two of five have the bridge."""
        return self.bridged if seed % 5 >= 3 else self.openings

    # -- the situations

    def _make_openings(self) -> tuple[Opening, ...]:
        return (
            # What is left of the order would pay for it a second time: the store refuses nothing.
            self._open("the smaller line of two", TWO, [["DOM-1"]]),
            self._open("the whole order", TWO, [["LIC-1", "DOM-1"]]),
            self._open("a subscription", ("SUB-Y",), [["SUB-Y"]], ("subscription_cancelled",)),
        )

    def _make_bridged(self) -> tuple[Opening, ...]:
        return (
            self._open("one line of two, with the bridge", TWO, [["LIC-1"]], gateway="sandboxpay"),
            self._open("the whole, by keys", TWO, [["LIC-1", "DOM-1"]], gateway="sandboxkeys"),
        )

    def _open(
        self,
        name: str,
        skus: Sequence[str],
        grants: Sequence[Sequence[str]],
        effects: Sequence[str] = (),
        *,
        gateway: str | None = None,
    ) -> Opening:
        """A situation; with `gateway` in a store that has the bridge."""
        desk, store = self._blank
        self.restore(desk)
        self.store.remember(store)
        lines = [{"sku": sku, "quantity": 1} for sku in skus]
        self.store.bridge.installed = gateway is not None
        method = gateway or "sandboxpay"
        sold = self.store.add_order(lines, at_checkout=True, payment_method=method)
        if gateway:
            assert look_for_bridge(self.edges, self._store_id)
        record_order(self.edges, self._store_id, sold["id"])
        with self.edges.database.read() as transaction:
            order = orders.find_order(transaction, self._store_id, sold["id"])
            assert order
            items = orders.list_items(transaction, order.id)
        for granted in grants:
            shares = {
                item.woo_item_id: (str(item.paid), str(item.tax))
                for item in items
                if item.sku in granted
            }
            building.grant(self.edges, order, shares, effects=effects)
        return Opening(
            name=name,
            desk=self.image(),
            store=self.store.image(),
            order_id=order.id,
            woo_order_id=sold["id"],
            paid_minor=order.total.minor,
            shares=tuple((item.woo_item_id, (str(item.paid), str(item.tax))) for item in items),
            has_bridge=gateway is not None,
        )

    def _connect(self, access: StoreAccess) -> StoreClient:
        return client_over(self.network or _Direct(self.store), access)


@contextmanager
def open_world() -> Iterator[World]:
    """A world in memory where the machine has a place for that; the desk's log is kept quiet."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        before = structlog.get_config()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        world = World(Path(folder))
        try:
            yield world
        finally:
            world.close()
            structlog.configure(**before)


@dataclass(frozen=True, slots=True)
class _Direct:
    """The network while a situation is made: nothing happens on it."""

    store: SteppedStore

    def read(self, path: str, params: Mapping[str, str] | None) -> Answer:
        return self.store.answer("GET", path, params, None)

    def write(self, method: str, path: str, body: object) -> Answer:
        return self.store.answer(method, path, None, body)

    def post(self, path: str, body: object, wait: float) -> Answer:
        return self.store.answer("POST", path, None, body)


class _WatchedDatabase(Database):
    """The desk's database, with a moment at the beginning and at the end of each transaction."""

    def __init__(self, engine: Engine, world: World) -> None:
        super().__init__(engine)
        self._world = world

    @contextmanager
    def write(self) -> Iterator[Connection]:
        player = self._world.player
        if player is None:
            with super().write() as transaction:
                yield transaction
            return
        player.begins(reads=False)
        try:
            with super().write() as transaction:
                yield transaction
                player.commits()
        except BaseException:
            player.rolled_back()
            raise
        player.committed()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self._world.player:
            self._world.player.begins(reads=True)
        with super().read() as transaction:
            yield transaction
