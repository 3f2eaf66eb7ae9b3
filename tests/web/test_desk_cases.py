"""Staff work a case on one page: they read it, answer, find, end it, and take it up again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from refunddesk.casework import TurnKind
from refunddesk.db import licenses, orders, suspicions
from refunddesk.db.cases import Case
from refunddesk.db.overview import MOST_ROWS
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services import attachments, case_turns, cases
from refunddesk.services.case_turns import Saying
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.asking import STAFF, buy, report
from tests.building import add_store
from tests.conftest import TestClock
from tests.web.test_attachments import picture
from tests.web.test_desk import Browser, employ

MARKUP = '<script>alert("x")</script>'
FORMS = {
    "say": {"kind": "answer", "words": "We look into it."},
    "find": {"finding": "malfunction", "words": "It breaks here too."},
    "end": {"outcome": "resolved", "words": "Fixed in 2.2."},
    "reopen": {"words": "It came back."},
}


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def browser(app: Flask, edges: Edges) -> Browser:
    return arrive(app, edges, Role.SUPPORT)


@pytest.fixture
def case(edges: Edges) -> Case:
    order = buy(edges, add_store(edges))
    return report(edges, order, finding=None, gives_up=False)


def arrive(app: Flask, edges: Edges, role: Role) -> Browser:
    employ(edges, f"{role}@store.test", role)
    browser = Browser(app.test_client())
    browser.sign_in(f"{role}@store.test")
    return browser


def path_of(case: Case) -> str:
    return f"/desk/cases/{case.id}"


def fill_in(browser: Browser, case: Case, form: str, **changes: str) -> dict[str, str]:
    """The form as the page gives it and the person fills it in."""
    page = browser.see(path_of(case)).text
    hidden = {
        name: re.findall(rf'name="{name}" value="([^"]*)"', page)[-1]
        for name in ("csrf_token", "seen")
    }
    return hidden | FORMS[form] | changes


def post(browser: Browser, case: Case, form: str, filled: dict[str, str]) -> TestResponse:
    return browser.client.post(f"{path_of(case)}/{form}", data=filled)


def kinds(edges: Edges, case: Case) -> list[str]:
    return [turn.kind.value for turn in cases.show_case(edges, case.id).turns]


def test_the_page_shows_the_clock_the_report_and_what_both_sides_said(
    browser: Browser, edges: Edges, case: Case
) -> None:
    case_turns.say(edges, case.id, Saying(TurnKind.ANSWER, "Which browser?"), by=STAFF)
    case_turns.say(edges, case.id, Saying(TurnKind.REPLY, "Firefox."), by=STAFF)
    page = browser.see(path_of(case)).text
    assert "<strong>We</strong>: fix by" in page
    assert "ada@example.com" in page
    assert "The form sends nothing." in page
    assert page.index("Which browser?") < page.index("Firefox.")


def test_today_lists_what_waits_for_us_and_what_is_overdue_since_a_second(
    app: Flask, edges: Edges, case: Case, clock: TestClock
) -> None:
    due = case.support_due_at
    assert due
    clock.at = due
    browser = arrive(app, edges, Role.SUPPORT)
    page = browser.see("/desk/").text
    assert "One thing waits for a person" in page
    assert f'href="{path_of(case)}"' in page
    assert ("Cases that wait for us" in page, "Cases overdue" in page) == (True, False)
    clock.move(seconds=1)
    page = browser.see("/desk/").text
    assert "One thing waits for a person" in page
    assert ("Cases that wait for us" in page, "Cases overdue" in page) == (False, True)


def test_today_lists_cases_that_wait_for_the_customer_apart(
    browser: Browser, edges: Edges, case: Case
) -> None:
    case_turns.say(edges, case.id, Saying(TurnKind.QUESTION, "Which browser?"), by=STAFF)
    page = browser.see("/desk/").text
    assert "Nothing waits for a person" in page
    assert page.index("Cases that wait for the customer") < page.index(f'href="{path_of(case)}"')


def test_today_lists_open_suspicions(browser: Browser, edges: Edges, case: Case) -> None:
    with edges.database.write() as transaction:
        license = licenses.list_licenses(transaction, case.order_id, None)[0]
        kind = suspicions.SuspicionKind.USE_AFTER_REFUND
        suspicions.insert_once(transaction, license.id, None, kind, at=edges.clock())
    page = browser.see("/desk/").text
    assert "2 things wait for a person" in page
    assert f"key ending in <code>{license.key_ends_with}</code>" in page
    assert "use after refund" in page


def test_a_case_past_its_time_is_shown_as_overdue(
    browser: Browser, edges: Edges, case: Case, clock: TestClock
) -> None:
    due = cases.show_case(edges, case.id).due[0].until
    assert due
    clock.at = due
    employ(edges)
    browser.sign_in()
    assert "overdue" not in browser.see(path_of(case)).text
    clock.move(seconds=1)
    assert "overdue" in browser.see(path_of(case)).text


def test_support_answers_finds_ends_and_takes_up_again(
    browser: Browser, edges: Edges, case: Case
) -> None:
    for form in ("say", "find", "end", "reopen"):
        answer = post(browser, case, form, fill_in(browser, case, form))
        assert (answer.status_code, answer.location) == (303, path_of(case))
    assert kinds(edges, case) == ["answer", "finding", "resolved", "reopened"]
    assert {turn.written_by for turn in cases.show_case(edges, case.id).turns} == {"staff:1"}


def test_a_question_names_what_it_asks_for_and_stops_our_clock(
    browser: Browser, edges: Edges, case: Case
) -> None:
    filled = fill_in(browser, case, "say", kind="question", asks="details")
    assert post(browser, case, "say", filled).status_code == 303
    held = cases.show_case(edges, case.id)
    assert held.turns[0].asks == ("details",)
    assert [due.who for due in held.due] == ["customer"]


@pytest.mark.parametrize("form", ["say", "find", "end"])
def test_a_double_click_takes_nothing_down_twice(
    browser: Browser, edges: Edges, case: Case, form: str
) -> None:
    filled = fill_in(browser, case, form)
    assert post(browser, case, form, filled).status_code == 303
    again = post(browser, case, form, filled)
    assert again.status_code == 409
    assert len(kinds(edges, case)) == 1


def test_what_was_written_is_kept_where_the_other_side_wrote_meanwhile(
    browser: Browser, edges: Edges, case: Case
) -> None:
    filled = fill_in(browser, case, "say", words=f"  Long thought {MARKUP}\r\nand more")
    case_turns.say(edges, case.id, Saying(TurnKind.REPLY, "It works again!"), by=STAFF)
    answer = post(browser, case, "say", filled)
    assert answer.status_code == 409
    assert "It works again!" in answer.text
    assert "Long thought &lt;script&gt;" in answer.text
    assert kinds(edges, case) == ["reply"]
    seen = re.findall(r'name="seen" value="(\d+)"', answer.text)[0]
    assert post(browser, case, "say", filled | {"seen": seen}).status_code == 303


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        pytest.param("say", {"words": " \r\n "}, id="blank words"),
        pytest.param("say", {"words": "x" * 20_001}, id="one character too many"),
        pytest.param("say", {"words": "a\0b"}, id="a character that is no text"),
        pytest.param("say", {"kind": "finding"}, id="a finding as an answer"),
        pytest.param("say", {"seen": "x"}, id="a last turn that is no number"),
        pytest.param("find", {"finding": "magic"}, id="a finding that nobody knows"),
        pytest.param("end", {"outcome": "reopened"}, id="an end that is none"),
    ],
)
def test_a_form_that_makes_no_sense_takes_nothing_down(
    browser: Browser, edges: Edges, case: Case, form: str, changes: dict[str, str]
) -> None:
    answer = post(browser, case, form, fill_in(browser, case, form, **changes))
    assert answer.status_code == 422
    assert "Nothing was taken down" in answer.text
    assert kinds(edges, case) == []


def test_the_longest_words_are_taken_down(browser: Browser, edges: Edges, case: Case) -> None:
    filled = fill_in(browser, case, "say", words="x" * 20_000)
    assert post(browser, case, "say", filled).status_code == 303


def test_markup_in_every_field_is_shown_as_text(browser: Browser, edges: Edges) -> None:
    order = buy(edges, add_store(edges), email=f"{MARKUP}@example.com", number=MARKUP)
    case = report(
        edges,
        order,
        finding=None,
        gives_up=False,
        site_url=MARKUP,
        product_version=MARKUP,
        details=MARKUP,
        other_extensions=(MARKUP,),
    )
    attachments.attach(edges, case.id, f"{MARKUP}.png", picture(), by=STAFF)
    for kind in (TurnKind.ANSWER, TurnKind.REPLY, TurnKind.NOTE):
        case_turns.say(edges, case.id, Saying(kind, MARKUP), by=STAFF)
    page = browser.see(path_of(case)).text
    assert page.count("&lt;script&gt;") >= 9
    assert "<script" not in page


def test_a_file_is_saved_and_never_opened(browser: Browser, edges: Edges, case: Case) -> None:
    kept = attachments.attach(edges, case.id, "shot.png", picture(), by=STAFF)
    assert f'href="/desk/attachments/{kept.id}"' in browser.see(path_of(case)).text
    answer = browser.see(f"/desk/attachments/{kept.id}")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_reads_and_those_who_work_cases_write(
    app: Flask, edges: Edges, case: Case, role: Role
) -> None:
    browser = arrive(app, edges, role)
    page = browser.see(path_of(case))
    assert page.status_code == 200
    works = role is not Role.AUDITOR
    assert ("<textarea" in page.text) is works
    token = browser.form_token("/desk/")
    for form in ("say", "find", "end", "reopen"):
        for case_id, expected in ((case.id, 303), (4711, 404)):
            seen = len(kinds(edges, case))
            with_token = FORMS[form] | {"csrf_token": token, "seen": str(_last(edges, case))}
            answer = browser.client.post(f"/desk/cases/{case_id}/{form}", data=with_token)
            assert answer.status_code == (expected if works else 403)
            assert (len(kinds(edges, case)) > seen) is (works and expected == 303)


def _last(edges: Edges, case: Case) -> int:
    said = cases.show_case(edges, case.id).turns
    return said[-1].id if said else 0


@pytest.mark.parametrize("form", list(FORMS))
def test_a_form_of_another_site_changes_nothing(
    browser: Browser, edges: Edges, case: Case, form: str
) -> None:
    filled = fill_in(browser, case, form, csrf_token="x")
    assert post(browser, case, form, filled).status_code == 400
    assert kinds(edges, case) == []


@pytest.mark.parametrize("path", ["/desk/cases/1", "/desk/attachments/1"])
def test_a_stranger_is_led_to_the_sign_in_page(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.location) == (303, "/desk/sign-in")


@pytest.mark.parametrize("path", ["/desk/cases/4711", "/desk/attachments/4711"])
def test_what_is_not_there_is_said_to_be_missing(browser: Browser, path: str) -> None:
    assert browser.see(path).status_code == 404


@pytest.fixture
def asked(edges: Edges) -> Iterator[list[str]]:
    """Every statement that the database was asked since."""
    statements: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    event.listen(edges.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(edges.database.engine, "before_cursor_execute", note)


def test_a_long_case_takes_no_more_queries_than_a_short_one(
    browser: Browser, edges: Edges, case: Case, asked: list[str]
) -> None:
    asked.clear()
    browser.see(path_of(case))
    short = len(asked)
    for number in range(12):
        case_turns.say(edges, case.id, Saying(TurnKind.ANSWER, f"Part {number}."), by=STAFF)
    asked.clear()
    browser.see(path_of(case))
    assert len(asked) == short <= 25


def test_many_cases_take_no_more_queries_of_today_than_one(
    browser: Browser, edges: Edges, case: Case, asked: list[str]
) -> None:
    asked.clear()
    browser.see("/desk/")
    one = len(asked)
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, case.order_id)
    for _ in range(30):
        report(edges, order, finding=None, gives_up=False)
    asked.clear()
    page = browser.see("/desk/").text
    assert len(asked) == one
    assert page.count(">Case ") == MOST_ROWS
    assert "and 6 more" in page
