"""Refunds: money on its way back, and the only ways a refund's state may change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypedDict, Unpack

from sqlalchemy import (
    Connection,
    Row,
    Text,
    and_,
    bindparam,
    cast,
    insert,
    select,
    update,
)

from refunddesk.db.tables import outbox, refunds
from refunddesk.jobnames import JobName
from refunddesk.money import Money, total

# Said once, as in db/orders.py.
_REFUND = select(refunds).where(refunds.c.id == bindparam("refund_id"))
_OF_ORDER = (
    select(refunds).where(refunds.c.order_id == bindparam("order_id")).order_by(refunds.c.id)
)
_AT_MOST = select(refunds).order_by(refunds.c.id).limit(bindparam("most"))
_IN_STATES = _AT_MOST.where(refunds.c.state.in_(bindparam("states", expanding=True)))
# Those in which something is still to come are found by their index.
_IN_STATES_TO_COME = _IN_STATES.where(refunds.c.settled_at.is_(None))
_PROMISED = and_(
    outbox.c.job == bindparam("job"),
    outbox.c.subject == cast(refunds.c.id, Text),
    outbox.c.asked > outbox.c.done,
)
_FORGOTTEN = _IN_STATES_TO_COME.where(~select(outbox.c.id).where(_PROMISED).exists())
_LAPSED = _IN_STATES_TO_COME.where(refunds.c.lease_until <= bindparam("now"))
# Sets what else it is executed with.
_AS_HELD = update(refunds).where(
    refunds.c.id == bindparam("held_id"),
    refunds.c.state == bindparam("held_state"),
    refunds.c.token == bindparam("held_token"),
)


class State(StrEnum):
    DUE = "due"  # granted; nothing was sent
    SENDING = "sending"  # the call may be under way until `lease_until`
    UNKNOWN = "unknown"  # the call was made or may have been; the store is read back
    NEEDS_REVIEW = "needs_review"  # reading back could not settle it: a person must
    PAID = "paid"  # the store shows that its gateway paid
    FAILED = "failed"  # no money left, and none will by this refund


#: Every change of state there is. A refund is sent only out of DUE, so what may have been sent
#: comes back to DUE by one of two ways: proof that nothing was executed, or a person's word.
EDGES: frozenset[tuple[State, State]] = frozenset(
    {
        (State.DUE, State.SENDING),
        (State.DUE, State.FAILED),  # the order is no longer the one that was judged
        (State.DUE, State.UNKNOWN),  # the store already shows our marker
        (State.DUE, State.NEEDS_REVIEW),  # to be given up, and an earlier call may have paid it
        (State.SENDING, State.PAID),
        (State.SENDING, State.DUE),  # proven: not sent, or refused before it was executed
        (State.SENDING, State.FAILED),  # proven: refused for good
        (State.SENDING, State.UNKNOWN),
        (State.SENDING, State.NEEDS_REVIEW),  # the store made a row, but not the one asked for
        (State.UNKNOWN, State.PAID),
        (State.UNKNOWN, State.DUE),  # the bridge's record: sending again cannot pay twice
        (State.UNKNOWN, State.NEEDS_REVIEW),
        (State.NEEDS_REVIEW, State.PAID),  # a late row, or a person's word
        (State.NEEDS_REVIEW, State.DUE),  # a person's word
        (State.NEEDS_REVIEW, State.FAILED),  # a person's word
        (State.FAILED, State.PAID),  # and the store shows a paid row after all
    }
)

#: Money that may have moved: blocks the next payment on its order.
IN_FLIGHT = frozenset({State.SENDING, State.UNKNOWN, State.NEEDS_REVIEW})
#: Money promised to the customer but not known to have arrived.
OPEN = IN_FLIGHT | {State.DUE}
#: Nothing more is done for it.
SETTLED = frozenset({State.PAID, State.FAILED})


class NoSuchTransition(Exception):
    """The program asked for a change of state that is not in EDGES. Nothing was changed."""


class RefundNotFound(LookupError):
    """No refund has this id."""


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What is given back of one order line: net, and tax per tax rate id of the store."""

    woo_item_id: int
    quantity: Decimal
    net: Money
    taxes: tuple[tuple[int, Money], ...] = ()

    @property
    def tax(self) -> Money:
        return total((tax for _, tax in self.taxes), self.net.currency, self.net.decimals)


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund, granted on a decision about a request, or on a payment made twice.

    `token` counts its changes of state: a holder of an older one is out of turn.

    `marker` stays the same for the refund's whole life. `sent_at` is the last attempt's;
    `unknown_since` the moment from which the store is read back; `looks` how often it was.
    `bridge_record` names the memory of the store's bridge that the last call went through, None
    where it went another way. The first `settled_tries` calls in that memory moved no money, by a
    person's word.
    """

    id: int
    store_id: int
    order_id: int
    request_id: int | None
    decision_id: int | None
    duplicate_id: int | None
    amount: Money
    marker: str
    lines: tuple[RefundLine, ...]
    state: State
    approved_by: str
    attempt: int
    bridge_record: str | None
    settled_tries: int
    token: int
    lease_until: datetime | None
    sent_at: datetime | None
    unknown_since: datetime | None
    looks: int
    woo_refund_id: int | None
    last_error: str | None
    created_at: datetime
    settled_at: datetime | None

    @property
    def may_have_paid(self) -> bool:
        """Due again though a call of the gateway is unaccounted for: only by the same record of the
        store's bridge can it be sent again, and it cannot be given up as if nothing had moved.
        """
        return self.state == State.DUE and self.bridge_record is not None and self.looks > 0


class Changes(TypedDict, total=False):
    """What may change together with the state."""

    attempt: int
    bridge_record: str | None
    settled_tries: int
    lease_until: datetime | None
    sent_at: datetime
    unknown_since: datetime | None
    woo_refund_id: int | None
    last_error: str | None


def insert_refund(
    transaction: Connection,
    *,
    store_id: int,
    order_id: int,
    request_id: int | None,
    decision_id: int | None,
    duplicate_id: int | None = None,
    amount: Money,
    marker: str,
    lines: Sequence[RefundLine],
    approved_by: str,
    now: datetime,
) -> int:
    """A new refund in state DUE; its id. Raises IntegrityError if the decision has one already."""
    values = {
        "store_id": store_id,
        "order_id": order_id,
        "request_id": request_id,
        "decision_id": decision_id,
        "duplicate_id": duplicate_id,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "decimals": amount.decimals,
        "marker": marker,
        "lines": [_packed(line) for line in lines],
        "state": State.DUE.value,
        "approved_by": approved_by,
        "created_at": now,
    }
    refund_id: int = transaction.scalars(
        insert(refunds).values(values).returning(refunds.c.id)
    ).one()
    return refund_id


def move(
    transaction: Connection, refund: Refund, to: State, *, now: datetime, **also: Unpack[Changes]
) -> Refund | None:
    """The refund in its new state, or None when it is no longer as `refund` says it was.

    The row changes only if both state and token are still those of `refund`; a new state is a
    new token. Raises NoSuchTransition for a change that is not in EDGES.
    """
    if (refund.state, to) not in EDGES:
        raise NoSuchTransition(f"a refund cannot go from {refund.state} to {to}")
    values: dict[str, Any] = {
        "state": to.value,
        "token": refund.token + 1,
        "lease_until": None,
        "settled_at": now if to in SETTLED else None,
        **also,
    }
    return get_refund(transaction, refund.id) if _change(transaction, refund, values) else None


def record_look(transaction: Connection, refund: Refund) -> bool:
    """Count one reading back of the store; False if the refund changed meanwhile."""
    return _change(transaction, refund, {"looks": refund.looks + 1})


def record_error(transaction: Connection, refund: Refund, error: str) -> bool:
    """Keep why the payment has not begun; False if the refund changed meanwhile."""
    return _change(transaction, refund, {"last_error": error})


def get_refund(transaction: Connection, refund_id: int) -> Refund:
    """Raises RefundNotFound."""
    row = transaction.execute(_REFUND, {"refund_id": refund_id}).one_or_none()
    if row is None:
        raise RefundNotFound(f"There is no refund {refund_id}.")
    return _refund(row)


def find_for_decision(transaction: Connection, decision_id: int) -> Refund | None:
    row = transaction.execute(
        select(refunds).where(refunds.c.decision_id == decision_id)
    ).one_or_none()
    return _refund(row) if row else None


def list_for_request(transaction: Connection, request_id: int) -> list[Refund]:
    """Every refund the request led to, oldest first; all but the last have failed."""
    rows = transaction.execute(
        select(refunds).where(refunds.c.request_id == request_id).order_by(refunds.c.id)
    )
    return [_refund(row) for row in rows]


def list_for_order(transaction: Connection, order_id: int) -> list[Refund]:
    rows = transaction.execute(_OF_ORDER, {"order_id": order_id})
    return [_refund(row) for row in rows]


def list_paid_of_orders(
    transaction: Connection, order_ids: Sequence[int]
) -> dict[int, list[Money]]:
    """What refunds of ours paid back on these orders, tax included, by order."""
    rows = transaction.execute(
        select(
            refunds.c.order_id, refunds.c.amount_minor, refunds.c.currency, refunds.c.decimals
        ).where(refunds.c.order_id.in_(order_ids), refunds.c.state == State.PAID.value)
    )
    paid: dict[int, list[Money]] = {}
    for order_id, minor, currency, decimals in rows:
        paid.setdefault(order_id, []).append(Money(minor, currency, decimals))
    return paid


def list_in_state(
    transaction: Connection, states: Collection[State], limit: int = 100
) -> list[Refund]:
    """Refunds in one of `states`, oldest first."""
    query = _IN_STATES if SETTLED.intersection(states) else _IN_STATES_TO_COME
    rows = transaction.execute(query, {"states": _named(states), "most": limit})
    return [_refund(row) for row in rows]


def list_due_ids(transaction: Connection, store_id: int) -> list[int]:
    """The refunds of the store that wait to be sent, oldest first."""
    rows = transaction.scalars(
        select(refunds.c.id)
        .where(
            refunds.c.store_id == store_id,
            refunds.c.state == State.DUE.value,
            refunds.c.settled_at.is_(None),
        )
        .order_by(refunds.c.id)
    )
    return list(rows)


def list_lapsed(transaction: Connection, now: datetime, limit: int = 100) -> list[Refund]:
    """Refunds whose sender was not heard of again within its lease."""
    sending = {"states": _named([State.SENDING]), "now": now, "most": limit}
    return [_refund(row) for row in transaction.execute(_LAPSED, sending)]


def list_forgotten(
    transaction: Connection, states: Iterable[State], job: JobName, limit: int = 100
) -> list[Refund]:
    """Refunds in one of `states` for which no `job` is promised; not for states of SETTLED."""
    rows = transaction.execute(
        _FORGOTTEN, {"states": _named(states), "job": job.value, "most": limit}
    )
    return [_refund(row) for row in rows]


def _named(states: Iterable[State]) -> list[str]:
    return sorted({state.value for state in states})


def _change(transaction: Connection, refund: Refund, values: Mapping[str, object]) -> bool:
    """Set the values where the refund is still as it was read; False if it is not."""
    held = {"held_id": refund.id, "held_state": refund.state.value, "held_token": refund.token}
    return transaction.execute(_AS_HELD, {**held, **values}).rowcount == 1


def _packed(line: RefundLine) -> list[object]:
    taxes = [[rate_id, tax.minor] for rate_id, tax in line.taxes]
    return [line.woo_item_id, str(line.quantity), line.net.minor, taxes]


def _refund(row: Row[Any]) -> Refund:
    def money(minor: int) -> Money:
        return Money(minor, row.currency, row.decimals)

    lines = tuple(
        RefundLine(
            woo_item_id,
            Decimal(quantity),
            money(net),
            tuple((rate_id, money(tax)) for rate_id, tax in taxes),
        )
        for woo_item_id, quantity, net, taxes in row.lines
    )
    return Refund(
        id=row.id,
        store_id=row.store_id,
        order_id=row.order_id,
        request_id=row.request_id,
        decision_id=row.decision_id,
        duplicate_id=row.duplicate_id,
        amount=money(row.amount_minor),
        marker=row.marker,
        lines=lines,
        state=State(row.state),
        approved_by=row.approved_by,
        attempt=row.attempt,
        bridge_record=row.bridge_record,
        settled_tries=row.settled_tries,
        token=row.token,
        lease_until=row.lease_until,
        sent_at=row.sent_at,
        unknown_since=row.unknown_since,
        looks=row.looks,
        woo_refund_id=row.woo_refund_id,
        last_error=row.last_error,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )
