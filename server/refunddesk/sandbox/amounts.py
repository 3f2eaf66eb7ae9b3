"""How WooCommerce reads a refund's amount string: PHP's rules, wrong answers included.

Measured on WooCommerce 10.0.2: "1,50" sends 150 to the gateway and counts as 1 against the order.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

_NUMERIC = re.compile(
    r"[ \t\n\r\v\f]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\r\v\f]*"
)
_LEADING_NUMBER = re.compile(r"[ \t\n\r\v\f]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DROPPED = re.compile(r"\.(?![^.]+$)|[^0-9.-]")


def is_below_zero(amount: str) -> bool:
    """PHP 8's `0 > $amount`: as numbers when it is one, else the texts byte by byte."""
    if _NUMERIC.fullmatch(amount):
        return Decimal(amount.strip()) < 0
    return amount.encode() < b"0"


def exceeds(amount: str, remaining: str) -> bool:
    """PHP 8's `$amount > $remaining` of two strings.

    A text that is not numeric is compared byte by byte, which is how "1,50" and "1 000.00" get
    past the limit.
    """
    if _NUMERIC.fullmatch(amount):
        return Decimal(amount.strip()) > Decimal(remaining)
    return amount.encode() > remaining.encode()


def sent_to_gateway(amount: str) -> Decimal:
    """What `wc_format_decimal` makes of it: every odd character dropped, all dots but the last."""
    return counted(_DROPPED.sub("", " ".join(amount.split())))


def counted(amount: str) -> Decimal:
    """What is taken off the order's remainder: the number the text begins with."""
    match = _LEADING_NUMBER.match(amount)
    return Decimal(match[0].strip()) if match else Decimal(0)


def rounded(amount: Decimal, decimals: int) -> str:
    """The amount as the API shows it, half a minor unit rounded up: "1.01" for 1.005."""
    return str(amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))
