"""Gathers what staff see of the stores: how each is connected, and what a new one may be given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from refunddesk.db import inbox, stores
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
    lines: list[StoreLine]
    policies: list[str]


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
    return StoresPage(lines, list_policy_names(edges))
