"""The main stories as people live them: in a browser, wide and narrow, with scripts and without."""

from __future__ import annotations

import re
import secrets

from refunddesk.casework import TurnKind
from refunddesk.db import cases, outbox, refunds
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.jobs import keeping, registry
from refunddesk.services import approval_limits, case_turns, customer_links, licenses
from tests.asking import STAFF, ask, key_of, report
from tests.browser.conftest import Desk, employ
from tests.browser.seeing import Eyes
from tests.web.test_desk import PASSWORD


def sell(desk: Desk) -> Order:
    """A customer's first order, as the sandbox sold it and the desk read it back."""
    billing = {"email": f"{secrets.token_hex(4)}@example.test", "country": "DE"}
    return desk.shop.record(int(desk.shop.sell("LIC-1", billing=billing)["id"]))


def link_to(desk: Desk, order: Order) -> str:
    token = customer_links.make_link(desk.edges, order.id, Purpose.REFUND, by=STAFF)
    return f"/my/enter/{token}"


def enter(eyes: Eyes, desk: Desk, order: Order) -> None:
    eyes.go(link_to(desk, order))
    eyes.page.get_by_role("button").click()
    eyes.look()
    eyes.press("English", within="header")


def sign_in(eyes: Eyes, email: str) -> None:
    eyes.go("/desk/sign-in")
    eyes.page.get_by_label("E-mail").fill(email)
    eyes.page.get_by_label("Password").fill(PASSWORD)
    eyes.press("Sign in")


def write(eyes: Eyes, form: str, button: str, words: str, *choose: str) -> None:
    """Fill in one of the forms of a case's page, and send it."""
    card = eyes.page.locator(f"#{form}")
    for choice in choose:
        card.get_by_label(choice).check()
    card.get_by_label(re.compile("^(Words|Why)")).fill(words)
    eyes.press(button, within=f"#{form}")


def work_but(desk: Desk, job: str) -> None:
    """Keep all promises but those of one job, as if its worker were away."""
    for _ in range(20):
        with desk.edges.database.read() as transaction:
            due = outbox.list_due(transaction, desk.shop.clock())
        rest = [promise_id for promise_id, name in due if name.value != job]
        if not rest:
            return
        for promise_id in rest:
            keeping.keep(desk.edges, promise_id, registry.JOBS)


def test_a_fault_is_reported_found_and_paid_back(eyes: Eyes, desk: Desk, person: str) -> None:
    order = sell(desk)
    licenses.activate(desk.edges, key_of(desk.edges, order), "https://shop.example")

    enter(eyes, desk, order)
    eyes.page.get_by_label("Why do you want").select_option("malfunction")
    eyes.page.get_by_label("What happened?").fill("It <b>fails</b>.")
    eyes.press("Ask for a refund")

    sign_in(eyes, person)
    eyes.follow(_case_of(desk, order))
    write(eyes, "say", "Take down", "Which version is it?", "Question", "product version")
    assert "Which version is it?" in eyes.text()

    eyes.go("/my/")
    eyes.page.get_by_label("The address of the site").fill("https://shop.example")
    eyes.page.get_by_label("The version of the product").fill("2.1")
    eyes.page.get_by_label("There are no others.").check()
    eyes.page.get_by_label("I have no screenshots.").check()
    eyes.press("Send the details")

    sign_in(eyes, person)
    eyes.follow(_case_of(desk, order))
    eyes.page.locator("#find").get_by_label("Finding").select_option("malfunction")
    write(eyes, "find", "Write the finding down", "Its address is gone.")
    write(eyes, "end", "End our work", "It cannot be mended.", "Given up")

    desk.shop.work()
    eyes.go("/my/")
    eyes.press("Switch off on shop.example")
    eyes.page.get_by_label("I have deleted all copies").check()
    eyes.press("I state that")

    work_but(desk, "pay_refund")
    eyes.go("/my/")
    assert "€99.00 is granted and will be sent shortly." in eyes.text()
    assert "was paid back" not in eyes.text(), "nothing has left yet"
    assert not eyes.page.get_by_role("button", name="Ask for a refund").is_visible()

    desk.shop.work()
    eyes.go("/my/")
    assert "€99.00 was paid back on" in eyes.text()
    assert len(desk.shop.shown(order.woo_order_id)["refunds"]) == 1
    eyes.go("/desk/")
    eyes.follow(_refund_of(desk, order), within="main")
    assert "paid" in eyes.page.locator("h1").inner_text()


def _case_of(desk: Desk, order: Order) -> str:
    with desk.edges.database.read() as transaction:
        (case,) = cases.list_cases(transaction, order.id)
    return f"Case {case.id}"


def _refund_of(desk: Desk, order: Order) -> str:
    with desk.edges.database.read() as transaction:
        (refund,) = refunds.list_for_order(transaction, order.id)
    return f"Refund {refund.id}"


