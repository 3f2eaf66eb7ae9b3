"""Finds the rows that are about one customer, table by table, and empties them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DefaultClause,
    Row,
    Text,
    and_,
    case,
    delete,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union,
    update,
)
from sqlalchemy import cast as sql_cast

from refunddesk.db.personal_data import PersonalTable, Treatment, personal_data
from refunddesk.db.tables import (
    arrivals,
    customers,
    history,
    inbox,
    notices,
    orders,
    store_refunds,
    subscriptions,
)

#: Rows of one statement, and of one transaction that empties them.
AT_ONCE = 500
#: What stands in place of a name that must be one of a kind.
RENAMED = "erased#"
#: Which column says since when a row is empty.
_MARKS = {
    "customers": "erased_at",
    "cases": "texts_gone_at",
    "notices": "texts_gone_at",
    "arrivals": "dropped_at",
}
#: Mails to staff may go to somebody who is a customer too: they are about the desk's work.
_FOR_STAFF = ("staff_needed", "compat_verdict")
#: Things that the audit log tells of, by the table that holds them.
_SUBJECTS = {
    "customers": "customer",
    "orders": "order",
    "cases": "case",
    "credentials": "credential",
    "refund_requests": "request",
    "refunds": "refund",
    "licenses": "license",
    "subscriptions": "subscription",
    "disputes": "dispute",
    "duplicates": "duplicate",
}


@dataclass(frozen=True, slots=True)
class Person:
    """One row of `customers`. `address` is what mails went to; "" where there is none."""

    customer_id: int
    store_id: int
    address: str = field(repr=False)


def are_of(name: str, person: Person) -> ColumnElement[bool]:
    """The condition under which rows of the table `name` are about the person."""
    if name == "customers":
        return customers.c.id == person.customer_id
    if name == "notices":
        return and_(
            notices.c.store_id == person.store_id,
            notices.c.recipient == person.address if person.address else false(),
            notices.c.kind.not_in(_FOR_STAFF),
        )
    if name == "inbox":
        return _deliveries_of(person)
    one = _table(name)
    conditions: list[ColumnElement[bool]] = [
        one.table.c[link.column].in_(
            select(_table(link.parent).table.c[link.parent_column]).where(
                are_of(link.parent, person),
                _table(link.parent).table.c[link.parent_column].is_not(None),
            )
        )
        for link in one.links
    ]
    if name == "arrivals" and person.address:
        # From strangers, too: such a mail belongs to nothing yet.
        from_them = arrivals.c.sender == person.address.lower()  # as they are kept
        conditions.append(and_(arrivals.c.dropped_at.is_(None), from_them))
    if len(conditions) == 1:
        return conditions[0]
    # Each by an index of its own: of conditions joined by "or" SQLite walks the whole table.
    return one.key.in_(union(*(select(one.key).where(each) for each in conditions)))


def walk(
    transaction: Connection, one: PersonalTable, person: Person, after: Any = None
) -> list[Row[Any]]:
    """The next AT_ONCE rows about the person whose key comes after `after`."""
    if one.name == "history":
        return _deeds_about(transaction, person, after)
    query = select(one.table).where(are_of(one.name, person)).order_by(one.key).limit(AT_ONCE)
    return list(transaction.execute(query if after is None else query.where(one.key > after)))


def every_row(transaction: Connection, one: PersonalTable, person: Person) -> Iterator[Row[Any]]:
    page = walk(transaction, one, person)
    yield from page
    while len(page) == AT_ONCE:
        page = walk(transaction, one, person, page[-1]._mapping[one.key.name])
        yield from page


def empty_next(
    transaction: Connection, one: PersonalTable, person: Person, after: Any, now: datetime
) -> Any:
    """Empty or remove the next AT_ONCE rows; the key of the last of them, None at the end."""
    query = select(one.key).where(are_of(one.name, person))
    if one.spared:
        query = query.where(one.table.c[one.spared].is_not(None))
    if after is not None:
        query = query.where(one.key > after)
    keys = transaction.scalars(query.order_by(one.key).limit(AT_ONCE)).all()
    if not keys:
        return None
    empty(transaction, one, one.key.in_(keys), now)
    return keys[-1]


def empty(
    transaction: Connection, one: PersonalTable, where: ColumnElement[bool], now: datetime
) -> int:
    """Empty, or remove, the rows of the table for which that holds; how many there were."""
    if one.goes_whole:
        return transaction.execute(delete(one.table).where(where)).rowcount
    values = {name: _emptied(one, one.table.c[name]) for name in one.going}
    if mark := _MARKS.get(one.name):
        values[mark] = func.coalesce(one.table.c[mark], _instant(one, mark, now))
    if one.name == "notices":
        values["state"] = case((notices.c.state == "due", "not_sent"), else_=notices.c.state)
        values["settled_at"] = func.coalesce(notices.c.settled_at, _instant(one, "settled_at", now))
    return transaction.execute(update(one.table).where(where).values(values)).rowcount


def count_spared(transaction: Connection, name: str, person: Person) -> int:
    """How many rows about the person are in use, and wait."""
    one = _table(name)
    assert one.spared
    in_use = one.table.c[one.spared].is_(None)
    query = select(func.count()).select_from(one.table).where(are_of(name, person), in_use)
    return transaction.scalar(query) or 0


def overwrite_freed(transaction: Connection) -> None:
    """Have SQLite write zeros over what this transaction removes, instead of leaving it there."""
    if transaction.dialect.name == "sqlite":
        transaction.exec_driver_sql("PRAGMA secure_delete = ON")


def _instant(one: PersonalTable, column: str, now: datetime) -> ColumnElement[Any]:
    return literal(now, one.table.c[column].type)


def _emptied(one: PersonalTable, column: Column[Any]) -> Any:
    if one.treatments[column.name] is Treatment.RENAMED:
        return literal(RENAMED) + sql_cast(one.key, Text)
    if column.nullable:
        return null()
    if isinstance(column.type, Text):
        return ""
    # JSON that is never empty: as it is where nothing was said.
    default = column.server_default
    return [] if isinstance(default, DefaultClause) and "[]" in str(default.arg) else {}


def _table(name: str) -> PersonalTable:
    return personal_data().tables[name]


def _deliveries_of(person: Person) -> ColumnElement[bool]:
    """What came about the person's orders, their refunds and subscriptions."""
    told_of: Mapping[str, Any] = {
        "order": select(orders.c.woo_order_id).where(are_of("orders", person)),
        "refund": select(store_refunds.c.woo_refund_id).where(are_of("store_refunds", person)),
        "subscription": select(subscriptions.c.woo_subscription_id).where(
            are_of("subscriptions", person)
        ),
    }
    kinds = [
        and_(inbox.c.object_type == kind, inbox.c.woo_object_id.in_(numbers))
        for kind, numbers in told_of.items()
    ]
    return and_(inbox.c.store_id == person.store_id, or_(*kinds))


def _deeds_about(transaction: Connection, person: Person, after: Any) -> list[Row[Any]]:
    subjects = []
    for name, word in _SUBJECTS.items():
        one = _table(name)
        named = select(literal(f"{word}:") + sql_cast(one.key, Text)).where(are_of(name, person))
        subjects.append(history.c.subject.in_(named))
    query = select(history).where(or_(*subjects)).order_by(history.c.seq).limit(AT_ONCE)
    return list(transaction.execute(query if after is None else query.where(history.c.seq > after)))
