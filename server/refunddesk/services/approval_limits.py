"""Above which sum a grant needs a second person: limits per store, for staff and policy."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from refunddesk.db import approvals, orders, refunds, staff, stores
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.db.refunds import OPEN, State
from refunddesk.money import CurrencyMismatch, Money, NotMoney, total
from refunddesk.services.edges import Edges
from refunddesk.services.notices import DECIDERS
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import NoSuchStore

#: Whose grants a limit is for: those of people, and those of the policy.
SIDES = ("staff", "policy")


class LimitNotValid(Refusal):
    """The limit is no amount of zero or more in a currency that is known."""


def show_limits(edges: Edges, store_id: int) -> dict[str, Money | None]:
    """The store's limit for each of SIDES, None where no grant waits. Raises NoSuchStore."""
    with edges.database.read() as transaction:
        _check_store(transaction, store_id)
        return _limits(transaction, store_id)


def set_limits(
    edges: Edges,
    store_id: int,
    changes: Mapping[str, str | None],
    *,
    currency: str | None,
    by: str,
) -> dict[str, Money | None]:
    """Set the limits of these SIDES to amounts such as "500.00", or None for no limit.

    `currency` None: that of the store's newest order. What waits already goes on waiting. Raises
    NoSuchStore, LimitNotValid.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        _check_store(transaction, store_id)
        for side, text in changes.items():
            limit = None if text is None else _limit(transaction, store_id, text, currency)
            approvals.set_limit(transaction, store_id, side, limit)
            record_deed(
                transaction,
                at=now,
                actor=by,
                action="approval_limit_set",
                subject=f"store:{store_id}",
                data={
                    "for": side,
                    "amount": None if limit is None else str(limit),
                    "currency": None if limit is None else limit.currency,
                },
            )
        return _limits(transaction, store_id)


def needs_second_person(
    transaction: Connection, order: Order, amount: Money, *, granted_by: str
) -> bool:
    """Whether `amount` is above the limit, with all that was granted on the order before.

    `granted_by` is "policy" or "staff:<id>". Several small refunds of one order count as one, and
    an amount in another currency than the limit's is above every limit.
    """
    side = "policy" if granted_by == "policy" else "staff"
    limit = approvals.find_limit(transaction, order.store_id, side)
    if limit is None:
        return False
    granted = [
        refund.amount
        for refund in refunds.list_for_order(transaction, order.id)
        if refund.state in OPEN or refund.state == State.PAID
    ]
    try:
        return total([*granted, amount], limit.currency, limit.decimals) > limit
    except CurrencyMismatch:
        return True


def still_decides(transaction: Connection, granted_by: str) -> bool:
    """Whether the word of who granted ("policy" or "staff:3") still counts.

    The policy's always does; of people's, that of those who still may decide about money.
    """
    return granted_by == "policy" or any(
        f"staff:{person.id}" == granted_by
        and person.role in DECIDERS
        and person.disabled_at is None
        for person in staff.list_staff(transaction)
    )


def _limits(transaction: Connection, store_id: int) -> dict[str, Money | None]:
    return {side: approvals.find_limit(transaction, store_id, side) for side in SIDES}


def _limit(transaction: Connection, store_id: int, text: str, currency: str | None) -> Money:
    known = orders.find_currency(transaction, store_id)
    if currency is None and known is None:
        raise LimitNotValid(
            f"Store {store_id} has sent no order yet, so its currency is not known. Nothing was "
            "changed: name the currency."
        )
    if known is not None and currency not in (None, known[0]):
        raise LimitNotValid(
            f"Store {store_id} sells in {known[0]}, not in {currency}. Nothing was changed."
        )
    try:
        limit = Money.parse(text, *(known or (currency or "", -1)))
    except NotMoney as error:
        raise LimitNotValid(f"Nothing was changed: {error}.") from None
    if limit.minor < 0:
        raise LimitNotValid("Nothing was changed: a limit is zero or more.")
    return limit


def _check_store(transaction: Connection, store_id: int) -> None:
    try:
        stores.get_store(transaction, store_id)
    except stores.NoSuchStore:
        raise NoSuchStore(f"There is no store {store_id}. Nothing was changed.") from None
