"""What happens to the desk and its store from outside while refunds are under way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refunddesk.db import orders, requests
from refunddesk.db.refunds import State, get_refund
from refunddesk.sandbox import refunds as store_refunds
from refunddesk.sandbox import statuses
from refunddesk.services.refunds import NothingLeftToRefund, RefundAlreadyGranted
from refunddesk.services.settling import (
    RefundChangedSince,
    RefundNotInReview,
    RefundStillInStore,
    TooSoonToPayAgain,
    Verdict,
    settle_refund,
)
from refunddesk.woocommerce.client import StoreCallFailed
from refunddesk.woocommerce.refunds import marker_in
from tests import building
from tests.stories.schedules.world import APPROVERS

if TYPE_CHECKING:
    from tests.stories.schedules.play import Play

#: The processes of the desk, by the beginning of their names.
_DESK = ("worker", "dispatcher", "person", "asker")


@dataclass(slots=True)
class Happening:
    """Something that happens once so many turns are over."""

    turn: int
    name: str
    happens: Callable[[Play], None]

    def happen(self, play: Play) -> None:
        play.stage.tell(self.name.upper())
        play.stage.counts[self.name] += 1
        self.happens(play)


def draw(rng: random.Random, *, has_bridge: bool) -> list[Happening]:
    """Up to four of them, the first one first."""
    names = rng.choices(
        sorted(_ALL if has_bridge else set(_ALL) - {_STORE_RESTORED}),
        k=rng.choice((0, 1, 1, 2, 2, 3, 4)),
    )
    turns = sorted(rng.randrange(5, 160) for _ in names)
    return [Happening(turn, name, _ALL[name]) for turn, name in zip(turns, names, strict=True)]


# ---------------------------------------------------------------- a person


def settle(play: Play, refund_id: int) -> None:
    """A person looks at the gateway's own records and says what became of the refund."""
    edges, movements = play.world.edges, play.world.store.gateway.movements
    with edges.database.read() as transaction:
        refund = get_refund(transaction, refund_id)
    if refund.state != State.NEEDS_REVIEW:
        return
    is_paid = any(marker_in(movement.reason) == refund.marker for movement in movements)
    otherwise = play.rng.choice((Verdict.PAY_AGAIN, Verdict.PAY_AGAIN, Verdict.NOT_PAID))
    verdict = Verdict.PAID if is_paid else otherwise
    play.stage.counts[f"person: {verdict}"] += 1
    try:
        settle_refund(
            edges,
            refund_id,
            verdict,
            token=refund.token,
            by=APPROVERS[0],
            second=APPROVERS[1],
            because="seen at the gateway",
        )
    except TooSoonToPayAgain:
        play.person_at[refund_id] = play.stage.elapsed + 300
    except RefundStillInStore:
        _delete_rows(play, refund.marker)
    except (RefundNotInReview, RefundChangedSince, StoreCallFailed):
        pass


def _delete_rows(play: Play, marker: str) -> None:
    """What the refusal asks for: the unpaid row is deleted in the store, then paid again."""
    store, order_id = play.world.store, play.opening.woo_order_id
    for row in store.documents.list("refund", order_id):
        if marker_in(row["reason"]) == marker and not row["refunded_payment"]:
            store_refunds.delete_refund(store, order_id, row["id"])


# ---------------------------------------------------------------- the queue


def _lose_rings(play: Play) -> None:
    play.rings.clear()


def _take_queue_away(play: Play) -> None:
    play.rings.clear()
    play.queue_back_at = play.stage.elapsed + play.rng.choice((10, 120, 900))


def _ring_twice(play: Play) -> None:
    play.rings += play.rings


# ---------------------------------------------------------------- customers and staff


def _approve_twice(play: Play) -> None:
    """The request that was granted is granted once more, as by a second click."""

    def approve() -> None:
        edges = play.world.edges
        with _refusals_counted(play), edges.database.write() as transaction:
            order = orders.get_order(transaction, play.opening.order_id)
            first = get_refund(transaction, 1)
            building.grant_by(transaction, edges, order, first.request_id)

    play.stage.start("asker, again", approve)


def _ask_for_more(play: Play) -> None:
    """Another request about the order is granted, where one may be made at all."""
    line = play.rng.choice(play.opening.shares)

    def ask() -> None:
        edges = play.world.edges
        with _refusals_counted(play), edges.database.write() as transaction:
            order = orders.lock_order(transaction, play.opening.order_id)
            if requests.find_open(transaction, order.id) or requests.find_unsettled(
                transaction, order.id
            ):
                return
            request_id = building.add_request(transaction, order, edges.clock())
            building.grant_by(transaction, edges, order, request_id, dict([line]))

    play.stage.start("asker, more", ask)


