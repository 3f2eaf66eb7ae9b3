"""A customer comes by a link, sees one order, asks, states, switches off; strangers do not."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from string import Formatter

import pytest
from flask import Flask

from refunddesk.casework import TurnKind
from refunddesk.db import cases, notices, requests, turns
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.extension import create_app
from refunddesk.policy.wording.catalogue import LANGUAGES
from refunddesk.services import case_turns, customer_links
from refunddesk.services import licenses as licensing
from refunddesk.services.case_turns import Saying
from refunddesk.services.edges import Edges
from refunddesk.services.order_home import MOST_WORDS
from refunddesk.settings import Settings
from refunddesk.web.portal import texts as portal_texts
from refunddesk.web.portal.order import REASONS
from tests import asking, building
from tests.conftest import TestClock
from tests.visiting import Customer

TEXTS = Path(portal_texts.__file__).parent / "texts"
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def order(edges: Edges) -> Order:
    return asking.buy(edges, building.add_store(edges), asking.Bought(sites=3))


@pytest.fixture
def customer(app: Flask, edges: Edges, order: Order) -> Customer:
    return Customer(app.test_client(), edges, order)


def activate(customer: Customer, *sites: str) -> None:
    key = asking.key_of(customer.edges, customer.order)
    for site in sites:
        licensing.activate(customer.edges, key, f"https://{site}")


# -- the link ------------------------------------------------------------------------------------


def test_a_link_shows_only_a_button_until_that_is_pressed(customer: Customer) -> None:
    token = customer_links.make_link(
        customer.edges, customer.order.id, Purpose.REFUND, by="staff:1"
    )
    for _ in range(2):  # a program that looks through mails follows it, twice
        seen = customer.client.get(f"/my/enter/{token}")
        assert (seen.status_code, customer.order.number in seen.text) == (200, False)
    entered = customer.follow(token)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/my/")
    assert f"Bestellung {customer.order.number}" in customer.see()  # bought in Germany


def test_a_link_works_once(customer: Customer, app: Flask) -> None:
    token = customer_links.make_link(
        customer.edges, customer.order.id, Purpose.REFUND, by="staff:1"
    )
    assert customer.follow(token).status_code == 303
    other = Customer(app.test_client(), customer.edges, customer.order)
    again = other.follow(token)
    assert (again.status_code, "used before" in again.text) == (404, True)
    assert other.client.get("/my/").status_code == 401


@pytest.mark.parametrize(
    ("waited", "status"),
    [
        pytest.param(timedelta(hours=72) - timedelta(seconds=1), 303, id="in its last second"),
        pytest.param(timedelta(hours=72), 404, id="when its time is over"),
    ],
)
def test_a_link_waits_for_72_hours(
    customer: Customer, clock: TestClock, waited: timedelta, status: int
) -> None:
    token = customer_links.make_link(
        customer.edges, customer.order.id, Purpose.REFUND, by="staff:1"
    )
    clock.at += waited
    assert customer.follow(token).status_code == status


@pytest.mark.parametrize(
    ("waited", "status"),
    [
        pytest.param(timedelta(hours=1) - timedelta(seconds=1), 200, id="in its last second"),
        pytest.param(timedelta(hours=1), 401, id="when its time is over"),
    ],
)
def test_a_visit_lasts_an_hour(
    customer: Customer, clock: TestClock, waited: timedelta, status: int
) -> None:
    customer.enter()
    clock.at += waited
    assert customer.client.get("/my/").status_code == status


def test_whoever_leaves_is_gone(customer: Customer) -> None:
    customer.enter()
    assert customer.post("/my/leave").status_code == 303
    assert customer.client.get("/my/").status_code == 401


def test_unknown_used_and_expired_links_are_answered_alike(
    customer: Customer, app: Flask, clock: TestClock
) -> None:
    used, late = (
        customer_links.make_link(customer.edges, customer.order.id, Purpose.REFUND, by="staff:1")
        for _ in range(2)
    )
    customer.follow(used)
    clock.move(hours=73)
    answers = set()
    for token in (used, late, "A" * 43):
        stranger = Customer(app.test_client(), customer.edges, customer.order)
        answer = stranger.follow(token)
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1


def test_pages_are_kept_nowhere_and_tell_no_other_site_their_address(customer: Customer) -> None:
    customer.enter()
    headers = customer.client.get("/my/").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_no_row_holds_what_opens_the_page(customer: Customer) -> None:
    assert customer_links.mail_link(customer.edges, customer.order.id, Purpose.REFUND, by="staff:1")
    with customer.edges.database.read() as transaction:
        (notice,) = notices.list_notices(transaction, f"order:{customer.order.id}")
    assert set(notice.facts) == {"store", "order", "link_order", "link_purpose", "hours"}


def test_a_new_link_is_mailed_to_the_buyer_alone_and_strangers_learn_nothing(
    customer: Customer,
) -> None:
    def ask(number: str, email: str) -> str:
        answer = customer.post("/my/link", seen="/my/link", number=number, email=email)
        assert answer.status_code == 200
        return answer.text

    number = customer.order.number
    told = {ask(number, "ADA@example.com "), ask(number, "eve@example.com"), ask("9", "a@b.c")}
    assert len(told) == 1
    ask(f"#{number}", "ada@example.com")  # within the hour: the mail is on its way already
    with customer.edges.database.read() as transaction:
        mailed = notices.list_notices(transaction, f"order:{customer.order.id}")
    assert [(one.kind, one.recipient) for one in mailed] == [("your_link", "ada@example.com")]


def test_a_form_for_a_link_that_is_not_filled_in_says_so(customer: Customer) -> None:
    for fields in ({"number": "1"}, {"number": "", "email": "a@b.c"}, {"email": "x" * 300}):
        answer = customer.post("/my/link", seen="/my/link", **fields)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)


# -- one order -----------------------------------------------------------------------------------


def test_the_page_says_what_can_come_back_and_until_when(customer: Customer) -> None:
    customer.enter()
    page = customer.see()
    assert "€199.00" in page  # the product's price; the tax stays with the store
    assert "until the end of 1 April 2026" in page


def test_asking_reports_the_problem_and_shows_what_is_awaited(customer: Customer) -> None:
    customer.enter()
    asked = customer.post("/my/ask", reason="malfunction", details="It shows a white page.")
    assert asked.status_code == 303
    asking.work(customer.edges)
    with customer.edges.database.read() as transaction:
        (request,) = requests.list_requests(transaction, customer.order.id)
    assert (request.channel, request.is_open, request.case_id is not None) == ("portal", True, True)
    page = customer.see()
    assert "What happens next" in page
    assert 'action="/my/ask"' not in page


def test_what_the_report_lacks_is_given_on_the_page_piece_by_piece(customer: Customer) -> None:
    customer.enter()
    customer.post("/my/ask", reason="malfunction", details="It shows a white page.")
    page = customer.see()
    assert 'name="site_url"' in page
    assert 'name="details"' not in page.partition("What we still need")[2]
    customer.post("/my/report", site_url="https://shop.example", product_version=" 2.1 ")
    assert 'name="site_url"' not in customer.see()
    given = {"no_screenshots": "yes", "other_extensions": "Akismet 5\r\n\r\n Yoast 22 \r\n"}
    assert customer.post("/my/report", **given).status_code == 303
    assert "What we still need" not in customer.see()
    with customer.edges.database.read() as transaction:
        (case,) = cases.list_cases(transaction, customer.order.id)
    assert (case.report.product_version, case.report.no_screenshots) == ("2.1", True)
    assert case.report.other_extensions == ("Akismet 5", "Yoast 22")
    assert case.facts.complete_at == customer.edges.clock()


def test_a_report_without_a_request_or_too_long_is_not_kept(customer: Customer) -> None:
    customer.enter()
    assert customer.post("/my/report", site_url="https://shop.example").status_code == 404
    customer.post("/my/ask", reason="malfunction")
    assert customer.post("/my/report", product_version="9" * 101).status_code == 422


def ask_support(customer: Customer, kind: TurnKind, words: str) -> None:
    with customer.edges.database.read() as transaction:
        (case,) = cases.list_cases(transaction, customer.order.id)
    case_turns.say(customer.edges, case.id, Saying(kind, words), by="staff:1")


def last_turn(customer: Customer) -> str:
    found = re.search(r'name="last_turn" value="(\d+)"', customer.see())
    assert found
    return found[1]


def replies(customer: Customer) -> list[str]:
    with customer.edges.database.read() as transaction:
        (case,) = cases.list_cases(transaction, customer.order.id)
        said = turns.list_turns(transaction, case.id)
    return [turn.words for turn in said if turn.kind is TurnKind.REPLY]


def test_what_support_asks_is_read_and_answered_on_the_page(customer: Customer) -> None:
    customer.enter()
    assert 'action="/my/reply"' not in customer.see()
    customer.post("/my/ask", reason="malfunction", details="It shows a white page.")
    ask_support(customer, TurnKind.QUESTION, "Which theme\n<b>is on</b>?")
    ask_support(customer, TurnKind.NOTE, "Third time this week.")
    page = customer.see()
    assert "Which theme\n&lt;b&gt;is on&lt;/b&gt;?" in page
    assert "Third time this week." not in page
    answer = customer.post(
        "/my/reply", words=" Twenty Twenty-Four\r\n", last_turn=last_turn(customer)
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/my/#messages")
    assert replies(customer) == ["Twenty Twenty-Four"]
    assert "Twenty Twenty-Four" in customer.see()


def test_an_answer_sent_twice_is_taken_down_once(customer: Customer) -> None:
    customer.enter()
    customer.post("/my/ask", reason="malfunction")
    form = {"words": "It happens on every page.", "last_turn": last_turn(customer)}
    assert [customer.post("/my/reply", **form).status_code for _ in range(2)] == [303, 303]
    assert replies(customer) == ["It happens on every page."]


def test_what_was_written_past_a_new_question_is_kept_to_be_sent_again(customer: Customer) -> None:
    customer.enter()
    customer.post("/my/ask", reason="malfunction")
    seen = last_turn(customer)
    ask_support(customer, TurnKind.QUESTION, "Which theme is on?")
    answer = customer.post("/my/reply", words="It is slow, too.", last_turn=seen)
    assert (answer.status_code, replies(customer)) == (409, [])
    assert "Which theme is on?" in answer.text
    assert ">It is slow, too.</textarea>" in answer.text
    assert "was not sent yet" in answer.text


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param("x" * MOST_WORDS, 303, id="as long as may be"),
        pytest.param("x" * (MOST_WORDS + 1), 422, id="one character longer"),
        pytest.param(" \r\n", 422, id="blanks alone"),
        pytest.param("a\0b", 422, id="what no text holds"),
    ],
)
def test_a_message_is_taken_whole_or_not_at_all(
    customer: Customer, words: str, status: int
) -> None:
    customer.enter()
    customer.post("/my/ask", reason="malfunction")
    answer = customer.post("/my/reply", words=words, last_turn=last_turn(customer))
    assert (answer.status_code, len(replies(customer))) == (status, 1 if status == 303 else 0)


def test_without_a_case_nothing_is_written_to_support(customer: Customer) -> None:
    customer.enter()
    answer = customer.post("/my/reply", words="Hello?", last_turn="0")
    assert (answer.status_code, "no case for your order" in answer.text) == (404, True)


def test_the_same_form_sent_twice_asks_once(customer: Customer) -> None:
    customer.enter()
    form = customer.form()
    for _ in range(2):
        answer = customer.client.post("/my/ask", data={**form, "reason": "malfunction"})
        assert answer.status_code == 303
    with customer.edges.database.read() as transaction:
        assert len(requests.list_requests(transaction, customer.order.id)) == 1


@pytest.mark.parametrize("reason", ["", "because", "Malfunction"])
def test_without_a_reason_of_the_list_nothing_is_asked(customer: Customer, reason: str) -> None:
    customer.enter()
    answer = customer.post("/my/ask", reason=reason)
    assert (answer.status_code, "choose a reason" in answer.text) == (422, True)
    with customer.edges.database.read() as transaction:
        assert requests.list_requests(transaction, customer.order.id) == []


def test_a_site_is_switched_off_by_its_own_button_and_once_more_changes_nothing(
    customer: Customer,
) -> None:
    activate(customer, "one.example", "two.example")
    customer.enter()
    one = customer.sites()["one.example"]
    for _ in range(2):
        assert customer.post(f"/my/sites/{one}/off").status_code == 303
    assert set(customer.sites()) == {"two.example"}
    assert "one.example" not in customer.see()


def test_a_site_out_of_reach_is_said_to_be_lost_and_stays_on_for_now(customer: Customer) -> None:
    activate(customer, "gone.example")
    customer.enter()
    assert customer.post(f"/my/sites/{customer.sites()['gone.example']}/lost").status_code == 303
    page = customer.see()
    assert "Said to be out of reach" in page
    assert "I cannot reach this site" not in page
    assert set(customer.sites()) == {"gone.example"}


def test_the_last_site_and_the_statement_release_the_money(customer: Customer) -> None:
    edges, order = customer.edges, customer.order
    activate(customer, "one.example")
    asking.report(edges, order)
    customer.enter()
    customer.post("/my/ask", reason="malfunction")
    asking.work(edges)
    page = customer.see()
    assert "€199.00 is ready for you" in page
    assert "one.example" in page
    customer.post(f"/my/sites/{customer.sites()['one.example']}/off")
    assert customer.post("/my/statement").status_code == 422  # not ticked
    assert customer.post("/my/statement", destroyed="yes").status_code == 303
    asking.work(edges)
    page = customer.see()
    assert "It is granted." in page
    assert "€199.00 is granted and will be sent shortly." in page


def test_a_request_can_be_taken_back_and_asked_again(customer: Customer) -> None:
    customer.enter()
    customer.post("/my/ask", reason="malfunction")
    assert customer.post("/my/withdraw").status_code == 303
    page = customer.see()
    assert "You withdrew it." in page
    assert 'action="/my/ask"' in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_the_page_can_be_read_in_every_language(
    customer: Customer, language: str
) -> None:
    activate(customer, "one.example")
    customer.enter()
    customer.post("/my/language", language=language)
    assert f'<html lang="{language}">' in customer.see()
    customer.post("/my/ask", reason="malfunction")
    asking.work(customer.edges)
    said = portal_texts.texts(language)  # type: ignore[arg-type]
    page = customer.see()
    for key in ("asked.heading", "licenses.heading", "state.awaiting", "statement.button"):
        assert said.say(key).replace("'", "&#39;") in page


def test_a_language_we_do_not_speak_changes_nothing(customer: Customer) -> None:
    customer.enter(language="fr")
    customer.post("/my/language", language="tlh")
    assert '<html lang="fr">' in customer.see()


# -- strangers -----------------------------------------------------------------------------------


def test_somebody_elses_site_is_answered_like_one_that_is_not_there(
    customer: Customer, app: Flask
) -> None:
    foreign = asking.buy(
        customer.edges, customer.order.store_id, woo_order_id=2002, email="eve@example.com"
    )
    other = Customer(app.test_client(), customer.edges, foreign)
    activate(other, "eves.example")
    customer.enter()
    theirs = other.sites()["eves.example"]
    for action in ("off", "lost"):
        answers = {
            (answer.status_code, re.sub(r'value="[^"]+"', "", answer.text))  # tokens of forms
            for answer in (customer.post(f"/my/sites/{id}/{action}") for id in (theirs, 99999))
        }
        assert {status for status, _ in answers} == {404}
        assert len(answers) == 1
    assert set(other.sites()) == {"eves.example"}


def test_a_link_for_licences_shows_and_does_nothing_about_money(customer: Customer) -> None:
    activate(customer, "one.example")
    customer.enter(Purpose.LICENSES)
    page = customer.see()
    assert "one.example" in page
    assert "€199.00" not in page.split("<section", 1)[1]
    for path, fields in (
        ("/my/ask", {"reason": "malfunction", "request_key": "0" * 32}),
        ("/my/statement", {"destroyed": "yes"}),
        ("/my/withdraw", {}),
    ):
        assert customer.post(path, **fields).status_code == 403
    assert customer.post(f"/my/sites/{customer.sites()['one.example']}/off").status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/my/ask",
        "/my/reply",
        "/my/report",
        "/my/statement",
        "/my/withdraw",
        "/my/language",
        "/my/sites/1/off",
    ],
)
def test_without_a_visit_nothing_can_be_done(customer: Customer, path: str) -> None:
    assert customer.post(path, seen="/my/link").status_code == 401


def test_a_form_of_another_page_is_refused(customer: Customer) -> None:
    customer.enter()
    answer = customer.client.post("/my/ask", data={"reason": "malfunction"})
    assert (answer.status_code, "Nothing was done" in answer.text) == (400, True)


def test_what_others_wrote_is_shown_as_text(customer: Customer, edges: Edges) -> None:
    order = asking.buy(
        edges,
        customer.order.store_id,
        asking.Bought(product=HOSTILE),
        woo_order_id=3003,
        number=HOSTILE,
    )
    stranger = Customer(customer.client, edges, order)
    stranger.enter()
    page = stranger.see()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


# -- texts ---------------------------------------------------------------------------------------


def _flat(language: str) -> dict[str, str]:
    entries = tomllib.loads((TEXTS / f"{language}.toml").read_text("utf-8"))
    return {f"{under}.{key}": text for under, part in entries.items() for key, text in part.items()}


@pytest.mark.parametrize("language", ["fr", "de"])
def test_every_language_says_the_same_things_with_the_same_facts(language: str) -> None:
    def facts(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    english, other = _flat("en"), _flat(language)
    assert english.keys() == other.keys()
    assert {key: facts(text) for key, text in other.items()} == {
        key: facts(text) for key, text in english.items()
    }


def test_every_reason_of_a_claim_can_be_chosen(customer: Customer) -> None:
    customer.enter()
    assert set(re.findall(r'<option value="([a-z_]+)"', customer.see())) == set(REASONS)
