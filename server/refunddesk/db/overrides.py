"""Overrides: what people decided instead of the policy; written once and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from refunddesk.db.tables import approvals, override_decisions, refunds
from refunddesk.db.tables import overrides as table


@dataclass(frozen=True, slots=True)
class NewOverride:
    """One ruling of a person: refund, refuse, or judge (back to the policy).

    `shares` are what each line of the order, by the store's id, gives back, net and tax, in minor
    units of the order's currency. `set_aside_id` is the decision it sets aside.
    `gate_waived_because` None: the money waits until the licence is off.
    """

    request_id: int
    set_aside_id: int | None
    ruling: str
    because: str = field(repr=False)
    made_by: str
    made_at: datetime
    shares: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    keeps_license: bool = False
    gate_waived_because: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override(NewOverride):
    """One recorded ruling."""

    id: int


def record_override(transaction: Connection, new: NewOverride) -> Override:
    row = transaction.execute(
        insert(table)
        .values(
            request_id=new.request_id,
            set_aside_id=new.set_aside_id,
            ruling=new.ruling,
            because=new.because,
            made_by=new.made_by,
            made_at=new.made_at,
            shares=[[item, net, tax] for item, (net, tax) in new.shares.items()],
            keeps_license=new.keeps_license,
            gate_waived_because=new.gate_waived_because,
        )
        .returning(table)
    ).one()
    return _override(row)


def list_overrides(transaction: Connection, request_id: int) -> list[Override]:
    """All rulings about the request, oldest first."""
    rows = transaction.execute(
        select(table).where(table.c.request_id == request_id).order_by(table.c.id)
    )
    return [_override(row) for row in rows]


def find_latest(transaction: Connection, request_id: int) -> Override | None:
    row = transaction.execute(
        select(table).where(table.c.request_id == request_id).order_by(table.c.id.desc()).limit(1)
    ).one_or_none()
    return _override(row) if row else None


def find_standing(transaction: Connection, request_id: int) -> Override | None:
    """The newest ruling, where it grants money that was neither granted nor turned down yet.

    A ruling is spent once: its refund may fail, and is then not made a second time by it.
    """
    latest = find_latest(transaction, request_id)
    if latest is None or latest.ruling != "refund":
        return None
    own = select(override_decisions.c.decision_id).where(
        override_decisions.c.override_id == latest.id
    )
    granted = select(refunds.c.id).where(refunds.c.decision_id.in_(own))
    turned_down = select(approvals.c.id).where(
        approvals.c.decision_id.in_(own), approvals.c.settled_as.in_(("declined", "void"))
    )
    is_spent = transaction.scalar(select(granted.exists() | turned_down.exists()))
    return None if is_spent else latest


def link_decision(transaction: Connection, decision_id: int, override_id: int) -> None:
    """Keep that the decision was made by this ruling."""
    transaction.execute(
        insert(override_decisions).values(decision_id=decision_id, override_id=override_id)
    )


def find_of_decision(transaction: Connection, decision_id: int) -> Override | None:
    """The ruling that made this decision; None: the policy did."""
    row = transaction.execute(
        select(table)
        .join(override_decisions, override_decisions.c.override_id == table.c.id)
        .where(override_decisions.c.decision_id == decision_id)
    ).one_or_none()
    return _override(row) if row else None


def list_decided(transaction: Connection, request_id: int) -> dict[int, int]:
    """The request's decisions that people made: decision id -> override id."""
    rows = transaction.execute(
        select(override_decisions.c.decision_id, override_decisions.c.override_id)
        .join(table, table.c.id == override_decisions.c.override_id)
        .where(table.c.request_id == request_id)
    )
    return {row.decision_id: row.override_id for row in rows}


def _override(row: Row[Any]) -> Override:
    return Override(
        id=row.id,
        request_id=row.request_id,
        set_aside_id=row.set_aside_id,
        ruling=row.ruling,
        because=row.because,
        made_by=row.made_by,
        made_at=row.made_at,
        shares={item: (net, tax) for item, net, tax in row.shares},
        keeps_license=row.keeps_license,
        gate_waived_because=row.gate_waived_because,
    )
