"""Refund requests: who asked for which order's money, and how far the asking has come."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    and_,
    bindparam,
    insert,
    or_,
    select,
    union,
    update,
)

from refunddesk.db.tables import orders, refunds
from refunddesk.db.tables import refund_requests as table

#: States in which a request may still be judged; an order has at most one such request.
OPEN_STATES = ("asked", "awaiting", "in_review")


def _pays() -> ColumnElement[bool]:
    under_way = ("due", "sending", "unknown", "needs_review")
    return (
        select(refunds.c.id)
        .where(refunds.c.request_id == table.c.id, refunds.c.state.in_(under_way))
        .exists()
    )


def _kin() -> CompoundSelect[tuple[int]]:
    """The order and, where it belongs to a subscription, all orders of that subscription."""
    order_id: BindParameter[int] = bindparam("order_id")
    own = orders.alias("own")
    # Not as one condition with OR: SQLite would rather read all requests than trust that these
    # are few.
    return union(
        select(own.c.id).where(own.c.id == order_id),
        select(orders.c.id)
        .join(own, own.c.subscription_id == orders.c.subscription_id)
        .where(own.c.id == order_id),
    )


# Said once, as in db/orders.py.
_KIN = table.c.order_id.in_(_kin())
_OPEN_FOR_LICENSE = select(table).where(_KIN, table.c.state.in_(OPEN_STATES)).order_by(table.c.id)
_GIVING_LICENSE_UP = (
    select(table.c.id)
    .where(
        _KIN,
        or_(
            and_(table.c.state.in_(OPEN_STATES), table.c.destruction_confirmed_at.is_not(None)),
            _pays(),
        ),
    )
    .limit(1)
)
_DESTRUCTION_STATED = (
    select(table.c.id)
    .where(_KIN, table.c.state == "granted", table.c.destruction_confirmed_at.is_not(None))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """One asking. `state` is asked, awaiting, in_review, granted, refused or withdrawn."""

    id: int
    store_id: int
    order_id: int
    case_id: int | None
    request_key: str
    request_sha: bytes
    channel: str
    from_account_address: bool
    asked_by: str
    asked_at: datetime
    state: str
    judge_again_at: datetime | None
    destruction_confirmed_at: datetime | None
    destruction_confirmed_by: str | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as it is asked. `request_sha` tells the same asking from another one."""

    store_id: int
    order_id: int
    case_id: int | None
    request_key: str
    request_sha: bytes
    channel: str
    from_account_address: bool
    asked_by: str
    asked_at: datetime


def record_request(transaction: Connection, new: NewRequest) -> RefundRequest:
    row = transaction.execute(
        insert(table)
        .values(
            store_id=new.store_id,
            order_id=new.order_id,
            case_id=new.case_id,
            request_key=new.request_key,
            request_sha=new.request_sha,
            channel=new.channel,
            from_account_address=new.from_account_address,
            asked_by=new.asked_by,
            asked_at=new.asked_at,
            state="asked",
        )
        .returning(table)
    ).one()
    return RefundRequest(**row._mapping)


def get_request(transaction: Connection, request_id: int) -> RefundRequest:
    """Raises NoResultFound where there is no such request."""
    row = transaction.execute(select(table).where(table.c.id == request_id)).one()
    return RefundRequest(**row._mapping)


def find_request(transaction: Connection, request_id: int) -> RefundRequest | None:
    row = transaction.execute(select(table).where(table.c.id == request_id)).one_or_none()
    return RefundRequest(**row._mapping) if row else None


def find_by_key(transaction: Connection, store_id: int, request_key: str) -> RefundRequest | None:
    row = transaction.execute(
        select(table).where(table.c.store_id == store_id, table.c.request_key == request_key)
    ).one_or_none()
    return RefundRequest(**row._mapping) if row else None


def find_open(transaction: Connection, order_id: int) -> RefundRequest | None:
    row = transaction.execute(
        select(table).where(table.c.order_id == order_id, table.c.state.in_(OPEN_STATES))
    ).one_or_none()
    return RefundRequest(**row._mapping) if row else None


def list_requests(transaction: Connection, order_id: int) -> list[RefundRequest]:
    """All requests about the order, oldest first."""
    rows = transaction.execute(
        select(table).where(table.c.order_id == order_id).order_by(table.c.id)
    )
    return [RefundRequest(**row._mapping) for row in rows]


def list_open_for_customers(
    transaction: Connection, customer_ids: Collection[int]
) -> list[RefundRequest]:
    """The open requests about any order of these customers."""
    rows = transaction.execute(
        select(table)
        .join(orders, orders.c.id == table.c.order_id)
        .where(orders.c.customer_id.in_(customer_ids), table.c.state.in_(OPEN_STATES))
        .order_by(table.c.id)
    )
    return [RefundRequest(**row._mapping) for row in rows]


def list_open_for_license(transaction: Connection, order_id: int) -> list[RefundRequest]:
    """The open requests that a licence bought by this order may be holding up."""
    rows = transaction.execute(_OPEN_FOR_LICENSE, {"order_id": order_id})
    return [RefundRequest(**row._mapping) for row in rows]


def find_unsettled(transaction: Connection, order_id: int) -> RefundRequest | None:
    """The request about the order whose granted refund is still under way."""
    row = transaction.execute(
        select(table).where(table.c.order_id == order_id, _pays()).limit(1)
    ).one_or_none()
    return RefundRequest(**row._mapping) if row else None


def is_license_given_up(transaction: Connection, order_id: int) -> bool:
    """Is the licence bought by this order said to be destroyed, or its money on the way back?"""
    return transaction.scalar(_GIVING_LICENSE_UP, {"order_id": order_id}) is not None


def was_destruction_stated(transaction: Connection, order_id: int) -> bool:
    """Did the customer say, for a request that was granted, that all copies are destroyed?"""
    return transaction.scalar(_DESTRUCTION_STATED, {"order_id": order_id}) is not None


def change_state(
    transaction: Connection,
    request: RefundRequest,
    state: str,
    *,
    judge_again_at: datetime | None = None,
) -> bool:
    """Move `request` on from the state it was read in; False if it is no longer in that state."""
    result = transaction.execute(
        update(table)
        .where(table.c.id == request.id, table.c.state == request.state)
        .values(state=state, judge_again_at=judge_again_at)
    )
    return result.rowcount == 1


def link_case(transaction: Connection, request_id: int, case_id: int) -> None:
    transaction.execute(update(table).where(table.c.id == request_id).values(case_id=case_id))


def record_destruction(
    transaction: Connection, request_id: int, *, at: datetime, confirmed_by: str
) -> bool:
    """Keep the statement that all copies are destroyed; False if one was given before."""
    result = transaction.execute(
        update(table)
        .where(table.c.id == request_id, table.c.destruction_confirmed_at.is_(None))
        .values(destruction_confirmed_at=at, destruction_confirmed_by=confirmed_by)
    )
    return result.rowcount == 1
