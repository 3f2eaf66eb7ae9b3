"""Staff look for an order by what the customer wrote: its number, a mail, a site, a key's end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from refunddesk.db import search
from refunddesk.db.search import FoundOrder
from refunddesk.db.staff import email_key
from refunddesk.licensing.sites import NotASite, site_name
from refunddesk.services.edges import Edges

#: An index is asked for each way to write it: more letters than a key's end has are none.
_MOST_OF_KEY = 8


@dataclass(frozen=True, slots=True)
class Found:
    """Orders, newest first, with the numbers of their cases and refund requests."""

    orders: list[FoundOrder]
    cases: Mapping[int, list[int]]
    requests: Mapping[int, list[int]]


def search_orders(edges: Edges, words: str) -> Found:
    """What `words` name, whole and not in part: at most search.MOST_FOUND orders."""
    words = words.strip()
    with edges.database.read() as transaction:
        found = search.find_orders(
            transaction,
            number=words.removeprefix("#"),
            email_key=email_key(words),
            site=_site(words),
            key_ends=_key_ends(words),
        )
        ids = [order.id for order in found]
        return Found(
            found,
            search.list_cases_of(transaction, ids),
            search.list_requests_of(transaction, ids),
        )


def _site(words: str) -> str:
    """The one name of the site that they name; "" where they name none."""
    if "@" in words:
        return ""  # a mail, and not whoever's site its domain is
    try:
        return site_name(words)
    except NotASite:
        return ""


def _key_ends(words: str) -> list[str]:
    """Each way to write them in capitals and small letters: keys of other systems have both."""
    if len(words) > _MOST_OF_KEY:
        return []
    return ["".join(letters) for letters in product(*({c.lower(), c.upper()} for c in words))]
