"""Asks a store's bridge what became of a refund whose answer never came."""

from __future__ import annotations

from datetime import datetime, timedelta

from refunddesk.db.refunds import Refund
from refunddesk.woocommerce.bridge import (
    Attempt,
    Reached,
    announce_attempt,
    ask_attempt,
    release_attempt,
)
from refunddesk.woocommerce.client import StoreCallFailed, StoreClient

#: Nothing is concluded from an absent or unpaid row, or from an attempt unheard of, earlier: with
#: all its workers busy a store has worked off an abandoned call seconds after giving no sign of
#: it, and gateways answer late.
SETTLE = timedelta(minutes=15)
#: How often a refund is sent again by itself. A store that refuses it before the gateway, in words
#: that are not known here, would otherwise be asked for ever.
MOST_ATTEMPTS = 5


def recall(client: StoreClient, refund: Refund) -> Attempt | None:
    """What the store's bridge remembers of the refund's last call.

    None when there is nothing to go by: the call went another way or into another record, the
    bridge does not answer, a process of the store is still at work on the order, or the store was
    restored from a backup that knows nothing of the call.
    """
    if refund.bridge_record is None:
        return None
    try:
        attempt = ask_attempt(client, refund.marker)
    except StoreCallFailed:
        return None
    is_ours = attempt.reached is Reached.NONE or attempt.amount == str(refund.amount)
    if not is_ours or attempt.record != refund.bridge_record:
        return None
    # Of a later call than the record knows of only a yes is believed: that stays one.
    is_known = attempt.announced >= refund.attempt or attempt.reached is Reached.PAID
    return attempt if is_known else None


def announce(client: StoreClient, refund: Refund, woo_order_id: int) -> Attempt | None:
    """Tell the store's bridge of the call that is about to leave; what it remembered before.

    None where there is no bridge that takes it: nothing may be sent through it then. Raises
    StoreCallFailed.
    """
    number = refund.attempt + 1
    return announce_attempt(client, refund.marker, woo_order_id, str(refund.amount), number)


def is_forgotten(refund: Refund, before: Attempt) -> bool:
    """Whether the record that is to keep a repetition from paying twice lost the call before."""
    is_same = before.record == refund.bridge_record and before.announced >= refund.attempt
    return refund.may_have_paid and not is_same


def clear_the_way(client: StoreClient, refund: Refund, attempt: Attempt, now: datetime) -> bool:
    """Whether the refund may be sent again now; the unpaid row that it may have left is gone then.

    Where nothing has reached the bridge only once the call has had its time. A late one would find
    the record of its repetition, but a refund that is due again may also be given up unsent and
    granted anew under another marker, and then both would be paid.
    """
    if not attempt.may_be_sent_again or refund.attempt >= MOST_ATTEMPTS:
        return False
    if attempt.reached is Reached.NONE:
        return refund.sent_at is not None and now - refund.sent_at >= SETTLE
    try:
        return release_attempt(client, refund.marker).may_be_sent_again
    except StoreCallFailed:
        return False
