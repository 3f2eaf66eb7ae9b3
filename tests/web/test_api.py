"""Staff's programs ask, look up and correct over JSON; nothing they send breaks the server."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from refunddesk.db import orders, staff
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services import tokens
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.web.auth import By
from tests.asking import EXTRA_DOMAIN, PORTAL, buy, key_of, work
from tests.building import add_store
from tests.conftest import REPOSITORY, TestClock

#: What reads or refuses a request before anything is stored is the same on every database.
once = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WRITERS = {Role.OWNER, Role.APPROVER, Role.SUPPORT}
READERS = WRITERS | {Role.AUDITOR}
DECIDERS = {Role.OWNER, Role.APPROVER}

#: What names no one thing, and is answered whether anything is there or not.
LISTS = ("/api/suspicions", "/api/payments")
ROLES = {
    ("POST", "/api/refund-requests"): WRITERS,
    ("GET", "/api/refund-requests/<request_id>"): READERS,
    ("POST", "/api/refund-requests/<request_id>/withdraw"): WRITERS,
    ("POST", "/api/refund-requests/<request_id>/destruction"): WRITERS,
    ("GET", "/api/refunds/<refund_id>"): READERS,
    ("POST", "/api/cases"): WRITERS,
    ("GET", "/api/cases/<case_id>"): READERS,
    ("GET", "/api/cases"): READERS,
    ("GET", "/api/cases/due/<side>"): READERS,
    ("GET", "/api/cases/overdue/<side>"): READERS,
    ("PATCH", "/api/cases/<case_id>"): WRITERS,
    ("POST", "/api/cases/<case_id>/turns"): WRITERS,
    ("POST", "/api/cases/<case_id>/findings"): WRITERS,
    ("POST", "/api/cases/<case_id>/end"): WRITERS,
    ("POST", "/api/cases/<case_id>/reopen"): WRITERS,
    ("POST", "/api/cases/<case_id>/quotes"): WRITERS,
    ("POST", "/api/quotes/<quote_id>/answer"): WRITERS,
    ("POST", "/api/cases/<case_id>/attachments"): WRITERS,
    ("GET", "/api/attachments/<attachment_id>"): READERS,
    ("POST", "/api/orders/<order_id>/materials"): WRITERS,
    ("POST", "/api/orders/<order_id>/items/<woo_item_id>/delivery"): WRITERS,
    ("GET", "/api/stores/<store_id>/products/<product>"): READERS,
    ("PUT", "/api/stores/<store_id>/products/<product>"): DECIDERS,
    ("PATCH", "/api/licenses/<license_id>"): WRITERS,
    ("GET", "/api/customers/<customer_id>/infringements"): READERS,
    ("GET", "/api/orders"): READERS,
    ("GET", "/api/orders/<order_id>"): READERS,
    ("GET", "/api/orders/<order_id>/quote"): READERS,
    ("POST", "/api/orders/<order_id>/links"): WRITERS,
    ("POST", "/api/orders/<order_id>/disputes"): WRITERS,
    ("PATCH", "/api/disputes/<dispute_id>"): WRITERS,
    ("PATCH", "/api/orders/<order_id>/facts"): WRITERS,
    ("GET", "/api/orders/<order_id>/facts"): READERS,
    ("PATCH", "/api/customers/<customer_id>"): DECIDERS,
    ("POST", "/api/licenses/<license_id>/new-key"): WRITERS,
    ("POST", "/api/activations/<activation_id>/deactivate"): WRITERS,
    ("GET", "/api/activations/<activation_id>/receipt"): READERS,
    ("GET", "/api/suspicions"): READERS,
    ("POST", "/api/customers/<customer_id>/suspicions"): WRITERS,
    ("POST", "/api/refund-requests/<request_id>/override"): DECIDERS,
    ("POST", "/api/approvals/<approval_id>/approve"): DECIDERS,
    ("POST", "/api/approvals/<approval_id>/decline"): DECIDERS,
    ("GET", "/api/stores/<store_id>/approval-limits"): READERS,
    ("PUT", "/api/stores/<store_id>/approval-limits"): {Role.OWNER},
    ("POST", "/api/privacy/export"): {Role.OWNER},
    ("POST", "/api/privacy/erase"): {Role.OWNER},
    ("POST", "/api/suspicions/<suspicion_id>/confirm"): DECIDERS,
    ("POST", "/api/suspicions/<suspicion_id>/drop"): DECIDERS,
    ("GET", "/api/payments"): READERS,
    ("POST", "/api/duplicates/<duplicate_id>/return"): DECIDERS,
    ("POST", "/api/duplicates/<duplicate_id>/drop"): DECIDERS,
    ("POST", "/api/orders/<order_id>/close"): WRITERS,
}


REPORT = {
    "reason": "malfunction",
    "site_url": "https://ada.example",
    "product_version": "2.1",
    "details": "The form sends nothing.",
    "no_screenshots": True,
    "other_extensions": [],
}


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the staff's with its token."""

    client: FlaskClient
    token: str

    def call(self, method: str, path: str, body: object = None, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        given = {"json": body} if body is not None else {}
        return self.client.open(path, method=method, headers=headers, **(given | options))

    def get(self, path: str) -> TestResponse:
        return self.call("GET", path)

    def post(self, path: str, body: object = None) -> TestResponse:
        return self.call("POST", path, body)

    def patch(self, path: str, body: object) -> TestResponse:
        return self.call("PATCH", path, body)


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    app = create_app(settings, edges=edges)
    app.testing = True
    return app


def employ(edges: Edges, app: Flask, role: Role = Role.SUPPORT) -> Program:
    with edges.database.write() as transaction:
        staff_id = staff.add_staff(
            transaction,
            email=f"{role}@store.test",
            name=role.title(),
            role=role,
            password_hash="none",
            at=edges.clock(),
        )
    token = tokens.make_token(edges, staff_id, "a program", by="console")
    return Program(app.test_client(), token)


@pytest.fixture
def program(edges: Edges, app: Flask) -> Program:
    return employ(edges, app)


@pytest.fixture
def order(edges: Edges) -> Order:
    return buy(edges, add_store(edges), replace(PORTAL, sites=2), EXTRA_DOMAIN)


def asking(order: Order, **other: object) -> dict[str, object]:
    body = {
        "store": order.store_id,
        "woo_order_id": order.woo_order_id,
        "request_key": "first",
        "channel": "portal",
        "from_account_address": True,
    }
    return body | other


def told(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json()["error"]


# ---------------------------------------------------------------- the story over HTTP


def test_a_refund_is_asked_for_held_and_granted(
    program: Program, order: Order, edges: Edges, clock: TestClock
) -> None:
    site = program.client.post(
        "/licenses/activate", json={"key": key_of(edges, order), "site": "ada.example"}
    )
    opened = program.post("/api/cases", REPORT | {"order": order.id, "product": "crm-portal"})
    assert opened.status_code == 201
    case = opened.get_json()
    assert case["complete_at"] == "2026-03-02T10:00:00Z"
    clock.move(days=8)
    found = {"finding": "malfunction", "why": "The form's address is gone.", "seen": 0}
    assert program.post(f"/api/cases/{case['id']}/findings", found).status_code == 201
    given_up = {"outcome": "gave_up", "why": "No way.", "at": "2026-03-09T12:00:00+02:00"}
    changed = program.post(f"/api/cases/{case['id']}/end", given_up).get_json()
    assert changed["gave_up_at"] == "2026-03-09T10:00:00Z"

    asked = program.post("/api/refund-requests", asking(order))
    assert asked.status_code == 201
    path = f"/api/refund-requests/{asked.get_json()['id']}"
    work(edges)
    waiting = program.get(path).get_json()
    assert waiting["state"] == "awaiting"
    assert {one["who"] for one in waiting["awaits"]} == {"customer"}
    assert waiting["decision"]["held"] == "199.00"

    assert program.post(f"{path}/destruction").status_code == 200
    program.client.post("/licenses/deactivate", json={"token": site.get_json()["token"]})
    work(edges)
    granted = program.get(path).get_json()
    assert granted["state"] == "granted"
    assert granted["awaits"] == []
    assert granted["decision"]["settled_by"] == "R-3A"
    assert granted["decision"]["findings"][-1]["clause"]
    assert granted["refund"]["amount"] == {"amount": "199.00", "currency": "EUR"}
    assert granted["history"][-1]["action"] == "request_granted"

    refund = program.get(f"/api/refunds/{granted['refund']['id']}").get_json()
    assert refund["state"] == "due"
    assert [line["net"]["amount"] for line in refund["lines"]] == ["199.00"]
    assert refund["history"][0]["action"] == "refund_granted"


def test_a_request_is_explained_in_the_language_and_to_the_reader_asked_for(
    program: Program, order: Order, edges: Edges
) -> None:
    asked = program.post("/api/refund-requests", asking(order)).json["id"]  # type: ignore[index]
    assert program.get(f"/api/refund-requests/{asked}").json["explanation"] is None  # type: ignore[index]
    work(edges)
    for query, headline in (
        ("", "The customer has to act first, by clause R-2C."),
        ("?reader=customer", "We need something from you before we can decide."),
        ("?lang=de&reader=customer", "Bevor wir entscheiden können, brauchen wir etwas von Ihnen."),
        ("?lang=fr", "Selon la clause R-2C, c’est d’abord au client d’agir."),
    ):
        answer = program.get(f"/api/refund-requests/{asked}{query}").json
        assert answer
        assert answer["explanation"]["headline"] == headline
        assert ("trace" in answer["explanation"]) == ("customer" not in query)
        assert answer["explanation"]["changes"], "what would change it is told"
    assert told(program.get(f"/api/refund-requests/{asked}?lang=it")) == (422, "fields_not_valid")
    assert told(program.get(f"/api/refund-requests/{asked}?langue=fr")) == (422, "fields_not_valid")


def test_an_order_nobody_asked_about_is_quoted_and_the_quote_comes_true(
    program: Program, order: Order, edges: Edges
) -> None:
    quote = program.get(f"/api/orders/{order.id}/quote").json
    assert quote
    assert [step["outcome"] for step in quote["as_it_is"]["steps"]] == ["await", "refuse"]
    assert [(step["amount"], step["settled_by"]) for step in quote["conditions_met"]["steps"]] == [
        ("199.00", "R-3A"), ("0.00", "R-3A"),
    ]  # fmt: skip
    with edges.database.write() as transaction:
        orders.record_order_gone(transaction, order.id, at=edges.clock())
    assert told(program.get(f"/api/orders/{order.id}/quote")) == (409, "order_not_quotable")


def test_the_same_asking_again_is_answered_200_with_the_same_request(
    program: Program, order: Order
) -> None:
    first = program.post("/api/refund-requests", asking(order))
    again = program.post("/api/refund-requests", asking(order))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.get_json() == first.get_json()


def test_an_order_is_shown_with_all_that_hangs_on_it(
    program: Program, order: Order, edges: Edges
) -> None:
    client = program.client
    client.post("/licenses/activate", json={"key": key_of(edges, order), "site": "ada.example"})
    program.post("/api/refund-requests", asking(order))
    program.post(f"/api/orders/{order.id}/disputes", {"status": "open"})
    by_number = program.get(f"/api/orders?store={order.store_id}&woo_order_id=1001").get_json()
    shown = program.get(f"/api/orders/{order.id}").get_json()
    assert by_number == shown
    assert shown["total"] == {"amount": "295.12", "currency": "EUR"}
    assert [item["item_kind"] for item in shown["items"]] == ["product", "additional_domain"]
    (license,) = shown["licenses"]
    assert [one["site"] for one in license["activations"]] == ["ada.example"]
    assert [request["state"] for request in shown["requests"]] == ["asked"]
    assert [dispute["status"] for dispute in shown["disputes"]] == ["open"]


def test_staff_help_with_a_licence(program: Program, order: Order) -> None:
    shown = program.get(f"/api/orders/{order.id}").get_json()
    license_id = shown["licenses"][0]["id"]
    key = program.post(f"/api/licenses/{license_id}/new-key").get_json()["key"]
    program.client.post("/licenses/activate", json={"key": key, "site": "ada.example"})
    shown = program.get(f"/api/orders/{order.id}").get_json()
    activation_id = shown["licenses"][0]["activations"][0]["id"]
    off = program.post(
        f"/api/activations/{activation_id}/deactivate", {"because": "gone"}
    ).get_json()
    assert off["deactivated_by"] == "staff:1"
    receipt = program.get(f"/api/activations/{activation_id}/receipt").get_json()
    assert (receipt["site"], receipt["receipt"]["by"]) == ("ada.example", "staff:1")


def test_what_staff_say_of_a_customer_and_a_dispute_is_kept(
    edges: Edges, app: Flask, order: Order
) -> None:
    owner = employ(edges, app, Role.OWNER)
    accusation = {"infringement": "open", "evidence": "copies on three servers"}
    path = f"/api/customers/{order.customer_id}"
    accused = owner.patch(path, accusation).get_json()
    assert accused["infringement"]["opened_by"] == "staff:1"
    assert told(owner.patch(path, accusation)) == (409, "infringement_already_open")
    cleared = owner.patch(path, {"infringement": "settled", "is_consumer": True}).get_json()
    assert cleared["infringement"]["settled_at"] == "2026-03-02T10:00:00Z"
    assert cleared["is_consumer"] is True
    dispute = owner.post(f"/api/orders/{order.id}/disputes", {"status": "open"}).get_json()
    closing = {"status": "won", "closed_at": "2026-03-02T10:00:00Z"}
    closed = owner.patch(f"/api/disputes/{dispute['id']}", closing).get_json()
    assert (closed["status"], closed["closed_at"]) == ("won", "2026-03-02T10:00:00Z")


def test_a_link_made_by_staff_lets_the_customer_in_once(
    app: Flask, edges: Edges, program: Program
) -> None:
    order = buy(edges, add_store(edges))
    path = f"/api/orders/{order.id}/links"
    address = program.post(path, {}).get_json()["address"]
    entered = app.test_client().get(address.partition("/my/")[1] + address.partition("/my/")[2])
    assert entered.status_code == 200
    assert program.post(path, {"mail": True}).get_json() == {"mailed": True}
    assert told(program.post(path, {"purpose": "everything"})) == (422, "fields_not_valid")
    assert told(program.post("/api/orders/99/links", {})) == (404, "no_such_order")


# ---------------------------------------------------------------- who may call


@once
def test_every_route_of_the_api_is_in_the_table_of_roles(app: Flask) -> None:
    found = {}
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/"):
            continue
        path = rule.rule.replace("int(max=9223372036854775807):", "")
        guard = app.view_functions[rule.endpoint].refunddesk_guard  # type: ignore[attr-defined]
        assert guard.by == By.BEARER
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            found[method, path] = set(guard.roles)
    assert found == ROLES


def test_every_route_of_the_api_is_documented_with_examples_that_are_json() -> None:
    documented = (REPOSITORY / "docs" / "http-api.md").read_text()
    for method, path in ROLES:
        shown = re.sub("<[^>]+>", "<id>", path)
        assert f"`{method} {shown}" in documented, (method, path)
    examples = re.findall("```json\n(.+?)```", documented, re.DOTALL)
    assert len(examples) >= 15
    for example in examples:
        json.loads(example)


@once
@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_call_what_the_table_says_and_nothing_else(
    edges: Edges, app: Flask, role: Role
) -> None:
    program = employ(edges, app, role)
    for (method, path), roles in ROLES.items():
        number = "/".join("99" if part.startswith("<") else part for part in path.split("/"))
        answer = program.call(method, number, {} if method != "GET" else None)
        if role in roles:
            listed = (200,) if path in LISTS else (404, 422)
            assert answer.status_code in listed, (method, path)
        else:
            assert told(answer) == (403, "role_not_enough"), (method, path)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no token"),
        pytest.param({"Authorization": "Bearer"}, id="an empty token"),
        pytest.param({"Authorization": "Bearer rdt_unknown"}, id="an unknown token"),
        pytest.param({"Authorization": "Basic rdt_unknown"}, id="another scheme"),
        pytest.param({"Authorization": "Bearer \u00e9\u00ff"}, id="letters no token has"),
    ],
)
@once
def test_without_a_valid_token_nothing_is_answered(app: Flask, headers: dict[str, str]) -> None:
    for method, path in ROLES:
        number = "/".join("1" if part.startswith("<") else part for part in path.split("/"))
        answer = app.test_client().open(number, method=method, headers=headers)
        assert told(answer) == (401, "not_signed_in")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_and_a_disabled_persons_token_open_nothing(
    edges: Edges, app: Flask, order: Order, clock: TestClock
) -> None:
    program, owner = employ(edges, app), employ(edges, app, Role.OWNER)
    path = f"/api/orders/{order.id}"
    assert program.get(path).status_code == owner.get(path).status_code == 200
    tokens.revoke_token(edges, 1, by="console")
    with edges.database.write() as transaction:
        staff.disable(transaction, 2, clock())
    assert program.get(path).status_code == owner.get(path).status_code == 401
    with pytest.raises(tokens.NoSuchToken):
        tokens.revoke_token(edges, 1, by="console")


