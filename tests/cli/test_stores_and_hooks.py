"""The commands for stores, deliveries and books say what they did, or in one line why not."""

from __future__ import annotations

import json
from pathlib import Path

from refunddesk.db.inbox import NewDelivery
from refunddesk.services import stores
from refunddesk.services.edges import Edges
from tests.building import add_delivery, add_order, add_store
from tests.cli.conftest import Run


def test_a_store_is_added_with_keys_from_a_file_and_listed(run: Run, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("ck_one\ncs_two\n")
    told = ["--url", "https://shop.example/", "--timezone", "Asia/Kolkata", "--country", "in"]
    told += ["--name", "Shop", "--policy", "crmjetty", "--key-file", str(keys), "--no-probe"]
    added = run("store", "add", *told)
    assert added.exit_code == 0, added.output
    assert "Store 1 is joined." in added.output
    line = "1  Shop  https://shop.example  Asia/Kolkata  IN  crmjetty"
    assert run("store", "list").output.strip() == line


def test_a_store_that_cannot_be_added_is_one_line_and_exit_code_1(run: Run) -> None:
    told = ["--url", "https://shop.example", "--country", "Germany", "--no-probe"]
    refused = run(
        "store", "add", *told, "--name", "Shop", "--policy", "crmjetty", typed="ck_one\ncs_two\n"
    )
    assert refused.exit_code == 1
    assert 'Error: A country is two letters, such as "FR". Nothing was kept.' in refused.output
    assert "cs_two" not in refused.output


def test_an_endpoint_is_shown_with_its_secret_once(run: Run, edges: Edges) -> None:
    add_store(edges)
    made = run("store", "endpoint", "add", "1", "order.updated").output
    address, secret = (line.split()[-1] for line in made.splitlines())
    assert address.startswith("https://desk.test/hooks/")
    listed = run("store", "endpoint", "list", "1").output
    assert listed.strip() == f"order.updated  {address}"
    assert secret not in listed
    rotated = run("store", "endpoint", "rotate", "1", "order.updated").output
    assert address in rotated
    assert secret not in rotated


def test_rules_are_listed_in_the_sequence_they_are_tried(run: Run, edges: Edges) -> None:
    add_store(edges)
    first = ["--field", "sku", "--value", "LIC-*", "--kind", "product", "--product", "crm-portal"]
    assert run("store", "rule", "add", "1", *first).exit_code == 0
    second = ["--field", "category", "--value", "support", "--kind", "support"]
    assert run("store", "rule", "add", "1", *second, "--outside-programme").exit_code == 0
    assert run("store", "rule", "list", "1").output.splitlines() == [
        "1  sku LIC-*  product  product crm-portal  1 sites",
        "2  category support  support  outside the programme",
    ]


def test_payments_of_a_store_are_held_and_released(run: Run, edges: Edges) -> None:
    add_store(edges)
    run("store", "hold-payments", "1", "--because", "gateway move")
    assert "payments held: gateway move" in run("store", "list").output
    run("store", "release-payments", "1", "--because", "done")
    assert "payments held" not in run("store", "list").output


def test_a_quarantined_delivery_is_listed_and_released(run: Run, edges: Edges) -> None:
    store_id = add_store(edges)
    endpoint = stores.add_endpoint(edges, store_id, "order.updated")
    with edges.database.write() as transaction:
        add_delivery(
            transaction,
            NewDelivery(
                store_id=store_id,
                endpoint_id=endpoint.endpoint_id,
                topic="order.updated",
                object_type=None,
                woo_object_id=None,
                body=b'{"id":35}',
                body_sha=b"",
                delivery_id=None,
                received_at=edges.clock(),
                quarantined_because="topic_mismatch",
                quarantine_detail="The header said otherwise.",
            ),
        )
    assert "topic_mismatch: The header said otherwise." in run("hooks", "quarantine").output
    assert run("hooks", "release", "1").exit_code == 0
    assert run("hooks", "quarantine").output == "No delivery waits.\n"
    again = run("hooks", "release", "1")
    assert (again.exit_code, again.output) == (1, "Error: Delivery 1 is not in quarantine.\n")


def test_books_that_agree_are_shown_and_others_named_with_exit_code_1(
    run: Run, edges: Edges
) -> None:
    assert run("books", "check").exit_code == 0
    order = add_order(edges, add_store(edges))  # paid, and not booked
    wrong = run("books", "check")
    assert wrong.exit_code == 1
    assert f"The books of order {order.id}: paid_in is off by 199.00 EUR" in wrong.output


def test_a_replay_that_cannot_begin_says_what_is_missing(run: Run, tmp_path: Path) -> None:
    empty = run("hooks", "replay", str(tmp_path))
    assert empty.exit_code == 1
    assert "no recorded deliveries" in empty.output
    (tmp_path / "one.json").write_text(json.dumps({"headers": [["X-WC-Webhook-Topic", "a.b"]]}))
    (tmp_path / "one.body").write_bytes(b"{}")
    assert "--secret" in run("hooks", "replay", str(tmp_path)).output
    assert "0 stores" in run("hooks", "replay", str(tmp_path), "--secret", "x").output
