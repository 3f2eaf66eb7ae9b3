"""What each clause of the built-in policy does to a claim, with its boundaries in pairs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from refunddesk.policy.decision import next_judgement_at
from tests.policy.claims import (
    DATA,
    DAY_5_ENDS,
    DAY_5_IS_OVER,
    DAY_30_ENDS,
    DAY_31_BEGINS,
    MONTHLY,
    MONTHLY_RENEWAL,
    ONE_TIME,
    YEARLY,
    YEARLY_RENEWAL,
    awaited,
    changed,
    decide,
    said,
    verdict,
    why,
)

LATER = "2026-05-04T09:00:00Z"  # a Monday, long after day 30
CUSTOM_WORK = {
    "id": "9", "product": "theme-work", "item_kind": "customization", "quantity": 1,
    "paid": "80.00", "tax": "0.00",
}  # fmt: skip


def test_the_example_of_the_interchange_form_gets_its_answer() -> None:
    answer = decide(ONE_TIME).to_json()
    expected = json.loads((DATA / "decision.json").read_text(encoding="utf-8"))
    findings = [(each["clause"], each["says"]) for each in answer.pop("findings")]  # type: ignore[attr-defined]
    assert answer == expected
    assert findings[0] == ("R-1A", "clear")
    assert ("R-3A", "grants") in findings
    assert findings[-3:] == [("R-1C", "does_not_apply"), ("R-1G", "limits"), ("R-2D", "clear")]


# ------------------------------------------------------------------------- standing

PROCEDURE = {"opened_at": "2026-03-12T00:00:00Z", "opened_by": "staff:1", "evidence": "file 7"}


def test_an_open_infringement_procedure_refuses() -> None:
    decision = decide(ONE_TIME, {"customer.infringement": PROCEDURE})
    assert (verdict(decision), why(decision)) == ("refuse by R-1A", "infringement_open")
    assert len(decision.findings) == 1


@pytest.mark.parametrize(
    ("settled_at", "expected"),
    [
        pytest.param("2026-03-18T10:00:00Z", "refund 199.00 by R-3A", id="settled just now"),
        pytest.param("2026-03-18T10:00:01Z", "refuse by R-1A", id="settled a second too late"),
    ],
)
def test_a_settled_procedure_refuses_no_more(settled_at: str, expected: str) -> None:
    procedure = PROCEDURE | {"settled_at": settled_at}
    assert verdict(decide(ONE_TIME, {"customer.infringement": procedure})) == expected


@pytest.mark.parametrize(
    ("closed_at", "expected"),
    [
        pytest.param(None, "review by dispute", id="still running"),
        pytest.param("2026-03-17T00:00:00Z", "refund 199.00 by R-3A", id="closed"),
    ],
)
def test_a_running_dispute_is_left_to_a_person(closed_at: str | None, expected: str) -> None:
    dispute = {
        "id": "dp_1", "opened_at": "2026-03-15T00:00:00Z", "status": "open", "closed_at": closed_at,
    }  # fmt: skip
    assert verdict(decide(ONE_TIME, {"disputes": [dispute]})) == expected


def test_a_product_outside_the_programme_is_refused() -> None:
    decision = decide(ONE_TIME, {"order.items.0.in_programme": False})
    assert (verdict(decision), why(decision)) == ("refuse by R-0", "outside_programme")


def test_the_lines_inside_the_programme_are_judged_on() -> None:
    outside = {"in_programme": False, "product": "old-portal", "id": "3"}
    items = [ONE_TIME["order"]["items"][0], ONE_TIME["order"]["items"][0] | outside]
    decision = decide(ONE_TIME, {"order.items": items})
    assert verdict(decision) == "refund 199.00 by R-3A"
    assert decision.lines[1].because == ("R-3A", "R-0")
    assert said(decision, "R-0") == ["limits"]


EARLIER = {
    "id": "17", "order_id": "900", "product": "crm-portal", "refunded_at": "2026-03-02T09:59:59Z",
}  # fmt: skip


def test_a_product_refunded_before_it_was_bought_again_is_refused_naming_that_refund() -> None:
    decision = decide(ONE_TIME, {"customer.earlier_refunds": [EARLIER]})
    assert verdict(decision) == "refuse by R-1D"
    assert decision.findings[-1].to_json()["why"] == {"code": "refunded_before", "refunds": ["17"]}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"refunded_at": "2026-03-02T10:00:00Z"}, id="refunded after this payment"),
        pytest.param({"order_id": "1001"}, id="refunded on this very order"),
        pytest.param({"product": "other-portal"}, id="another product"),
    ],
)
def test_a_refund_that_is_no_earlier_one_of_the_product_bars_nothing(other: dict[str, str]) -> None:
    decision = decide(ONE_TIME, {"customer.earlier_refunds": [EARLIER | other]})
    assert verdict(decision) == "refund 199.00 by R-3A"


def test_a_renewal_of_a_product_refunded_once_is_no_new_purchase() -> None:
    decision = decide(YEARLY_RENEWAL, {"customer.earlier_refunds": [EARLIER]})
    assert verdict(decision) == "refund 120.00 by R-3C.2"


# ------------------------------------------------------------------------- reasons


@pytest.mark.parametrize(
    "reason", ["change_of_mind", "bought_for_evaluation", "bought_by_mistake", "no_longer_used"]
)
@pytest.mark.parametrize("form", [ONE_TIME, YEARLY, MONTHLY], ids=["one-time", "yearly", "monthly"])
def test_a_reason_that_is_none_refuses(form: dict[str, Any], reason: str) -> None:
    assert verdict(decide(form, {"case.reason": reason})) == "refuse by R-1E"


def test_a_third_party_conflict_is_never_settled_by_itself() -> None:
    changes = {"case.finding": "third_party_conflict"}
    assert verdict(decide(ONE_TIME, changes)) == "review by R-1B"
    assert verdict(decide(YEARLY, changes)) == "review by R-1B"


def test_who_lacks_expertise_is_first_offered_the_materials() -> None:
    decision = decide(ONE_TIME, {"case.reason": "lacks_expertise"})
    assert verdict(decision) == "await by R-1F"
    assert awaited(decision) == [("support", "offer_materials", None)]
    offered = {"case.reason": "lacks_expertise", "case.materials_offered": True}
    assert verdict(decide(ONE_TIME, offered)) == "review by R-1F"


# ------------------------------------------------------------------------- the support case

INCOMPLETE = {
    "case.missing": ["site_url", "screenshots"],
    "case.complete_at": None,
    "case.finding": None,
    "case.last_customer_reply_at": "2026-03-04T09:00:00Z",  # 14 days on: the 18th, in Kolkata
}


def test_each_missing_piece_of_the_report_is_awaited_by_name() -> None:
    decision = decide(ONE_TIME, INCOMPLETE | {"judged_at": "2026-03-18T18:29:59Z"})
    assert verdict(decision) == "await by R-2A"
    assert awaited(decision) == [
        ("customer", "give site_url", "2026-03-18T18:29:59Z"),
        ("customer", "give screenshots", "2026-03-18T18:29:59Z"),
    ]
    assert decision.to_json()["until"] == "2026-03-18T18:29:59Z"
    assert str(next_judgement_at(decision)) == "2026-03-18 18:30:00+00:00"


def test_a_customer_silent_a_second_longer_is_refused() -> None:
    decision = decide(ONE_TIME, INCOMPLETE | {"judged_at": "2026-03-18T18:30:00Z"})
    assert (verdict(decision), why(decision)) == ("refuse by R-2A", "no_cooperation")
    assert next_judgement_at(decision) is None


def test_a_customer_who_never_wrote_again_is_silent_from_the_report_on() -> None:
    changes = INCOMPLETE | {"case.last_customer_reply_at": None}
    assert awaited(decide(ONE_TIME, changes))[0][2] == "2026-03-24T18:29:59Z"


#: Complete on Tuesday the 10th: five business days end with Tuesday the 17th.
@pytest.mark.parametrize("form", [ONE_TIME, YEARLY, MONTHLY], ids=["one-time", "yearly", "monthly"])
def test_support_has_until_the_last_second_of_the_fifth_business_day(form: dict[str, Any]) -> None:
    asked = {"request.at": "2026-03-11T09:00:00Z", "license.destruction_confirmed_at": None}
    running = decide(form, asked | {"judged_at": "2026-03-17T18:29:59Z"})
    assert verdict(running) == "await by R-2B"
    assert awaited(running) == [("support", "fix", "2026-03-17T18:29:59Z")]
    run_out = decide(form, asked | {"judged_at": "2026-03-17T18:30:00Z"})
    assert verdict(run_out) == "await by R-2D"


def test_the_clock_of_support_stops_while_the_customer_is_awaited() -> None:
    pauses = [{"from": "2026-03-11T18:30:00Z", "to": "2026-03-12T18:30:00Z"}]
    decision = decide(ONE_TIME, {"case.pauses": pauses})
    assert awaited(decision) == [("support", "fix", "2026-03-18T18:29:59Z")]


def test_support_that_gave_up_is_not_waited_for() -> None:
    changes = {"case.gave_up_at": "2026-03-11T00:00:00Z", "request.at": "2026-03-11T09:00:00Z"}
    early = {"judged_at": "2026-03-12T00:00:00Z", "license.destruction_confirmed_at": None}
    assert verdict(decide(ONE_TIME, changes | early)) == "await by R-2D"


def test_nothing_more_is_asked_of_the_customer_once_support_gave_up() -> None:
    gave_up = INCOMPLETE | {"case.gave_up_at": "2026-03-11T00:00:00Z"}
    decision = decide(ONE_TIME, gave_up | {"case.finding": "malfunction"})
    assert verdict(decision) == "refund 199.00 by R-3A"
    assert said(decision, "R-2A") == ["clear"]


def test_nobody_is_asked_for_a_report_on_a_year_that_is_over() -> None:
    over = INCOMPLETE | {"request.at": "2027-03-02T10:00:00Z", "judged_at": "2027-03-02T10:00:00Z"}
    decision = decide(YEARLY, over)
    assert (verdict(decision), why(decision)) == ("refuse by R-3B.2", "period_over")
    assert said(decision, "R-2A") == []


@pytest.mark.parametrize(
    "finding", ["malfunction", "corrupt", "not_as_described", "incompatible_with_new_version"]
)
@pytest.mark.parametrize(
    ("form", "expected"),
    [
        pytest.param(ONE_TIME, "refund 199.00 by R-3A", id="one-time"),
        pytest.param(changed(ONE_TIME, {"order.billing": "lifetime"}), "refund 199.00 by R-3A",
                     id="lifetime"),
        pytest.param(MONTHLY, "refund 120.00 by R-2C", id="monthly"),
    ],
)  # fmt: skip
def test_a_fault_of_the_product_opens_the_way(
    form: dict[str, Any], expected: str, finding: str
) -> None:
    assert verdict(decide(form, {"case.finding": finding})) == expected


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"case.finding": "not_satisfied"}, id="not satisfied"),
        pytest.param({"case.finding": "no_fault_found"}, id="no fault found"),
        pytest.param({"case.resolved": True}, id="resolved"),
    ],
)
def test_without_a_fault_only_a_yearly_customer_is_refunded(changes: dict[str, Any]) -> None:
    assert verdict(decide(ONE_TIME, changes)) == "refuse by R-2C"
    assert verdict(decide(MONTHLY, changes)) == "refuse by R-2C"
    assert verdict(decide(YEARLY, changes)) == "refund 120.00 by R-3B.1"


def test_without_a_finding_support_is_awaited_but_a_yearly_customer_is_refunded() -> None:
    decision = decide(ONE_TIME, {"case.finding": None})
    assert verdict(decision) == "await by R-2C"
    assert awaited(decision) == [("support", "make_finding", None)]
    assert verdict(decide(YEARLY, {"case.finding": None})) == "refund 120.00 by R-3B.1"


def test_without_a_case_the_customer_may_open_one_while_the_window_is_open() -> None:
    no_case = {"case": None, "request": None, "license": None}
    open_ = decide(ONE_TIME, no_case | {"judged_at": DAY_30_ENDS})
    assert awaited(open_) == [("customer", "open_case", DAY_30_ENDS)]
    closed = decide(ONE_TIME, no_case | {"judged_at": DAY_31_BEGINS})
    assert (verdict(closed), why(closed)) == ("refuse by R-3A", "window_closed")


def test_without_a_case_a_yearly_customer_may_open_one_while_the_year_runs() -> None:
    no_case = {"case": None, "request": None, "license": None}
    first_days = decide(YEARLY, no_case | {"judged_at": DAY_30_ENDS})
    assert verdict(first_days) == "await by R-3B.1"
    assert awaited(first_days) == [("customer", "open_case", DAY_30_ENDS)]
    later = decide(YEARLY, no_case | {"judged_at": DAY_31_BEGINS})
    assert verdict(later) == "await by R-3B.2"
    assert awaited(later) == [("customer", "open_case", "2027-03-02T09:59:59Z")]
    over = decide(YEARLY, no_case | {"judged_at": "2027-03-02T10:00:00Z"})
    assert (verdict(over), why(over)) == ("refuse by R-3B.2", "period_over")


@pytest.mark.parametrize("form", [ONE_TIME, MONTHLY], ids=["one-time", "monthly"])
def test_the_request_must_be_written(form: dict[str, Any]) -> None:
    decision = decide(form, {"request": None})
    assert verdict(decision) == "await by R-2C"
    assert awaited(decision) == [("customer", "ask_in_writing", None)]


def test_a_yearly_customer_who_reported_in_time_may_ask_at_any_later_time() -> None:
    decision = decide(YEARLY, {"request": None})
    assert verdict(decision) == "await by R-3B.1"
    assert awaited(decision) == [("customer", "ask_in_writing", None)]


FOREIGN_MAIL = {"request.channel": "email", "request.from_account_address": False}


def test_mail_from_another_address_is_asked_for_again_while_the_window_is_open() -> None:
    open_ = decide(ONE_TIME, FOREIGN_MAIL | {"judged_at": DAY_30_ENDS})
    assert awaited(open_) == [("customer", "write_from_account_address", DAY_30_ENDS)]
    closed = decide(ONE_TIME, FOREIGN_MAIL | {"judged_at": DAY_31_BEGINS})
    assert (verdict(closed), why(closed)) == ("refuse by R-2C", "not_from_account_address")


@pytest.mark.parametrize(
    "request_",
    [
        {"request.channel": "email", "request.from_account_address": True},
        {"request.channel": "portal", "request.from_account_address": False},
    ],
    ids=["mail from the account's address", "the portal, which is a login"],
)
def test_a_request_that_shows_who_writes_counts(request_: dict[str, Any]) -> None:
    assert verdict(decide(ONE_TIME, request_)) == "refund 199.00 by R-3A"


# ------------------------------------------------------------------------- one-time windows


def raised(at: str) -> dict[str, Any]:
    """A case opened and complete at `at`, given up, then asked for and judged much later."""
    return {
        "case.opened_at": at, "case.complete_at": at, "case.last_customer_reply_at": at,
        "request.at": LATER, "license.destruction_confirmed_at": LATER, "judged_at": LATER,
    }  # fmt: skip


@pytest.mark.parametrize("billing", ["one_time", "lifetime"])
def test_a_fault_is_raised_in_time_until_the_last_second_of_day_thirty(billing: str) -> None:
    in_time = decide(ONE_TIME, raised(DAY_30_ENDS) | {"order.billing": billing})
    assert verdict(in_time) == "refund 199.00 by R-3A"
    assert in_time.until is None, "the window is over, but this right does not run out"
    too_late = decide(ONE_TIME, raised(DAY_31_BEGINS) | {"order.billing": billing})
    assert (verdict(too_late), why(too_late)) == ("refuse by R-3A", "window_closed")


def test_a_monthly_first_payment_has_the_same_thirty_days() -> None:
    assert verdict(decide(MONTHLY, raised(DAY_30_ENDS))) == "refund 120.00 by R-2C"
    assert verdict(decide(MONTHLY, raised(DAY_31_BEGINS))) == "refuse by R-2C"


def test_a_one_time_purchase_gives_back_product_lines_alone() -> None:
    lines = ["support", "additional_domain", "customization", "service", "shipping", "fee"]
    items = [ONE_TIME["order"]["items"][0]] + [
        CUSTOM_WORK | {"id": str(number), "item_kind": kind, "tax": "1.00"}
        for number, kind in enumerate(lines, start=2)
    ]
    decision = decide(ONE_TIME, {"order.items": items})
    assert [str(line.refund) for line in decision.lines] == ["199.00"] + ["0.00"] * 6
    assert decision.lines[3].because == ("R-3A", "R-1C")
    assert decision.effects == ("license_ends",)


def test_an_order_without_any_refundable_line_is_refused() -> None:
    decision = decide(ONE_TIME, {"order.items": [CUSTOM_WORK | {"item_kind": "support"}]})
    assert (verdict(decision), why(decision)) == ("refuse by R-3A", "nothing_refundable")


# ------------------------------------------------------------------------- yearly


def test_a_yearly_customer_gets_all_back_for_what_was_raised_by_day_thirty() -> None:
    full = decide(YEARLY, raised(DAY_30_ENDS))
    assert verdict(full) == "refund 120.00 by R-3B.1"
    assert full.effects == ("license_ends", "subscription_cancelled")
    # Raised a second later; the request of 4 May falls in the third month, which is paid back.
    late = decide(YEARLY, raised(DAY_31_BEGINS))
    assert verdict(late) == "refund 100.00 by R-3B.2"


def test_a_yearly_full_refund_leaves_out_custom_work_only() -> None:
    items = [
        YEARLY["order"]["items"][0],
        CUSTOM_WORK,
        CUSTOM_WORK | {"id": "3", "item_kind": "support", "paid": "30.00"},
    ]
    decision = decide(YEARLY, {"order.items": items})
    assert verdict(decision) == "refund 150.00 by R-3B.1"
    assert decision.lines[1].because == ("R-3B.1", "R-1C")
    assert said(decision, "R-1C") == ["limits"]


def test_custom_work_alone_is_refused_by_the_clause_that_would_have_paid() -> None:
    decision = decide(YEARLY, {"order.items": [CUSTOM_WORK]})
    assert (verdict(decision), why(decision)) == ("refuse by R-3B.1", "nothing_refundable")
    assert said(decision, "R-3B.1") == ["refuses"]


def test_a_yearly_customer_whose_mail_came_from_elsewhere_keeps_the_pro_rata_right() -> None:
    decision = decide(YEARLY, FOREIGN_MAIL | {"judged_at": DAY_31_BEGINS})
    assert verdict(decision) == "refund 120.00 by R-3B.2"
    in_time = decide(YEARLY, FOREIGN_MAIL | {"judged_at": DAY_30_ENDS})
    assert verdict(in_time) == "await by R-3B.1"


def test_a_late_yearly_issue_also_gives_support_its_time() -> None:
    changes = raised(LATER) | {"case.finding": None}
    assert verdict(decide(YEARLY, changes)) == "await by R-2B"


def test_a_yearly_purchase_without_its_period_is_left_to_a_person() -> None:
    decision = decide(YEARLY, raised(DAY_31_BEGINS) | {"order.period": None})
    assert (verdict(decision), why(decision)) == ("review by R-3B.2", "fact_missing")
    assert verdict(decide(YEARLY, {"order.period": None})) == "refund 120.00 by R-3B.1"


# ------------------------------------------------------------------------- renewals


def cancelled(at: str) -> dict[str, Any]:
    return {"request.at": at, "license.destruction_confirmed_at": at, "judged_at": at}


def test_a_renewal_is_paid_back_until_the_last_second_of_the_fifth_business_day() -> None:
    for form in (YEARLY_RENEWAL, MONTHLY_RENEWAL):
        in_time = decide(form, cancelled(DAY_5_ENDS))
        assert verdict(in_time) == "refund 120.00 by R-3C.2"
        assert in_time.effects == ("license_expires_earlier", "subscription_cancelled")
        assert in_time.to_json()["until"] == DAY_5_ENDS


def test_a_second_later_a_monthly_renewal_ends_and_a_yearly_one_falls_to_its_months() -> None:
    monthly = decide(MONTHLY_RENEWAL, cancelled(DAY_5_IS_OVER))
    assert (verdict(monthly), why(monthly)) == ("refuse by R-3C.3", "window_closed")
    assert monthly.effects == ("subscription_cancelled",)
    # In the first month, which is paid back, all twelve are left.
    assert verdict(decide(YEARLY_RENEWAL, cancelled(DAY_5_IS_OVER))) == "refund 120.00 by R-3C.3"
    assert verdict(decide(YEARLY_RENEWAL, cancelled(LATER))) == "refund 100.00 by R-3C.3"


@pytest.mark.parametrize("reason", ["change_of_mind", "lacks_expertise"])
def test_a_renewal_cancelled_in_time_needs_no_reason(reason: str) -> None:
    case = YEARLY["case"] | {
        "reason": reason, "finding": "third_party_conflict",
        "opened_at": "2026-03-05T00:00:00Z", "complete_at": "2026-03-05T00:00:00Z",
        "last_customer_reply_at": "2026-03-05T00:00:00Z",
    }  # fmt: skip
    in_time = decide(MONTHLY_RENEWAL, {"case": case} | cancelled(DAY_5_ENDS))
    assert verdict(in_time) == "refund 120.00 by R-3C.2"


@pytest.mark.parametrize("form", [YEARLY_RENEWAL, YEARLY], ids=["renewal", "purchase"])
def test_a_late_change_of_mind_gets_no_part_of_the_year(form: dict[str, Any]) -> None:
    case = YEARLY["case"] | {"reason": "change_of_mind"}
    decision = decide(form, {"case": case} | cancelled(LATER))
    assert verdict(decision) == "refuse by R-1E"


def test_a_renewal_cancelled_by_mail_from_elsewhere_is_asked_for_again_in_time() -> None:
    mail = FOREIGN_MAIL | {"license.destruction_confirmed_at": None}
    open_ = decide(MONTHLY_RENEWAL, mail | {"judged_at": DAY_5_ENDS})
    assert awaited(open_) == [("customer", "write_from_account_address", DAY_5_ENDS)]
    closed = decide(MONTHLY_RENEWAL, mail | {"judged_at": DAY_5_IS_OVER})
    assert verdict(closed) == "refuse by R-3C.3"


def test_a_renewal_not_yet_cancelled_can_be_until_its_window_ends() -> None:
    no_request = {"request": None, "license": None}
    decision = decide(MONTHLY_RENEWAL, no_request)
    assert awaited(decision) == [("customer", "ask_in_writing", DAY_5_ENDS)]


REMINDED = {"kind": "renewal_reminder", "sent_at": "2026-02-27T10:00:00Z"}
RECEIPT = {"kind": "renewal_receipt", "sent_at": "2026-03-02T10:00:00Z"}


@pytest.mark.parametrize(
    ("notices", "expected"),
    [
        pytest.param([REMINDED, RECEIPT], None, id="both sent"),
        pytest.param([RECEIPT], {"notices": ["renewal_reminder"]}, id="no reminder"),
        pytest.param(
            [REMINDED | {"sent_at": "2026-03-02T10:00:00Z"}, RECEIPT],
            {"notices": ["renewal_reminder"]},
            id="reminded only once it was paid",
        ),
        pytest.param([], {"notices": ["renewal_receipt", "renewal_reminder"]}, id="none"),
    ],
)
def test_a_notice_of_the_renewal_that_was_not_sent_is_shown(
    notices: list[dict[str, str]], expected: dict[str, Any] | None
) -> None:
    decision = decide(YEARLY_RENEWAL, {"notices": notices})
    shown = next(f for f in decision.findings if f.clause == "R-3C.1").to_json()
    assert shown["says"] == "clear"
    assert shown.get("why") == (expected and {"code": "notices_missing"} | expected)
    assert decision.outcome == "refund"


def test_an_upgrade_is_in_no_clause_and_left_to_a_person() -> None:
    decision = decide(ONE_TIME, {"order.kind": "upgrade"})
    assert verdict(decision) == "review by None"
    assert decision.lines[0].because == ()


# ------------------------------------------------------------------------- amounts and gate


def test_tax_stays_with_the_store() -> None:
    decision = decide(ONE_TIME)
    assert (str(decision.tax.refund), decision.tax.because) == ("0.00", ("R-1G",))
    untaxed = decide(ONE_TIME, {"order.items.0.tax": "0.00", "order.items.1.tax": "0.00"})
    assert said(untaxed, "R-1G") == ["does_not_apply"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"order.refunded": "49.00"}, "refund 150.00 by R-3A",
                     id="a refund of no line in particular lowers the refundable one"),
        pytest.param({"order.refunded": "49.00", "order.items.0.refunded": "0.00"},
                     "refund 199.00 by R-3A", id="the line itself says nothing was refunded of it"),
        pytest.param({"order.refunded": "60.00", "order.items.0.refunded": "50.00"},
                     "refund 149.00 by R-3A", id="the line's own refund counts for it"),
        pytest.param({"order.refunded": "248.00", "order.items.0.refunded": "0.00"},
                     "refuse by R-3A", id="the order has nothing left"),
        pytest.param({"order.refunded": "198.99"}, "refund 0.01 by R-3A", id="one cent left"),
        pytest.param({"order.refunded": "199.00"}, "refuse by R-3A", id="no cent left"),
    ],
)  # fmt: skip
def test_never_more_than_earlier_refunds_have_left(changes: dict[str, Any], expected: str) -> None:
    assert verdict(decide(ONE_TIME, changes)) == expected


def test_earlier_refunds_lower_the_refundable_lines_in_their_order() -> None:
    first, second = ONE_TIME["order"]["items"]
    items = [first | {"paid": "100.00"}, second, first | {"id": "3", "paid": "50.00"}]
    decision = decide(ONE_TIME, {"order.items": items, "order.refunded": "120.00"})
    assert [str(line.refund) for line in decision.lines] == ["0.00", "0.00", "30.00"]


def test_a_pro_rata_amount_is_capped_by_what_is_left() -> None:
    late = raised(DAY_31_BEGINS)
    enough_left = decide(YEARLY, late | {"order.refunded": "19.99"})
    assert verdict(enough_left) == "refund 100.00 by R-3B.2"
    too_little_left = decide(YEARLY, late | {"order.refunded": "20.01"})
    assert verdict(too_little_left) == "refund 99.99 by R-3B.2"


def test_nobody_waits_where_nothing_is_left() -> None:
    decision = decide(ONE_TIME, INCOMPLETE | {"order.refunded": "248.00"})
    assert (verdict(decision), why(decision)) == ("refuse by R-3A", "nothing_left")
    assert said(decision, "R-2A") == ["awaits"]


def test_the_gate_holds_the_money_and_names_every_site_still_active() -> None:
    license_ = {
        "license.active_sites": ["https://a.example", "https://b.example"],
        "license.destruction_confirmed_at": None,
    }
    decision = decide(ONE_TIME, license_ | {"judged_at": LATER})
    assert verdict(decision) == "await by R-2D"
    assert awaited(decision) == [
        ("customer", "deactivate https://a.example", None),
        ("customer", "deactivate https://b.example", None),
        ("customer", "confirm_destruction", None),
    ]
    assert (str(decision.amount), str(decision.held)) == ("0.00", "199.00")
    assert decision.until is None, "a request made in time keeps its right"
    assert decision.effects == ()


@pytest.mark.parametrize(
    "license_",
    [
        pytest.param({"license.active_sites": ["https://a.example"]}, id="a site still active"),
        pytest.param({"license.destruction_confirmed_at": None}, id="destruction not confirmed"),
    ],
)
@pytest.mark.parametrize("form", [ONE_TIME, YEARLY, MONTHLY, MONTHLY_RENEWAL],
                         ids=["one-time", "yearly", "monthly", "renewal"])  # fmt: skip
def test_either_half_of_the_gate_holds_every_kind_of_refund(
    form: dict[str, Any], license_: dict[str, Any]
) -> None:
    assert verdict(decide(form, license_)) == "await by R-2D"


def test_without_a_license_there_is_nothing_to_switch_off() -> None:
    assert verdict(decide(ONE_TIME, {"license": None})) == "refund 199.00 by R-3A"


def test_use_of_the_license_after_the_statement_raises_a_suspicion_for_staff() -> None:
    form = changed(ONE_TIME, {"license": ONE_TIME["license"] | {"last_used_at": DAY_30_ENDS}})
    decision = decide(form)
    assert verdict(decision) == "refund 199.00 by R-3A"
    assert decision.effects == ("license_ends", "infringement_suspected")
    used_before = form["license"] | {"last_used_at": "2026-03-18T09:05:00Z"}
    assert decide(form, {"license": used_before}).effects == ("license_ends",)
