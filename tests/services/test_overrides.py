"""A person decides in place of the policy: with a reason, once, and never more than is left."""

from __future__ import annotations

import json

import pytest

from refunddesk.db import decisions, refunds
from refunddesk.db.history import list_deeds
from refunddesk.db.refunds import State
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.recorded import load_decision
from refunddesk.policy.wording import Language, explain
from refunddesk.services import customers, licenses, requests
from refunddesk.services import desk as pages
from refunddesk.services.customers import CustomerChange
from refunddesk.services.edges import Edges
from refunddesk.services.overrides import (
    DecisionMovedOn,
    OtherRequestOpen,
    OverrideNotValid,
    RefundUnderWay,
)
from refunddesk.services.reasons import MOST_REASON, ReasonMissing, ReasonTooLong
from refunddesk.services.refund_outcomes import change_state, give_up, record_paid
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import RequestSettled
from tests.asking import EXTRA_DOMAIN, PORTAL, STAFF, ask, at_once, buy, key_of, report, work
from tests.building import add_store, balances, eur
from tests.conftest import TestClock
from tests.deciding import (
    ADA,
    BARE,
    BEN,
    left_to_person,
    overrides_of,
    refunds_of,
    refused,
    request_of,
    rule,
    seen,
    told,
)


def outcomes(edges: Edges, request_id: int) -> list[str]:
    with edges.database.read() as transaction:
        return [one.outcome for one in decisions.list_decisions(transaction, request_id)]


# ---------------------------------------------------------------- refund


def test_what_the_policy_refused_a_person_refunds_and_both_stay_on_record(edges: Edges) -> None:
    _, request_id = refused(edges)
    with edges.database.read() as transaction:
        judged = decisions.list_decisions(transaction, request_id)
    assert rule(edges, request_id, "refund").state == "granted"
    (refund,) = refunds_of(edges, request_id)
    assert (refund.state, refund.amount, refund.approved_by) == (State.DUE, eur("199.00"), ADA)
    assert balances(edges, ["given_back", "refunds_due"]) == {
        "given_back": "199.00",
        "refunds_due": "-199.00",
    }
    with edges.database.read() as transaction:
        after = decisions.list_decisions(transaction, request_id)
    assert after[:-1] == judged
    assert (after[-1].outcome, after[-1].id) == ("refund", refund.decision_id)
    (made,) = overrides_of(edges, request_id)
    assert (made.set_aside_id, made.made_by, made.because) == (
        judged[-1].id,
        ADA,
        "They were right.",
    )


def test_the_trail_says_who_decided_and_never_their_words(edges: Edges) -> None:
    _, request_id = refused(edges)
    rule(edges, request_id, "refund", because="Ada called and wept.")
    with edges.database.read() as transaction:
        deeds = list_deeds(transaction, f"request:{request_id}")
    (deed,) = [deed for deed in deeds if deed.action == "request_overridden"]
    assert (deed.actor, deed.data["ruling"], deed.data["from"]) == (ADA, "refund", "refused")
    assert "wept" not in json.dumps([one.data for one in deeds])


def test_tax_goes_along_only_where_the_person_says_so_and_in_proportion(edges: Edges) -> None:
    _, request_id = refused(edges)
    rule(edges, request_id, "refund", amounts={11: "99.50"}, with_tax=True)
    (refund,) = refunds_of(edges, request_id)
    # Half of 199.00, and half of 37.81 of tax rounded down to the cent.
    assert [(line.net, line.tax) for line in refund.lines] == [(eur("99.50"), eur("18.90"))]


def test_all_that_is_left_of_a_line_takes_all_that_is_left_of_its_tax(edges: Edges) -> None:
    _, request_id = refused(edges)
    rule(edges, request_id, "refund", with_tax=True)
    (refund,) = refunds_of(edges, request_id)
    assert refund.amount == eur("236.81")


def test_lines_left_blank_give_nothing(edges: Edges) -> None:
    _, request_id = refused(edges, BARE, EXTRA_DOMAIN)
    rule(edges, request_id, "refund", amounts={11: " ", 12: "49"})
    (refund,) = refunds_of(edges, request_id)
    assert [(line.woo_item_id, line.net) for line in refund.lines] == [(12, eur("49.00"))]


def test_amounts_that_the_order_cannot_give_leave_everything_as_it_was(edges: Edges) -> None:
    _, request_id = refused(edges)
    for amounts in (
        {11: "199.01"},  # a cent more than the line has left
        {11: "0"},
        {},
        {11: "-1"},
        {11: "1,50"},
        {11: "1e2"},
        {11: "1.005"},
        {99: "1.00"},  # a line of no order
    ):
        with pytest.raises(OverrideNotValid, match="left as it is"):
            rule(edges, request_id, "refund", amounts=amounts)
    assert (request_of(edges, request_id).state, overrides_of(edges, request_id)) == ("refused", [])
    assert refunds_of(edges, request_id) == []