@contextmanager
def _refusals_counted(play: Play) -> Iterator[None]:
    try:
        yield
    except (NothingLeftToRefund, RefundAlreadyGranted):
        play.stage.counts["grants refused"] += 1


# ---------------------------------------------------------------- the store


def _refund_by_hand(play: Play) -> None:
    """The store owner gives back a part of what the gateway still has, past the desk.

    Not while the store works on a refund call: its own limit has no lock (woocommerce facts, A1).
    """
    world, opening = play.world, play.opening
    if play.store_side.is_busy():
        return
    moved = sum(int(movement.amount * 100) for movement in world.store.gateway.movements)
    left = opening.paid_minor - moved
    if left < 2:
        return
    minor = play.rng.choice((left, left // 2, 1))
    request = {"amount": f"{minor / 100:.2f}", "reason": "goodwill", "api_refund": True}
    try:
        store_refunds.create_refund(world.store, opening.woo_order_id, request)
    except store_refunds.RefundRefused:
        return
    play.watch.by_hand_minor += minor


def _edit_order(play: Play) -> None:
    request = {"status": play.rng.choice(("on-hold", "cancelled"))}
    statuses.update_order(play.world.store, play.opening.woo_order_id, request)


def _write_note(play: Play) -> None:
    request = {"customer_note": "Thank you!"}
    statuses.update_order(play.world.store, play.opening.woo_order_id, request)


# ---------------------------------------------------------------- clocks and machines


def _set_clock_forward(play: Play) -> None:
    """By an hour; by two minutes while a call is under way, which true time must not outlive."""
    play.stage.set_clock(120.0 if play.store_side.is_busy() else 3600.0)


def _set_clock_back(play: Play) -> None:
    play.stage.set_clock(-3600.0)


def _cut_power(play: Play) -> None:
    play.stage.power_cut(_DESK)


def _restore_backup(play: Play) -> None:
    """The desk is lost and comes back as it was in the beginning, with the refunds still due.

    Only where the store still shows what was paid: with its row gone (a gateway that failed
    after the money had moved) nothing but the gateway's own records knows of a payment.
    """
    world = play.world
    shown = {row["id"] for row in world.store.documents.list("refund", play.opening.woo_order_id)}
    gone = any(movement.refund_id not in shown for movement in world.store.gateway.movements)
    if gone or play.store_side.is_busy():
        play.stage.tell("not now")
        return
    play.stage.power_cut(_DESK)
    play.rings.clear()
    world.restore(play.opening.desk)
    play.watch.forget()
    play.agenda.forget()


def _restore_store(play: Play) -> None:
    """The store is lost and comes back as it was in the beginning; what the gateway did stays done.

    The bridge's record keeps its name and has lost what came after. Not once something was given
    back by hand: with the store's row gone only the gateway's own records know of that. The numbers
    of rows go on: what the desk does about a number given twice is not played.
    """
    store, opening = play.world.store, play.opening
    if play.store_side.is_busy() or play.watch.by_hand_minor:
        play.stage.tell("not now")
        return
    movements, keys = (store.documents.list(kind) for kind in ("movement", "paid_key"))
    numbered = store.documents.next_number("post")
    store.remember(opening.store)
    store.documents.reserve_number("post", numbered)
    for row in movements:
        store.documents.reserve_number("movement", row["movement_id"])
        store.documents.put("movement", row["movement_id"], row, row["order_id"])
    for row in keys:
        store.documents.put("paid_key", row["number"], row)


#: Of a store with the bridge.
_STORE_RESTORED = "the store's backup is restored"

_ALL: dict[str, Callable[[Play], None]] = {
    "the queue is flushed": _lose_rings,
    "the queue is away": _take_queue_away,
    "every bell rings twice": _ring_twice,
    "a request is granted again": _approve_twice,
    "another request is granted": _ask_for_more,
    "a refund is made in the store": _refund_by_hand,
    "the order is edited": _edit_order,
    "a note is written on the order": _write_note,
    "the clock is set forward": _set_clock_forward,
    "the clock is set back": _set_clock_back,
    "the power fails": _cut_power,
    "a backup is restored": _restore_backup,
    _STORE_RESTORED: _restore_store,
}
