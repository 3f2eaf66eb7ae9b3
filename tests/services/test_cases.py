"""What is reported, said and found follows its own rules, and every word is judged at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from refunddesk.casework import TurnKind
from refunddesk.db import materials as pages
from refunddesk.db import notices, requests
from refunddesk.db.history import list_deeds
from refunddesk.db.materials import ProductPage
from refunddesk.services import (
    case_turns,
    cases,
    customers,
    infringements,
    item_deliveries,
    materials,
    work_quotes,
)
from refunddesk.services.case_turns import Saying
from refunddesk.services.customers import CustomerChange
from refunddesk.services.edges import Edges
from refunddesk.services.instants import InstantInFuture
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder
from tests.asking import (
    PORTAL,
    STAFF,
    Bought,
    ask,
    at_once,
    buy,
    days,
    intake,
    report,
    work,
)
from tests.building import add_store
from tests.conftest import TestClock

FREE = replace(PORTAL, sites=0)
HOUR = timedelta(hours=1)
MANUAL = {"kind": "manual", "title": "Setting up", "url": "https://docs.test/portal"}
PAGE = ProductPage("crm-portal", (MANUAL,), not_on_wordpress_com=True)
QUESTION = Saying(TurnKind.QUESTION, "Which theme do you use?")
REPLY = Saying(TurnKind.REPLY, "It is Astra.")


def state_of(edges: Edges, request_id: int) -> str:
    with edges.database.read() as transaction:
        return requests.get_request(transaction, request_id).state


def written(edges: Edges, case_id: int) -> list[str]:
    with edges.database.read() as transaction:
        return [one.kind for one in notices.list_notices(transaction, f"case:{case_id}")]


# ---------------------------------------------------------------- the report


def test_a_report_that_misses_nothing_is_complete_from_when_it_came(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges))
    came = clock()
    clock.move(hours=3)
    case = cases.open_case(edges, intake(edges, order, opened_at=came), by=STAFF)
    assert case.facts.missing == ()
    assert case.facts.complete_at == came


def test_what_is_missing_is_named_by_what_the_report_does_not_say(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges))
    lacking = {"site_url": None, "no_screenshots": False, "other_extensions": None}
    case = cases.open_case(edges, intake(edges, order, **lacking), by=STAFF)
    assert case.facts.missing == ("site_url", "screenshots", "other_extensions")
    assert case.facts.complete_at is None
    clock.move(hours=1)
    said = {"no_screenshots": True, "other_extensions": ()}
    cases.change_report(edges, case.id, said, by=STAFF)
    came = clock()
    clock.move(hours=5)
    said = {"site_url": "https://ada.example"}
    complete = cases.change_report(edges, case.id, said, by=STAFF, received_at=came)
    assert complete.facts.complete_at == came
    again = cases.change_report(edges, case.id, {"site_url": None}, by=STAFF)
    assert again.facts.complete_at is None


def test_the_one_product_of_an_order_need_not_be_named_and_no_other_can_be(edges: Edges) -> None:
    store_id = add_store(edges)
    case = cases.open_case(edges, intake(edges, buy(edges, store_id), product=None), by=STAFF)
    assert case.report.product == "crm-portal"
    two = buy(edges, store_id, PORTAL, Bought("forms"), woo_order_id=1002)
    case = cases.open_case(edges, intake(edges, two, product=None), by=STAFF)
    assert case.facts.missing == ("product",)
    with pytest.raises(cases.ProductNotOfOrder, match="crm-portal, forms"):
        cases.change_report(edges, case.id, {"product": "shop"}, by=STAFF)


def test_a_site_health_report_fills_the_environment_and_the_extensions_in(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    asked = replace(intake(edges, order, other_extensions=None), site_health=SITE_HEALTH)
    case = cases.open_case(edges, asked, by=STAFF)
    assert case.facts.missing == ()
    assert case.report.environment["php"] == "8.2.17 64bit"
    assert case.report.other_extensions == ("WooCommerce 8.7.0",)
    with pytest.raises(cases.SiteHealthUnreadable):
        cases.open_case(edges, replace(asked, site_health="It is all fine."), by=STAFF)


SITE_HEALTH = """
### wp-core ###

version: 6.5.2

### wp-plugins-active (1) ###

WooCommerce: version: 8.7.0, author: Automattic, Auto-updates disabled

