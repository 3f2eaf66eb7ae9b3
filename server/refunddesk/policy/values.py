"""What a clause's parameters can hold beside words and numbers: percentages and amounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NewType

from refunddesk.money import Money, NotMoney

#: Where the odd part of a minor unit goes: to the store, to the customer, or to the nearer one.
Rounding = Literal["down", "up", "nearest"]

#: A whole number of one or more.
AtLeastOne = NewType("AtLeastOne", int)
#: Countries by ISO 3166-1 code, and groups of them.
Countries = NewType("Countries", frozenset[str])

_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))? ?%", re.ASCII)
_WHOLE = 100_00


class NotPercent(ValueError):
    """A text that is not a percentage such as "20%" or "12.5%"."""


@dataclass(frozen=True, slots=True)
class Percent:
    """A share from 0% to 100%, kept exactly as hundredths of a percent."""

    hundredths: int

    @classmethod
    def parse(cls, text: str) -> Percent:
        match = _PERCENT.fullmatch(text)
        if not match:
            raise NotPercent(f'{text[:60]!r} is not a percentage such as "20%" or "12.5%"')
        hundredths = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
        if hundredths > _WHOLE:
            raise NotPercent(f"{text!r} is more than 100%")
        return cls(hundredths)

    def __str__(self) -> str:
        whole, rest = divmod(self.hundredths, 100)
        return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%"

    @property
    def rest(self) -> Percent:
        return Percent(_WHOLE - self.hundredths)

    def of(self, amount: Money, rounding: Rounding = "down") -> Money:
        return share_of(amount, self.hundredths, _WHOLE, rounding)


@dataclass(frozen=True, slots=True)
class Amounts:
    """One amount per currency: a policy's fee is named for each currency it is taken in."""

    by_currency: Mapping[str, Money]

    def find(self, like: Money) -> Money | None:
        """The amount in the currency and the decimals of `like`.

        None where the policy names none, or one finer than the order's money is counted.
        """
        amount = self.by_currency.get(like.currency)
        if amount is None:
            return None
        try:
            return Money.parse(str(amount), like.currency, like.decimals, exact=False)
        except NotMoney:
            return None


def share_of(amount: Money, part: int, whole: int, rounding: Rounding = "down") -> Money:
    """`part`/`whole` of `amount` with the odd part of a minor unit where `rounding` sends it."""
    down = amount.share(part, whole)
    if rounding == "down":
        return down
    up = amount - amount.share(whole - part, whole)
    if rounding == "up":
        return up
    odd = amount.minor * part % whole
    return up if 2 * odd >= whole else down