def test_an_order_is_searched_for_and_read(eyes: Eyes, desk: Desk, person: str) -> None:
    order = sell(desk)
    licenses.activate(desk.edges, key_of(desk.edges, order), f"https://o{order.id}.example")
    sign_in(eyes, person)
    eyes.follow("Search")
    eyes.page.get_by_role("search").get_by_role("textbox").fill(f"o{order.id}.example")
    eyes.press("Search")
    eyes.follow(order.number, within="main")
    assert f"o{order.id}.example" in eyes.text()
    assert "99.00" in eyes.text()


def test_a_person_decides_and_a_second_one_approves(eyes: Eyes, desk: Desk, person: str) -> None:
    approval_limits.set_limits(
        desk.edges, desk.shop.store_id, {"staff": "50.00"}, currency="EUR", by=STAFF
    )
    order = sell(desk)
    report(desk.edges, order, finding="third_party_conflict", gives_up=False)
    request_id = ask(desk.edges, order, f"decided-{order.id}")
    desk.shop.work()

    sign_in(eyes, person)
    eyes.follow(f"Request {request_id}", within="main")
    form = eyes.page.locator("form[action$='/override']")
    form.get_by_label("Refund the amounts below").check()
    form.locator("input[name^='line-']").first.fill("99.00")
    form.get_by_label("Pay without waiting").check()
    form.get_by_label("Why the money need not wait").fill("The shop is closed.")
    form.get_by_label(re.compile("^Why; ")).fill("They were <i>right</i>.")
    eyes.press("Decide")
    assert "They were <i>right</i>." in eyes.text()

    sign_in(eyes, employ(desk, Role.APPROVER))
    eyes.follow(f"Request {request_id}", within="main")
    eyes.press("Approve 99.00 EUR")
    assert "approved by" in eyes.text()


def test_a_password_is_asked_for_seen_once_and_destroyed(
    eyes: Eyes, desk: Desk, person: str
) -> None:
    order = sell(desk)
    case = report(desk.edges, order, finding=None, gives_up=False)
    sign_in(eyes, person)
    eyes.go(f"/desk/cases/{case.id}")
    form = eyes.page.locator("#access")
    form.get_by_text("Ask for access").first.click()
    form.get_by_label("What you need").fill("SFTP, to read the log.")
    eyes.press("Ask for access", within="#access")

    enter(eyes, desk, order)
    eyes.follow("Access to your site that support asked for")
    eyes.page.get_by_label("Address of the site or server").fill("sftp.shop.example")
    eyes.page.get_by_label("What it opens").select_option("sftp")
    eyes.page.get_by_label("Password", exact=True).fill("correct  horse " * 20)
    eyes.press("Seal it and hand it over")
    assert "correct" not in eyes.page.content()

    eyes.go(f"/desk/cases/{case.id}")
    eyes.page.get_by_label("Why you need to see it").fill("To read the log.")
    eyes.press("Show it")
    assert "correct  horse" in eyes.text(), "with both of its blanks"
    eyes.page.go_back()
    eyes.look()
    assert "correct" not in eyes.page.content()

    case_turns.end(desk.edges, case.id, TurnKind.RESOLVED, "It was a setting.", by=STAFF)
    desk.shop.work()
    eyes.go("/my/credentials")
    assert "Support ended its work on your case." in eyes.text()
    assert "To read the log." in eyes.text()


def test_the_customers_page_speaks_three_languages(eyes: Eyes, desk: Desk) -> None:
    enter(eyes, desk, sell(desk))
    for name, code in (("Deutsch", "de"), ("Français", "fr"), ("English", "en")):
        eyes.press(name, within="header")
        assert eyes.page.locator("html").get_attribute("lang") == code


def test_whoever_uses_no_mouse_signs_in_and_reads_a_case(
    eyes: Eyes, desk: Desk, person: str
) -> None:
    order = sell(desk)
    case = report(desk.edges, order, finding=None, gives_up=False)
    eyes.go("/desk/sign-in")
    eyes.page.keyboard.type(person)  # the page puts the cursor there
    assert eyes.tab()["seen"]
    eyes.page.keyboard.type(PASSWORD)
    assert eyes.tab() == {"tag": "BUTTON", "words": "Sign in", "seen": True}
    eyes.page.keyboard.press("Enter")
    eyes.page.wait_for_url("**/desk/")
    eyes.look()
    eyes.go(f"/desk/cases/{case.id}")
    expected = eyes.page.evaluate(
        """() => [...document.querySelectorAll(
          "a[href],button,input:not([type=hidden]),select,textarea,summary")]
          .filter(e => e.type !== "radio").length"""
    )
    walked = []
    for _ in range(expected + 4):
        stop = eyes.tab()
        if stop["tag"] == "BODY":
            break
        walked.append(stop)
    assert all(stop["seen"] for stop in walked), [one for one in walked if not one["seen"]]
    assert [stop["words"] for stop in walked][:2] == ["To the content", "Refund Desk"]
    assert {"Take down", "Write the finding down", "End our work"} <= {
        stop["words"] for stop in walked
    }
