"""What becomes of a pair of payments when the refund of the extra one ends, either way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import duplicates, refunds
from refunddesk.db.duplicates import Duplicate, DuplicateState
from refunddesk.db.history import record_deed
from refunddesk.db.refunds import Refund, State
from refunddesk.db.store_refunds import list_store_refunds
from refunddesk.services.notices import DECIDERS, tell_staff

_ACTOR = "double payments"
PAGE = "/desk/payments"


def is_refunded(transaction: Connection, order_id: int, *, besides: int | None = None) -> bool:
    """Whether anything of the order went back or is about to, by us or by hand.

    `besides` names a pair whose own refund is left out.
    """
    ours = refunds.list_for_order(transaction, order_id)
    own = {one.id for one in ours if besides is not None and one.duplicate_id == besides}
    if any(one.state != State.FAILED and one.id not in own for one in ours):
        return True
    rows = list_store_refunds(transaction, order_id)
    return any(row.counts and (row.refund_id is None or row.refund_id not in own) for row in rows)


def is_kept_refunded(transaction: Connection, refund: Refund) -> bool:
    """Whether the payment that was to stay went back since the other one's return was granted."""
    pair = _pair(transaction, refund)
    return pair is not None and is_refunded(transaction, pair.kept_order_id, besides=pair.id)


def record_returned(transaction: Connection, refund: Refund, now: datetime) -> None:
    """The store shows that the extra payment went back; a refund on a decision is left alone."""
    pair = _pair(transaction, refund)
    if pair is not None and pair.state is not DuplicateState.RETURNED:
        move(transaction, pair, DuplicateState.RETURNED, now=now, by=_ACTOR)


def record_not_returned(
    transaction: Connection, refund: Refund, now: datetime, because: str
) -> None:
    """The refund failed: a person decides, unless one of the two was given back another way."""
    pair = _pair(transaction, refund)
    if pair is None or pair.state is not DuplicateState.RETURNING:
        return
    halves = {pair.kept_order_id, pair.extra_order_id}
    if any(is_refunded(transaction, half, besides=pair.id) for half in halves):
        because = "one of the two was refunded another way"
        move(transaction, pair, DuplicateState.DROPPED, now=now, by=_ACTOR, because=because)
        return
    move(transaction, pair, DuplicateState.OPEN, now=now, by=_ACTOR, because=because)
    tell_waits(transaction, pair, now, again=f"refund:{refund.id}")


def move(
    transaction: Connection,
    pair: Duplicate,
    state: DuplicateState,
    *,
    now: datetime,
    by: str,
    because: str | None = None,
    snapshot_sha: bytes | None = None,
) -> bool:
    """Move the pair on, with a line of history; False if it moved on before."""
    if not duplicates.move_duplicate(
        transaction, pair, state, now=now, by=by, because=because, snapshot_sha=snapshot_sha
    ):
        return False
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=f"duplicate_{state.value}",
        subject=f"duplicate:{pair.id}",
        data={"order": pair.extra_order_id, "kept": pair.kept_order_id, "because": because},
    )
    return True


def tell_waits(transaction: Connection, pair: Duplicate, now: datetime, *, again: str = "") -> None:
    """Write to those who decide about money that a pair waits for one of them."""
    tell_staff(
        transaction,
        "double_payment",
        pair.store_id,
        about=f"duplicate:{pair.id}",
        reference=f"duplicate:{pair.id}:{again}",
        path=f"{PAGE}#duplicate-{pair.id}",
        to=DECIDERS,
        now=now,
    )


def _pair(transaction: Connection, refund: Refund) -> Duplicate | None:
    if refund.duplicate_id is None:
        return None
    return duplicates.find_duplicate(transaction, refund.duplicate_id)
