"""Decisions: what a policy said of a claim, kept byte for byte and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from refunddesk.db.tables import decisions as table
from refunddesk.db.tables import refund_requests
from refunddesk.money import Money

# Said once, as in db/orders.py.
_DECISION = select(table).where(table.c.id == bindparam("decision_id"))


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """One judgement. `claim` and `decision` are canonical JSON in the interchange form.

    `snapshot_sha` is the order's at the moment of judging: money is only sent while the order
    still has it.
    """

    id: int
    request_id: int
    judged_at: datetime
    policy: str
    policy_version: str
    outcome: str
    settled_by: str | None
    amount: Money
    claim: str
    decision: str
    snapshot_sha: bytes


def record_decision(
    transaction: Connection,
    *,
    request_id: int,
    judged_at: datetime,
    policy: str,
    policy_version: str,
    outcome: str,
    settled_by: str | None,
    amount: Money,
    claim: str,
    decision: str,
    snapshot_sha: bytes,
) -> int:
    """The id of the new row."""
    new_id: int = transaction.execute(
        insert(table)
        .values(
            request_id=request_id,
            judged_at=judged_at,
            policy=policy,
            policy_version=policy_version,
            outcome=outcome,
            settled_by=settled_by,
            amount_minor=amount.minor,
            currency=amount.currency,
            decimals=amount.decimals,
            claim=claim,
            decision=decision,
            snapshot_sha=snapshot_sha,
        )
        .returning(table.c.id)
    ).scalar_one()
    return new_id


def get_decision(transaction: Connection, decision_id: int) -> RecordedDecision:
    """Raises NoResultFound where there is no such decision."""
    return _decision(transaction.execute(_DECISION, {"decision_id": decision_id}).one())


def find_latest(transaction: Connection, request_id: int) -> RecordedDecision | None:
    row = transaction.execute(
        select(table).where(table.c.request_id == request_id).order_by(table.c.id.desc()).limit(1)
    ).one_or_none()
    return _decision(row) if row else None


def list_decisions(transaction: Connection, request_id: int) -> list[RecordedDecision]:
    """All judgements of the request, oldest first."""
    rows = transaction.execute(
        select(table).where(table.c.request_id == request_id).order_by(table.c.id)
    )
    return [_decision(row) for row in rows]


@dataclass(frozen=True, slots=True)
class AskedClaim:
    """A request about an order, with the claim of its latest decision; None: never judged."""

    order_id: int
    request_id: int
    claim: str | None


def list_claims_of_orders(transaction: Connection, order_ids: Sequence[int]) -> list[AskedClaim]:
    """Every request about these orders, by order and then oldest first."""
    later = table.alias()
    latest = (
        select(func.max(later.c.id))
        # What a person decided on facts that contradict each other has no claim to replay.
        .where(later.c.request_id == refund_requests.c.id, later.c.claim != "{}")
        .scalar_subquery()
    )
    rows = transaction.execute(
        select(refund_requests.c.order_id, refund_requests.c.id, table.c.claim)
        .join_from(refund_requests, table, table.c.id == latest, isouter=True)
        .where(refund_requests.c.order_id.in_(order_ids))
        .order_by(refund_requests.c.order_id, refund_requests.c.id)
    )
    return [AskedClaim(order_id, request_id, claim) for order_id, request_id, claim in rows]


def _decision(row: Row[Any]) -> RecordedDecision:
    return RecordedDecision(
        id=row.id,
        request_id=row.request_id,
        judged_at=row.judged_at,
        policy=row.policy,
        policy_version=row.policy_version,
        outcome=row.outcome,
        settled_by=row.settled_by,
        amount=Money(row.amount_minor, row.currency, row.decimals),
        claim=row.claim,
        decision=row.decision,
        snapshot_sha=row.snapshot_sha,
    )