# ---------------------------------------------------------------- bad input


@once
@pytest.mark.parametrize(
    ("change", "names"),
    [
        pytest.param({"store": None}, "store", id="null for a number"),
        pytest.param({"store": "1"}, "store", id="text for a number"),
        pytest.param({"store": True}, "store", id="true for a number"),
        pytest.param({"store": 1.0}, "store", id="a fraction for a number"),
        pytest.param({"woo_order_id": -1}, "woo_order_id", id="a negative number"),
        pytest.param({"woo_order_id": 2**63}, "woo_order_id", id="a number too large to keep"),
        pytest.param({"request_key": ""}, "request_key", id="an empty key"),
        pytest.param({"request_key": "k" * 201}, "request_key", id="a key too long"),
        pytest.param({"channel": "telephone"}, "channel", id="a channel there is not"),
        pytest.param({"from_account_address": 1}, "from_account_address", id="one for true"),
        pytest.param({"asked_at": "2026-03-02"}, "asked_at", id="a day for an instant"),
        pytest.param({"asked_at": "2026-03-02T10:00:00"}, "asked_at", id="no offset"),
        pytest.param({"asked_at": "2026-02-30T10:00:00Z"}, "asked_at", id="no such day"),
        pytest.param({"asked_at": "0001-01-01T00:00:00+14:00"}, "asked_at", id="before all time"),
        pytest.param({"amount": "199.00"}, "amount", id="a key nobody asked for"),
    ],
)
def test_a_wrong_key_is_named(
    program: Program, order: Order, change: dict[str, object], names: str
) -> None:
    answer = program.post("/api/refund-requests", asking(order, **change))
    assert told(answer) == (422, "fields_not_valid")
    assert names in answer.get_json()["message"]


