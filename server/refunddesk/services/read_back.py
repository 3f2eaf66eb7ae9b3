"""Reading back: what became of a call whose outcome is not known, told by the store's own rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from refunddesk.db import orders, outbox, refunds, stores
from refunddesk.db.history import record_deed
from refunddesk.db.refunds import Refund, State
from refunddesk.jobnames import JobName
from refunddesk.services.attempts import SETTLE, clear_the_way, recall
from refunddesk.services.edges import Edges
from refunddesk.services.preflight import with_marker
from refunddesk.services.refund_outcomes import record_due_again, record_paid, record_unsettled
from refunddesk.services.stores import open_client
from refunddesk.woocommerce.bridge import Attempt, Reached
from refunddesk.woocommerce.client import StoreCallFailed, StoreClient
from refunddesk.woocommerce.payloads import RefundBody, UnusableBody, read_refund
from refunddesk.worktime import zone

#: When the store is read back, counted from the moment the outcome became unknown.
LOOKS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    SETTLE,
    timedelta(hours=1),
    timedelta(hours=6),
    *(timedelta(days=day) for day in range(1, 8)),
)
_WAITING = (State.UNKNOWN, State.NEEDS_REVIEW)
# FAILED as well, where that is a person's word: it may prove wrong.
_LOOKED_AT = (*_WAITING, State.FAILED)
_ACTOR = "payments"
#: What the bridge saw of a gateway that proves nothing.
_NO_PROOF = {
    Reached.GATEWAY_CALLED: "the store's gateway was called and has not answered",
    Reached.DECLINED: "the store's gateway said no, which it may also say after a time-out",
}
# What a gateway calls its refund: "re_3Nabc…", "pyr_1A2b…". Words do not look like that.
_REFERENCE = re.compile(r"\b[a-z]{2,6}_[A-Za-z0-9]{6,64}\b")


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the store shows of a refund: the rows with its marker, and what looks like a gateway's
    own number of a refund in the order's notes. Of the `unreadable` rows any may be the refund's.
    `attempt` is what the store's bridge remembers, None where that is nothing to go by.
    """

    rows: tuple[RefundBody, ...]
    gateway_references: tuple[str, ...]
    unreadable: int = 0
    attempt: Attempt | None = None

    @property
    def is_seen_paid(self) -> bool:
        """The bridge saw the gateway say yes: the row is unpaid for ever, or gone, if the process
        died after that.
        """
        return self.attempt is not None and self.attempt.reached is Reached.PAID

    def evidence(self) -> dict[str, Any]:
        """For the history: no personal data."""
        return {
            "store_refunds": [
                {
                    "id": row.woo_refund_id,
                    "amount": str(row.amount),
                    "refunded_payment": row.refunded_payment,
                }
                for row in self.rows
            ],
            "gateway_references": list(self.gateway_references),
            "unreadable": self.unreadable,
            **({"bridge": self.attempt.reached.value} if self.attempt else {}),
        }


def next_look_at(unknown_since: datetime, now: datetime) -> datetime | None:
    """The next moment to read back; None once a week of looking is over."""
    ahead = (unknown_since + look for look in LOOKS)
    return next((at for at in ahead if at > now), None)


def look(client: StoreClient, refund: Refund, woo_order_id: int, timezone: str) -> Sighting:
    """Read the order's refund rows and notes, and ask the store's bridge.

    Raises StoreCallFailed if the rows do not come.
    """
    currency, decimals = refund.amount.currency, refund.amount.decimals
    rows, unreadable = [], 0
    for row in client.list_order_refunds(woo_order_id):
        try:
            read = read_refund(row, currency=currency, decimals=decimals, timezone=zone(timezone))
            rows.append(read)
        except UnusableBody:
            unreadable += 1
    try:
        notes = client.list_order_notes(woo_order_id)
    except StoreCallFailed:
        notes = []  # they only help a person; the rows decide
    texts = [str(note.get("note", "")) for note in notes]
    references = {found for text in texts for found in _REFERENCE.findall(text)}
    marked = with_marker(rows, refund.marker)
    return Sighting(marked, tuple(sorted(references)), unreadable, recall(client, refund))


def resolve_refund(edges: Edges, refund_id: int) -> datetime | None:
    """Read the store back for a refund whose outcome is not known; when to look again, or None.

    Nothing is ever sent from here; where the store's bridge proves that sending again cannot pay
    twice, the refund is made due again. Raises StoreCallFailed when the store cannot be read: that
    says nothing about the money.
    """
    with edges.database.read() as transaction:
        refund = refunds.get_refund(transaction, refund_id)
        if not _is_looked_at(refund):
            return None
        order = orders.get_order(transaction, refund.order_id)
        store = stores.get_store(transaction, refund.store_id)
    with open_client(edges, store.id) as client:
        seen = look(client, refund, order.woo_order_id, store.timezone)
        is_free = refund.state == State.UNKNOWN and _is_free(client, refund, seen, edges.clock())
    now = edges.clock()
    with edges.database.write() as transaction:
        orders.lock_order(transaction, order.id)
        current = refunds.get_refund(transaction, refund_id)
        if not _is_looked_at(current):
            return None
        if is_free and current.token == refund.token:
            _send_again(transaction, current, seen, now)
            return None
        if _conclude(transaction, current, seen, now):
            return None
    return next_look_at(_since(refund), now)


