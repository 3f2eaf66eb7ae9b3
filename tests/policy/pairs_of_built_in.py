"""Pairs of each clause of the built-in policy, in a store in Kolkata, five and a half hours ahead.

The orders were paid on Monday 2 March 2026 at 15:30 there. Day 30 ends on 1 April at 18:29:59 UTC,
the fifth business day after the payment on 9 March at 18:29:59.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.policy.claims import (
    DAY_5_ENDS,
    DAY_30_ENDS,
    MONTHLY,
    MONTHLY_RENEWAL,
    ONE_TIME,
    YEARLY,
    YEARLY_RENEWAL,
    changed,
)
from tests.policy.pairs import ASKED, JUDGED, Pair

_LIFETIME = changed(ONE_TIME, {"order.billing": "lifetime"})
LATER = "2026-05-04T09:00:00Z"
#: Opened and complete whenever, given up at once, and asked for long after.
_OPENED = ("case.opened_at", "case.complete_at", "case.last_customer_reply_at")
_ASKED_LATER = {
    "request.at": LATER, "license.destruction_confirmed_at": LATER, "judged_at": LATER,
}  # fmt: skip
_ASKED_AND_OFF = (*ASKED, "license.destruction_confirmed_at")
_ENDS, _CANCELS = ", license_ends", ", license_ends, subscription_cancelled"
_SET_BACK = ", license_expires_earlier, subscription_cancelled"
_ONE_TIME_BACK = "refund 199.00 by R-3A" + _ENDS


def pair(
    words: str,
    holds: str | tuple[str, ...],
    form: Mapping[str, Any],
    moves: tuple[str, ...],
    last: str | int,
    inside: str,
    outside: str,
    given: Mapping[str, Any] | None = None,
    **readings: str | int,
) -> Pair:
    return Pair(words=words, holds=(holds,) if isinstance(holds, str) else holds, form=form,
                moves=moves, last=last, inside=inside, outside=outside, given=given or {},
                readings=readings)  # fmt: skip


_PROCEDURE = {
    "customer.infringement": {
        "opened_at": "2026-03-05T09:00:00Z", "opened_by": "staff:1", "evidence": "file 7",
        "settled_at": None,
    },
}  # fmt: skip
_DISPUTE = {
    "disputes": [{"id": "d1", "opened_at": "2026-03-04T09:00:00Z", "status": "under_review",
                  "closed_at": None}],
}  # fmt: skip
_EARLIER = {
    "customer.earlier_refunds": [
        {"id": "17", "order_id": "900", "product": "crm-portal", "refunded_at": ""},
    ],
}
_NOTICES = {
    "notices": [
        {"kind": "renewal_reminder", "sent_at": "2026-02-27T10:00:00Z"},
        {"kind": "renewal_receipt", "sent_at": "2026-03-02T10:00:00Z"},
    ],
}
STANDING = [
    pair("a procedure refuses from the second it is opened in", "R-1A infringement.opened",
         ONE_TIME, ("customer.infringement.opened_at",), "2026-03-18T10:00:00Z",
         "refuse by R-1A", _ONE_TIME_BACK, _PROCEDURE),
    pair("and no more from the second it is settled in", "R-1A infringement.settled",
         ONE_TIME, ("customer.infringement.settled_at",), "2026-03-18T10:00:00Z",
         _ONE_TIME_BACK, "refuse by R-1A", _PROCEDURE),
    pair("a dispute is the bank's until the second it is closed in",
         "dispute dispute.closed", ONE_TIME,
         ("disputes.0.closed_at",), "2026-03-18T10:00:00Z", _ONE_TIME_BACK, "review by dispute",
         _DISPUTE),
    pair("a refund a second before the payment is an earlier one", "R-1D repurchase.refunded",
         ONE_TIME, ("customer.earlier_refunds.0.refunded_at",), "2026-03-02T09:59:59Z",
         "refuse by R-1D", _ONE_TIME_BACK, _EARLIER),
    pair("a reminder goes out before the payment", "R-3C.1 notices_sent.payment", YEARLY_RENEWAL,
         ("notices.0.sent_at",), "2026-03-02T09:59:59Z", "refund 120.00 by R-3C.2" + _SET_BACK,
         "refund 120.00 by R-3C.2" + _SET_BACK + ", no renewal_reminder", _NOTICES),
    pair("a receipt from the payment on", "R-3C.1 notices_sent.payment", YEARLY_RENEWAL,
         ("notices.1.sent_at",), "2026-03-02T09:59:59Z",
         "refund 120.00 by R-3C.2" + _SET_BACK + ", no renewal_receipt",
         "refund 120.00 by R-3C.2" + _SET_BACK, _NOTICES),
]  # fmt: skip

_FIRST_USE = {
    "order": ONE_TIME["order"] | {"first_used_at": "2026-03-04T10:00:00Z"}, **_ASKED_LATER,
}  # fmt: skip
_NO_CASE = {"case": None, "request": None, "license": None}
FIRST_DAYS = [
    pair("a one-time purchase, raised on day 30",
         ("R-3A window.within", "R-3A full_refund.within"), ONE_TIME, _OPENED, DAY_30_ENDS,
         _ONE_TIME_BACK, "refuse by R-3A", _ASKED_LATER),
    pair("a lifetime one, raised on day 30", "R-3A window.within", _LIFETIME, _OPENED,
         DAY_30_ENDS, _ONE_TIME_BACK, "refuse by R-3A", _ASKED_LATER),
    pair("counted from first use, two days later", "R-3A window.within", ONE_TIME, _OPENED,
         "2026-04-03T18:29:59Z", _ONE_TIME_BACK, "refuse by R-3A", _FIRST_USE,
         window_counts_from="first_use"),
    pair("a first payment of a month, raised on day 30", "R-2C window.within", MONTHLY, _OPENED,
         DAY_30_ENDS, "refund 120.00 by R-2C" + _CANCELS, "refuse by R-2C", _ASKED_LATER),
    pair("mail from elsewhere is asked for again until day 30 ends",
         "R-2C fault.within", ONE_TIME, JUDGED, DAY_30_ENDS,
         "await by R-2C: customer write_from_account_address", "refuse by R-2C",
         {"request.channel": "email", "request.from_account_address": False}),
    pair("a case can be opened until day 30 ends", "R-3A window.within", ONE_TIME, JUDGED,
         DAY_30_ENDS, "await by R-2C: customer open_case", "refuse by R-3A", _NO_CASE),
    pair("a year, raised on day 30", "R-3B.1 full_refund.within", YEARLY, _OPENED, DAY_30_ENDS,
         "refund 120.00 by R-3B.1" + _CANCELS, "refund 100.00 by R-3B.2" + _CANCELS,
         _ASKED_LATER),
    pair("a year's case, opened for all until day 30 ends", "R-3B.1 full_refund.within", YEARLY,
         JUDGED, DAY_30_ENDS, "await by R-3B.1: customer open_case",
         "await by R-3B.2: customer open_case", _NO_CASE),
    pair("a year, where the filing rule closes it too", "R-3B.3 window.within", YEARLY, _OPENED,
         DAY_30_ENDS, "refund 120.00 by R-3B.1" + _CANCELS, "refuse by R-3B.3", _ASKED_LATER,
         late_yearly_issue="first_30_days"),
]  # fmt: skip

_RAISED_LATE = {
    "case.opened_at": "2026-04-10T09:00:00Z", "case.complete_at": "2026-04-10T09:00:00Z",
    "case.last_customer_reply_at": "2026-04-10T09:00:00Z",
}  # fmt: skip
YEARS = [
    pair("a case can be opened while the year runs",
         ("R-3B.2 period_over.end", "R-3B.2 pro_rata.end"), YEARLY, JUDGED,
         "2027-03-02T09:59:59Z", "await by R-3B.2: customer open_case", "refuse by R-3B.2",
         _NO_CASE),
    pair("a month begins on the second in the store", "R-3B.2 pro_rata.month", YEARLY,
         _ASKED_AND_OFF, "2026-05-01T18:29:59Z", "refund 110.00 by R-3B.2" + _CANCELS,
         "refund 100.00 by R-3B.2" + _CANCELS, _RAISED_LATE),
    pair("the last month ends the day before the period does", "R-3B.2 pro_rata.month", YEARLY,
         _ASKED_AND_OFF, "2027-03-01T18:29:59Z", "refund 10.00 by R-3B.2" + _CANCELS,
         "refuse by R-3B.2", _RAISED_LATE),
]  # fmt: skip

RENEWALS = [
    pair("a year's renewal, cancelled on the fifth business day", "R-3C.2 full_refund.within",
         YEARLY_RENEWAL, _ASKED_AND_OFF, DAY_5_ENDS, "refund 120.00 by R-3C.2" + _SET_BACK,
         "refund 120.00 by R-3C.3" + _CANCELS),
    pair("a month's renewal, cancelled on the fifth business day",
         ("R-3C.2 full_refund.within", "R-3C.3 window.within"), MONTHLY_RENEWAL, _ASKED_AND_OFF,
         DAY_5_ENDS, "refund 120.00 by R-3C.2" + _SET_BACK,
         "refuse by R-3C.3, subscription_cancelled"),
    pair("a year's renewal that stands after it", "R-3C.3 window.within", YEARLY_RENEWAL,
         _ASKED_AND_OFF, DAY_5_ENDS, "refund 120.00 by R-3C.2" + _SET_BACK, "refuse by R-3C.3",
         late_yearly_renewal="renewal_stands"),
    pair("a renewal paid on a Friday night ends on Friday", "R-3C.2 full_refund.within",
         MONTHLY_RENEWAL, _ASKED_AND_OFF, "2026-03-13T18:29:59Z",
         "refund 120.00 by R-3C.2" + _SET_BACK, "refuse by R-3C.3, subscription_cancelled",
         {"order.paid_at": "2026-03-06T18:29:59Z"}),
    pair("and one paid a second later, on Saturday there, too", "R-3C.2 full_refund.within",
         MONTHLY_RENEWAL, _ASKED_AND_OFF, "2026-03-13T18:29:59Z",
         "refund 120.00 by R-3C.2" + _SET_BACK, "refuse by R-3C.3, subscription_cancelled",
         {"order.paid_at": "2026-03-06T18:30:00Z"}),
    pair("a month of a renewed year begins on the second", "R-3C.3 pro_rata.month",
         YEARLY_RENEWAL, _ASKED_AND_OFF, "2026-05-01T18:29:59Z",
         "refund 110.00 by R-3C.3" + _CANCELS, "refund 100.00 by R-3C.3" + _CANCELS),
    pair("a renewed year is over as its period ends",
         ("R-3C.3 period_over.end", "R-3C.3 pro_rata.end"), YEARLY_RENEWAL, JUDGED,
         "2027-03-02T09:59:59Z", "await by R-3C.3: customer ask_in_writing", "refuse by R-3C.3",
         {"request": None}),
]  # fmt: skip


def reason(words: str, clause: str, outside: str, **case: Any) -> Pair:
    """A renewal cancelled with a case that would count against it one second later."""
    facts = YEARLY["case"] | {
        "opened_at": "2026-03-05T00:00:00Z", "complete_at": "2026-03-05T00:00:00Z",
        "last_customer_reply_at": "2026-03-05T00:00:00Z",
    }  # fmt: skip
    return pair(words, f"{clause} conditions.within", YEARLY_RENEWAL, _ASKED_AND_OFF, DAY_5_ENDS,
                "refund 120.00 by R-3C.2" + _SET_BACK, outside,
                {"case": facts | case})  # fmt: skip


REASONS = [
    reason("a change of mind", "R-1E", "refuse by R-1E", reason="change_of_mind"),
    reason("a conflict with other software", "R-1B", "review by R-1B",
           finding="third_party_conflict"),
    reason("a want of expertise", "R-1F", "await by R-1F: support offer_materials",
           reason="lacks_expertise"),
]  # fmt: skip

_SILENT = {
    "case.missing": ["site_url"], "case.complete_at": None, "case.finding": None,
    "case.last_customer_reply_at": "2026-03-04T09:00:00Z",
}  # fmt: skip
_EARLY = {"request.at": "2026-03-11T09:00:00Z", "license.destruction_confirmed_at": None}
_HELD = "await by R-2D: customer confirm_destruction, 199.00 held"


def fixed(words: str, last: str, given: Mapping[str, Any] | None = None, **readings: Any) -> Pair:
    """The report was complete on Tuesday 10 March."""
    return pair(words, "R-2B fix_clock.within", ONE_TIME, JUDGED, last,
                "await by R-2B: support fix", _HELD, {**_EARLY, **(given or {})},
                **readings)  # fmt: skip


def pause(*spans: tuple[str, str]) -> dict[str, Any]:
    return {"case.pauses": [{"from": f"2026-03-{a}Z", "to": f"2026-03-{b}Z"} for a, b in spans]}


SUPPORT = [
    pair("fourteen days of silence", "R-2A cooperation.patience", ONE_TIME, JUDGED,
         "2026-03-18T18:29:59Z", "await by R-2A: customer give site_url", "refuse by R-2A",
         _SILENT),
    pair("seven days of silence", "R-2A cooperation.patience", ONE_TIME, JUDGED,
         "2026-03-18T18:29:59Z", "await by R-2A: customer give site_url", "refuse by R-2A",
         _SILENT | {"case.last_customer_reply_at": "2026-03-11T09:00:00Z"}, patience="7 days"),
    pair("thirty days of silence", "R-2A cooperation.patience", ONE_TIME, JUDGED,
         "2026-04-03T18:29:59Z", "await by R-2A: customer give site_url", "refuse by R-2A",
         _SILENT, patience="30 days"),
    fixed("the fifth business day of support", "2026-03-17T18:29:59Z"),
    fixed("the fourth, where four are promised", "2026-03-16T18:29:59Z",
          fix_time="4 business days"),
    fixed("the fifth, after a day's pause", "2026-03-18T18:29:59Z",
          pause(("11T18:30:00", "12T18:30:00"))),
    fixed("the fifth, after a pause over the weekend", "2026-03-17T18:29:59Z",
          pause(("13T18:30:00", "15T18:30:00"))),
    fixed("the fifth, after two pauses of an hour", "2026-03-17T20:29:59Z",
          pause(("11T05:00:00", "11T06:00:00"), ("12T05:00:00", "12T06:00:00"))),
    fixed("the fifth from a report received on Monday", "2026-03-16T18:29:59Z",
          {"case.opened_at": "2026-03-09T09:00:00Z"}, fix_clock_from="receipt"),
    pair("use after the statement of destruction", "R-2D license_off.used", ONE_TIME,
         ("license.last_used_at",), "2026-03-18T09:05:00Z", _ONE_TIME_BACK,
         _ONE_TIME_BACK + ", infringement_suspected"),
]  # fmt: skip

PAIRS = [*STANDING, *FIRST_DAYS, *YEARS, *RENEWALS, *REASONS, *SUPPORT]
