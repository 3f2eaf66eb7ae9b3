"""What is still under way with a customer, and would be lost if who they are was forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Column, ColumnElement, Connection, and_, select

from refunddesk.db.personal_rows import Person, are_of
from refunddesk.db.tables import (
    approvals,
    arrivals,
    cancellations,
    cases,
    credentials,
    customers,
    disputes,
    duplicates,
    infringements,
    refund_requests,
    refund_steps,
    refunds,
    subscriptions,
    suspicions,
)

#: A list of more than this is cut: it says well enough that much is open.
_MOST = 50


class MatterKind(StrEnum):
    REFUND_REQUEST = "refund_request"
    APPROVAL = "approval"
    REFUND = "refund"
    REFUND_STEP = "refund_step"
    DUPLICATE = "duplicate"
    DISPUTE = "dispute"
    CASE = "case"
    ARRIVAL = "arrival"
    CREDENTIAL = "credential"
    CANCELLATION = "cancellation"
    SUBSCRIPTION = "subscription"
    INFRINGEMENT = "infringement"
    PROCEDURE = "procedure"
    SUSPICION = "suspicion"


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that is not over, by our number of it."""

    kind: MatterKind
    id: int


_OPEN: tuple[tuple[MatterKind, Column[int], ColumnElement[bool]], ...] = (
    (
        MatterKind.REFUND_REQUEST,
        refund_requests.c.id,
        refund_requests.c.state.in_(("asked", "awaiting", "in_review")),
    ),
    (MatterKind.APPROVAL, approvals.c.id, approvals.c.settled_at.is_(None)),
    (
        MatterKind.REFUND,
        refunds.c.id,
        refunds.c.state.in_(("due", "sending", "unknown", "needs_review")),
    ),
    (MatterKind.REFUND_STEP, refund_steps.c.id, refund_steps.c.state == "due"),
    (MatterKind.DUPLICATE, duplicates.c.id, duplicates.c.state.in_(("open", "returning"))),
    (MatterKind.DISPUTE, disputes.c.id, disputes.c.closed_at.is_(None)),
    (MatterKind.CASE, cases.c.id, cases.c.ended_at.is_(None)),
    (MatterKind.ARRIVAL, arrivals.c.id, arrivals.c.state.in_(("kept", "waiting"))),
    (
        MatterKind.CREDENTIAL,
        credentials.c.id,
        credentials.c.state.in_(("asked", "given", "ending")),
    ),
    (MatterKind.CANCELLATION, cancellations.c.id, cancellations.c.state == "due"),
    # It will take money again, and each time is to be announced to somebody.
    (
        MatterKind.SUBSCRIPTION,
        subscriptions.c.id,
        and_(
            subscriptions.c.status.in_(("active", "on-hold", "pending")),
            subscriptions.c.gone_at.is_(None),
        ),
    ),
    (MatterKind.INFRINGEMENT, infringements.c.id, infringements.c.settled_at.is_(None)),
    (
        MatterKind.PROCEDURE,
        customers.c.id,
        and_(
            customers.c.infringement_opened_at.is_not(None),
            customers.c.infringement_settled_at.is_(None),
        ),
    ),
    (MatterKind.SUSPICION, suspicions.c.id, suspicions.c.settled_at.is_(None)),
)


def list_open(transaction: Connection, person: Person) -> list[Matter]:
    """What is open, at most _MOST of each kind, in the sequence of MatterKind."""
    found = []
    for kind, number, is_open in _OPEN:
        rows = transaction.scalars(
            select(number)
            .where(are_of(number.table.name, person), is_open)
            .order_by(number)
            .limit(_MOST)
        )
        found += [Matter(kind, one) for one in rows]
    opened = {matter.kind for matter in found}
    if MatterKind.INFRINGEMENT in opened:
        # The customer's row shows the same procedure.
        found = [matter for matter in found if matter.kind is not MatterKind.PROCEDURE]
    return found