### wp-server ###

php_version: 8.2.17 64bit
"""


def test_trouble_with_the_platform_is_no_case(edges: Edges) -> None:
    asked = replace(intake(edges, buy(edges, add_store(edges))), concerns_platform=True)
    with pytest.raises(cases.BelongsToPlatform, match="wordpress"):
        cases.open_case(edges, asked, by=STAFF)


def test_a_product_that_is_not_for_wordpress_com_is_warned_of(edges: Edges) -> None:
    store_id = add_store(edges)
    materials.describe_product(edges, store_id, PAGE, by=STAFF)
    order = buy(edges, store_id)
    there = intake(edges, order, site_url="https://ada.wordpress.com/shop")
    case = cases.open_case(edges, there, by=STAFF)
    assert cases.show_case(edges, case.id).warnings == ("not_on_wordpress_com",)
    elsewhere = cases.open_case(edges, intake(edges, order), by=STAFF)
    assert cases.show_case(edges, elsewhere.id).warnings == ()


def test_nothing_is_dated_later_than_now_or_before_the_case(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, add_store(edges))
    with pytest.raises(InstantInFuture, match="opened_at"):
        cases.open_case(edges, intake(edges, order, opened_at=clock() + days(1)), by=STAFF)
    case = cases.open_case(edges, intake(edges, order), by=STAFF)
    with pytest.raises(InstantInFuture, match="said_at"):
        case_turns.say(edges, case.id, replace(REPLY, said_at=clock() + HOUR), by=STAFF)
    with pytest.raises(case_turns.SaidTooEarly):
        case_turns.say(edges, case.id, replace(REPLY, said_at=clock() - HOUR), by=STAFF)


def test_an_order_or_a_case_that_is_not_there_is_named(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    with pytest.raises(NoSuchOrder):
        cases.open_case(edges, replace(intake(edges, order), order_id=order.id + 1), by=STAFF)
    with pytest.raises(cases.NoSuchCase):
        cases.change_report(edges, 1, {"details": "More."}, by=STAFF)
    with pytest.raises(cases.NoSuchCase):
        case_turns.say(edges, 1, QUESTION, by=STAFF)


# ---------------------------------------------------------------- manuals


def test_manuals_shown_before_a_case_are_on_record_as_offered(edges: Edges) -> None:
    store_id = add_store(edges)
    materials.describe_product(edges, store_id, PAGE, by=STAFF)
    order = buy(edges, store_id, FREE)
    assert materials.offer_materials(edges, order.id, by=STAFF) == [MANUAL]
    case = report(edges, order, reason="lacks_expertise", finding=None, gives_up=False)
    assert case.facts.materials_offered


def test_manuals_never_offered_go_along_with_the_mail_that_confirms_the_case(edges: Edges) -> None:
    store_id = add_store(edges)
    materials.describe_product(edges, store_id, PAGE, by=STAFF)
    order = buy(edges, store_id, FREE)
    case = report(edges, order, reason="lacks_expertise", finding=None, gives_up=False)
    assert case.facts.materials_offered
    with edges.database.read() as transaction:
        (opened,) = notices.list_notices(transaction, f"case:{case.id}")
        assert pages.was_offered(transaction, order.id)
    assert opened.facts["links"] == [MANUAL]


# ---------------------------------------------------------------- turns


def test_a_finding_wakes_the_request_that_waits_for_it(edges: Edges) -> None:
    order = buy(edges, add_store(edges), FREE)
    case = report(edges, order, finding=None, gives_up=False)
    request_id = ask(edges, order)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"
    case_turns.find(edges, case.id, "malfunction", "The form's address is gone.", by=STAFF)
    case_turns.end(edges, case.id, TurnKind.GAVE_UP, "It cannot be mended.", by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "granted"
    assert written(edges, case.id) == ["case_opened", "finding", "finding"]


def test_a_question_makes_the_claim_wait_for_the_customer_and_silence_refuses_it(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), FREE)
    case = report(edges, order, finding=None, gives_up=False)
    request_id = ask(edges, order)
    clock.move(days=2)
    case_turns.say(edges, case.id, QUESTION, by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"
    # The last second of the 14th day after the question, in Berlin.
    clock.at = clock.at.replace(day=18, hour=22, minute=59, second=59)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"
    clock.move(seconds=1)
    work(edges)
    assert state_of(edges, request_id) == "refused"


def test_a_reply_in_the_last_second_keeps_the_claim_and_stops_no_clock_longer(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), FREE)
    case = report(edges, order, finding=None, gives_up=False)
    request_id = ask(edges, order)
    asked = clock.move(days=2)
    case_turns.say(edges, case.id, QUESTION, by=STAFF)
    came = clock.move(days=1)
    clock.move(hours=2)
    replied = case_turns.say(edges, case.id, replace(REPLY, said_at=came), by=STAFF)
    assert replied.facts.pauses == ((asked, came),)
    assert replied.facts.awaited_since is None
    work(edges)
    assert state_of(edges, request_id) == "awaiting"


def test_a_note_is_for_the_desk_alone(edges: Edges) -> None:
    case = report(edges, buy(edges, add_store(edges)), finding=None, gives_up=False)
    noted = case_turns.say(edges, case.id, Saying(TurnKind.NOTE, "A regular."), by=STAFF)
    assert noted.facts.first_answered_at is None
    assert written(edges, case.id) == ["case_opened"]


def test_words_stay_out_of_the_trail(edges: Edges) -> None:
    case = report(edges, buy(edges, add_store(edges)), finding=None, gives_up=False)
    case_turns.say(edges, case.id, Saying(TurnKind.REPLY, "I am Ada."), by=STAFF)
    with edges.database.read() as transaction:
        assert "Ada" not in str(list_deeds(transaction, f"case:{case.id}"))


def test_two_people_who_decide_at_once_decide_once(edges: Edges) -> None:
    case = report(edges, buy(edges, add_store(edges)), finding=None, gives_up=False)
    kinds = (TurnKind.RESOLVED, TurnKind.GAVE_UP)
    answers = at_once(
        2, lambda number: case_turns.end(edges, case.id, kinds[number], "So it is.", by=STAFF)
    )
    assert len([one for one in answers if isinstance(one, case_turns.CaseEnded)]) == 1
    assert len(cases.show_case(edges, case.id).turns) == 1


def test_who_decides_must_have_read_the_last_word(edges: Edges) -> None:
    case = report(edges, buy(edges, add_store(edges)), finding=None, gives_up=False)
    case_turns.say(edges, case.id, REPLY, by=STAFF)
    with pytest.raises(case_turns.CaseMovedOn):
        case_turns.find(edges, case.id, "malfunction", "Seen.", by=STAFF, seen=0)
    last = cases.show_case(edges, case.id).turns[-1].id
    found = case_turns.find(edges, case.id, "malfunction", "Seen.", by=STAFF, seen=last)
    assert found.facts.finding == "malfunction"
    with pytest.raises(case_turns.FindingKnown):
        case_turns.find(edges, case.id, "malfunction", "Seen.", by=STAFF)


def test_a_case_taken_up_again_is_open_without_its_finding(edges: Edges, clock: TestClock) -> None:
    case = report(edges, buy(edges, add_store(edges)), finding="no_fault_found")
    with pytest.raises(case_turns.CaseEnded):
        case_turns.say(edges, case.id, QUESTION, by=STAFF)
    ended = clock()
    again = clock.move(days=3)
    opened = case_turns.reopen(edges, case.id, "It happens again.", by=STAFF)
    assert (opened.facts.finding, opened.facts.gave_up_at) == (None, None)
    assert opened.facts.pauses == ((ended, again),)
    with pytest.raises(case_turns.CaseNotEnded):
        case_turns.reopen(edges, case.id, "It happens again.", by=STAFF)


# ---------------------------------------------------------------- clocks


def test_a_clock_that_runs_out_shows_and_is_told_once(edges: Edges, clock: TestClock) -> None:
    """Opened on a Monday at 10:00 UTC: 48 hours later a first answer is overdue."""
    case = report(edges, buy(edges, add_store(edges)), finding=None, gives_up=False)
    clock.move(hours=48, seconds=-1)
    assert cases.list_open_cases(edges, side="support", overdue=True) == []
    clock.move(seconds=1)
    assert [one.id for one in cases.list_open_cases(edges, side="support", overdue=True)] == [
        case.id
    ]
    first = cases.show_case(edges, case.id).due[0]
    assert (first.what, first.is_overdue(clock())) == ("first_answer", True)


def test_a_case_is_overdue_once_its_last_second_is_over_and_not_within_it(
    edges: Edges, clock: TestClock
) -> None:
    case = report(edges, buy(edges, add_store(edges)), finding=None, gives_up=False)
    clock.move(hours=48, microseconds=-1)
    assert cases.list_open_cases(edges, side="support", overdue=True) == []
    assert not cases.show_case(edges, case.id).due[0].is_overdue(clock())
    clock.move(microseconds=1)
    assert [one.id for one in cases.list_open_cases(edges, side="support", overdue=True)] == [
        case.id
    ]


# ---------------------------------------------------------------- charged work


def charged(edges: Edges) -> int:
    order = buy(edges, add_store(edges))
    asked = replace(intake(edges, order), category="customization")
    return cases.open_case(edges, asked, by=STAFF).id


def offer(edges: Edges, case_id: int, amount: str = "120.00") -> int:
    until = edges.clock() + days(7)
    return work_quotes.offer_quote(
        edges,
        case_id,
        work="A new field.",
        amount=amount,
        currency="EUR",
        valid_until=until,
        by=STAFF,
    ).id


def test_charged_work_is_offered_first_and_support_s_clock_waits_for_the_answer(
    edges: Edges, clock: TestClock
) -> None:
    case_id = charged(edges)
    quote_id = offer(edges, case_id)
    asked = clock()
    assert [one.what for one in cases.show_case(edges, case_id).due] == ["answer_quote"]
    with pytest.raises(work_quotes.QuoteAlreadyOpen):
        offer(edges, case_id)
    clock.move(days=1)
    accepted = work_quotes.answer_quote(edges, quote_id, accepts=True, by=STAFF)
    assert accepted.state == "accepted"
    assert work_quotes.answer_quote(edges, quote_id, accepts=True, by=STAFF) == accepted
    with pytest.raises(work_quotes.QuoteAnswered):
        work_quotes.answer_quote(edges, quote_id, accepts=False, by=STAFF)
    assert cases.show_case(edges, case_id).case.facts.pauses == ((asked, clock()),)


def test_a_quote_holds_to_its_last_second(edges: Edges, clock: TestClock) -> None:
    case_id = charged(edges)
    quote_id = offer(edges, case_id)
    clock.move(days=7, seconds=1)
    with pytest.raises(work_quotes.QuoteOver):
        work_quotes.answer_quote(edges, quote_id, accepts=True, by=STAFF)
    clock.move(seconds=-1)
    assert work_quotes.answer_quote(edges, quote_id, accepts=True, by=STAFF).state == "accepted"


@pytest.mark.parametrize("amount", ["0.00", "-5.00", "12", "1e3", "12.345"])
def test_a_price_that_is_none_is_refused(edges: Edges, amount: str) -> None:
    case_id = charged(edges)
    with pytest.raises(work_quotes.QuoteNotValid):
        offer(edges, case_id, amount)


def test_free_work_has_no_price(edges: Edges) -> None:
    case = report(edges, buy(edges, add_store(edges)), finding=None, gives_up=False)
    with pytest.raises(work_quotes.WorkIsFree):
        offer(edges, case.id)
    with pytest.raises(work_quotes.NoSuchQuote):
        work_quotes.answer_quote(edges, 99, accepts=True, by=STAFF)


def test_customization_is_supported_for_a_month_from_its_delivery(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), PORTAL, Bought("work", item_kind="customization", sites=0))
    clock.move(days=1)
    done = item_deliveries.record_delivery(edges, order.id, 12, delivered_at=None, by=STAFF)
    assert done.supported_until.isoformat() == "2026-04-03T21:59:59+00:00"
    with pytest.raises(item_deliveries.DeliveredAlready):
        item_deliveries.record_delivery(edges, order.id, 12, delivered_at=None, by=STAFF)
    with pytest.raises(item_deliveries.NotCustomization):
        item_deliveries.record_delivery(edges, order.id, 11, delivered_at=None, by=STAFF)


# ---------------------------------------------------------------- customers and disputes


def test_an_open_infringement_refuses_and_a_settled_one_does_not(edges: Edges) -> None:
    order = buy(edges, add_store(edges), FREE)
    report(edges, order)
    assert order.customer_id
    accusation = CustomerChange(infringement="open", evidence="copies on three servers")
    customers.change_customer(edges, order.customer_id, accusation, by=STAFF)
    refused = ask(edges, order)
    work(edges)
    assert state_of(edges, refused) == "refused"
    settled = CustomerChange(infringement="settled")
    customers.change_customer(edges, order.customer_id, settled, by=STAFF)
    granted = ask(edges, order, "second")
    work(edges)
    assert state_of(edges, granted) == "granted"


def test_an_infringement_under_one_address_holds_for_the_person(edges: Edges) -> None:
    store_id = add_store(edges)
    accused = buy(edges, store_id, FREE, email="ada@example.com", account=7)
    order = buy(edges, store_id, FREE, woo_order_id=1002, email="ada@example.org", account=7)
    request_id = ask(edges, order)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"
    assert accused.customer_id
    accusation = CustomerChange(infringement="open", evidence="copies on three servers")
    customers.change_customer(edges, accused.customer_id, accusation, by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "refused"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        pytest.param(
            [CustomerChange(infringement="open")],
            customers.ChangeIncomplete,
            id="an accusation without evidence",
        ),
        pytest.param(
            [CustomerChange(evidence="a copy")],
            customers.ChangeIncomplete,
            id="evidence of nothing",
        ),
        pytest.param(
            [CustomerChange(infringement="open", evidence="a copy")] * 2,
            customers.InfringementAlreadyOpen,
            id="a second procedure beside the first",
        ),
        pytest.param(
            [CustomerChange(infringement="settled")],
            customers.NoOpenInfringement,
            id="the end of no procedure",
        ),
    ],
)
def test_about_a_customer_staff_cannot_say(
    edges: Edges, changes: list[CustomerChange], refusal: type[Refusal]
) -> None:
    customer_id = buy(edges, add_store(edges)).customer_id
    assert customer_id
    *before, last = changes
    for change in before:
        customers.change_customer(edges, customer_id, change, by=STAFF)
    with pytest.raises(refusal):
        customers.change_customer(edges, customer_id, last, by=STAFF)


def test_the_evidence_stays_out_of_the_trail(edges: Edges) -> None:
    customer_id = buy(edges, add_store(edges)).customer_id
    assert customer_id
    accusation = CustomerChange(infringement="open", evidence="Ada's copies")
    customers.change_customer(edges, customer_id, accusation, by=STAFF)
    with edges.database.read() as transaction:
        (deed,) = list_deeds(transaction, f"customer:{customer_id}")
    assert "Ada" not in str(deed)


def test_every_procedure_stays_on_record_after_it_was_settled(edges: Edges) -> None:
    customer_id = buy(edges, add_store(edges)).customer_id
    assert customer_id
    for evidence in ("a copy", "another copy"):
        opened = CustomerChange(infringement="open", evidence=evidence)
        customers.change_customer(edges, customer_id, opened, by=STAFF)
        settled = CustomerChange(infringement="settled")
        customers.change_customer(edges, customer_id, settled, by="staff:2")
    found = infringements.list_of_customer(edges, customer_id)
    assert [(one.evidence, one.opened_by, one.settled_by) for one in found] == [
        ("a copy", STAFF, "staff:2"),
        ("another copy", STAFF, "staff:2"),
    ]
    with pytest.raises(customers.NoSuchCustomer):
        infringements.list_of_customer(edges, customer_id + 1)


def test_a_dispute_at_the_bank_brings_the_request_before_a_person_until_it_is_closed(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), FREE)
    dispute = customers.open_dispute(
        edges, order.id, status="under_review", opened_at=None, by=STAFF
    )
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    assert state_of(edges, request_id) == "in_review"
    customers.change_dispute(edges, dispute.id, status="won", closed_at=clock(), by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "granted"


def test_a_dispute_is_not_closed_before_it_was_opened(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, add_store(edges))
    dispute = customers.open_dispute(edges, order.id, status="open", opened_at=None, by=STAFF)
    with pytest.raises(customers.DisputeContradiction):
        customers.change_dispute(
            edges, dispute.id, status="won", closed_at=clock() - HOUR, by=STAFF
        )
    with pytest.raises(customers.NoSuchDispute):
        customers.change_dispute(edges, dispute.id + 1, status="won", closed_at=None, by=STAFF)