def test_the_last_cent_of_a_line_can_be_given(edges: Edges) -> None:
    _, request_id = refused(edges)
    assert rule(edges, request_id, "refund", amounts={11: "199.00"}).state == "granted"


# ---------------------------------------------------------------- the gate


def test_a_persons_grant_still_waits_until_the_licence_is_off_and_stated_destroyed(
    edges: Edges,
) -> None:
    order, request_id = refused(edges, PORTAL)
    site = licenses.activate(edges, key_of(edges, order), "ada.example")
    assert rule(edges, request_id, "refund").state == "awaiting"
    (mail,) = told(edges, f"request:{request_id}", "refund_waits")
    assert any("ada.example" in what for what in mail["awaits"])
    requests.confirm_destruction(edges, request_id, by=STAFF)
    work(edges)
    assert (request_of(edges, request_id).state, refunds_of(edges, request_id)) == ("awaiting", [])
    licenses.deactivate(edges, site.token)
    work(edges)
    assert request_of(edges, request_id).state == "granted"
    (refund,) = refunds_of(edges, request_id)
    assert (refund.amount, refund.approved_by) == (eur("199.00"), ADA)
    assert outcomes(edges, request_id) == ["refuse", "await", "await", "refund"]


def test_with_a_written_waiver_the_money_does_not_wait(edges: Edges) -> None:
    order, request_id = refused(edges, PORTAL)
    licenses.activate(edges, key_of(edges, order), "ada.example")
    rule(edges, request_id, "refund", waives_gate_because="The site is gone.")
    assert request_of(edges, request_id).state == "granted"
    (made,) = overrides_of(edges, request_id)
    assert made.gate_waived_because == "The site is gone."


def test_a_licence_that_stays_needs_the_waiver_and_outlives_the_refund(edges: Edges) -> None:
    _, request_id = refused(edges, PORTAL)
    with pytest.raises(OverrideNotValid, match="wait for ever"):
        rule(edges, request_id, "refund", keeps_license=True)
    rule(edges, request_id, "refund", keeps_license=True, waives_gate_because="Goodwill.")
    with edges.database.read() as transaction:
        latest = decisions.find_latest(transaction, request_id)
    assert latest
    assert json.loads(latest.decision)["effects"] == ["license_stays"]


def test_a_procedure_opened_while_the_grant_waits_brings_it_back_to_a_person(
    edges: Edges, clock: TestClock
) -> None:
    order, request_id = refused(edges, PORTAL)
    rule(edges, request_id, "refund")
    clock.move(hours=1)
    assert order.customer_id
    accusation = CustomerChange(infringement="open", evidence="Seen on a forum.")
    customers.change_customer(edges, order.customer_id, accusation, by=ADA)
    requests.confirm_destruction(edges, request_id, by=STAFF)
    work(edges)
    assert (request_of(edges, request_id).state, refunds_of(edges, request_id)) == ("in_review", [])


# ---------------------------------------------------------------- refuse, and back to the policy


def test_what_is_left_to_a_person_is_answered_by_approving_or_refusing(edges: Edges) -> None:
    _, request_id = left_to_person(edges)
    assert rule(edges, request_id, "refuse", because="It is their theme.").state == "refused"
    (mail,) = told(edges, f"request:{request_id}", "refund_refused")
    assert (mail["by_person"], mail["clause"]) == ("It is their theme.", None)
    assert rule(edges, request_id, "refund", by=BEN).state == "granted"


def test_a_refusal_takes_back_what_is_granted_and_not_sent(edges: Edges) -> None:
    order = buy(edges, add_store(edges), BARE)
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "granted"
    assert rule(edges, request_id, "refuse").state == "refused"
    (refund,) = refunds_of(edges, request_id)
    assert refund.state == State.FAILED
    assert balances(edges, ["given_back", "refunds_due"]) == {}
    work(edges)
    assert request_of(edges, request_id).state == "refused"


def test_money_on_its_way_cannot_be_decided_about(edges: Edges) -> None:
    order = buy(edges, add_store(edges), BARE)
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    with edges.database.write() as transaction:
        (refund,) = refunds.list_for_request(transaction, request_id)
        assert refunds.move(transaction, refund, State.SENDING, now=edges.clock())
    with pytest.raises(RefundUnderWay, match="sending"):
        rule(edges, request_id, "refuse")
    assert request_of(edges, request_id).state == "granted"


def test_sent_back_to_the_policy_the_request_is_judged_anew(edges: Edges) -> None:
    _order, request_id = refused(edges)
    rule(edges, request_id, "refuse")
    assert rule(edges, request_id, "judge").state == "asked"
    work(edges)
    assert request_of(edges, request_id).state == "refused"
    with edges.database.read() as transaction:
        latest = decisions.find_latest(transaction, request_id)
    assert latest
    assert latest.settled_by == "R-1E"


