"""The books: entries and their postings, which only grow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select

from refunddesk.db.tables import entries, postings
from refunddesk.db.upserts import Upsert
from refunddesk.ledger import Entry, Posting, difference
from refunddesk.money import Money

# Said once, as in db/orders.py.
_POST = Upsert(
    entries,
    lambda insert: insert.on_conflict_do_nothing(
        index_elements=[entries.c.store_id, entries.c.reference]
    ).returning(entries.c.id),
)
_INSERT_POSTINGS = insert(postings)
_WILD = re.compile("[/%_]")  # what LIKE takes for more than itself
_ON_MATTER = (
    entries.c.order_id == bindparam("order_id"),
    entries.c.reference.startswith(bindparam("beginning"), escape="/"),
)
_BOOKED = select(postings).join(entries, entries.c.id == postings.c.entry_id).where(*_ON_MATTER)
_NUMBER_BOOKED = select(func.count()).select_from(entries).where(*_ON_MATTER)
_SUM = func.sum(postings.c.amount_minor)
_BALANCES = (
    select(postings.c.account, postings.c.currency, postings.c.decimals, _SUM.label("minor"))
    .group_by(postings.c.account, postings.c.currency, postings.c.decimals)
    .having(_SUM != 0)
    .order_by(postings.c.account, postings.c.currency, postings.c.decimals)
)
_BALANCES_OF_ORDER = _BALANCES.join(entries, entries.c.id == postings.c.entry_id).where(
    entries.c.order_id == bindparam("order_id")
)
_UNBALANCED = (
    select(entries.c.order_id)
    .join(postings, postings.c.entry_id == entries.c.id)
    .group_by(entries.c.id, entries.c.order_id, postings.c.currency, postings.c.decimals)
    .having(_SUM != 0)
    .order_by(entries.c.order_id)
    .limit(1)
)

#: Entries never change, so those that balanced once need no second look at every page and scrape.
ENTRIES_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class BookedEntry:
    """One entry as it stands in the books."""

    id: int
    kind: str
    reference: str
    posted_at: datetime
    postings: tuple[Posting, ...]


def post(transaction: Connection, store_id: int, order_id: int, entry: Entry, at: datetime) -> bool:
    """Write the entry; False, and nothing written, when its reference is booked already."""
    row = {
        "store_id": store_id,
        "order_id": order_id,
        "kind": entry.kind,
        "reference": entry.reference,
        "happened_at": at,
        "posted_at": at,
    }
    entry_id = transaction.scalar(_POST.on(transaction), row)
    if entry_id is None:
        return False
    transaction.execute(
        _INSERT_POSTINGS,
        [
            {
                "entry_id": entry_id,
                "account": posting.account,
                "amount_minor": posting.amount.minor,
                "currency": posting.amount.currency,
                "decimals": posting.amount.decimals,
            }
            for posting in entry.postings
        ],
    )
    return True


def correct(
    transaction: Connection,
    store_id: int,
    order_id: int,
    *,
    kind: str,
    matter: str,
    target: Sequence[Posting],
    at: datetime,
) -> bool:
    """Bring what is booked on one `matter` of the order to `target` by the difference.

    However often and in whatever sequence a matter is corrected, its last target is what the
    books show. The caller holds the order's lock. False when nothing was missing.
    """
    own = {"order_id": order_id, "beginning": _WILD.sub(r"/\g<0>", f"{matter}:")}
    booked = [
        Posting(row.account, Money(row.amount_minor, row.currency, row.decimals))
        for row in transaction.execute(_BOOKED, own)
    ]
    missing = difference(booked, target)
    if not missing:
        return False
    number = transaction.execute(_NUMBER_BOOKED, own).scalar_one()
    entry = Entry(kind, f"{matter}:{number + 1}", missing)
    return post(transaction, store_id, order_id, entry, at)


def balances(transaction: Connection, order_id: int | None = None) -> tuple[Posting, ...]:
    """What stands on each account, per currency, of one order or of all; none of zero."""
    if order_id is None:
        rows = transaction.execute(_BALANCES)
    else:
        rows = transaction.execute(_BALANCES_OF_ORDER, {"order_id": order_id})
    return tuple(
        Posting(row.account, Money(int(row.minor), row.currency, row.decimals)) for row in rows
    )


def list_entries(transaction: Connection, order_id: int) -> list[BookedEntry]:
    """The entries of an order, oldest first."""
    rows = transaction.execute(
        select(entries, postings.c.account, postings.c.amount_minor, postings.c.currency)
        .add_columns(postings.c.decimals)
        .join(postings, postings.c.entry_id == entries.c.id)
        .where(entries.c.order_id == order_id)
        .order_by(entries.c.id, postings.c.id)
    )
    found: dict[int, BookedEntry] = {}
    for row in rows:
        posting = Posting(row.account, Money(row.amount_minor, row.currency, row.decimals))
        before = found.get(row.id)
        found[row.id] = BookedEntry(
            row.id,
            row.kind,
            row.reference,
            row.posted_at,
            (*(before.postings if before else ()), posting),
        )
    return list(found.values())


def list_unbalanced_entries(transaction: Connection, limit: int = 25) -> tuple[int, ...]:
    """Ids of newest entries whose postings do not add up to zero. There must never be one."""
    newest = transaction.scalar(select(func.max(entries.c.id))) or 0
    rows = transaction.scalars(
        select(postings.c.entry_id)
        .where(postings.c.entry_id > newest - ENTRIES_LOOKED_AT)
        .group_by(postings.c.entry_id, postings.c.currency)
        .having(func.sum(postings.c.amount_minor) != 0)
        .order_by(postings.c.entry_id)
        .limit(limit)
    )
    return tuple(rows)


def find_unbalanced_order(transaction: Connection) -> int | None:
    """The first order with an entry whose postings do not sum to zero in each currency."""
    order_id: int | None = transaction.scalar(_UNBALANCED)
    return order_id
