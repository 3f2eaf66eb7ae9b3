"""Pairs at the end of every unit of time: zones, clock changes, short months, leap days, holidays.

The store of the example is in Paris: an hour ahead of UTC in winter and two in summer. Its clocks
go forward on 29 March 2026 and back on 25 October, both at 01:00 UTC. The payment was on Monday
2 March at 10:00 UTC, 11:00 in the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.policy.pairs import ALONE, Pair

_BACK, _NOTHING = "refund 140.00 by it", "review by nothing"


def ends(
    words: str,
    within: str,
    last: str,
    *holds: str,
    params: Mapping[str, Any] | None = None,
    given: Mapping[str, Any] | None = None,
    document: Mapping[str, Any] | None = None,
) -> Pair:
    """A full refund asked for within that time, whose last second is `last`."""
    return Pair(
        words=words,
        holds=("full_refund.within", *holds),
        kind="full_refund",
        params={"within": within, "event": "requested", "pays": "all"} | dict(params or {}),
        given={**ALONE, **(given or {})},
        document=document or {},
        last=last,
        inside=_BACK,
        outside=_NOTHING,
    )


def paid(at: str) -> dict[str, str]:
    return {"order.paid_at": at}


_KOLKATA, _UTC = {"store.timezone": "Asia/Kolkata"}, {"store.timezone": "UTC"}

UNITS = [
    ends("fourteen days end with the sixteenth", "14 days", "2026-03-16T22:59:59Z", "days"),
    ends("no days end with the day of the payment", "0 days", "2026-03-02T22:59:59Z", "days"),
    ends("48 hours end by the clock", "48 hours", "2026-03-04T10:00:00Z", "hours"),
    ends("five business days end with the next Monday", "5 business days",
         "2026-03-09T22:59:59Z", "business days"),
    ends("two weeks end with the sixteenth", "2 weeks", "2026-03-16T22:59:59Z", "weeks"),
    ends("a month ends with 2 April, in summer time", "1 month", "2026-04-02T21:59:59Z", "months"),
    ends("a year ends with 2 March", "1 year", "2027-03-02T22:59:59Z", "years"),
]  # fmt: skip

ZONES = [
    ends("days are the store's, in Kolkata", "14 days", "2026-03-16T18:29:59Z", "zone",
         given=_KOLKATA),
    ends("days are the store's, in UTC", "14 days", "2026-03-16T23:59:59Z", "zone", given=_UTC),
    ends("days are the store's, eight hours behind UTC", "14 days", "2026-03-17T07:59:59Z", "zone",
         given={"store.timezone": "-08:00"}),
    ends("a policy's own zone goes before the store's", "14 days", "2026-03-16T23:59:59Z", "zone",
         given=_KOLKATA, document={"timezone": "UTC"}),
    ends("paid in the last second of the second in Kolkata", "1 day", "2026-03-03T18:29:59Z",
         "zone", given=_KOLKATA | paid("2026-03-02T18:29:59Z")),
    ends("paid a second later, on the third there", "1 day", "2026-03-04T18:29:59Z", "zone",
         given=_KOLKATA | paid("2026-03-02T18:30:00Z")),
    ends("business days are the store's: Saturday there, Friday in UTC", "1 business day",
         "2026-03-09T18:29:59Z", "zone", given=_KOLKATA | paid("2026-03-06T18:30:00Z")),
    ends("and Friday there until its last second", "1 business day", "2026-03-09T18:29:59Z",
         "zone", given=_KOLKATA | paid("2026-03-06T18:29:59Z")),
    ends("a month is the store's: paid on 1 March there", "1 month", "2026-04-01T18:29:59Z",
         "zone", given=_KOLKATA | paid("2026-02-28T18:30:00Z")),
    ends("and on 28 February until its last second", "1 month", "2026-03-28T18:29:59Z",
         "zone", given=_KOLKATA | paid("2026-02-28T18:29:59Z")),
    ends("hours know no zone", "48 hours", "2026-03-04T10:00:00Z", "zone", given=_KOLKATA),
]  # fmt: skip

#: Paid on Saturday 28 March at 11:00, the day before the clocks go forward.
_SPRING = paid("2026-03-28T10:00:00Z")
#: Paid on Saturday 24 October at 12:00, the day before they go back.
_AUTUMN = paid("2026-10-24T10:00:00Z")
CLOCK_CHANGES = [
    ends("a day of 23 hours ends at its midnight", "1 day", "2026-03-29T21:59:59Z", "days spring",
         given=_SPRING),
    ends("24 hours over the change forward end an hour later by the wall", "24 hours",
         "2026-03-29T10:00:00Z", "hours spring", given=_SPRING),
    ends("the business day after the change forward", "1 business day", "2026-03-30T21:59:59Z",
         "business days spring", given=_SPRING),
    ends("a week over the change forward", "1 week", "2026-04-04T21:59:59Z", "weeks spring",
         given=_SPRING),
    ends("a month over the change forward", "1 month", "2026-04-28T21:59:59Z", "months spring",
         given=_SPRING),
    ends("a year that ends on a day of the change forward", "1 year", "2027-03-28T21:59:59Z",
         "years spring", given=_SPRING),
    ends("paid on the day of 23 hours, before the change", "0 days", "2026-03-29T21:59:59Z",
         "days spring", given=paid("2026-03-29T00:30:00Z")),
    ends("a day of 25 hours ends at its midnight", "1 day", "2026-10-25T22:59:59Z", "days autumn",
         given=_AUTUMN),
    ends("24 hours over the change back end an hour earlier by the wall", "24 hours",
         "2026-10-25T10:00:00Z", "hours autumn", given=_AUTUMN),
    ends("the business day after the change back", "1 business day", "2026-10-26T22:59:59Z",
         "business days autumn", given=_AUTUMN),
    ends("a week over the change back", "1 week", "2026-10-31T22:59:59Z", "weeks autumn",
         given=_AUTUMN),
    ends("a month over the change back", "1 month", "2026-11-24T22:59:59Z", "months autumn",
         given=_AUTUMN),
    ends("a year to a day still in summer time", "1 year", "2027-10-24T21:59:59Z", "years autumn",
         given=_AUTUMN),
    ends("paid in the hour that comes twice, the first time", "1 hour", "2026-10-25T01:30:00Z",
         "hours autumn", given=paid("2026-10-25T00:30:00Z")),
]  # fmt: skip

SHORT_MONTHS = [
    ends("a month from 31 January ends with 28 February", "1 month", "2026-02-28T22:59:59Z",
         "short month", given=paid("2026-01-31T10:00:00Z")),
    ends("two months from 31 January end with 31 March", "2 months", "2026-03-31T21:59:59Z",
         "short month", given=paid("2026-01-31T10:00:00Z")),
    ends("a month from 31 January ends with the leap day", "1 month", "2024-02-29T22:59:59Z",
         "leap day", given=paid("2024-01-31T10:00:00Z")),
    ends("a year from a leap day ends with 28 February", "1 year", "2025-02-28T22:59:59Z",
         "leap day", given=paid("2024-02-29T10:00:00Z")),
    ends("four years from a leap day end with the next", "4 years", "2028-02-29T22:59:59Z",
         "leap day", given=paid("2024-02-29T10:00:00Z")),
    ends("twelve months from a leap day are a year", "12 months", "2025-02-28T22:59:59Z",
         "leap day", given=paid("2024-02-29T10:00:00Z")),
    ends("thirty days count the leap day", "30 days", "2024-03-02T22:59:59Z", "leap day",
         given=paid("2024-02-01T10:00:00Z")),
    ends("thirty days where there is none", "30 days", "2026-03-03T22:59:59Z", "leap day",
         given=paid("2026-02-01T10:00:00Z")),
]  # fmt: skip

#: Paid on Monday 30 March 2026; Good Friday is 3 April, Easter Monday the 6th.
_EASTER = paid("2026-03-30T10:00:00Z")
HOLIDAYS = [
    ends("without a calendar Easter is worked through", "5 business days", "2026-04-06T21:59:59Z",
         "holidays", given=_EASTER),
    ends("a country's calendar by its name", "5 business days", "2026-04-08T21:59:59Z",
         "holidays", given=_EASTER, document={"holidays": ["DE"]}),
    ends("another country's calendar without these days", "5 business days",
         "2026-04-06T21:59:59Z", "holidays", given=_EASTER, document={"holidays": ["US"]}),
    ends("a day that is listed", "5 business days", "2026-04-07T21:59:59Z", "holidays",
         given=_EASTER, document={"holidays": ["2026-04-01"]}),
    ends("a calendar and a day that is listed", "5 business days", "2026-04-09T21:59:59Z",
         "holidays", given=_EASTER, document={"holidays": ["DE", "2026-04-01"]}),
    ends("Epiphany is a working day in most of Germany", "1 business day",
         "2026-01-06T22:59:59Z", "holidays", given=paid("2026-01-05T10:00:00Z"),
         document={"holidays": ["DE"]}),
    ends("and none in Bavaria", "1 business day", "2026-01-07T22:59:59Z", "holidays",
         given=paid("2026-01-05T10:00:00Z"), document={"holidays": ["DE-BY"]}),
    ends("days that are no business days know no holidays", "5 days", "2026-04-04T21:59:59Z",
         "holidays", given=_EASTER, document={"holidays": ["DE"]}),
]  # fmt: skip

_NEXT = {"last_day": "next_business_day"}
LAST_DAYS = [
    ends("a time may end on a Saturday", "5 days", "2026-03-07T22:59:59Z", "last_day any"),
    ends("or on the Monday after it", "5 days", "2026-03-09T22:59:59Z",
         "last_day next_business_day days", params=_NEXT),
    ends("or on the Tuesday where that Monday is a holiday", "5 days", "2026-03-10T22:59:59Z",
         "last_day next_business_day days", params=_NEXT, document={"holidays": ["2026-03-09"]}),
    ends("a last day that is a business day stays", "4 days", "2026-03-06T22:59:59Z",
         "last_day next_business_day days", params=_NEXT),
    ends("hours may end on a Saturday", "120 hours", "2026-03-07T10:00:00Z", "last_day any"),
    ends("or with the Monday after it", "120 hours", "2026-03-09T22:59:59Z",
         "last_day next_business_day hours", params=_NEXT),
    ends("hours that end on a business day end by the clock", "48 hours", "2026-03-04T10:00:00Z",
         "last_day next_business_day hours", params=_NEXT),
    ends("the Saturday is the store's", "120 hours", "2026-03-07T04:00:00Z", "last_day any",
         given=paid("2026-03-02T04:00:00Z") | {"store.timezone": "-05:00"}),
    ends("and Friday there still, at 23:00, by the clock", "120 hours", "2026-03-07T04:00:00Z",
         "last_day next_business_day hours", params=_NEXT,
         given=paid("2026-03-02T04:00:00Z") | {"store.timezone": "-05:00"}),
    ends("a month that ends on a Saturday", "2 months", "2026-05-04T21:59:59Z",
         "last_day next_business_day months", params=_NEXT),
    ends("a year that ends on a Saturday", "5 years", "2031-03-03T22:59:59Z",
         "last_day next_business_day years", params=_NEXT),
    ends("weeks that end on a Saturday", "1 week", "2026-03-16T22:59:59Z",
         "last_day next_business_day weeks", params=_NEXT, given=paid("2026-03-07T10:00:00Z")),
]  # fmt: skip

GRACES = [
    ends("days of grace follow the window", "14 days", "2026-03-19T22:59:59Z",
         "full_refund.grace", params={"grace": "3 days"}),
    ends("hours of grace begin with its last second", "14 days", "2026-03-17T22:59:59Z",
         "full_refund.grace", params={"grace": "24 hours"}),
    ends("business days of grace leave out the weekend", "10 days", "2026-03-16T22:59:59Z",
         "full_refund.grace", params={"grace": "2 business days"}),
    ends("grace after hours begins by the clock", "48 hours", "2026-03-05T22:59:59Z",
         "full_refund.grace", params={"grace": "1 day"}),
    ends("grace that would end on a Saturday", "14 days", "2026-03-23T22:59:59Z",
         "full_refund.grace", params={"grace": "5 days"} | _NEXT),
]  # fmt: skip

_SUBSCRIPTION = {
    "order.billing": "yearly",
    "order.period": {"start": "2026-03-05T10:00:00Z", "end": "2027-03-05T10:00:00Z"},
}
_RENEWAL = {
    "order.kind": "renewal",
    "order.linked_order": {
        "id": "900", "relation": "renewal_of", "paid_at": "2026-02-20T10:00:00Z",
    },
}  # fmt: skip
_FIFTH = "2026-03-05T10:00:00Z"


def counted(words: str, anchor: str, last: str, given: Mapping[str, Any] | None = None) -> Pair:
    params = {"counted_from": anchor}
    return ends(words, "14 days", last, f"anchor {anchor}", params=params, given=given)


ANCHORS = [
    counted("from the payment", "payment", "2026-03-16T22:59:59Z"),
    counted("from the purchase, which was paid at once", "purchase", "2026-03-16T22:59:59Z"),
    counted("from the purchase that a renewal follows", "purchase", "2026-03-06T22:59:59Z",
            _RENEWAL),
    counted("from the renewal", "renewal", "2026-03-16T22:59:59Z", _RENEWAL),
    counted("from the renewal of what the store calls a purchase", "renewal",
            "2026-03-16T22:59:59Z", _RENEWAL | {"order.kind": "purchase"}),
    counted("from the delivery", "delivery", "2026-03-19T22:59:59Z",
            {"order.delivered_at": _FIFTH}),
    counted("from the activation", "activation", "2026-03-19T22:59:59Z",
            {"order.activated_at": _FIFTH}),
    counted("from the first use", "first_use", "2026-03-19T22:59:59Z",
            {"order.first_used_at": _FIFTH}),
    counted("from the end of the trial", "trial_end", "2026-03-19T22:59:59Z",
            {"order.trial_ends_at": _FIFTH}),
    counted("from the start of the period", "period_start", "2026-03-19T22:59:59Z",
            _SUBSCRIPTION),
]  # fmt: skip

PAIRS = [
    *UNITS, *ZONES, *CLOCK_CHANGES, *SHORT_MONTHS, *HOLIDAYS, *LAST_DAYS, *GRACES, *ANCHORS,
]  # fmt: skip
