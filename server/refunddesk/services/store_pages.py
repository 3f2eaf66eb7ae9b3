"""Gathers what staff see of the stores: how each is connected, and what a new one may be given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from refunddesk.db import inbox, staff, store_logins, stores
from refunddesk.db.staff import Staff
from refunddesk.db.store_logins import StoreLogin
from refunddesk.db.stores import Store
from refunddesk.services.edges import Edges
from refunddesk.services.payment_blocks import why_held
from refunddesk.services.policies import list_policy_names


@dataclass(frozen=True, slots=True)
class StoreLine:
    """One store; `held_because` None: its payments run."""

    store: Store
    delivered_at: datetime | None
    held_because: str | None


@dataclass(frozen=True, slots=True)
class StoresPage:
    """`logins` are people of stores who asked to come in; `colleagues` whom they can be."""

    lines: list[StoreLine]
    policies: list[str]
    logins: list[StoreLogin]
    colleagues: list[Staff]

    def name_of(self, login: StoreLogin) -> str:
        """The store that the person is from."""
        return next(one.store.name for one in self.lines if one.store.id == login.store_id)

    def colleague_of(self, login: StoreLogin) -> Staff | None:
        """Who it is, or who has the same address while nobody said."""
        wanted = [one for one in self.colleagues if login.staff_id in (None, one.id)]
        by_address = [one for one in wanted if one.email == login.email]
        return next(iter(wanted if login.staff_id else by_address), None)


def show_stores(edges: Edges) -> StoresPage:
    now = edges.clock()
    with edges.database.read() as transaction:
        lines = [
            StoreLine(
                store,
                inbox.find_last_received_at(transaction, store.id),
                why_held(transaction, store.id, now),
            )
            for store in stores.list_stores(transaction)
        ]
        logins = store_logins.list_logins(transaction)
        colleagues = [one for one in staff.list_staff(transaction) if one.disabled_at is None]
    return StoresPage(lines, list_policy_names(edges), logins, colleagues)
