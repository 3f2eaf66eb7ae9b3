"""Payments made twice for the same thing: pairs of orders, and what became of the extra one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, or_, select, update

from refunddesk.db.tables import duplicate_rules, duplicates, orders
from refunddesk.db.upserts import Upsert, insert_or_overwrite
from refunddesk.money import Money

# Said once, as in db/orders.py: each order that changes is looked at.
_HALF: BindParameter[int] = bindparam("order_id")
_OF_ORDER = (
    select(duplicates)
    .where(or_(duplicates.c.low_order_id == _HALF, duplicates.c.high_order_id == _HALF))
    .order_by(duplicates.c.id)
)
_INSERT_ONCE = Upsert(
    duplicates,
    lambda insert: insert.on_conflict_do_nothing(
        index_elements=[duplicates.c.low_order_id, duplicates.c.high_order_id]
    ).returning(duplicates),
)
_RULE = select(duplicate_rules).where(duplicate_rules.c.store_id == bindparam("store_id"))
_PAID_NEAR = (
    select(orders.c.id)
    .where(
        orders.c.customer_id.in_(bindparam("customers", expanding=True)),
        orders.c.paid_at >= bindparam("since"),
        orders.c.paid_at <= bindparam("until"),
        orders.c.id != bindparam("besides"),
        orders.c.gone_at.is_(None),
    )
    .order_by(orders.c.paid_at, orders.c.woo_order_id)
)


class DuplicateKind(StrEnum):
    TWO_ORDERS = "two_orders"
    TWO_CAPTURES = "two_captures"  # one order that took two payments: it stands on both sides


class DuplicateState(StrEnum):
    OPEN = "open"  # a person decides
    RETURNING = "returning"  # its refund is granted
    RETURNED = "returned"  # the store shows that its gateway paid
    DROPPED = "dropped"  # it stays: by a person's word, or because one of the two was refunded


#: States in which nothing more happens to a pair.
SETTLED = (DuplicateState.RETURNED, DuplicateState.DROPPED)


@dataclass(frozen=True, slots=True)
class NewDuplicate:
    """A pair as it is found. `amount` is all that was paid on the extra order, tax included."""

    store_id: int
    kind: DuplicateKind
    kept_order_id: int
    extra_order_id: int
    amount: Money
    reasons: tuple[str, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duplicate(NewDuplicate):
    """A recorded pair. `snapshot_sha` is the extra order's when its return was granted."""

    id: int
    state: DuplicateState
    snapshot_sha: bytes | None
    found_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    because: str | None


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Two payments within so many seconds may be one too many; `return_up_to` None: nothing goes
    back without a person.
    """

    within_seconds: int
    return_up_to: Money | None


def insert_duplicate_once(
    transaction: Connection, new: NewDuplicate, *, now: datetime
) -> Duplicate | None:
    """The pair in state OPEN; None if it was found before, whichever of the two was the extra."""
    low, high = sorted((new.kept_order_id, new.extra_order_id))
    found = {
        "store_id": new.store_id,
        "kind": new.kind.value,
        "low_order_id": low,
        "high_order_id": high,
        "extra_order_id": new.extra_order_id,
        "amount_minor": new.amount.minor,
        "currency": new.amount.currency,
        "decimals": new.amount.decimals,
        "reasons": list(new.reasons),
        "doubts": list(new.doubts),
        "state": DuplicateState.OPEN.value,
        "found_at": now,
    }
    row = transaction.execute(_INSERT_ONCE.on(transaction), found).one_or_none()
    return _duplicate(row) if row else None


def find_duplicate(transaction: Connection, duplicate_id: int) -> Duplicate | None:
    row = transaction.execute(
        select(duplicates).where(duplicates.c.id == duplicate_id)
    ).one_or_none()
    return _duplicate(row) if row else None


def list_of_order(transaction: Connection, order_id: int) -> list[Duplicate]:
    """Every pair that the order is one half of, oldest first."""
    return [_duplicate(row) for row in transaction.execute(_OF_ORDER, {"order_id": order_id})]


def list_in_state(
    transaction: Connection, states: Collection[DuplicateState], *, newest: bool, limit: int = 100
) -> list[Duplicate]:
    by_id = duplicates.c.id.desc() if newest else duplicates.c.id
    rows = transaction.execute(
        select(duplicates)
        .where(duplicates.c.state.in_([state.value for state in states]))
        .order_by(by_id)
        .limit(limit)
    )
    return [_duplicate(row) for row in rows]


def move_duplicate(
    transaction: Connection,
    pair: Duplicate,
    state: DuplicateState,
    *,
    now: datetime,
    by: str,
    because: str | None = None,
    snapshot_sha: bytes | None = None,
) -> bool:
    """Move the pair on from the state it was read in; False if it is no longer in that state."""
    result = transaction.execute(
        update(duplicates)
        .where(duplicates.c.id == pair.id, duplicates.c.state == pair.state.value)
        .values(
            state=state.value,
            snapshot_sha=snapshot_sha or pair.snapshot_sha,
            settled_at=now if state in SETTLED else None,
            settled_by=by,
            because=because,
        )
    )
    return result.rowcount == 1


def list_paid_near(
    transaction: Connection,
    customer_ids: Sequence[int],
    since: datetime,
    until: datetime,
    *,
    besides: int,
) -> list[int]:
    """Ids of these customers' other orders paid in that time, both ends included."""
    wanted = {"customers": customer_ids, "since": since, "until": until, "besides": besides}
    return list(transaction.scalars(_PAID_NEAR, wanted))


def find_rule(transaction: Connection, store_id: int) -> DuplicateRule | None:
    """The store's own rule; None while its owner has set none."""
    row = transaction.execute(_RULE, {"store_id": store_id}).one_or_none()
    if row is None:
        return None
    limit = row.return_up_to_minor
    return DuplicateRule(
        row.within_seconds,
        Money(limit, row.currency, row.decimals) if limit is not None else None,
    )


def record_rule(transaction: Connection, store_id: int, rule: DuplicateRule) -> None:
    limit = rule.return_up_to
    told = {
        "store_id": store_id,
        "within_seconds": rule.within_seconds,
        "return_up_to_minor": limit.minor if limit is not None else None,
        "currency": limit.currency if limit is not None else None,
        "decimals": limit.decimals if limit is not None else None,
    }
    insert_or_overwrite(transaction, duplicate_rules, ("store_id",), told)


def _duplicate(row: Row[Any]) -> Duplicate:
    halves = {row.low_order_id, row.high_order_id}
    return Duplicate(
        id=row.id,
        store_id=row.store_id,
        kind=DuplicateKind(row.kind),
        kept_order_id=min(halves - {row.extra_order_id}, default=row.extra_order_id),
        extra_order_id=row.extra_order_id,
        amount=Money(row.amount_minor, row.currency, row.decimals),
        reasons=tuple(row.reasons),
        doubts=tuple(row.doubts),
        state=DuplicateState(row.state),
        snapshot_sha=row.snapshot_sha,
        found_at=row.found_at,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        because=row.because,
    )
