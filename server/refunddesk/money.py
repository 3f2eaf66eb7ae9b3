"""Amounts of money as whole minor units of a currency: no floats, no lost cents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering

# Decimals of the currencies whose minor unit is not a hundredth (ISO 4217, 2024). A store may
# show fewer or more; then the store's own number is passed in and wins.
_DECIMALS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF IRT ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
# ISO 4217 as of 2025, what was withdrawn from it since WooCommerce began to sell in 2011 (old
# orders are still asked about), and the codes that WooCommerce alone has: BTC GGP IMP IRT JEP PRB.
_CURRENCIES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTC BTN "
    "BWP BYN BYR BZD CAD CDF CHF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR "
    "FJD FKP GBP GEL GGP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS IMP INR IQD IRR IRT "
    "ISK JEP JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD "
    "MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN "
    "PGK PHP PKR PLN PRB PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP "
    "STD STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UZS VEF VES VND "
    "VUV WST XAF XCD XCG XOF XPF YER ZAR ZMK ZMW ZWG ZWL".split()
)
_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,6}))?")


class NotMoney(ValueError):
    """A text or number that is not an amount of money in the expected form."""


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one sum or comparison."""


def decimals_of(currency: str) -> int:
    """The usual number of decimals of `currency`: EUR 2, JPY 0, KWD 3, unknown codes 2."""
    return _DECIMALS.get(currency, 2)


def is_currency(code: str) -> bool:
    """Whether prices are, or were not long ago, written in the currency of this code."""
    return code in _CURRENCIES


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """`minor` whole minor units (cents, yen, fils) of `currency`, which has `decimals` decimals."""

    minor: int
    currency: str
    decimals: int = -1

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise NotMoney(f"money is counted in whole minor units, not {self.minor!r}")
        if not _CURRENCY.fullmatch(self.currency):
            raise NotMoney(f"{self.currency!r} is not a three-letter currency code")
        if self.decimals == -1:
            object.__setattr__(self, "decimals", decimals_of(self.currency))
        if not 0 <= self.decimals <= 6:
            raise NotMoney(f"a currency has 0 to 6 decimals, not {self.decimals}")

    @classmethod
    def zero(cls, currency: str, decimals: int = -1) -> Money:
        return cls(0, currency, decimals)

    @classmethod
    def parse(cls, text: object, currency: str, decimals: int = -1, *, exact: bool = True) -> Money:
        """Read "199.00" (a plain decimal point, optional minus, nothing else).

        `exact` wants just the currency's decimals ("1.5" EUR is refused). Otherwise missing
        decimals count as zeros, and surplus ones are accepted only when they are zeros too.
        Raises NotMoney for anything else: numbers, "1,50", "1e1", "1 000.00".
        """
        if not isinstance(text, str):
            raise NotMoney(f'an amount is a string such as "12.34", not {text!r}')
        places = decimals_of(currency) if decimals == -1 else decimals
        match = _AMOUNT.fullmatch(text)
        if not match or not text.isascii():
            raise NotMoney(f'{_short(text)} is not an amount such as "12.34"')
        sign, whole, fraction = match[1], match[2], match[3] or ""
        if exact and len(fraction) != places:
            raise NotMoney(f"{_short(text)} must have {places} decimals in {currency}")
        if fraction[places:].strip("0"):
            raise NotMoney(f"{_short(text)} has more than the {places} decimals of {currency}")
        minor = int(whole + fraction[:places].ljust(places, "0"))
        return cls(-minor if sign else minor, currency, places)

    def __str__(self) -> str:
        """The exact amount string a store takes back: "199.00", "120", "-0.500"."""
        digits = str(abs(self.minor)).rjust(self.decimals + 1, "0")
        sign = "-" if self.minor < 0 else ""
        if not self.decimals:
            return sign + digits
        return f"{sign}{digits[: -self.decimals]}.{digits[-self.decimals :]}"

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-self.decimals)

    def like(self, minor: int) -> Money:
        """`minor` units of the same currency.

        The currency was checked when this amount was made, and is not again: sums and shares
        are reckoned by the hundred thousand when a policy is tried on all orders of a store.
        """
        if type(minor) is not int:
            raise NotMoney(f"money is counted in whole minor units, not {minor!r}")
        if minor == self.minor:
            return self
        amount = object.__new__(Money)
        _set_minor(amount, minor)
        _set_currency(amount, self.currency)
        _set_decimals(amount, self.decimals)
        return amount

    def _same(self, other: Money) -> None:
        if self.currency != other.currency or self.decimals != other.decimals:
            raise CurrencyMismatch(
                f"{self} {self.currency} and {other} {other.currency} cannot be reckoned together"
            )

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.like(self.minor + other.minor)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.like(self.minor - other.minor)

    def __neg__(self) -> Money:
        return self.like(-self.minor)

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.minor < other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def share(self, part: int, whole: int) -> Money:
        """`part`/`whole` of this amount, rounded down to the minor unit; the rest stays put."""
        if whole <= 0 or not 0 <= part <= whole:
            raise NotMoney(f"{part}/{whole} is not a share between nothing and all")
        if self.minor < 0:
            raise NotMoney("only an amount of zero or more can be shared")
        return self.like(self.minor * part // whole)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split into one amount per weight so that the parts add up to this amount exactly.

        Largest remainder first; among equal remainders the earlier part gets the odd cent.
        """
        if self.minor < 0 or any(weight < 0 for weight in weights):
            raise NotMoney(
                "only an amount of zero or more can be split, by weights of zero or more"
            )
        whole = sum(weights)
        if whole == 0:
            if self.minor:
                raise NotMoney(f"{self} {self.currency} cannot be split over weights of nothing")
            return [self.like(0) for _ in weights]
        parts = [self.minor * weight // whole for weight in weights]
        remainders = [self.minor * weight % whole for weight in weights]
        left = self.minor - sum(parts)
        for index in sorted(range(len(parts)), key=lambda i: (-remainders[i], i))[:left]:
            parts[index] += 1
        return [self.like(part) for part in parts]


# An amount never changes once it is made; these make one without the checks of `Money(...)`.
_set_minor, _set_currency, _set_decimals = (
    vars(Money)[name].__set__ for name in ("minor", "currency", "decimals")
)


def total(amounts: Iterable[Money], currency: str, decimals: int = -1) -> Money:
    """The sum of `amounts`, zero of `currency` when there are none."""
    zero = Money.zero(currency, decimals)
    minor = 0
    for amount in amounts:
        zero._same(amount)
        minor += amount.minor
    return zero.like(minor)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
