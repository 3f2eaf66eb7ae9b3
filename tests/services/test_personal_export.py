"""A person is given what is held about them: all of it, readable, and nobody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from refunddesk.db import history
from refunddesk.db.personal_data import personal_data
from refunddesk.db.personal_rows import every_row
from refunddesk.services import erasure, personal_export, privacy_in_store, requests
from refunddesk.services.edges import Edges
from refunddesk.services.persons import Asked, NobodyKnown
from tests import building
from tests.asking import ask, buy, judge
from tests.living import EMAIL, NAME, SITE, live

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ADA = Asked(EMAIL)


def export(edges: Edges, asked: Asked = ADA) -> personal_export.Export:
    return personal_export.export_person(edges, asked, by="staff:1")


def held(made: personal_export.Export) -> dict[str, list[dict[str, Any]]]:
    (one,) = made.document()["stores"]
    return {kind["kind"]: kind["rows"] for kind in one["held"]}


def test_everything_that_names_her_is_told_to_her(edges: Edges) -> None:
    live(edges)
    told = json.dumps(export(edges).document())
    rows = held(export(edges))
    assert rows["customers"][0]["email"] == EMAIL
    assert rows["activations"][0]["site"] == SITE
    assert NAME in rows["cases"][0]["details"]
    assert NAME in rows["cases"][0]["environment"]["theme"]
    assert any(NAME in row["words"] for row in rows["turns"])
    assert NAME in rows["inbox"][0]["body"]
    assert NAME in rows["suspicions"][0]["evidence"]
    assert NAME in rows["arrivals"][0]["raw"]
    assert rows["customer_links"]
    assert rows["customer_visits"]
    assert rows["notices"]
    assert "token_hash" not in told


def test_amounts_and_instants_are_told_as_the_api_tells_them(edges: Edges) -> None:
    life = live(edges)
    judge(edges, ask(edges, life.order))
    rows = held(export(edges))
    euros = {"amount": "236.81", "currency": "EUR"}
    assert rows["orders"][0]["total"] == euros
    assert rows["orders"][0]["paid_at"] == "2026-03-02T10:00:00Z"
    tax = {"amount": "37.81", "currency": "EUR"}
    assert rows["order_items"][0]["taxes"] == [{"rate": 7, "tax": tax}]
    assert rows["refunds"][0]["lines"][0]["net"] == {"amount": "199.00", "currency": "EUR"}
    assert rows["decisions"][0]["claim"] == {"order": {"id": "1001"}}


def test_somebody_else_of_the_store_is_in_no_line_of_it(edges: Edges) -> None:
    life = live(edges)
    buy(edges, life.store_id, woo_order_id=1002, email="bob@example.com")
    assert "bob@" not in json.dumps(export(edges).document())
    bobs = held(export(edges, Asked("bob@example.com")))
    assert [row["number"] for row in bobs["orders"]] == ["1002"]
    assert NAME not in json.dumps(bobs)


def test_the_files_of_her_cases_come_in_a_zip_beside_the_document(edges: Edges) -> None:
    live(edges)
    made = export(edges)
    packed = ZipFile(BytesIO(personal_export.zip_with_files(edges, made)))
    (file,) = made.document()["files"]
    assert packed.read(file["file"]) == f"{NAME} wrote this".encode()
    assert json.loads(packed.read("person.json"))["files"] == [file]


def test_what_was_handed_out_is_in_the_audit_log(edges: Edges) -> None:
    life = live(edges)
    export(edges)
    with edges.database.read() as transaction:
        told = history.list_deeds(transaction, f"customer:{life.person.customer_id}")
    assert [(deed.action, deed.actor) for deed in told] == [("person_exported", "staff:1")]


def test_after_the_erasure_there_is_nobody_to_be_told_of(edges: Edges) -> None:
    live(edges)
    erasure.erase(edges, ADA, by="staff:1")
    with pytest.raises(NobodyKnown):
        export(edges)


@on_one_database
def test_every_table_about_customers_can_be_asked_for(edges: Edges) -> None:
    """No table's way to its rows is broken, those that hold nothing here included."""
    life = live(edges)
    with edges.database.read() as transaction:
        found = {
            name: list(every_row(transaction, one, life.person))
            for name, one in personal_data().tables.items()
        }
    empty = {name for name, rows in found.items() if not rows}
    assert empty < {
        "infringements", "subscriptions", "renewals", "cancellations", "material_offers",
        "item_deliveries", "recorded_facts", "extra_sites", "site_probes", "work_quotes",
        "overrides", "approvals", "refund_steps", "store_refunds", "duplicates", "disputes",
        "entries", "postings", "erasures", "credentials", "reveals",
    }  # fmt: skip


# -- as WordPress asks for it


def page(edges: Edges, number: int, asked: Asked = ADA, language: Any = "de") -> dict[str, Any]:
    return privacy_in_store.export_page(edges, asked, number, language, by="store:1")


def test_wordpress_is_given_groups_of_names_and_values_in_its_language(edges: Edges) -> None:
    life = live(edges)
    answer = page(edges, 1, replace(ADA, store_id=life.store_id))
    first = answer["data"][0]
    assert answer["done"] is True
    assert first["group_id"] == "refund-desk-customers"
    assert first["group_label"] == "Refund Desk: Kunde"
    assert {"name": "E-Mail-Adresse", "value": EMAIL} in first["data"]
    ids = [one["item_id"] for one in answer["data"]]
    assert len(ids) == len(set(ids))
    values = [pair["value"] for one in answer["data"] for pair in one["data"]]
    assert all(isinstance(value, str) and value for value in values)


def test_pages_follow_each_other_without_a_gap(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(edges)
    # That it is handed out is a line of the audit log: each first page is one item longer.
    first, number = page(edges, 1)["data"], 1
    for size, is_done in ((len(first) + 1, True), (len(first) + 1, False)):
        monkeypatch.setattr(privacy_in_store, "PAGE", size)
        assert page(edges, 1)["done"] is is_done
    monkeypatch.setattr(privacy_in_store, "PAGE", 10)
    pages = [page(edges, 1)]
    while not pages[-1]["done"]:
        number += 1
        pages.append(page(edges, number))
    told = [item for one in pages for item in one["data"]]
    assert all(len(one["data"]) == 10 for one in pages[:-1])
    assert told[: len(first)] == first
    assert len({one["item_id"] for one in told}) == len(told)


def test_wordpress_is_told_what_went_and_what_stays(edges: Edges) -> None:
    life = live(edges)
    ask_id = ask(edges, life.order)
    waits = privacy_in_store.erase_in_store(edges, ADA, "fr", by="store:1")
    assert (waits["items_removed"], waits["items_retained"]) == (False, True)
    assert f"demande de remboursement {ask_id}" in waits["messages"][0]
    requests.withdraw(edges, ask_id, by="customer")
    gone = privacy_in_store.erase_in_store(edges, ADA, "de", by="store:1")
    assert (gone["items_removed"], gone["items_retained"]) == (True, True)
    assert gone["done"] is True
    again = privacy_in_store.erase_in_store(edges, ADA, "en", by="store:1")
    assert again == {"items_removed": False, "items_retained": False, "messages": [], "done": True}
    assert page(edges, 1) == {"data": [], "done": True}


def test_somebody_unknown_has_no_items(edges: Edges) -> None:
    building.add_store(edges)
    assert page(edges, 1, Asked("eve@example.com")) == {"data": [], "done": True}