def test_a_persons_grant_is_spent_once_its_payment_failed_for_good(edges: Edges) -> None:
    """The order changed: the policy decides anew, and does not grant what a person once did."""
    _, request_id = refused(edges)
    rule(edges, request_id, "refund")
    with edges.database.write() as transaction:
        (refund,) = refunds.list_for_request(transaction, request_id)
        give_up(
            transaction,
            refund,
            now=edges.clock(),
            actor="payments",
            because="the order changed",
            judge_anew=True,
        )
    work(edges)
    assert request_of(edges, request_id).state == "refused"
    assert len(refunds_of(edges, request_id)) == 1


# ---------------------------------------------------------------- once, and by whom


def test_two_people_deciding_at_once_are_heard_once(edges: Edges) -> None:
    _, request_id = left_to_person(edges)
    shown = seen(edges, request_id)

    def decide(number: int) -> str:
        ruling, by = ("refund", ADA) if number else ("refuse", BEN)
        return rule(edges, request_id, ruling, by=by, seen=shown).state

    got = at_once(2, decide)
    refusals = [one for one in got if isinstance(one, Refusal)]
    assert [type(one) for one in refusals] == [DecisionMovedOn], got
    assert len(overrides_of(edges, request_id)) == 1
    assert request_of(edges, request_id).state in got


def test_a_double_click_refunds_once(edges: Edges) -> None:
    _, request_id = refused(edges)
    shown = seen(edges, request_id)
    rule(edges, request_id, "refund", seen=shown)
    with pytest.raises(DecisionMovedOn):
        rule(edges, request_id, "refund", seen=shown)
    assert len(refunds_of(edges, request_id)) == 1


def test_a_reason_is_needed_and_the_longest_is_kept_whole(edges: Edges) -> None:
    _, request_id = refused(edges)
    with pytest.raises(ReasonMissing):
        rule(edges, request_id, "refuse", because=" \n\0 ")
    with pytest.raises(ReasonTooLong):
        rule(edges, request_id, "refuse", because="x" * (MOST_REASON + 1))
    assert overrides_of(edges, request_id) == []
    rule(edges, request_id, "refuse", because="x" * MOST_REASON)
    assert len(overrides_of(edges, request_id)[0].because) == MOST_REASON


def test_what_the_customer_withdrew_stays_withdrawn(edges: Edges) -> None:
    _, request_id = left_to_person(edges)
    requests.withdraw(edges, request_id, by=STAFF)
    with pytest.raises(RequestSettled):
        rule(edges, request_id, "refund")


def test_an_older_request_is_not_decided_while_a_newer_one_is_open(edges: Edges) -> None:
    order, request_id = refused(edges)
    newer = ask(edges, order, "second")
    with pytest.raises(OtherRequestOpen, match=str(newer)):
        rule(edges, request_id, "refund")


# ---------------------------------------------------------------- what people read


@pytest.mark.parametrize("ruling", ["refund", "refuse"])
def test_customers_are_told_in_their_language_that_a_person_decided(
    edges: Edges, ruling: str
) -> None:
    _, request_id = refused(edges)
    rule(edges, request_id, ruling)
    person: dict[Language, str] = {
        "en": "A person at the store",
        "fr": "Une personne du magasin",
        "de": "Ein Mensch im Shop",
    }
    for language, words in person.items():
        page = pages.show_request(edges, request_id, language, "customer")
        told_so = page.judgements[0].explained
        assert told_so
        assert told_so.reason.startswith(words)
        labels = [part.label for line in told_so.lines for part in line.parts]
        assert not any("by person" in label for label in labels), labels
        assert told_so.changes == ()
        assert str(told_so.total and told_so.total.amount) == (
            "199.00" if ruling == "refund" else "None"
        )


def test_a_kept_decision_of_a_person_reads_back_to_itself(edges: Edges) -> None:
    _order, request_id = refused(edges, PORTAL, EXTRA_DOMAIN)
    rule(edges, request_id, "refund", amounts={11: "100.00"}, with_tax=True)
    with edges.database.read() as transaction:
        latest = decisions.find_latest(transaction, request_id)
    assert latest
    read = load_decision(json.loads(latest.decision))
    assert read.to_json() == json.loads(latest.decision)
    assert read.held == eur("100.00")
    assert explain(read, load_claim(json.loads(latest.claim))).awaits


def test_the_mail_of_a_paid_refund_says_that_a_person_decided(edges: Edges) -> None:
    _, request_id = refused(edges)
    rule(edges, request_id, "refund")
    now = edges.clock()
    with edges.database.write() as transaction:
        (refund,) = refunds.list_for_request(transaction, request_id)
        sending = change_state(
            transaction, refund, State.SENDING, now=now, actor="payments", evidence={}
        )
        assert sending
        record_paid(
            transaction, sending, now=now, actor="payments", evidence={}, woo_refund_id=None
        )
    (mail,) = told(edges, f"refund:{refund.id}", "refund_paid")
    assert mail["by_person"] is True