@once
@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        pytest.param(b"", "application/json", (400, "body_not_json"), id="nothing"),
        pytest.param(b"{", "application/json", (400, "body_not_json"), id="half a body"),
        pytest.param(b"{} {}", "application/json", (400, "body_not_json"), id="two bodies"),
        pytest.param(b'{"store": NaN}', "application/json", (400, "body_not_json"), id="NaN"),
        pytest.param(
            b'{"store": 1, "store": 2}',
            "application/json",
            (400, "body_not_json"),
            id="a key twice",
        ),
        pytest.param(b"\xff", "application/json", (400, "body_not_json"), id="not UTF-8"),
        pytest.param(b"[" * 30000, "application/json", (400, "body_not_json"), id="very deep"),
        pytest.param(
            b'{"store": ' + b"9" * 5000 + b"}",
            "application/json",
            (400, "body_not_json"),
            id="a number of 5000 digits",
        ),
        pytest.param(
            b'{"request_key": "\\u0000"}',
            "application/json",
            (400, "body_not_json"),
            id="a zero byte",
        ),
        pytest.param(
            b'{"request_key": "\\ud800"}',
            "application/json",
            (400, "body_not_json"),
            id="half a character",
        ),
        pytest.param(b"[]", "application/json", (422, "fields_not_valid"), id="a list"),
        pytest.param(b"null", "application/json", (422, "fields_not_valid"), id="null"),
        pytest.param(
            b"store=1",
            "application/x-www-form-urlencoded",
            (415, "wrong_content_type"),
            id="a form",
        ),
        pytest.param(b"{}", "text/plain", (415, "wrong_content_type"), id="plain text"),
        pytest.param(
            b'"' + b"a" * 65536 + b'"',
            "application/json",
            (413, "body_too_large"),
            id="more than 64 KiB",
        ),
    ],
)
def test_what_is_no_json_is_refused_with_its_own_status(
    program: Program, body: bytes, content_type: str, error: tuple[int, str]
) -> None:
    answer = program.call("POST", "/api/refund-requests", data=body, content_type=content_type)
    assert told(answer) == error


