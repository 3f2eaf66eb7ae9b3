"""Sets the money's story up, tells it with kills at chosen moments, and checks what is left."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import func, select

from refunddesk.db import history, orders, outbox, refunds, steps, tables
from refunddesk.db.refunds import IN_FLIGHT, State
from refunddesk.db.session import Database, open_database
from refunddesk.db.staff import Role
from refunddesk.db.steps import StepState
from refunddesk.jobnames import JobName
from refunddesk.sandbox.faults import Mode
from refunddesk.sandbox.server import RunningSandbox, serve
from refunddesk.sandbox.store import SandboxStore
from refunddesk.sealing import Sealer
from refunddesk.services import stores, tokens
from refunddesk.services.bookkeeping import find_wrong_books
from refunddesk.services.edges import Edges
from refunddesk.services.settling import Verdict, settle_refund
from refunddesk.settings import read_settings
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from tests import building, compiled
from tests.conftest import REPOSITORY, TestClock
from tests.stories.crash_child import KILLED, STORY

OWNER = "owner@example.test"


@dataclass(frozen=True, slots=True)
class StoreFault:
    """What the store does wrong with the first refund it is asked for."""

    name: str
    mode: Mode | None = None
    seconds: float = 0.0

    def arm(self, sandbox: SandboxStore) -> None:
        if self.mode:
            in_front = self.mode == Mode.ABANDONED
            sandbox.faults.arm(
                self.mode,
                seconds=self.seconds,
                method="POST" if in_front else "",
                path_part="/refunds" if in_front else "",
            )


FAULTS = (
    StoreFault("the store does as asked"),
    StoreFault("PHP dies after the money moved", Mode.DIES_AFTER_MONEY),
    StoreFault("the gateway throws after the money moved", Mode.THROWS_AFTER_MONEY),
    StoreFault("the gateway declines", Mode.DECLINE),
    # Later than the next life takes to look whether the first call came through.
    StoreFault("the store works the call off late", Mode.ABANDONED, seconds=1.0),
)


class Zygote:
    """The process that forks one child per life; it has no threads, so forking is safe."""

    def __enter__(self) -> Zygote:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.stories.crash_child"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def live(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        result: dict[str, Any] = json.loads(self._process.stdout.readline())
        return result


@dataclass(frozen=True, slots=True)
class Page:
    """The world at the beginning of a piece of the story, to go back to."""

    number: int
    database: object
    journal: Path
    sandbox_file: Path
    known: dict[str, Any]
    at: str
    moments: tuple[str, ...] = ()


@dataclass(slots=True)
class Stage:
    """Where the story is played. `save` keeps the database as it is; `restore` brings it back.

    `broken` gathers what was seen to be wrong while a life went on.
    """

    folder: Path
    settings: dict[str, str]
    zygote: Zygote
    save: Callable[[str], object]
    restore: Callable[[object], None]
    certificates: Path
    broken: list[str] = field(default_factory=list)

    @property
    def journal(self) -> Path:
        return Path(self.settings["REFUNDDESK_HOME"]) / "journal"

    @contextmanager
    def edges(self, clock: TestClock, running: RunningSandbox) -> Iterator[Edges]:
        settings = read_settings(self.settings)

        def connect(access: StoreAccess) -> StoreClient:
            trusting = replace(
                access, url=running.url, ca_file=str(running.ca_file), allow_private=True
            )
            return StoreClient(trusting)

        database = self._open_database()
        sealer = Sealer(settings.sealing_keys)
        try:
            yield Edges(database, clock, sealer, connect, secrets.token_bytes, settings.home)
        finally:
            database.close()

    @contextmanager
    def store(self, file: Path, clock: TestClock) -> Iterator[RunningSandbox]:
        """The sandbox as `file` holds it; each movement of money is checked as it happens."""
        sandbox = SandboxStore(str(file), clock=clock)
        try:
            with serve(sandbox, self.certificates) as running:
                self._watch_gateway(sandbox)
                yield running
        finally:
            sandbox.close()

    def _open_database(self) -> Database:
        database = open_database(self.settings["DATABASE_URL"])
        compiled.share_statements(database.engine)
        return database

    def _watch_gateway(self, sandbox: SandboxStore) -> None:
        pay_back = sandbox.gateway.pay_back

        def watched(**call: Any) -> str:
            # M3: whatever reaches the gateway was committed before it was sent.
            database = self._open_database()
            with database.read() as transaction:
                found = refunds.list_in_state(transaction, State)
            database.close()
            if not any(
                refund.state in IN_FLIGHT
                and refund.attempt
                and call["reason"].startswith(refund.marker)
                and call["amount"] == refund.amount.decimal
                for refund in found
            ):
                self.broken.append(f"money left for {call['reason']} without its row in flight")
            return pay_back(**call)

        sandbox.gateway.pay_back = watched  # type: ignore[method-assign]


def open_book(stage: Stage) -> list[Page]:
    """Tell the story once without a kill: the pages of its beginning and of each piece's end."""
    clock = TestClock(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
    file = stage.folder / "store.db"
    with stage.store(file, clock) as running:
        known = _set_up(stage, running, clock)
    pages = [_page(stage, 0, known, clock().isoformat())]
    for number in range(len(STORY)):
        if number == 1:  # the delivery is kept: its file in the journal belongs to one process
            Life(stage, pages[-1], FAULTS[0]).rehearse(number, len(STORY))
        life = Life(stage, pages[-1], FAULTS[0])
        told = life.tell(number, number + 1)
        pages[-1] = replace(pages[-1], moments=tuple(told))
        pages.append(_page(stage, number + 1, life.known, life.at))
    return pages


def _set_up(stage: Stage, running: RunningSandbox, clock: TestClock) -> dict[str, Any]:
    """A store with one subscription paid an hour ago, joined; what those outside know of it."""
    with stage.edges(clock, running) as edges:
        store_id = stores.add_store(
            edges,
            stores.NewStore("Sandbox", running.url, "DE", "crmjetty", "Europe/Berlin"),
            consumer_key=running.consumer_key,
            consumer_secret=running.consumer_secret,
            probe=False,
        )
        stores.add_item_rule(
            edges, store_id, field="sku", value="SUB-*", item_kind="product", product="portal"
        )
        endpoint = stores.add_endpoint(edges, store_id, "order.updated")
        building.add_staff(edges, (OWNER, Role.OWNER))
        token = tokens.make_token(edges, 1, "the desk's program", by="staff:1")
    subscription = running.store.add_subscription("SUB-Y")
    clock.move(hours=1)
    return {
        "store_id": store_id,
        "staff_token": token,
        "endpoint_id": endpoint.endpoint_id,
        "endpoint_secret": endpoint.secret,
        "woo_order_id": subscription["parent_id"],
        "woo_subscription_id": subscription["id"],
        "delivery": json.dumps(running.store.order(subscription["parent_id"])),
    }


def _page(stage: Stage, number: int, known: dict[str, Any], at: str) -> Page:
    file = stage.folder / f"store-{number}.db"
    shutil.copy(stage.folder / "store.db", file)
    journal = stage.folder / f"journal-{number}"
    _copy_folder(stage.journal, journal)
    return Page(number, stage.save(str(number)), journal, file, dict(known), at)


def _copy_folder(there: Path, here: Path) -> None:
    """Have the same in it `here` as `there`, where it may not be."""
    shutil.rmtree(here, ignore_errors=True)
    if there.is_dir():
        shutil.copytree(there, here)


class Life:
    """One way the story goes from a page on: killed at some moments, begun anew after each."""

    def __init__(self, stage: Stage, page: Page, fault: StoreFault) -> None:
        self._stage = stage
        self._page = page
        self._fault = fault
        self.known = dict(page.known)
        self.at = page.at
        self._clock = TestClock(datetime.fromisoformat(page.at))

    def tell(self, begin: int, end: int) -> list[str]:
        """Tell these pieces without a kill; the moments they have."""
        with self._open_store() as running:
            self._clock.at = datetime.fromisoformat(self.at)
            return self._live(running, begin, end, None)["told"][-1]["moments"]

    def rehearse(self, begin: int, end: int) -> None:
        """Tell these pieces so that every life from then on finds compiled what it asks."""
        with self._open_store() as running:
            self._live(running, begin, end, None, rehearsal=True)

    def survive(self, kills: tuple[int, ...]) -> None:
        """Tell the story from the page to its end, killed so many moments into each life, then
        check what is left. Raises AssertionError naming what is broken.
        """
        with self._open_store() as running:
            begin = self._page.number
            for kill_at in (*kills, None):
                lived = self._live(running, begin, len(STORY), kill_at)
                begin += sum("done" in said for said in lived["told"])
            self._wait_for_late_work(running)
            while self._ask_person(running):
                self._wait_for_late_work(running)
            self._check(running)

    @contextmanager
    def _open_store(self) -> Iterator[RunningSandbox]:
        self._stage.restore(self._page.database)
        _copy_folder(self._page.journal, self._stage.journal)
        file = self._stage.folder / "store.db"
        shutil.copy(self._page.sandbox_file, file)
        with self._stage.store(file, self._clock) as running:
            self._fault.arm(running.store)
            yield running

    def _live(
        self,
        running: RunningSandbox,
        begin: int,
        end: int,
        kill_at: int | None,
        *,
        rehearsal: bool = False,
    ) -> dict[str, Any]:
        job = {
            "settings": self._stage.settings,
            "store_url": running.url,
            "ca_file": str(running.ca_file),
            "begin": begin,
            "end": end,
            "kill_at": kill_at,
            "known": self.known,
            "at": self.at,
            "rehearsal": rehearsal,
        }
        lived = self._stage.zygote.live(job)
        for said in lived["told"]:
            assert "error" not in said, said["error"]
            self.known, self.at = said.get("known", self.known), said.get("at", self.at)
        assert lived["status"] in (0, KILLED)
        self._clock.at = datetime.fromisoformat(self.at)
        return lived

    def _wait_for_late_work(self, running: RunningSandbox) -> None:
        if self._fault.mode == Mode.ABANDONED:
            time.sleep(self._fault.seconds)

    def _ask_person(self, running: RunningSandbox) -> bool:
        """What waits for a person is settled by one who looks at the gateway's own records.

        False if nothing waits. Paid again on their word, it can meet the store's fault only then.
        """
        with self._stage.edges(self._clock, running) as edges:
            with edges.database.read() as transaction:
                waiting = refunds.list_in_state(transaction, [State.NEEDS_REVIEW])
            for refund in waiting:
                paid = any(
                    movement.reason.startswith(refund.marker)
                    for movement in running.store.gateway.movements
                )
                settle_refund(
                    edges,
                    refund.id,
                    Verdict.PAID if paid else Verdict.PAY_AGAIN,
                    token=refund.token,
                    by=OWNER,
                    because="seen at the gateway",
                )
        if waiting:
            self._live(running, len(STORY) - 1, len(STORY), None)
            # The look at the store promised before the person spoke finds all settled.
            self.at = (datetime.fromisoformat(self.at) + timedelta(days=1)).isoformat()
            self._live(running, len(STORY) - 1, len(STORY), None)
        return bool(waiting)

    def _check(self, running: RunningSandbox) -> None:
        """The invariants, each by its number in the reliability notes."""
        assert not self._stage.broken, self._stage.broken  # M3
        movements = running.store.gateway.movements
        with self._stage.edges(self._clock, running) as edges:
            with edges.database.read() as transaction:
                found = refunds.list_in_state(transaction, State)
                order = orders.find_order(
                    transaction, self.known["store_id"], self.known["woo_order_id"]
                )
                taken = [
                    step for refund in found for step in steps.list_steps(transaction, refund.id)
                ]
                # A look at the case two days from now is no work left undone.
                left = [
                    promise
                    for promise in outbox.list_open(transaction)
                    if promise.job is not JobName.WATCH_CASE or promise.due_at <= edges.clock()
                ]
                kept = transaction.scalar(select(func.count()).select_from(tables.inbox))
                history.verify(transaction)
            wrong_books = find_wrong_books(edges)
        # M1, M4, M5: one refund, paid, and one movement of exactly its amount with its marker.
        states = [refund.state for refund in found]
        assert states == [State.PAID], states
        assert len(movements) == 1, movements
        (refund,), (movement,) = found, movements
        assert movement.reason.startswith(refund.marker)
        assert movement.amount == refund.amount.decimal > Decimal(0)
        assert order
        assert refund.amount <= order.total  # M2
        assert wrong_books is None, wrong_books
        assert {step.state for step in taken} <= {StepState.DONE, StepState.NOT_NEEDED}
        assert len(taken) == 2, taken
        subscription = running.store.documents.find(
            "subscription", self.known["woo_subscription_id"]
        )
        assert subscription
        assert subscription["status"] == "cancelled"
        assert kept is not None
        assert kept >= self.known["acknowledged"]  # E1
        assert not left, left  # nothing is stuck