def _is_looked_at(refund: Refund) -> bool:
    return refund.state in _LOOKED_AT and refund.unknown_since is not None


def _is_free(client: StoreClient, refund: Refund, seen: Sighting, now: datetime) -> bool:
    """Whether the bridge lets the refund be sent again, and nothing in the store speaks against it.

    Removes the unpaid row that a process left when it died.
    """
    if seen.attempt is None or seen.unreadable:
        return False
    if any(row.refunded_payment is not False for row in seen.rows):
        return False
    # Another row than the one that the record names stays, and with it the refund.
    if any(row.woo_refund_id != seen.attempt.woo_refund_id for row in seen.rows):
        return False
    return clear_the_way(client, refund, seen.attempt, now)


def _send_again(transaction: Connection, refund: Refund, seen: Sighting, now: datetime) -> None:
    refunds.record_look(transaction, refund)
    record_due_again(
        transaction,
        refund,
        now=now,
        actor=_ACTOR,
        evidence=seen.evidence(),
        because="the store's bridge shows that sending again cannot pay twice",
        nothing_moved=seen.attempt is not None and seen.attempt.never_reached_gateway,
    )
    outbox.promise(transaction, JobName.PAY_REFUND, refund.id, due_at=now)


def _conclude(transaction: Connection, refund: Refund, seen: Sighting, now: datetime) -> bool:
    """Write down what was seen; True if that settled the refund."""
    refunds.record_look(transaction, refund)
    waited = int((now - _since(refund)).total_seconds())
    evidence = {**seen.evidence(), "look": refund.looks + 1, "seconds_unknown": waited}
    if _is_paid(refund, seen):
        woo_refund_id = seen.rows[0].woo_refund_id if seen.rows else None
        record_paid(
            transaction,
            refund,
            now=now,
            actor=_ACTOR,
            evidence=evidence,
            woo_refund_id=woo_refund_id,
        )
        return True
    because = _why_a_person(refund, seen, settled=now - _since(refund) >= SETTLE)
    if because and refund.state == State.UNKNOWN:
        record_unsettled(
            transaction,
            refund,
            State.NEEDS_REVIEW,
            now=now,
            actor=_ACTOR,
            evidence=evidence,
            because=because,
        )
    else:
        record_deed(
            transaction,
            at=now,
            actor=_ACTOR,
            action="refund_looked_at",
            subject=f"refund:{refund.id}",
            data=evidence,
        )
    return False


def _is_paid(refund: Refund, seen: Sighting) -> bool:
    rows = seen.rows
    if seen.is_seen_paid and not seen.unreadable and len(rows) <= 1:
        return True
    return len(rows) == 1 and rows[0].refunded_payment is True and rows[0].amount == refund.amount


def _why_a_person(refund: Refund, seen: Sighting, *, settled: bool) -> str | None:
    """Why looking alone cannot settle it; None while it still may."""
    rows = seen.rows
    if len(rows) > 1:
        return f"the store has {len(rows)} refunds with our marker"
    if rows and rows[0].amount != refund.amount:
        return f"the store's refund is {rows[0].amount}, not {refund.amount}"
    if not settled:
        return None
    if seen.attempt and seen.attempt.reached in _NO_PROOF:
        return _NO_PROOF[seen.attempt.reached]
    if rows:
        return "the store has the refund, but does not say that its gateway paid"
    if seen.unreadable:
        return f"{seen.unreadable} of the order's refunds in the store cannot be read"
    return "the store has no refund with our marker"


def sweep_refunds(edges: Edges) -> None:
    """Find refunds that nobody is at work on any more, from the database alone.

    A sender not heard of within its lease was killed: what it sent is unknown, so the refund is
    read back. And what waits without a promise gets one.
    """
    now = edges.clock()
    with edges.database.read() as transaction:
        lapsed = refunds.list_lapsed(transaction, now)
    for refund in lapsed:
        with edges.database.write() as transaction:
            record_unsettled(
                transaction,
                refund,
                State.UNKNOWN,
                now=now,
                actor="sweeper",
                evidence={},
                because="the payment was cut off; the store is read back",
            )
    with edges.database.write() as transaction:
        for refund in refunds.list_forgotten(transaction, [State.DUE], JobName.PAY_REFUND):
            outbox.promise(transaction, JobName.PAY_REFUND, refund.id, due_at=now)
        for refund in refunds.list_forgotten(transaction, _WAITING, JobName.RESOLVE_REFUND):
            again_at = next_look_at(_since(refund), now)
            if again_at:
                outbox.promise(transaction, JobName.RESOLVE_REFUND, refund.id, due_at=again_at)


def _since(refund: Refund) -> datetime:
    assert refund.unknown_since, "set by every change to UNKNOWN and NEEDS_REVIEW"
    return refund.unknown_since
