"""Staff look for an order by what the customer wrote: its number, a mail, a site, a key's end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refunddesk.db import search
from refunddesk.db.search import FoundOrder
from refunddesk.db.staff import email_key
from refunddesk.services.edges import Edges


@dataclass(frozen=True, slots=True)
class Found:
    """Orders, newest first, with the numbers of their cases and refund requests."""

    orders: list[FoundOrder]
    cases: Mapping[int, list[int]]
    requests: Mapping[int, list[int]]


def search_orders(edges: Edges, words: str) -> Found:
    """What `words` name, whole and not in part: at most search.MOST_FOUND orders."""
    words = words.strip()
    site = words.lower().rpartition("://")[2].rstrip("/")
    with edges.database.read() as transaction:
        found = search.find_orders(
            transaction,
            number=words.removeprefix("#"),
            email_key=email_key(words),
            site=site,
            key_end=words,
        )
        ids = [order.id for order in found]
        return Found(
            found,
            search.list_cases_of(transaction, ids),
            search.list_requests_of(transaction, ids),
        )
