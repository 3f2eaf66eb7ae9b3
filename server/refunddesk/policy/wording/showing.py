"""How facts are shown in a sentence: amounts, days, deadlines, lengths, codes in words.

What comes from the judge is typed, what comes from a kept decision is text: both show alike.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_decimal

from refunddesk.money import Money, NotMoney
from refunddesk.worktime import NotSpan, Span

if TYPE_CHECKING:
    from refunddesk.policy.wording.catalogue import Catalogue

_LAST_SECOND = time(23, 59, 59)
_BARE_OFFSET = re.compile(r"(GMT|UTC)[+-]")
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Showing:
    """Where and in what facts are counted: the store's zone, the currency and its decimals."""

    zone: tzinfo
    currency: str
    decimals: int

    def show(self, value: Any, how: str, words: Catalogue) -> str:
        if isinstance(value, tuple | list):
            each = [self.show(part, how, words) for part in value]
            return format_list(each, locale=words.locale)
        match how:
            case "":
                return str(value)
            case "money":
                return self._money(value, words.locale)
            case "number":
                return format_decimal(int(value), locale=words.locale)
            case "day" | "time" | "moment" | "deadline" | "zone":
                return self._instant(_instant(value), how, words)
            case "span":
                return self._span(str(value), words)
        # "order.items[0].begun" is worded as "order.items[].begun": which line it is says no more.
        return words.word(how, _INDEX.sub("[]", str(value)))

    def money(self, amount: Money, words: Catalogue) -> str:
        return self._money(amount, words.locale)

    def _money(self, value: Money | str, locale: Locale) -> str:
        """All decimals of the order's amounts, whatever its currency usually has."""
        try:
            amount = value if isinstance(value, Money) else self._parsed(value)
        except NotMoney:
            return str(value)
        pattern = copy(locale.currency_formats["standard"])
        pattern.frac_prec = (amount.decimals, amount.decimals)
        shown: str = pattern.apply(
            amount.decimal, locale, currency=amount.currency, currency_digits=False
        )
        return shown

    def _parsed(self, text: str) -> Money:
        return Money.parse(text, self.currency, self.decimals)

    def _instant(self, at: datetime, how: str, words: Catalogue) -> str:
        local = at.astimezone(self.zone)
        if how == "zone":
            return self._zone(local, words)
        if how == "time":
            return format_time(local.time(), format="HH:mm:ss", locale=words.locale)
        if how == "deadline":
            is_day = local.time().replace(microsecond=0) == _LAST_SECOND
            key = "until_day" if is_day else "until_moment"
            return words.say("label", key, showing=self, at=at)
        day = format_date(local.date(), format="long", locale=words.locale)
        if words.language == "fr" and local.day == 1:
            day = "1er" + day[1:]
        return f"{day}, {local:%H:%M}" if how == "moment" else day

    def _zone(self, local: datetime, words: Catalogue) -> str:
        """The zone as people of that language call it at that time of the year, or its offset."""
        if isinstance(self.zone, ZoneInfo):
            name: str = get_timezone_name(local, width="long", locale=words.locale)
            if not _BARE_OFFSET.match(name):
                return name
            # CLDR, as Babel has it, knows no name for the time of India or Nepal.
            _, _, city = (self.zone.key or "").rpartition("/")
            if city.replace("_", "").isalpha():
                city = city.replace("_", " ")
                return words.say(
                    "label", "zone_of_city", showing=self, city=city, offset=_offset(local)
                )
        return _offset(local)

    def _span(self, text: str, words: Catalogue) -> str:
        try:
            span = Span.parse(text)
        except NotSpan:
            return text
        return words.say("words", "span", showing=self, unit=span.unit, count=span.count)


def _offset(local: datetime) -> str:
    minutes = (local.utcoffset() or timedelta(0)) // timedelta(minutes=1)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _instant(value: datetime | str) -> datetime:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(UTC)
