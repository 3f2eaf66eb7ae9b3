"""The pages of a customer's access: nothing of it is echoed, kept, or shown to anybody else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from refunddesk.access import Access
from refunddesk.db.cases import Case
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.policy.wording.catalogue import LANGUAGES
from refunddesk.services import credential_ends, credentials, customer_links
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests import asking
from tests.building import add_store
from tests.conftest import TestClock
from tests.handing_over import ACCESS, asked, given, now_of
from tests.people import browser_of, hire
from tests.visiting import Customer

# The services' own tests hold both databases; here pages are made of what they say.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MARKUP = '"><script>alert(1)</script>'
FIELDS = {
    "host": "sftp.ada.example",
    "protocol": "sftp",
    "user": "ada-support",
    "password": " päss word ",
    "notes": "A key:\r\nABC",
    "expires_on": "2026-03-05",
}


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def order(edges: Edges) -> Order:
    return asking.buy(edges, add_store(edges))


@pytest.fixture
def case(edges: Edges, order: Order) -> Case:
    return asking.report(edges, order, finding=None, gives_up=False)


@pytest.fixture
def customer(app: Flask, edges: Edges, order: Order) -> Customer:
    customer = Customer(app.test_client(), edges, order)
    customer.enter()
    return customer


@pytest.fixture
def person(app: Flask, edges: Edges) -> Person:
    return Person(app, edges, Role.SUPPORT)


class Person:
    """One of the staff in front of the page of a case."""

    def __init__(self, app: Flask, edges: Edges, role: Role) -> None:
        self.id = hire(edges, role)
        self.client = browser_of(app, edges, self.id)

    def see(self, case: Case) -> str:
        return self.client.get(f"/desk/cases/{case.id}").text

    def post(self, case: Case, path: str, **fields: str) -> TestResponse:
        page = self.see(case)
        token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[-1]
        (seen, *_) = re.findall(r'name="seen" value="(\d+)"', page) or ["0"]
        filled = {"csrf_token": token, "seen": seen, **fields}
        return self.client.post(f"/desk/cases/{case.id}/credentials{path}", data=filled)

    def reveal(self, case: Case, credential_id: int, words: str = "The log.") -> TestResponse:
        return self.post(case, f"/{credential_id}/reveal", words=words)


def give(customer: Customer, credential_id: int, **changes: str) -> TestResponse:
    path = f"/my/credentials/{credential_id}/give"
    return customer.post(path, seen="/my/credentials", **FIELDS | changes)


# ---------------------------------------------------------------- the customer


def test_the_mail_s_link_opens_the_page_and_its_form(customer: Customer, case: Case) -> None:
    asked(customer.edges, case)
    token = credentials_link(customer)
    entered = customer.post(f"/my/enter/{token}?to=credentials", seen=f"/my/enter/{token}")
    assert entered.headers["Location"] == "/my/credentials"
    customer.post("/my/language", language="en")
    page = customer.page("/my/credentials")
    assert "SFTP, to read the log." in page
    assert "remote control" in page
    assert "A temporary user" in page
    assert 'href="/my/credentials"' in customer.see()


def credentials_link(customer: Customer) -> str:
    return customer_links.make_link(customer.edges, customer.order.id, Purpose.REFUND, by="staff:1")


def test_what_is_given_is_taken_as_it_was_typed_and_shown_on_no_page(
    customer: Customer, case: Case
) -> None:
    credential = asked(customer.edges, case)
    answer = give(customer, credential.id)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/my/credentials")
    page = customer.page("/my/credentials")
    for value in (FIELDS["password"], FIELDS["user"], FIELDS["host"], "ABC"):
        assert value not in page
    assert 'name="password"' not in page
    assert "6 March 2026, 00:00" in page  # the end of the day it works until
    assert "Nobody has looked at it." in page
    shown = credentials.reveal(customer.edges, case.id, credential.id, "Why", by="staff:1").access
    assert (shown.password, shown.notes) == (FIELDS["password"], "A key:\nABC")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", " "),
        ("protocol", "telnet"),
        ("user", "u" * 201),
        ("password", "p" * 1_001),
        ("notes", "n" * 10_001),
        ("expires_on", "2026-03-01"),
        ("expires_on", "2026-02-30"),
    ],
)
def test_a_page_that_comes_back_says_what_is_wrong_and_echoes_no_secret(
    customer: Customer, case: Case, field: str, value: str
) -> None:
    credential = asked(customer.edges, case)
    filled = {"password": "the secret", "notes": "the key", "host": "kept.example", field: value}
    answer = give(customer, credential.id, **filled)
    assert answer.status_code == 422
    assert f'id="wrong-{field}"' in answer.text
    assert 'role="alert"' in answer.text
    for secret in ("the secret", "the key", "p" * 1_001, "n" * 10_001):
        assert secret not in answer.text
    assert ("kept.example" in answer.text) == (field != "host")
    assert answer.headers["Cache-Control"] == "no-store"
    assert now_of(customer.edges, credential).sealed is None


def test_no_browser_is_told_to_keep_a_field(customer: Customer, case: Case) -> None:
    asked(customer.edges, case)
    answer = customer.client.get("/my/credentials")
    assert answer.headers["Cache-Control"] == "no-store"
    form = re.search(r'<form method="post" autocomplete="off".*?</form>', answer.text, re.S)
    assert form
    fields = re.findall(r'<(?:input|select|textarea) id="[^>]*>', form[0])
    assert len(fields) == 6
    assert all('autocomplete="off"' in field for field in fields)
    # Checking the spelling, some browsers send what is typed to a server.
    assert form[0].count('spellcheck="false"') == 3


def test_given_twice_the_second_is_not_kept_and_said_so(customer: Customer, case: Case) -> None:
    credential = given(customer.edges, case)
    answer = give(customer, credential.id)
    assert answer.status_code == 409
    assert "What you entered now was not kept." in answer.text
    assert FIELDS["password"] not in answer.text


def test_the_customer_sees_who_looked_and_has_it_destroyed(customer: Customer, case: Case) -> None:
    edges, credential = customer.edges, given(customer.edges, case)
    credentials.reveal(edges, case.id, credential.id, f"Why {MARKUP}", by="staff:1")
    page = customer.page("/my/credentials")
    assert "Why &#34;&gt;" in page
    assert MARKUP not in page
    path = f"/my/credentials/{credential.id}/destroy"
    assert customer.post(path, seen="/my/credentials").status_code == 303
    assert "it is being destroyed" in customer.page("/my/credentials")
    credential_ends.keep_vault(edges)
    assert "Destroyed on 2 March 2026, 11:00. You wished so." in customer.page("/my/credentials")
    assert customer.post(path, seen="/my/credentials").status_code == 409


def test_what_is_of_somebody_else_is_answered_as_what_is_not_there(
    customer: Customer, case: Case
) -> None:
    other = asking.report(
        customer.edges,
        asking.buy(customer.edges, case.store_id, woo_order_id=1002, email="bob@example.com"),
        gives_up=False,
    )
    foreign = asked(customer.edges, other)
    asked(customer.edges, case)
    for changes in ({}, {"host": ""}, {"expires_on": "x"}):
        mine, theirs = (give(customer, one, **changes) for one in (999, foreign.id))
        assert mine.status_code == theirs.status_code
        strip = re.compile(r'name="csrf_token" value="[^"]*"')
        assert strip.sub("", mine.text) == strip.sub("", theirs.text)
    assert now_of(customer.edges, foreign).sealed is None


def test_a_link_for_the_licences_alone_opens_no_access(
    app: Flask, edges: Edges, order: Order, case: Case
) -> None:
    credential = asked(edges, case)
    visitor = Customer(app.test_client(), edges, order)
    visitor.enter(Purpose.LICENSES)
    assert visitor.client.get("/my/credentials").status_code == 403
    assert give(visitor, credential.id).status_code == 403


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_its_words_in_every_language(
    customer: Customer, case: Case, clock: TestClock, language: str
) -> None:
    edges = customer.edges
    withdrawn = asked(edges, case)
    credentials.withdraw_asking(edges, case.id, withdrawn.id, by="staff:1")
    kept, lost, ended = (given(edges, case) for _ in range(3))
    key = now_of(edges, lost).key_name
    (edges.home / "vault" / f"{key}.key").unlink()
    credentials.end_by_staff(edges, case.id, ended.id, by="staff:1")
    credential_ends.destroy(edges, ended.id)
    asked(edges, case)
    customer.post("/my/language", language=language)
    page = customer.page("/my/credentials")
    assert page.count("<section") == 5
    assert page.count('name="password"') == 1
    clock.move(days=14)
    customer.enter(language=language)
    assert customer.client.get("/my/credentials").status_code == 200
    assert now_of(edges, kept).is_over(clock())


# ---------------------------------------------------------------- the desk


def test_staff_ask_once_on_the_page_of_the_case(person: Person, edges: Edges, case: Case) -> None:
    assert person.post(case, "", words="SFTP, please.").status_code == 303
    page = person.see(case)
    assert "not given yet" in page
    assert "Ask for access</button>" not in page
    again = person.post(case, "", words="SFTP, please.")
    assert again.status_code == 409
    assert "SFTP, please." in again.text


def test_what_was_given_is_shown_by_a_form_alone_and_kept_nowhere(
    person: Person, edges: Edges, case: Case
) -> None:
    credential = given(edges, case)
    assert ACCESS.password not in person.see(case)
    shown = person.reveal(case, credential.id)
    assert shown.status_code == 200
    for value in (ACCESS.host, ACCESS.user, ACCESS.password, ACCESS.notes):
        assert value in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert "script" not in shown.text
    path = f"/desk/cases/{case.id}/credentials/{credential.id}/reveal"
    assert person.client.get(path).status_code == 405
    page = person.see(case)
    assert ACCESS.password not in page
    assert "The log." in page
    (reveal,) = credentials.show_of_order(edges, case.order_id)[0].reveals
    assert reveal.revealed_by == f"staff:{person.id}"


def test_what_the_customer_wrote_is_shown_as_text(person: Person, edges: Edges, case: Case) -> None:
    credential = given(edges, case, Access(MARKUP, "other", MARKUP, MARKUP, MARKUP))
    shown = person.reveal(case, credential.id)
    assert MARKUP not in shown.text
    assert shown.text.count("&lt;script&gt;") == 4


def test_without_a_reason_or_what_is_there_nothing_is_shown(
    person: Person, edges: Edges, case: Case
) -> None:
    credential = given(edges, case)
    silent = person.reveal(case, credential.id, words="  ")
    assert silent.status_code == 422
    assert ACCESS.password not in silent.text
    assert person.reveal(case, 999).status_code == 404
    assert person.post(case, f"/{credential.id}/destroy").status_code == 303
    late = person.reveal(case, credential.id)
    assert late.status_code == 409
    assert ACCESS.password not in late.text
    assert "because we did not need it any more" in person.see(case)


def test_a_session_in_the_wrong_hands_does_not_empty_the_vault(
    person: Person, edges: Edges, case: Case
) -> None:
    credential = given(edges, case)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', person.see(case))[-1]
    path = f"/desk/cases/{case.id}/credentials/{credential.id}/reveal"
    form = {"csrf_token": token, "words": "The log."}
    statuses = [person.client.post(path, data=form).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]
    assert len(credentials.show_of_order(edges, case.order_id)[0].reveals) == 30


def test_a_key_that_is_gone_is_told_with_what_to_do(
    person: Person, edges: Edges, case: Case
) -> None:
    credential = given(edges, case)
    for key in Path(edges.home / "vault").glob("*.key"):
        key.unlink()
    page = person.see(case)
    assert "destroyed: its key is not in the vault" in page
    assert "refunddesk doctor" in page
    assert person.reveal(case, credential.id).status_code == 409


def test_an_auditor_sees_that_it_was_shown_and_can_show_nothing(
    app: Flask, edges: Edges, case: Case
) -> None:
    credential = given(edges, case)
    credentials.reveal(edges, case.id, credential.id, "To read the log.", by="staff:1")
    auditor = Person(app, edges, Role.AUDITOR)
    page = auditor.see(case)
    assert "To read the log." in page
    assert "/reveal" not in page
    assert auditor.reveal(case, credential.id).status_code == 403