@once
@pytest.mark.parametrize(
    "query",
    [
        pytest.param("", id="nothing"),
        pytest.param("?store=1", id="half of it"),
        pytest.param("?store=1&woo_order_id=x", id="a word"),
        pytest.param("?store=1&woo_order_id=-1", id="below zero"),
        pytest.param("?store=1&woo_order_id=\u0661", id="digits of another script"),
        pytest.param("?store=1&woo_order_id=9223372036854775808", id="too large to keep"),
        pytest.param("?store=1&woo_order_id=1&all=yes", id="a key there is not"),
        pytest.param("?store=1&store=2&woo_order_id=1", id="two stores"),
    ],
)
def test_a_look_up_that_makes_no_sense_is_refused(program: Program, query: str) -> None:
    assert told(program.get(f"/api/orders{query}")) == (422, "fields_not_valid")


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        pytest.param(
            "POST",
            "/api/refund-requests",
            {"woo_order_id": 4711},
            (404, "no_such_order"),
            id="an order nobody knows",
        ),
        pytest.param(
            "POST", "/api/refund-requests", {"case": 9}, (422, "case_of_another_order"), id="a case"
        ),
        pytest.param(
            "POST",
            "/api/refund-requests",
            {"asked_at": "2026-03-01T10:00:00Z"},
            (422, "asked_before_payment"),
            id="asked before paying",
        ),
        pytest.param(
            "POST",
            "/api/refund-requests",
            {"asked_at": "2027-03-01T10:00:00Z"},
            (422, "instant_in_future"),
            id="asked in the future",
        ),
        pytest.param("GET", f"/api/orders/{2**63 - 1}", None, (404, "no_such_order"), id="a row"),
        pytest.param("GET", f"/api/orders/{2**63}", None, 404, id="a row no database has"),
        pytest.param("GET", "/api/orders/-1", None, 404, id="a row below zero"),
        pytest.param("GET", "/api/cases/9", None, (404, "no_such_case"), id="no case"),
        pytest.param("GET", "/api/refunds/9", None, (404, "nothing_here"), id="no refund"),
        pytest.param("GET", "/api/refund-requests/9", None, (404, "nothing_here"), id="no request"),
        pytest.param(
            "POST",
            "/api/refund-requests/9/withdraw",
            None,
            (404, "no_such_request"),
            id="nothing to withdraw",
        ),
        pytest.param(
            "POST", "/api/licenses/9/new-key", None, (404, "no_such_license"), id="no licence"
        ),
    ],
)
def test_what_is_not_there_or_not_possible_is_named(
    program: Program,
    order: Order,
    method: str,
    path: str,
    body: dict[str, object] | None,
    error: tuple[int, str] | int,
) -> None:
    sent = asking(order, **body) if body is not None else None
    answer = program.call(method, path, sent)
    assert (answer.status_code if isinstance(error, int) else told(answer)) == error


