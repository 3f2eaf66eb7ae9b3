"""Gives a person what is held about them: one document, complete by table, and their files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import Connection, Row

from refunddesk.attachments import files
from refunddesk.db.history import record_deed
from refunddesk.db.personal_data import PersonalTable, personal_data
from refunddesk.db.personal_rows import Person, every_row
from refunddesk.db.stores import Store
from refunddesk.money import Money
from refunddesk.policy.decision import instant_text
from refunddesk.policy.wording.catalogue import Language
from refunddesk.services import personal_words
from refunddesk.services.attachments import folder_of
from refunddesk.services.edges import Edges
from refunddesk.services.persons import Asked, find_persons

Json = dict[str, Any]
#: Of JSON that stands in a text.
_DOCUMENTS = ("claim", "decision")


@dataclass(frozen=True, slots=True)
class Held:
    """The rows of one table about one customer, as they are told."""

    table: str
    rows: tuple[Json, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeldInStore:
    """What is held about one customer of one store."""

    store: Store
    customer_id: int
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """All that is held; `related`: how many addresses of the account were not asked about.

    `attachments` are the (number, name, name of the bytes) of the files.
    """

    made_at: datetime
    asked: Asked
    stores: tuple[HeldInStore, ...]
    attachments: tuple[tuple[int, str, str], ...] = field(repr=False)
    related: int

    def document(self, language: Language = "en") -> Json:
        """The one document in which all of it is told."""
        return {
            "made_at": instant_text(self.made_at),
            "asked_for": {
                "email": self.asked.email or None,
                "store": self.asked.store_id,
                "woo_customer_id": self.asked.woo_customer_id,
            },
            "other_addresses": self.related,
            "stores": [_tell_store(one, language) for one in self.stores],
            "files": [
                {"attachment": number, "name": name, "file": _file_name(number, name)}
                for number, name, _ in self.attachments
            ],
        }


def export_person(edges: Edges, asked: Asked, *, by: str) -> Export:
    """What is held about the person now, and a line in the audit log that it was given out.

    Raises what `find_persons` raises.
    """
    made = read_person(edges, asked)
    with edges.database.write() as transaction:
        for one in made.stores:
            subject = f"customer:{one.customer_id}"
            record_deed(
                transaction, at=made.made_at, actor=by, action="person_exported", subject=subject
            )
    return made


def read_person(edges: Edges, asked: Asked) -> Export:
    """The same without a line: a further page of what is told of already."""
    now = edges.clock()
    with edges.database.read() as transaction:
        known = find_persons(transaction, asked)
        held = tuple(
            HeldInStore(
                known.stores[person.store_id],
                person.customer_id,
                tuple(_read_tables(transaction, person)),
            )
            for person in known.persons
        )
        kept = [
            (row.id, row.name, row.kept_as)
            for person in known.persons
            for row in every_row(transaction, personal_data().tables["attachments"], person)
        ]
    return Export(now, asked, held, tuple(kept), len(known.related))


def zip_with_files(edges: Edges, export: Export) -> bytes:
    """The document, and beside it each file that is still there, in one zip."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        text = json.dumps(export.document(), ensure_ascii=False, indent=2)
        archive.writestr(_entry("person.json", export.made_at), text)
        for number, name, kept_as in export.attachments:
            try:
                data = files.read(folder_of(edges), kept_as)
            except files.FileGone:
                continue
            archive.writestr(_entry(_file_name(number, name), export.made_at), data)
    return packed.getvalue()


def _entry(name: str, at: datetime) -> ZipInfo:
    entry = ZipInfo(name, at.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    return entry


def _file_name(number: int, name: str) -> str:
    return f"files/{number}-{name.replace('/', '_')}"


def _tell_store(one: HeldInStore, language: Language) -> Json:
    kept = personal_data()
    return {
        "store": one.store.id,
        "name": one.store.name,
        "url": one.store.url,
        "customer": one.customer_id,
        "held": [
            {
                "kind": held.table,
                "heading": personal_words.heading(held.table, language),
                "kept": kept.retention[kept.tables[held.table].kept],
                "rows": list(held.rows),
            }
            for held in one.held
        ],
    }


def _read_tables(transaction: Connection, person: Person) -> Iterator[Held]:
    """Table by table; what holds nothing of the person is left out."""
    scales = _Scales()
    for one in personal_data().tables.values():
        rows = tuple(_told(one, row, scales) for row in every_row(transaction, one, person))
        if rows:
            yield Held(one.name, rows)


class _Scales:
    """In which currency the amounts of a row are, where only its order says so."""

    def __init__(self) -> None:
        self._of_order: dict[int, tuple[str, int]] = {}
        self._of_request: dict[int, tuple[str, int]] = {}

    def of(self, table: str, row: Mapping[str, Any]) -> tuple[str, int]:
        """Orders and requests come before what belongs to them."""
        scale = self._find(row)
        if table == "orders":
            self._of_order[row["id"]] = scale
        elif table == "refund_requests":
            self._of_request[row["id"]] = scale
        return scale

    def _find(self, row: Mapping[str, Any]) -> tuple[str, int]:
        if row.get("currency"):
            decimals = row.get("decimals")
            return row["currency"], -1 if decimals is None else decimals
        if row.get("order_id") in self._of_order:
            return self._of_order[row["order_id"]]
        return self._of_request.get(row.get("request_id", 0), ("", -1))


def _told(one: PersonalTable, row: Row[Any], scales: _Scales) -> Json:
    found = row._mapping
    scale = scales.of(one.name, dict(found))
    return {
        name.removesuffix("_minor"): _value(one.name, name, found[name], scale)
        for name in one.exported
    }


def _value(table: str, name: str, value: Any, scale: tuple[str, int]) -> Any:
    if value is None:
        return None
    if name.endswith("_minor"):
        return _money(value, scale)
    if reader := _AMOUNTS_WITHIN.get((table, name)):
        return reader(value, scale)
    if name in _DOCUMENTS:
        return json.loads(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _money(minor: int, scale: tuple[str, int]) -> Json:
    amount = Money(minor, *scale)
    return {"amount": str(amount), "currency": amount.currency}


def _shares(value: Any, scale: tuple[str, int]) -> list[Json]:
    return [
        {"woo_item_id": item, "net": _money(net, scale), "tax": _money(tax, scale)}
        for item, net, tax in value
    ]


def _refund_lines(value: Any, scale: tuple[str, int]) -> list[Json]:
    return [
        {
            "woo_item_id": item,
            "quantity": quantity,
            "net": _money(net, scale),
            "taxes": _taxes(taxes, scale),
        }
        for item, quantity, net, taxes in value
    ]


def _taxes(value: Any, scale: tuple[str, int]) -> list[Json]:
    return [{"rate": rate, "tax": _money(minor, scale)} for rate, minor in value]


_AMOUNTS_WITHIN: Mapping[tuple[str, str], Callable[[Any, tuple[str, int]], list[Json]]] = {
    ("order_items", "taxes"): _taxes,
    ("refunds", "lines"): _refund_lines,
    ("store_refunds", "lines"): _shares,
    ("overrides", "shares"): _shares,
}
