"""What a store's owner sets besides the policy: lead times of reminders, double payments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import duplicates, renewals, stores
from refunddesk.db.duplicates import DuplicateRule
from refunddesk.db.history import record_deed
from refunddesk.db.stores import Store
from refunddesk.money import Money
from refunddesk.policy.leads import lead_for
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import NoSuchStore
from refunddesk.worktime import Span

MOST_LEAD_DAYS = 120
MOST_WITHIN = Span(30, "days")
_DAY = 86_400
_PLANS = ("monthly", "yearly")
#: A day: whoever is told that a payment failed pays again within minutes, or the next morning.
DEFAULT_RULE = DuplicateRule(within_seconds=_DAY, return_up_to=None)


@dataclass(frozen=True, slots=True)
class StoreLead:
    """How many days before a renewal it is announced; `row` of the table says so, or the owner."""

    days: int
    row: str | None


class StoreRuleNotValid(Refusal):
    """The rule cannot be kept as it was given."""


def set_lead(edges: Edges, store_id: int, billing: str, days: int | None, *, by: str) -> None:
    """Announce renewals billed "monthly" or "yearly" so many days before; None: by the table.

    Raises NoSuchStore, StoreRuleNotValid.
    """
    if billing not in _PLANS:
        raise StoreRuleNotValid("A plan is monthly or yearly. Nothing was changed.")
    if days is not None and not 1 <= days <= MOST_LEAD_DAYS:
        raise StoreRuleNotValid(
            f"A renewal is announced 1 to {MOST_LEAD_DAYS} days before. Nothing was changed."
        )
    with edges.database.write() as transaction:
        _get_store(transaction, store_id)
        renewals.record_lead(transaction, store_id, billing, days)
        data = {"billing": billing, "days": days}
        _tell(transaction, store_id, edges.clock(), by, "renewal_lead_set", data)


def show_leads(edges: Edges, store_id: int) -> dict[str, StoreLead]:
    """Plan to lead time, for customers of the store's own country. Raises NoSuchStore."""
    with edges.database.read() as transaction:
        country = _get_store(transaction, store_id).country
        own = renewals.list_leads(transaction, store_id)
    table = {plan: lead_for(plan, country) for plan in _PLANS}
    return {
        plan: StoreLead(own[plan], None) if plan in own else StoreLead(row.days, row.id)
        for plan, row in table.items()
    }


def set_duplicate_rule(
    edges: Edges, store_id: int, within_seconds: int, return_up_to: Money | None, *, by: str
) -> None:
    """Take two payments so far apart for one too many; give back up to so much by itself.

    Raises NoSuchStore, StoreRuleNotValid.
    """
    if not 1 <= within_seconds <= MOST_WITHIN.count * _DAY:
        raise StoreRuleNotValid(
            f"Double payments are looked for within a second to {MOST_WITHIN}. Nothing was changed."
        )
    if return_up_to is not None and return_up_to.minor <= 0:
        raise StoreRuleNotValid(
            "An amount to be returned by itself is more than nothing; leave it out to have none "
            "returned. Nothing was changed."
        )
    with edges.database.write() as transaction:
        _get_store(transaction, store_id)
        rule = DuplicateRule(within_seconds, return_up_to)
        duplicates.record_rule(transaction, store_id, rule)
        amount = f"{return_up_to} {return_up_to.currency}" if return_up_to is not None else None
        data = {"within_seconds": within_seconds, "return_up_to": amount}
        _tell(transaction, store_id, edges.clock(), by, "duplicate_rule_set", data)


def show_duplicate_rule(edges: Edges, store_id: int) -> DuplicateRule:
    """The store's rule. Raises NoSuchStore."""
    with edges.database.read() as transaction:
        _get_store(transaction, store_id)
        return get_duplicate_rule(transaction, store_id)


def get_duplicate_rule(transaction: Connection, store_id: int) -> DuplicateRule:
    """The store's own rule, or the default one."""
    return duplicates.find_rule(transaction, store_id) or DEFAULT_RULE


def _get_store(transaction: Connection, store_id: int) -> Store:
    try:
        return stores.get_store(transaction, store_id)
    except stores.NoSuchStore:
        raise NoSuchStore(f"There is no store {store_id}. Nothing was changed.") from None


def _tell(
    transaction: Connection,
    store_id: int,
    now: datetime,
    by: str,
    action: str,
    data: Mapping[str, object],
) -> None:
    record_deed(
        transaction, at=now, actor=by, action=action, subject=f"store:{store_id}", data=dict(data)
    )
