"""The built-in policy as rules of a library from PyPI, to measure the judge against.

The library (rule-engine) matches expressions on a mapping. It knows no calendar, no amounts and no
trace: windows are reckoned before, amounts after, and what it says is which rule matched first.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from refunddesk.policy.claim import Claim
from refunddesk.worktime import Span, fix_clock_end, is_over, span_end, zone
from tests.bench.by_hand import _capped, _grant, _months, _payable, _unbarred

_DAYS_30, _DAYS_14 = Span(30, "days"), Span(14, "days")
_FIVE = Span(5, "business days")

#: In the document's order: the clause, what it says, and when.
_RULES: tuple[tuple[str, str, str], ...] = (
    ("R-1A", "refuses", "infringement"),
    ("dispute", "review", "dispute"),
    ("R-0", "refuses", "outside and all_outside"),
    ("R-1D", "refuses", "again and all_barred"),
    ("R-3A", "refuses", "once and raised_late"),
    ("R-2C", "refuses", "monthly and raised_late"),
    ("R-3B.2", "refuses", "yearly and period and period_over"),
    ("R-3C.3", "refuses", "renews_monthly and asked_late"),
    ("R-3C.3", "refuses", "renews_yearly and period and period_over"),
    ("R-1E", "refuses", "not early_renewal and reason in ['change_of_mind', "
     "'bought_for_evaluation', 'bought_by_mistake', 'no_longer_used']"),
    ("R-1B", "review", "not early_renewal and finding == 'third_party_conflict'"),
    ("R-1F", "awaits", "not early_renewal and reason == 'lacks_expertise' and not offered"),
    ("R-1F", "review", "not early_renewal and reason == 'lacks_expertise'"),
    ("R-2A", "refuses", "purchase and case and missing and not ended and silent"),
    ("R-2A", "awaits", "purchase and case and missing and not ended"),
    ("R-2B", "awaits", "purchase and case and not ended and not fix_over"),
    ("R-2C", "awaits", "(once or monthly) and not case"),
    ("R-2C", "refuses", "(once or monthly) and (resolved or finding in ['not_satisfied', "
     "'no_fault_found'])"),
    ("R-2C", "refuses", "(once or monthly) and request and not by_owner and judged_late"),
    ("R-2C", "review", "(once or monthly) and finding != '' and finding not in ['malfunction', "
     "'corrupt', 'not_as_described', 'incompatible_with_new_version']"),
    ("R-2C", "awaits", "(once or monthly) and (finding == '' or not by_owner)"),
    ("R-2C", "grants", "monthly"),
    ("R-3A", "grants", "once"),
    ("R-3B.1", "awaits", "yearly and not raised_late and (not case or not request)"),
    ("R-3B.1", "awaits", "yearly and not raised_late and not by_owner and not judged_late"),
    ("R-3B.1", "grants", "yearly and not raised_late and by_owner"),
    ("R-3B.2", "review", "yearly and not period"),
    ("R-3B.2", "refuses", "yearly and rest_over"),
    ("R-3B.2", "awaits", "yearly and (not case or not request)"),
    ("R-3B.2", "rest", "yearly"),
    ("R-3C.2", "grants", "renews and early_renewal and by_owner"),
    ("R-3C.2", "awaits", "renews and early_renewal and (not request or not renewal_closed)"),
    ("R-3C.3", "review", "renews_yearly and not period"),
    ("R-3C.3", "refuses", "renews_yearly and rest_over"),
    ("R-3C.3", "awaits", "renews_yearly and not request"),
    ("R-3C.3", "rest", "renews_yearly"),
)  # fmt: skip
_OUTCOMES = {"refuses": "refuse", "review": "review", "awaits": "await"}


def decide(claim: Claim) -> tuple[str, str | None, list[int], list[tuple[str, str]]]:
    facts, barred = _facts(claim)
    items = claim.order.items
    for clause, says, rule in _rules():
        if not rule.matches(facts):
            continue
        if says in ("grants", "rest"):
            return _grant(claim, clause, _offers(claim, facts, says), [(clause, "grants")], barred)
        if says == "awaits" and facts["first"]:
            most = [i.paid.minor if _payable(i, facts["once"]) else 0 for i in items]
            if not any(_capped(claim, _unbarred(claim, most, barred))):
                return "refuse", facts["first"], [0] * len(items), []
        return _OUTCOMES[says], clause, [0] * len(items), []
    return "review", None, [0] * len(items), []


@cache
def _rules() -> list[tuple[str, str, Any]]:
    # The library makes its grammar's tables while it is imported, which takes half a second.
    import rule_engine

    return [(clause, says, rule_engine.Rule(when)) for clause, says, when in _RULES]


def _offers(claim: Claim, facts: dict[str, Any], says: str) -> list[int]:
    offers = [i.paid.minor if _payable(i, facts["once"]) else 0 for i in claim.order.items]
    if says == "grants":
        return offers
    period, request = claim.order.period, claim.request
    assert period
    assert request
    tz = zone(claim.store.timezone)
    left, whole = _months(period.start, period.end, max(request.at, period.start), tz)
    return [minor * left // whole for minor in offers]


def _facts(claim: Claim) -> tuple[dict[str, Any], set[str]]:
    order, case, request, judged = claim.order, claim.case, claim.request, claim.judged_at
    purchase, renewal = order.kind == "purchase", order.kind == "renewal"
    billing, period = order.billing, order.period
    once = purchase and billing in ("one_time", "lifetime")
    monthly, yearly = purchase and billing == "monthly", purchase and billing == "yearly"
    renews = renewal and billing in ("monthly", "yearly")
    by_owner = request is not None and request.is_from_account
    raised = case.opened_at if case else judged
    asked = request.at if request and by_owner else judged
    tz = zone(claim.store.timezone)
    end_30, end_5 = span_end(_DAYS_30, order.paid_at, tz), span_end(_FIVE, order.paid_at, tz)
    outside = {item.id for item in order.items if not item.in_programme}
    before = {
        each.product for each in claim.customer.earlier_refunds
        if each.order_id != order.id and each.refunded_at < order.paid_at
    }  # fmt: skip
    again = {i.id for i in order.items if i.product in before} if not renewal else set()
    payable = {item.id for item in order.items if _payable(item, once)}
    ended = case is not None and (case.resolved or case.gave_up_at is not None)
    found = claim.customer.infringement
    facts = {
        "once": once, "monthly": monthly, "yearly": yearly, "purchase": purchase,
        "renews": renews, "renews_monthly": renews and billing == "monthly",
        "renews_yearly": renews and billing == "yearly",
        "infringement": found is not None and judged >= found.opened_at
        and not (found.settled_at and found.settled_at <= judged),
        "dispute": any(d.closed_at is None or d.closed_at > judged for d in claim.disputes),
        "outside": bool(outside), "all_outside": payable <= outside,
        "again": bool(again), "all_barred": payable <= outside | again,
        "raised_late": is_over(end_30, raised), "judged_late": is_over(end_30, judged),
        "asked_late": is_over(end_5, asked), "renewal_closed": is_over(end_5, judged),
        "early_renewal": renewal and not is_over(end_5, asked),
        "period": period is not None, "period_over": period is not None and asked >= period.end,
        "rest_over": period is not None
        and (request.at if request else judged) >= period.end,
        "case": case is not None, "request": request is not None, "by_owner": by_owner,
        "reason": case.reason if case else "", "finding": (case.finding or "") if case else "",
        "offered": case is not None and case.materials_offered,
        "missing": case is not None and bool(case.missing), "ended": ended,
        "resolved": case is not None and case.resolved,
        "silent": case is not None and is_over(
            span_end(_DAYS_14, case.last_customer_reply_at or raised, tz), judged
        ),
        "fix_over": _fix_over(claim, tz) if purchase and case and not ended else True,
        "first": "R-3A" if once else "R-2C" if monthly else "R-3B.1" if yearly
        else "R-3C.2" if renews else "",
    }  # fmt: skip
    return facts, outside | again


def _fix_over(claim: Claim, tz: Any) -> bool:
    case = claim.case
    if case is None or case.complete_at is None:
        return False
    pauses = [(pause.start, pause.end) for pause in case.pauses]
    return is_over(fix_clock_end(case.complete_at, _FIVE, tz, pauses), claim.judged_at)
