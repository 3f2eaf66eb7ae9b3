"""Pairs at every length and number that a kind of clause can set, and where it turns by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.policy.pairs import ALONE, ASKED, JUDGED, RAISED, Pair

_ALL = "refund 140.00 by all"
_IT = "refund 140.00 by it"
#: Days are the store's, in Paris: day 14 ends on 16 March at 22:59:59 UTC.
DAY_14_ENDS, DAY_17_ENDS = "2026-03-16T22:59:59Z", "2026-03-19T22:59:59Z"
_NO_LICENCE = {"license": "null"}
_YEAR = {
    "order.billing": "yearly",
    "order.period": {"start": "2026-03-02T10:00:00Z", "end": "2027-03-02T10:00:00Z"},
}
_PROCEDURE = {
    "customer.infringement": {
        "opened_at": "2026-03-05T09:00:00Z", "opened_by": "staff:1", "evidence": "file 7",
    },
}  # fmt: skip
_DISPUTE = {
    "disputes": [{"id": "d1", "opened_at": "2026-03-04T09:00:00Z", "status": "open",
                  "closed_at": None}],
}  # fmt: skip


def _refund(at: str, order: str = "900", product: str = "portal") -> dict[str, Any]:
    refund = {"id": f"R-{order}", "order_id": order, "product": product, "refunded_at": at}
    return {"customer.earlier_refunds": [refund]}


_REFUNDED = ("customer.earlier_refunds.0.refunded_at",)

STANDING = [
    Pair(words="a procedure counts from the second it was opened in", kind="infringement",
         holds=("infringement.opened",), moves=("customer.infringement.opened_at",),
         given=_PROCEDURE, last="2026-03-10T10:00:00Z", inside="refuse by it", outside=_ALL),
    Pair(words="a procedure counts no more in the second it was settled in", kind="infringement",
         holds=("infringement.settled",), moves=("customer.infringement.settled_at",),
         given=_PROCEDURE, last="2026-03-10T10:00:00Z", inside=_ALL, outside="refuse by it"),
    Pair(words="a dispute runs no more in the second it was closed in", kind="dispute",
         holds=("dispute.closed",), moves=("disputes.0.closed_at",), given=_DISPUTE,
         last="2026-03-10T10:00:00Z", inside=_ALL, outside="review by it"),
    Pair(words="a dispute forfeits from the second it was opened in", kind="dispute",
         holds=("dispute.opened",), params={"forfeits": True}, moves=("disputes.0.opened_at",),
         given=_DISPUTE, last="2026-03-10T10:00:00Z", inside="refuse by it",
         outside="review by it"),
    Pair(words="an earlier refund bars its product until a second before the payment",
         kind="repurchase", holds=("repurchase.refunded",), moves=_REFUNDED, given=_refund(""),
         last="2026-03-02T09:59:59Z", inside="refund 40.00 by all", outside=_ALL),
    Pair(words="a refund of a year and a day ago bars nothing", kind="repurchase",
         holds=("repurchase.within",), params={"within": "12 months"}, moves=_REFUNDED,
         given=_refund(""), last="2025-03-01T22:59:59Z", inside=_ALL,
         outside="refund 40.00 by all"),
    Pair(words="the second refund is the last of two", kind="refund_count",
         holds=("refund_count.most",), params={"most": 2}, moves=("customer.refunds_ever",),
         last=1, inside=_ALL, outside="refuse by it"),
    Pair(words="the one refund a customer can ever have", kind="refund_count",
         holds=("refund_count.most",), params={"most": 1}, moves=("customer.refunds_ever",),
         last=0, inside=_ALL, outside="refuse by it"),
    Pair(words="a refund of a year and a day before the request does not count",
         kind="refund_count", holds=("refund_count.within",),
         params={"most": 1, "within": "1 year"}, moves=_REFUNDED, given=_refund(""),
         last="2025-03-09T22:59:59Z", inside=_ALL, outside="refuse by it"),
]  # fmt: skip


def window(words: str, last: str, *, moves: tuple[str, ...], **params: Any) -> Pair:
    holds = ("window.grace",) if "grace" in params else ("window.within",)
    given = ALONE if moves == ASKED else _NO_LICENCE
    return Pair(words=words, kind="window", holds=holds, moves=moves, given=given, last=last,
                params={"within": "14 days", **params}, inside=_ALL,
                outside="refuse by it")  # fmt: skip


def fault(words: str, last: str, holds: str, **params: Any) -> Pair:
    needed = {"within": "14 days", "accepted": ["malfunction"], "refused": []}
    return Pair(words=words, kind="fault", holds=(holds,), params=needed | params, moves=RAISED,
                given=_NO_LICENCE, last=last, inside=_ALL, outside="refuse by it")  # fmt: skip


def withdrawn(words: str, last: str, holds: str, **params: Any) -> Pair:
    needed = {"within": "14 days", "pays": "all"}
    return Pair(words=words, kind="withdrawal", holds=(holds,), params=needed | params,
                given=ALONE, last=last, inside=_IT, outside="review by nothing")  # fmt: skip


WINDOWS = [
    window("raised until the last second of day 14", DAY_14_ENDS, moves=RAISED),
    window("asked for until the last second of day 14", DAY_14_ENDS, moves=ASKED,
           event="requested"),
    window("three days of grace", DAY_17_ENDS, moves=RAISED, grace="3 days"),
    fault("a fault raised until the last second of day 14", DAY_14_ENDS, "fault.within"),
    fault("a fault raised in three days of grace", DAY_17_ENDS, "fault.grace", grace="3 days"),
    withdrawn("withdrawn until the last second of day 14", DAY_14_ENDS, "withdrawal.within"),
    withdrawn("withdrawn in three days of grace", DAY_17_ENDS, "withdrawal.grace",
              grace="3 days"),
    withdrawn("a last day on a Saturday is put off, as for the law's own terms",
              "2026-03-09T22:59:59Z", "withdrawal.within", within="5 days",
              last_day="next_business_day"),
    Pair(words="raised until the last second of day 14, asked for whenever", kind="full_refund",
         holds=("full_refund.within",), params={"within": "14 days", "pays": "all"}, moves=RAISED,
         given=_NO_LICENCE, last=DAY_14_ENDS, inside=_IT, outside="review by nothing"),
    Pair(words="a period is over as it ends", kind="period_over", holds=("period_over.end",),
         given=_YEAR | ALONE, last="2027-03-02T09:59:59Z", inside=_ALL, outside="refuse by it"),
    Pair(words="a clause spares what is asked for in five business days", kind="no_refund",
         holds=("conditions.within",), clause={"unless": {"within": "5 business days"}},
         given=ALONE, last="2026-03-09T22:59:59Z", inside=_ALL, outside="refuse by it"),
    Pair(words="a clause is only for what is asked for in 48 hours", kind="no_refund",
         holds=("conditions.within",), clause={"applies_to": {"within": "48 hours"}},
         given=ALONE, last="2026-03-04T10:00:00Z", inside="refuse by it", outside=_ALL),
]  # fmt: skip

_STEPS = {
    "pays": "all",
    "steps": [
        {"within": "7 days", "share": "100%"},
        {"within": "14 days", "share": "50%"},
        {"within": "30 days", "share": "12.5%"},
    ],
}


def step(words: str, last: str, inside: str, outside: str, **more: Any) -> Pair:
    return Pair(words=words, kind="stepped_refund", holds=("stepped_refund.steps.within",),
                params=_STEPS | more, given=ALONE, last=last, inside=inside,
                outside=outside)  # fmt: skip


#: 140.00 are 100.00 and 40.00: 50% of them 70.00, 12.5% 17.50.
STEPS = [
    step("all in seven days, then a half", "2026-03-09T22:59:59Z", _IT, "refund 70.00 by it"),
    step("a half in fourteen days, then an eighth", DAY_14_ENDS, "refund 70.00 by it",
         "refund 17.50 by it"),
    step("an eighth in thirty days, then nothing", "2026-04-01T21:59:59Z", "refund 17.50 by it",
         "review by nothing"),
    step("a step that would end on a Saturday", "2026-03-09T22:59:59Z", "refund 98.00 by it",
         "review by nothing", steps=[{"within": "5 days", "share": "70%"}],
         last_day="next_business_day"),
]  # fmt: skip


def used(words: str, counted: str, most: int) -> Pair:
    return Pair(words=words, kind="usage_limit", holds=("usage_limit.most", f"counted {counted}"),
                params={"counted": counted, "most": most}, moves=(f"license.{counted}",),
                last=most, inside=_ALL, outside="refuse by it")  # fmt: skip


USE = [
    used("three downloads, and not a fourth", "downloads", 3),
    used("no download at all", "downloads", 0),
    used("a hundred uses, and not one more", "uses", 100),
    used("two sites ever, and not a third", "activations", 2),
    Pair(words="not used since a second before the payment", kind="unused",
         holds=("unused.used",), moves=("license.last_used_at",), last="2026-03-02T09:59:59Z",
         inside=_ALL, outside="refuse by it"),
    Pair(words="not used since a second before the period began", kind="unused",
         holds=("unused.used",), params={"counted_from": "period_start"}, given=_YEAR
         | {"order.period": {"start": "2026-03-05T10:00:00Z", "end": "2027-03-05T10:00:00Z"}},
         moves=("license.last_used_at",), last="2026-03-05T09:59:59Z", inside=_ALL,
         outside="refuse by it"),
    Pair(words="use in the second of the statement is no suspicion", kind="license_off",
         holds=("license_off.used",), moves=("license.last_used_at",),
         last="2026-03-10T09:05:00Z", inside=_ALL, outside=_ALL + ", infringement_suspected"),
    Pair(words="three uses are free, the fourth costs 5.00", kind="used_value",
         holds=("used_value.free",),
         params={"counted": "uses", "each": {"EUR": "5.00"}, "free": 3}, moves=("license.uses",),
         last=3, inside=_ALL, outside="refund 135.00 by all"),
    # 100 credits for 100.00: one used leaves 99.00 of the portal, and all 40.00 of the support.
    Pair(words="no credit used, and the first", kind="unused_credits",
         holds=("unused_credits.credits",), params={"credits": 100, "products": ["portal"]},
         moves=("license.uses",), last=0, inside=_ALL, outside="refund 139.00 by all"),
    Pair(words="the last credit of a hundred", kind="unused_credits",
         holds=("unused_credits.credits",), params={"credits": 100, "products": ["portal"]},
         moves=("license.uses",), last=99, inside="refund 41.00 by all",
         outside="refund 40.00 by all"),
]  # fmt: skip

_REPORT = {
    "case.missing": ["site_url"], "case.complete_at": "null",
    "case.last_customer_reply_at": "2026-03-04T09:00:00Z",
}  # fmt: skip
_GIVE = "await by it: customer give site_url"
_FIX = "await by it: support fix"


def fix_clock(
    words: str,
    last: str,
    *,
    given: Mapping[str, Any] | None = None,
    document: Mapping[str, Any] | None = None,
    **params: Any,
) -> Pair:
    """The report was complete on Wednesday 4 March at 10:00 in the store."""
    return Pair(words=words, kind="fix_clock", holds=("fix_clock.within",),
                params={"within": "5 business days", **params}, moves=JUDGED, given=given or {},
                document=document or {}, last=last, inside=_FIX, outside=_ALL)  # fmt: skip


def pause(*spans: tuple[str, str]) -> dict[str, Any]:
    return {"case.pauses": [{"from": f"2026-03-{a}Z", "to": f"2026-03-{b}Z"} for a, b in spans]}


SUPPORT = [
    Pair(words="fourteen days of patience from the last reply", kind="cooperation",
         holds=("cooperation.patience",), params={"patience": "14 days"}, moves=JUDGED,
         given=_REPORT, last="2026-03-18T22:59:59Z", inside=_GIVE, outside="refuse by it"),
    Pair(words="patience of 48 hours runs by the clock", kind="cooperation",
         holds=("cooperation.patience",), params={"patience": "48 hours"}, moves=JUDGED,
         given=_REPORT | {"case.last_customer_reply_at": "2026-03-09T09:00:00Z"},
         last="2026-03-11T09:00:00Z", inside=_GIVE, outside="refuse by it"),
    Pair(words="nobody is silent before being asked", kind="cooperation",
         holds=("cooperation.patience",), params={"patience": "14 days"}, moves=JUDGED,
         given=_REPORT | {"case.awaited_since": "2026-03-06T09:00:00Z"},
         last="2026-03-20T22:59:59Z", inside=_GIVE, outside="refuse by it"),
    Pair(words="fourteen days to give proof", kind="proof", holds=("proof.patience",),
         params={"patience": "14 days"}, moves=JUDGED, given={"case.proof_given": False},
         last="2026-03-18T22:59:59Z", inside="await by it: customer give_proof",
         outside="refuse by it"),
    fix_clock("support has until the end of the fifth business day", "2026-03-11T22:59:59Z"),
    fix_clock("support has 48 hours by the clock", "2026-03-12T12:00:00Z", within="48 hours",
              given={"case.complete_at": "2026-03-10T12:00:00Z",
                     "request.at": "2026-03-10T09:00:00Z"}),
    fix_clock("the clock may run from the receipt", "2026-03-11T22:59:59Z",
              counted_from="receipt", given={"case.complete_at": "2026-03-06T09:00:00Z"}),
    fix_clock("or from the complete report, two days later", "2026-03-13T22:59:59Z",
              given={"case.complete_at": "2026-03-06T09:00:00Z"}),
    fix_clock("a day's pause gives a day back", "2026-03-12T22:59:59Z",
              given=pause(("05T09:00:00", "06T09:00:00"))),
    fix_clock("a minute's pause gives a minute of the next day", "2026-03-11T23:00:59Z",
              given=pause(("05T09:00:00", "05T09:01:00"))),
    fix_clock("a pause over the weekend costs nothing", "2026-03-11T22:59:59Z",
              given=pause(("06T23:00:00", "08T23:00:00"))),
    fix_clock("two pauses are both given back", "2026-03-13T22:59:59Z",
              given=pause(("05T09:00:00", "06T09:00:00"), ("09T09:00:00", "10T09:00:00"))),
    fix_clock("a pause that begins as the clock ran out changes nothing", "2026-03-11T22:59:59Z",
              given=pause(("11T23:00:00", "12T23:00:00"))),
    fix_clock("one that begins a second before gives back that second and no more",
              "2026-03-11T23:00:59Z", given=pause(("11T22:59:00", "11T23:00:00"))),
    fix_clock("a business day after the change of the clocks", "2026-03-30T21:59:59Z",
              within="1 business day", given={"case.complete_at": "2026-03-27T09:00:00Z"}),
    fix_clock("a pause over that weekend costs nothing", "2026-03-30T21:59:59Z",
              within="1 business day", given={"case.complete_at": "2026-03-27T09:00:00Z"}
              | pause(("27T23:00:00", "29T22:00:00"))),
    fix_clock("48 hours over the change of the clocks", "2026-03-30T10:00:00Z",
              within="48 hours", given={"case.complete_at": "2026-03-28T10:00:00Z"}),
    fix_clock(
        "a holiday is no business day",
        "2026-03-12T22:59:59Z",
        document={"holidays": ["2026-03-09"]},
    ),
]  # fmt: skip

#: 100.00 and 40.00 for a year from 2 March; a request on 10 July falls in its fifth month.
_RATED = {"pays": "all"}


def rest(words: str, last: str, inside: str, outside: str, holds: str, **params: Any) -> Pair:
    return Pair(words=words, kind="pro_rata", holds=(f"pro_rata.{holds}",),
                params=_RATED | params, given=_YEAR | ALONE, last=last, inside=inside,
                outside=outside)  # fmt: skip


PRO_RATA = [
    # 12 months are left in the first, then 11: 91.66 + 36.66.
    rest("a month begins at midnight of its day in the store", "2026-04-01T21:59:59Z", _IT,
         "refund 128.32 by it", "month"),
    # By the calendar March is the first, and April the second.
    rest("a calendar month begins with the first", "2026-03-31T21:59:59Z", _IT,
         "refund 128.32 by it", "month", month="calendar"),
    # The month of the request kept: 11 left, then 10: 83.33 + 33.33.
    rest("the month of the request is kept", "2026-04-01T21:59:59Z", "refund 128.32 by it",
         "refund 116.66 by it", "month", current_month="kept"),
    # Steps of three months: 12, then 11 of which 9 are whole steps: 75.00 + 30.00.
    rest("only whole steps of three months go back", "2026-04-01T21:59:59Z", _IT,
         "refund 105.00 by it", "step", step=3),
    # And still 9 in the fourth month, 6 in the fifth: 50.00 + 20.00.
    rest("the next step of three ends with the fourth month", "2026-07-01T21:59:59Z",
         "refund 105.00 by it", "refund 70.00 by it", "step", step=3),
    # 365 of 365 days are left on the first day, 364 on the second: 99.72 + 39.89.
    rest("a day begins at midnight in the store", "2026-03-02T22:59:59Z", _IT,
         "refund 139.61 by it", "day", unit="day"),
    # 363 of 365, then 362: 99.45 + 39.78, 99.17 + 39.67.
    rest("the third day, and the fourth", "2026-03-04T22:59:59Z", "refund 139.23 by it",
         "refund 138.84 by it", "day", unit="day"),
    # 27 days are used on 29 March, when the clocks go forward: 338 left, 92.60 + 37.04; then 337,
    # 92.32 + 36.93.
    rest("a day of 23 hours is a day", "2026-03-29T21:59:59Z", "refund 129.64 by it",
         "refund 129.25 by it", "day", unit="day"),
    # All of the year in its first second; after it 31,535,999 of 31,536,000 seconds.
    rest("each second counts", "2026-03-02T10:00:00Z", _IT, "refund 139.98 by it", "second",
         unit="second"),
    rest("in its last month there is one left, after the period none", "2027-03-01T22:59:59Z",
         "refund 11.66 by it", "refuse by it", "end"),
    # 3153 seconds are 0.0099 of 100.00; 3154 are a cent.
    rest("a cent is left of a year in its last hour", "2027-03-02T09:07:26Z",
         "refund 0.01 by it", "refuse by it", "end", unit="second"),
]  # fmt: skip

_LIST_PRICE = {"order.list_price": "15.00"}
_REMINDER = {
    "notices": [
        {"kind": "renewal_reminder", "sent_at": "2026-02-20T09:00:00Z"},
        {"kind": "renewal_receipt", "sent_at": "2026-03-02T10:00:00Z"},
    ],
}
_BOTH = ["renewal_reminder", "renewal_receipt"]
OTHERS = [
    Pair(words="a second month costs its list price too", kind="used_months",
         holds=("used_months.month",), given=_LIST_PRICE | ALONE, last="2026-04-01T21:59:59Z",
         inside="refund 125.00 by all", outside="refund 110.00 by all"),
    Pair(words="by the calendar the second month is April", kind="used_months",
         holds=("used_months.month",), params={"month": "calendar"}, given=_LIST_PRICE | ALONE,
         last="2026-03-31T21:59:59Z", inside="refund 125.00 by all",
         outside="refund 110.00 by all"),
    Pair(words="the month of the request may be free", kind="used_months",
         holds=("used_months.month",), params={"current_month": "free"},
         given=_LIST_PRICE | ALONE, last="2026-04-01T21:59:59Z", inside=_ALL,
         outside="refund 125.00 by all"),
    Pair(words="a reminder went out a second before the payment at the latest",
         kind="notices_sent", holds=("notices_sent.payment",), params={"notices": _BOTH},
         given=_REMINDER, moves=("notices.0.sent_at",), last="2026-03-02T09:59:59Z", inside=_ALL,
         outside=_ALL + ", no renewal_reminder"),
    Pair(words="a receipt went out with the payment at the earliest", kind="notices_sent",
         holds=("notices_sent.payment",), params={"notices": _BOTH}, given=_REMINDER,
         moves=("notices.1.sent_at",), last="2026-03-02T09:59:59Z",
         inside=_ALL + ", no renewal_receipt", outside=_ALL),
    Pair(words="seven days before the day of the payment", kind="notices_sent",
         holds=("notices_sent.lead",), params={"notices": _BOTH, "lead": "7 days"},
         given=_REMINDER, moves=("notices.0.sent_at",), last="2026-02-23T22:59:59Z", inside=_ALL,
         outside=_ALL + ", no renewal_reminder"),
]  # fmt: skip

PAIRS = [*STANDING, *WINDOWS, *STEPS, *USE, *SUPPORT, *PRO_RATA, *OTHERS]
