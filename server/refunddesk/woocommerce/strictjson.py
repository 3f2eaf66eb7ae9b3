"""JSON as a store must send it: UTF-8, finite numbers, unique keys, nothing behind the end."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

# A number of an order fits in far less. Python takes quadratic time for long ones, and above
# 4,300 digits refuses them with an error of its own.
_LONGEST_NUMBER = 400


class IllJson(ValueError):
    """Bytes that are not strict JSON; `reason` is a short code such as "duplicate_key"."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_json(raw: bytes) -> Any:
    """The value in `raw`; numbers with a decimal point come as Decimal, so no float arises.

    Raises IllJson for anything else, also for nesting too deep to follow. The detail never
    quotes what was read: it may hold personal data.
    """
    if not raw.strip():
        raise IllJson("empty_body", "The body is empty.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise IllJson("not_utf8", f"Byte {error.start} of the body is not UTF-8.") from None
    if text.startswith("\ufeff"):
        raise IllJson("byte_order_mark", "The body begins with a byte order mark.")
    try:
        return _STRICT.decode(text)
    except RecursionError:
        raise IllJson("too_deep", "The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise IllJson("bad_json", f"{error.msg} at character {error.pos}.") from None


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    # Two readers of a doubled key may each take another one: whom a signature covers is unclear.
    if len(result) != len(pairs):
        raise IllJson("duplicate_key", "An object has the same key twice.")
    return result


def _read_int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise IllJson("number_too_long", f"A number has {len(digits)} digits.")
    return int(digits)


def _read_decimal(digits: str) -> Decimal:
    if len(digits) > _LONGEST_NUMBER:
        raise IllJson("number_too_long", f"A number has {len(digits)} digits.")
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise IllJson("number_too_long", "A number has an exponent beyond all use.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise IllJson("not_finite", f"{name} is not a JSON number.")


# Made once: json.loads() would make one for each body.
_STRICT = json.JSONDecoder(
    parse_int=_read_int,
    parse_float=_read_decimal,
    parse_constant=_refuse_constant,
    object_pairs_hook=_read_object,
)
