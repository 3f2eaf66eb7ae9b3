"""Strict fields for documents and claims: nothing is coerced, every refusal says what is wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from refunddesk.money import Money, NotMoney, is_currency
from refunddesk.policy.calendars import is_calendar
from refunddesk.policy.countries import GROUPS, can_name_customers, is_country
from refunddesk.policy.values import Amounts, NotPercent, Percent
from refunddesk.worktime import NotSpan, Span

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_QUANTITY = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
# Half of a surrogate pair is no character, and no database stores a zero byte.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.\-]{1,60}", re.ASCII)

_MESSAGES: dict[str, Any] = {"required": "is missing", "null": "must not be null"}


class StrictSchema(Schema):
    """An object of known keys only."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012 (marshmallow declares it so)
        "unknown": "is not a known key",
        "type": "must be an object",
    }


class StrictField(fields.Field[Any]):
    default_error_messages = _MESSAGES


class Nested(fields.Nested):
    default_error_messages = _MESSAGES | {"type": "must be an object"}


class ListOf(fields.List[Any]):
    default_error_messages = _MESSAGES | {"invalid": "must be a list"}


class Text(StrictField):
    """Text that is not blank, of at most 2,000 characters."""

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be a text")
        if not value.strip():
            raise ValidationError("must not be blank")
        if len(value) > 2000:
            raise ValidationError("must not be longer than 2000 characters")
        if _NO_TEXT.search(value):
            raise ValidationError("holds what is no character: half of a pair, or a zero byte")
        return value


class Choice(StrictField):
    def __init__(self, choices: Iterable[object], **options: Any) -> None:
        super().__init__(**options)
        self.choices = tuple(choices)

    def _deserialize(self, value: object, *_: object, **__: object) -> object:
        # 1 == True in Python, so the type is compared as well.
        if any(type(value) is type(choice) and value == choice for choice in self.choices):
            return value
        raise ValidationError(f"must be one of {', '.join(map(str, self.choices))}")


class Flag(StrictField):
    def _deserialize(self, value: object, *_: object, **__: object) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class Count(StrictField):
    """A whole number from `least` to `most`."""

    def __init__(self, least: int = 0, most: int = 10**9, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def _deserialize(self, value: object, *_: object, **__: object) -> int:
        if type(value) is not int:
            raise ValidationError("must be a whole number")
        if not self.least <= value <= self.most:
            raise ValidationError(f"must be from {self.least} to {self.most}")
        return value


class Quantity(StrictField):
    """How many: a whole number, or a decimal text, because WooCommerce sells 1.5 of a thing."""

    def _deserialize(self, value: object, *_: object, **__: object) -> Decimal:
        text = str(value) if type(value) is int else value
        if not isinstance(text, str) or not _QUANTITY.fullmatch(text):
            raise ValidationError('must be a quantity such as 1 or "1.5"')
        quantity = Decimal(text)
        if not quantity:
            raise ValidationError("must be more than nothing")
        return quantity


class Day(StrictField):
    """A calendar day, which TOML writes as itself and JSON as text."""

    def _deserialize(self, value: object, *_: object, **__: object) -> date:
        if type(value) is date:
            return value
        try:
            return date.fromisoformat(value)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise ValidationError("must be a day such as 2026-12-25") from error


class DayOrCalendar(StrictField):
    """A calendar day, which TOML writes as itself and JSON as text, or a calendar's name."""

    def _deserialize(self, value: object, *_: object, **__: object) -> date | str:
        if type(value) is date:
            return value
        if isinstance(value, str) and is_calendar(value):
            return value
        try:
            return date.fromisoformat(value)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            problem = 'is neither a day such as 2026-12-25 nor a calendar such as "DE-BY"'
            raise ValidationError(f"{str(value)[:60]!r} {problem}") from error


class Country(StrictField):
    """A country's code by ISO 3166-1 alpha-2, in capitals."""

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str) or not is_country(value):
            raise ValidationError('must be a country\'s two letters by ISO 3166, such as "DE"')
        return value


class ChoiceSet(StrictField):
    """A list of choices, or the word "all"."""

    def __init__(self, choices: Iterable[object], **options: Any) -> None:
        super().__init__(**options)
        self.choices = tuple(choices)
        self.listed = ListOf(Choice(self.choices))

    def _deserialize(self, value: object, *_: object, **__: object) -> frozenset[object]:
        if value == "all":
            return frozenset(self.choices)
        return frozenset(self.listed.deserialize(value))


class ChoiceTuple(ChoiceSet):
    """A list of choices whose order is kept."""

    def _deserialize(self, value: object, *_: object, **__: object) -> tuple[object, ...]:  # type: ignore[override]
        return tuple(self.listed.deserialize(value))


class NameSet(StrictField):
    """A list of texts that the document is free to choose, such as products."""

    listed = ListOf(Text())

    def _deserialize(self, value: object, *_: object, **__: object) -> frozenset[str]:
        names: Any = self.listed.deserialize(value)
        return frozenset(names)


class CountrySet(NameSet):
    """A list of countries by ISO 3166-1 code, or of groups of them."""

    def _deserialize(self, value: object, *_: object, **__: object) -> frozenset[str]:
        names = super()._deserialize(value)
        for name in sorted(names):
            if not can_name_customers(name):
                groups = ", ".join(GROUPS)
                raise ValidationError(
                    f'{name[:60]!r} is no country such as "DE", nor one of {groups}'
                )
        return names


class Share(StrictField):
    """A percentage as text, so that it is exact: "12.5%"."""

    def _deserialize(self, value: object, *_: object, **__: object) -> Percent:
        try:
            return Percent.parse(value if isinstance(value, str) else str(value))
        except NotPercent as error:
            raise ValidationError(str(error)) from error


class AmountPerCurrency(StrictField):
    """An object of amounts by currency, such as { EUR = "5.00", JPY = "600" }."""

    def _deserialize(self, value: object, *_: object, **__: object) -> Amounts:
        if not isinstance(value, Mapping) or not value:
            raise ValidationError('must be amounts by currency such as { EUR = "5.00" }')
        try:
            amounts = {code: Money.parse(text, code) for code, text in value.items()}
        except NotMoney as error:
            raise ValidationError(str(error)) from error
        if any(text.startswith("-") for text in value.values()):
            raise ValidationError("an amount is not below zero")
        if unknown := sorted(code for code in amounts if not is_currency(code)):
            raise ValidationError(f"{unknown[0]!r} is no currency of ISO 4217")
        return Amounts(amounts)


class Entries(ListOf):
    """A list of objects that each become a `shape`, such as the steps of a refund."""

    def __init__(self, shape: type[Any], schema: Schema, **options: Any) -> None:
        super().__init__(Nested(schema), **options)
        self.shape = shape

    def _deserialize(self, value: object, *rest: Any, **more: Any) -> tuple[Any, ...]:  # type: ignore[override]
        entries: list[Any] = super()._deserialize(value, *rest, **more)
        if not entries:
            raise ValidationError("must name at least one")
        return tuple(self.shape(**entry) for entry in entries)


class Length(StrictField):
    """A length of time as a policy words it: "30 days", "5 business days".

    With `or_none` the word "none" stands for no length at all.
    """

    def __init__(self, *, or_none: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.or_none = or_none

    def _deserialize(self, value: object, *_: object, **__: object) -> Span | None:
        if self.or_none and value == "none":
            return None
        try:
            return Span.parse(value if isinstance(value, str) else str(value))
        except NotSpan as error:
            raise ValidationError(str(error)) from error


class Anything(StrictField):
    """A value that is checked later, when it is known by what."""


class AmountText(StrictField):
    """An amount still as text: only with the order's currency does it become Money."""

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            raise ValidationError('an amount is a string such as "12.34"')
        return value


class Instant(StrictField):
    """An RFC 3339 instant with its offset; answered in UTC, down to the microsecond."""

    def _deserialize(self, value: object, *_: object, **__: object) -> datetime:
        match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
        if not match:
            raise ValidationError("must be an instant with its offset, as 2026-03-02T10:00:00Z")
        day, clock, fraction, offset = match.groups()
        micros = (fraction or "0")[:6].ljust(6, "0")
        zone = "+00:00" if offset in "Zz" else offset
        try:
            at = datetime.fromisoformat(f"{day}T{clock}.{micros}{zone}").astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError("names a day or time that does not exist") from error
        if not 1970 <= at.year < 2200:
            raise ValidationError("must lie in the years 1970 to 2199")
        return at


class DocumentInstant(Instant):
    """TOML writes an instant as itself, JSON as text."""

    def _deserialize(self, value: object, *_: object, **__: object) -> datetime:
        if isinstance(value, datetime) and value.tzinfo:
            # As text, one at the edge of what a calendar can hold is refused like any other.
            value = value.isoformat()
        return super()._deserialize(value)


def first_problem(messages: object) -> tuple[str, str]:
    """The key path and the words of the first of marshmallow's nested messages."""
    path = ""
    while not isinstance(messages, str):
        if isinstance(messages, Mapping):
            key, messages = next(iter(messages.items()))
            path += step(key, path)
        elif isinstance(messages, list):
            messages = messages[0]
        else:
            raise TypeError(f"marshmallow reported {messages!r}")
    return path, messages


def step(key: object, path: str) -> str:
    """What is added to `path` to name `key` of what stands there: ".paid", "[0]"."""
    if isinstance(key, int):
        return f"[{key}]"
    if key == "_schema":
        return ""
    text = str(key)
    if not _PLAIN_KEY.fullmatch(text):
        text = json.dumps(text[:60])
    return f".{text}" if path else text
