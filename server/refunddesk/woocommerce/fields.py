"""Single fields of a store's bodies, read tolerantly: what cannot be used leaves a remark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from refunddesk.money import Money, decimals_of

Body = Mapping[str, Any]

_LARGEST_ID = 2**63 - 1  # BIGINT in MySQL, PostgreSQL and SQLite
_ID = re.compile(r"[1-9][0-9]{0,18}")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{0,60})?")
_LOCAL_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d{1,6})?Z?", re.ASCII)
# PostgreSQL stores no NUL and no database a lone surrogate; JSON can spell both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MOST_REMARKS = 20


class UnusableBody(ValueError):
    """A body of which nothing can be recorded; `reason` is a short code such as "no_currency"."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Scale(NamedTuple):
    """The currency of a body and the number of decimals its store keeps."""

    currency: str
    decimals: int

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency, self.decimals)


@dataclass(slots=True)
class Notes:
    """What could not be used while a body was read; `exact` turns False when money suffered."""

    exact: bool = True
    _remarks: dict[str, None] = field(default_factory=dict)

    def add(self, remark: str) -> None:
        self._remarks[remark] = None

    def add_inexact(self, remark: str) -> None:
        self.exact = False
        self.add(remark)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Each remark once, in the order of reading; a body full of faults is cut short."""
        kept = tuple(self._remarks)
        if len(kept) <= _MOST_REMARKS:
            return kept
        return (*kept[:_MOST_REMARKS], f"and {len(kept) - _MOST_REMARKS} more")


def id_of(value: object) -> int | None:
    """A positive id, given as a number or its digits; None for 0, booleans and all else."""
    if isinstance(value, str) and _ID.fullmatch(value):
        value = int(value)
    if type(value) is int and 0 < value <= _LARGEST_ID:
        return value
    return None


def text_of(value: object) -> str:
    """A text, or the digits of a number (some stores send SKUs so); "" for all else."""
    if type(value) is int:
        return str(value)
    return _UNSTORABLE.sub("", value) if isinstance(value, str) else ""


def mapping_of(value: object) -> Body:
    """An object; empty for all else, since PHP writes an empty array as []."""
    return value if isinstance(value, dict) else {}


def objects_of(body: Body, name: str, notes: Notes) -> list[Body]:
    """The objects listed under `name`; anything else there leaves a remark."""
    value = body.get(name)
    if not isinstance(value, list):
        if value:
            notes.add(f"{name} is not a list")
        return []
    if not all(isinstance(entry, dict) for entry in value):
        notes.add(f"{name} holds something that is not an object")
    return [entry for entry in value if isinstance(entry, dict)]


def decimal_of(value: object) -> Decimal | None:
    """An amount as an exact number; None when it is not one ("", "1,50", "1e1", NaN, null)."""
    if isinstance(value, str):
        return Decimal(value) if _AMOUNT.fullmatch(value) else None
    if type(value) is int:
        return Decimal(value) if abs(value) < 10**15 else None
    # WooCommerce's first REST version wrote tax amounts as JSON numbers. A reader that makes
    # floats of them shows the digits that were sent in repr().
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite() and -60 <= value.adjusted() < 15:
        return value
    return None


def exact_minor(amount: Decimal, scale: Scale) -> Decimal:
    """`amount` in minor units, before rounding."""
    return amount.scaleb(scale.decimals)


def rounded(minor: Decimal) -> int:
    return int(minor.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def money_of(body: Body, name: str, scale: Scale, notes: Notes, where: str = "") -> Money:
    """The amount under `name`. Missing counts as zero and too many decimals are rounded half up,
    both with a remark and `notes.exact` False: recorded, but not to be paid on.
    """
    amount = decimal_of(body.get(name))
    if amount is None:
        notes.add_inexact(f"{name}{where} is not an amount")
        return scale.money(0)
    minor = exact_minor(amount, scale)
    if minor != minor.to_integral_value():
        notes.add_inexact(f"{name}{where} has more than {scale.decimals} decimals")
    return scale.money(rounded(minor))


def scale_of(body: Body, decimals: int | None) -> Scale:
    """Currency and decimals of a body; without `decimals`, as many as its `total` shows.

    WooCommerce writes every amount with the decimals set in the store, whatever is usual for
    the currency. IRT (Iranian toman) is in use though ISO 4217 does not list it.
    """
    currency = body.get("currency")
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        raise UnusableBody("no_currency", "The body names no currency of three letters.")
    if decimals is None:
        amount = decimal_of(body.get("total"))
        exponent = amount.as_tuple().exponent if amount is not None else None
        usable = isinstance(exponent, int) and -6 <= exponent <= 0
        decimals = -int(exponent or 0) if usable else decimals_of(currency)
    return Scale(currency, decimals)


def instant_of(body: Body, name: str, timezone: tzinfo | None, notes: Notes) -> datetime | None:
    """The instant under `name`, in UTC: from the `_gmt` twin, else from the store's local time.

    None when unset (null, "" or WordPress' 0000-00-00), and with a remark when unusable.
    """
    for key, zone in ((f"{name}_gmt", UTC), (name, timezone)):
        value = body.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, str) and value.startswith("0000-"):
            continue
        if zone is None and isinstance(value, str) and not value.endswith("Z"):
            notes.add(f"{key} is local time and the store's timezone is not known")
            continue
        instant = _instant(value, zone or UTC)
        if instant is not None:
            return instant
        notes.add(f"{key} is not a date and time")
    return None


def _instant(value: object, zone: tzinfo) -> datetime | None:
    match = _LOCAL_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        local = datetime.fromisoformat(f"{match[1]}T{match[2]}")
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def meta_of(body: Body, notes: Notes) -> dict[str, Any]:
    """Meta keys to values; of a key written twice the first counts, as in WordPress."""
    meta: dict[str, Any] = {}
    for entry in objects_of(body, "meta_data", notes):
        key, value = text_of(entry.get("key")), entry.get("value")
        if key:
            meta.setdefault(key, text_of(value) if isinstance(value, str) else value)
    return meta


def id_or_unusable(body: Body) -> int:
    woo_id = id_of(body.get("id"))
    if woo_id is None:
        raise UnusableBody("no_id", "The body has no usable id.")
    return woo_id


def in_present_names(body: Body, wrapper: str, notes: Notes) -> Body:
    """The body under the field names of REST version 3, taken out of a legacy wrapper."""
    inner = body.get(wrapper)
    if isinstance(inner, dict):
        body = inner
    if "created_at" not in body:
        return body
    notes.add("the body has the shape of the legacy API")
    schedule = mapping_of(body.get("billing_schedule"))
    renamed = {
        "number": body.get("order_number"),
        "date_created_gmt": body.get("created_at"),
        "date_modified_gmt": body.get("updated_at"),
        "billing": body.get("billing_address"),
        "payment_method": mapping_of(body.get("payment_details")).get("method_id"),
        "billing_period": schedule.get("period"),
        "billing_interval": schedule.get("interval"),
        "start_date_gmt": schedule.get("start_at"),
        "trial_end_date_gmt": schedule.get("trial_end_at"),
        "next_payment_date_gmt": schedule.get("next_payment_at"),
        "end_date_gmt": schedule.get("end_at"),
    }
    return {**{name: value for name, value in renamed.items() if value is not None}, **body}