def test_a_site_that_is_not_there_and_a_site_without_a_reason_are_not_switched_off(
    program: Program,
) -> None:
    path = "/api/activations/9/deactivate"
    assert told(program.post(path, {"because": "gone"})) == (404, "no_such_activation")
    assert told(program.post(path, {})) == (422, "fields_not_valid")


def test_answers_are_never_kept_by_a_cache(program: Program, order: Order) -> None:
    assert program.get(f"/api/orders/{order.id}").headers["Cache-Control"] == "no-store"
    assert program.get("/api/orders/999").headers["Cache-Control"] == "no-store"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    "store woo_order_id request_key channel from_account_address case asked_at order reason "
    "missing finding resolved gave_up_at complete_at pauses status closed_at infringement".split()
)


def test_no_body_whatever_breaks_the_server(program: Program, order: Order) -> None:
    paths = [("POST", "/api/refund-requests"), ("POST", "/api/cases")]
    paths += [("PATCH", "/api/cases/1"), ("POST", f"/api/orders/{order.id}/disputes")]
    program.post("/api/cases", {"order": order.id, "reason": "other"})

    @trying(max_examples=60, deadline=None, database=None)
    @given(st.sampled_from(paths), st.dictionaries(KEYS, JSON, max_size=6) | JSON)
    def send(target: tuple[str, str], body: object) -> None:
        method, path = target
        data = json.dumps(body)
        answer = program.call(method, path, data=data, content_type="application/json")
        assert answer.status_code < 500

    send()
