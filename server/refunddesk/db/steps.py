"""Steps: what follows a paid refund, each its own recorded piece of work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from refunddesk.db.tables import refund_steps


class StepKind(StrEnum):
    CANCEL_SUBSCRIPTION = "cancel_subscription"
    END_LICENSE = "end_license"
    SET_BACK_EXPIRY = "set_back_expiry"
    TAKE_BACK_SITES = "take_back_sites"


class StepState(StrEnum):
    DUE = "due"
    DONE = "done"
    NOT_NEEDED = "not_needed"  # what it would have done was done already
    FAILED = "failed"  # it cannot be done: a person must


class StepNotFound(LookupError):
    """No step has this id."""


@dataclass(frozen=True, slots=True)
class Step:
    """`target` is our id: of the subscription, the licence, or the line of extra sites."""

    id: int
    refund_id: int
    kind: StepKind
    target: int
    state: StepState
    because: str | None
    created_at: datetime
    settled_at: datetime | None


def insert_step(
    transaction: Connection, refund_id: int, kind: StepKind, target: int, *, now: datetime
) -> int:
    """The id of the new step."""
    step_id: int = transaction.scalars(
        insert(refund_steps)
        .values(
            refund_id=refund_id,
            kind=kind.value,
            target=target,
            state=StepState.DUE.value,
            created_at=now,
        )
        .returning(refund_steps.c.id)
    ).one()
    return step_id


def settle_step(
    transaction: Connection,
    step: Step,
    state: StepState,
    *,
    now: datetime,
    because: str | None = None,
) -> bool:
    """End the step; False if it had ended before."""
    result = transaction.execute(
        update(refund_steps)
        .where(refund_steps.c.id == step.id, refund_steps.c.state == StepState.DUE.value)
        .values(state=state.value, because=because, settled_at=now)
    )
    return result.rowcount == 1


def get_step(transaction: Connection, step_id: int) -> Step:
    """Raises StepNotFound."""
    row = transaction.execute(
        select(refund_steps).where(refund_steps.c.id == step_id)
    ).one_or_none()
    if row is None:
        raise StepNotFound(f"There is no step {step_id}.")
    return _step(row)


def list_steps(transaction: Connection, refund_id: int) -> list[Step]:
    rows = transaction.execute(
        select(refund_steps)
        .where(refund_steps.c.refund_id == refund_id)
        .order_by(refund_steps.c.id)
    )
    return [_step(row) for row in rows]


def _step(row: Row[Any]) -> Step:
    return Step(
        id=row.id,
        refund_id=row.refund_id,
        kind=StepKind(row.kind),
        target=row.target,
        state=StepState(row.state),
        because=row.because,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )
