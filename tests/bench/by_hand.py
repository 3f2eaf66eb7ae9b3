"""The built-in policy as one function written by hand, to measure the judge against.

It gives the outcome, the clause that settles, the amount of each line and what every clause said,
and is held to the judge's answers by a test. It cannot be read, changed or explained by a store
owner, which is what the judge costs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from refunddesk.policy.claim import Claim
from refunddesk.worktime import (
    Span,
    add_months,
    fix_clock_end,
    is_over,
    local_date,
    months_begun,
    span_end,
    zone,
)

#: outcome, settling clause, minor units per line, and what each clause tried had to say.
Answer = tuple[str, str | None, list[int], list[tuple[str, str]]]

_DAYS_30, _DAYS_14 = Span(30, "days"), Span(14, "days")
_FIVE = Span(5, "business days")
_REFUSED_REASONS = {
    "change_of_mind",
    "bought_for_evaluation",
    "bought_by_mistake",
    "no_longer_used",
}
_FAULTS = {"malfunction", "corrupt", "not_as_described", "incompatible_with_new_version"}
_NO_FAULTS = {"not_satisfied", "no_fault_found"}
_OUTCOMES = {"refuses": "refuse", "review": "review", "awaits": "await"}


def decide(claim: Claim) -> Answer:
    trace: list[tuple[str, str]] = []
    barred: set[str] = set()
    settled = _settle(claim, trace, barred)
    lines = claim.order.items
    if settled is None:
        return "review", None, [0] * len(lines), trace
    clause, says, offers = settled
    if says != "grants":
        return _OUTCOMES[says], clause, [0] * len(lines), trace
    return _grant(claim, clause, offers, trace, barred)


def _settle(claim: Claim, trace: list[Any], barred: set[str]) -> Any:
    order, case, request, judged = claim.order, claim.case, claim.request, claim.judged_at
    kind, billing, paid_at = order.kind, order.billing, order.paid_at
    purchase, renewal = kind == "purchase", kind == "renewal"
    once = purchase and billing in ("one_time", "lifetime")
    monthly, yearly = purchase and billing == "monthly", purchase and billing == "yearly"
    renews_monthly, renews_yearly = (
        renewal and billing == "monthly",
        renewal and billing == "yearly",
    )
    tz = zone(claim.store.timezone)
    raised = case.opened_at if case else judged
    by_owner = request is not None and (request.channel == "portal" or request.from_account_address)
    asked = request.at if request and by_owner else judged
    first = (
        "R-3A" if once else "R-2C" if monthly else "R-3B.1" if yearly
        else "R-3C.2" if renews_monthly or renews_yearly else None
    )  # fmt: skip

    def say(clause: str, says: str) -> tuple[str, str, None]:
        trace.append((clause, says))
        return clause, says, None

    def wait(clause: str) -> tuple[str, str, None]:
        trace.append((clause, "awaits"))
        offers = [item.paid.minor if _payable(item, once) else 0 for item in order.items]
        if first and not any(_capped(claim, _unbarred(claim, offers, barred))):
            return say(first, "refuses")
        return clause, "awaits", None

    def bar(clause: str, lines: list[Any]) -> tuple[str, str, None] | None:
        barred.update(item.id for item in lines)
        if all(item.id in barred for item in order.items if _payable(item, once)):
            return say(clause, "refuses")
        say(clause, "limits")
        return None

    def grants(clause: str, offers: list[int]) -> tuple[str, str, list[int]]:
        trace.append((clause, "grants"))
        return clause, "grants", offers

    found = claim.customer.infringement
    if (
        found
        and judged >= found.opened_at
        and not (found.settled_at and found.settled_at <= judged)
    ):
        return say("R-1A", "refuses")
    say("R-1A", "clear")
    if any(each.closed_at is None or each.closed_at > judged for each in claim.disputes):
        return say("dispute", "review")
    say("dispute", "clear")
    outside = [item for item in order.items if not item.in_programme]
    if not outside:
        say("R-0", "clear")
    elif refused := bar("R-0", outside):
        return refused
    if renewal:
        say("R-1D", "does_not_apply")
    else:
        before = {
            refund.product for refund in claim.customer.earlier_refunds
            if refund.order_id != order.id and refund.refunded_at < paid_at
        }  # fmt: skip
        again = [item for item in order.items if item.product in before]
        if not again:
            say("R-1D", "clear")
        elif refused := bar("R-1D", again):
            return refused
    say("R-3C.1", "clear" if renewal else "does_not_apply")

    end_30 = span_end(_DAYS_30, paid_at, tz)
    if once:
        if is_over(end_30, raised):
            return say("R-3A", "refuses")
        say("R-3A", "clear")
    else:
        say("R-3A", "does_not_apply")
        if not monthly:
            say("R-2C", "does_not_apply")
        elif is_over(end_30, raised):
            return say("R-2C", "refuses")
        else:
            say("R-2C", "clear")
    period = order.period
    if not yearly or period is None:
        say("R-3B.2", "does_not_apply")
    elif asked >= period.end:
        return say("R-3B.2", "refuses")
    else:
        say("R-3B.2", "clear")
    end_5 = span_end(_FIVE, paid_at, tz)
    early_renewal = renewal and not is_over(end_5, asked)
    if renews_monthly:
        if not early_renewal:
            return say("R-3C.3", "refuses")
        say("R-3C.3", "clear")
    elif not renews_yearly or period is None:
        say("R-3C.3", "does_not_apply")
    elif asked >= period.end:
        return say("R-3C.3", "refuses")
    else:
        say("R-3C.3", "clear")

    if early_renewal:
        for clause in ("R-1E", "R-1B", "R-1F"):
            say(clause, "does_not_apply")
    else:
        if case and case.reason in _REFUSED_REASONS:
            return say("R-1E", "refuses")
        say("R-1E", "clear")
        if case and case.finding == "third_party_conflict":
            return say("R-1B", "review")
        say("R-1B", "clear")
        if case and case.reason == "lacks_expertise":
            return say("R-1F", "review") if case.materials_offered else wait("R-1F")
        say("R-1F", "clear")

    if not purchase or case is None:
        say("R-2A", "does_not_apply")
        say("R-2B", "does_not_apply")
    else:
        ended = case.resolved or case.gave_up_at is not None
        if not case.missing or ended:
            say("R-2A", "clear")
        elif is_over(span_end(_DAYS_14, case.last_customer_reply_at or raised, tz), judged):
            return say("R-2A", "refuses")
        else:
            return wait("R-2A")
        if ended:
            say("R-2B", "clear")
        elif case.complete_at is None:
            return wait("R-2B")
        else:
            pauses = [(pause.start, pause.end) for pause in case.pauses]
            if not is_over(fix_clock_end(case.complete_at, _FIVE, tz, pauses), judged):
                return wait("R-2B")
            say("R-2B", "clear")
    everything = [item.paid.minor for item in order.items]
    if once or monthly:
        if case is None:
            return wait("R-2C")
        if case.resolved or case.finding in _NO_FAULTS:
            return say("R-2C", "refuses")
        if request and not by_owner and is_over(end_30, judged):
            return say("R-2C", "refuses")
        if case.finding and case.finding not in _FAULTS:
            return say("R-2C", "review")
        if case.finding is None or not by_owner:
            return wait("R-2C")
        if monthly:
            return grants("R-2C", everything)
        say("R-2C", "clear")
        products = [i.paid.minor if i.item_kind == "product" else 0 for i in order.items]
        return grants("R-3A", products)
    if not yearly or is_over(end_30, raised):
        say("R-3B.1", "does_not_apply")
    elif case is None or request is None or (not by_owner and not is_over(end_30, judged)):
        return wait("R-3B.1")
    elif by_owner:
        return grants("R-3B.1", everything)
    else:
        say("R-3B.1", "does_not_apply")
    if yearly:
        return _rest(claim, "R-3B.2", tz, everything, say, wait, grants, needs_case=True)
    if not (renews_monthly or renews_yearly) or not early_renewal:
        say("R-3C.2", "does_not_apply")
    elif by_owner:
        return grants("R-3C.2", everything)
    elif request is None or not is_over(end_5, judged):
        return wait("R-3C.2")
    else:
        say("R-3C.2", "does_not_apply")
    if renews_yearly:
        return _rest(claim, "R-3C.3", tz, everything, say, wait, grants, needs_case=False)
    return None


def _rest(
    claim: Claim, clause: str, tz: Any, paid: list[int], say: Any, wait: Any, grants: Any,
    *, needs_case: bool,
) -> Any:  # fmt: skip
    period, request = claim.order.period, claim.request
    if period is None:
        return say(clause, "review")
    if (request.at if request else claim.judged_at) >= period.end:
        return say(clause, "refuses")
    if request is None or (needs_case and claim.case is None):
        return wait(clause)
    left, whole = _months(period.start, period.end, max(request.at, period.start), tz)
    return grants(clause, [minor * left // whole for minor in paid])


def _months(start_at: datetime, end_at: datetime, at: datetime, tz: Any) -> tuple[int, int]:
    start, on = local_date(start_at, tz), local_date(at, tz)
    whole = _whole_months(start, local_date(end_at, tz))
    return max(0, whole - months_begun(start, on)), whole


@lru_cache(maxsize=4096)
def _whole_months(start: Any, end: Any) -> int:
    last = end - timedelta(days=1)
    months = max(1, (last.year - start.year) * 12 + last.month - start.month)
    return months if add_months(start, months) >= last else months + 1


def _payable(item: Any, once: bool) -> bool:
    return not once or item.item_kind == "product"


def _unbarred(claim: Claim, offers: list[int], barred: set[str]) -> list[int]:
    if not barred:
        return offers
    pairs = zip(claim.order.items, offers, strict=True)
    return [0 if item.id in barred else offer for item, offer in pairs]


def _capped(claim: Claim, offers: list[int]) -> list[int]:
    order = claim.order
    own = sum(item.refunded.minor for item in order.items if item.refunded is not None)
    rest = max(0, order.refunded.minor - own)
    order_left = sum(item.paid.minor for item in order.items) - order.refunded.minor
    given = []
    for item, offer in zip(order.items, offers, strict=True):
        left = item.paid.minor
        if item.refunded is not None:
            left -= item.refunded.minor
        elif offer:
            taken = min(rest, left)
            left, rest = left - taken, rest - taken
        share = max(0, min(offer, left, order_left))
        given.append(share)
        order_left -= share
    return given


def _grant(
    claim: Claim, clause: str, offers: list[int], trace: list[Any], barred: set[str]
) -> Answer:
    at = len(trace) - 1
    items = claim.order.items
    made_to_order = [item.id for item in items if item.item_kind == "customization"]
    trace.append(("R-1C", "limits" if made_to_order else "does_not_apply"))
    barred.update(made_to_order)
    taxed = any(item.tax.minor for item in items)
    trace.append(("R-1G", "limits" if taxed else "does_not_apply"))
    shares = _capped(claim, _unbarred(claim, offers, barred))
    nothing = [0] * len(items)
    if not any(shares):
        trace[at] = (clause, "refuses")
        return "refuse", clause, nothing, trace
    held = claim.license
    if held and (held.active_sites or held.destruction_confirmed_at is None):
        trace.append(("R-2D", "awaits"))
        return "await", "R-2D", nothing, trace
    trace.append(("R-2D", "clear"))
    return "refund", clause, shares, trace
