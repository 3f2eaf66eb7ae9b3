"""A person's data as WordPress' own tools ask for it: pages of named values, and an erasure."""

from __future__ import annotations

import json
from typing import Any

from refunddesk.policy.wording.catalogue import Language
from refunddesk.services import erasure, personal_words
from refunddesk.services.edges import Edges
from refunddesk.services.erasure import StillOpen
from refunddesk.services.personal_export import Export, Json, export_person, read_person
from refunddesk.services.persons import Asked, NobodyKnown

#: Of the items that WordPress asks for at a time.
PAGE = 100


def export_page(edges: Edges, asked: Asked, page: int, language: Language, *, by: str) -> Json:
    """The items of one page from 1 on, in WordPress' words: `data`, and `done` on the last one.

    Somebody who is not known here has none.
    """
    try:
        export = export_person(edges, asked, by=by) if page == 1 else read_person(edges, asked)
    except NobodyKnown:
        return {"data": [], "done": True}
    items = _items(export, language)
    begin = (page - 1) * PAGE
    return {"data": items[begin : begin + PAGE], "done": len(items) <= begin + PAGE}


def erase_in_store(edges: Edges, asked: Asked, language: Language, *, by: str) -> Json:
    """Erase, and say in WordPress' words what went and what stays.

    What is still open keeps everything, which is no refusal there but an answer.
    """
    try:
        erased = erasure.erase(edges, asked, by=by)
    except NobodyKnown:
        return _answer(removed=False, retained=False, messages=[])
    except StillOpen as open_still:
        named = personal_words.list_open(open_still.matters, language)
        messages = [personal_words.answer("still_open", language, open=named)]
        return _answer(removed=False, retained=True, messages=messages)
    messages = [personal_words.answer("books_kept", language)]
    for code, count in (
        ("sites_in_use", erased.sites_in_use),
        ("other_addresses", erased.related),
    ):
        if count:
            messages.append(personal_words.answer(code, language, count=count))
    return _answer(removed=True, retained=True, messages=messages)


def _answer(*, removed: bool, retained: bool, messages: list[str]) -> Json:
    return {
        "items_removed": removed,
        "items_retained": retained,
        "messages": messages,
        "done": True,
    }


def _items(export: Export, language: Language) -> list[Json]:
    return [
        {
            "group_id": f"refund-desk-{held.table}".replace("_", "-"),
            "group_label": f"Refund Desk: {personal_words.heading(held.table, language)}",
            "item_id": f"{held.table}-{one.customer_id}-{number}".replace("_", "-"),
            "data": _named(row, language),
        }
        for one in export.stores
        for held in one.held
        for number, row in enumerate(held.rows, start=1)
    ]


def _named(row: Json, language: Language) -> list[Json]:
    """What is empty is left out: a page of it says nothing."""
    return [
        {"name": personal_words.column(name, language), "value": _text(value)}
        for name, value in row.items()
        if value not in (None, "", [], {})
    ]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    return json.dumps(value, ensure_ascii=False)
