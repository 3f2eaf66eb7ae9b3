"""What stands against paying a refund now and did not when it was judged."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import disputes, orders, refunds
from refunddesk.db.refunds import Refund
from refunddesk.services.duplicate_outcomes import is_kept_refunded
from refunddesk.services.grounds import find_ground
from refunddesk.services.infringements import is_accused
from refunddesk.services.refund_outcomes import give_up


def stop_at_objection(
    transaction: Connection, refund: Refund, *, now: datetime, actor: str
) -> bool:
    """Give a due refund up where a dispute or a procedure was opened since it was judged.

    Opened while a call was under way they find nothing to stop, and the refund may become due again
    afterwards. The order must be locked, as by whoever opens one: it is seen here, or stops the
    refund itself.
    """
    because = _new_objection(transaction, refund)
    if because is None:
        return False
    current = refunds.get_refund(transaction, refund.id)
    if current.token == refund.token:
        give_up(transaction, current, now=now, actor=actor, because=because, judge_anew=True)
    return True


def _new_objection(transaction: Connection, refund: Refund) -> str | None:
    """What was opened, in words without personal data.

    What the judgement knew of is the policy's to heed: judged anew it would say the same again.
    """
    claim = find_ground(transaction, refund).claim
    if claim is None and is_kept_refunded(transaction, refund):
        return "the payment that was to stay went back as well"
    known = _known_disputes(claim or {})
    for dispute in disputes.list_disputes(transaction, refund.order_id):
        if dispute.closed_at is None and str(dispute.id) not in known:
            return "a dispute was opened"
    # What was paid twice is no claim, and goes back whatever the customer is accused of.
    if claim is not None and _is_accused(transaction, refund) and not _was_accused(claim):
        return "an infringement was opened"
    return None


def _known_disputes(claim: dict[str, object]) -> set[object]:
    listed = claim.get("disputes", [])
    return {dispute["id"] for dispute in listed} if isinstance(listed, list) else set()


def _is_accused(transaction: Connection, refund: Refund) -> bool:
    customer_id = orders.get_order(transaction, refund.order_id).customer_id
    return customer_id is not None and is_accused(transaction, customer_id)


def _was_accused(claim: dict[str, object]) -> bool:
    customer = claim.get("customer")
    infringement = customer.get("infringement") if isinstance(customer, dict) else None
    return isinstance(infringement, dict) and infringement.get("settled_at") is None
