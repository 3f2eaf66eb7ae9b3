"""The shapes of the bodies about cases."""

from __future__ import annotations

import re
from typing import Any, get_args

from marshmallow import ValidationError

from refunddesk.casework import CATEGORIES
from refunddesk.policy import claim
from refunddesk.policy.fields import (
    AmountText,
    Choice,
    Count,
    Flag,
    Instant,
    ListOf,
    Nested,
    StrictSchema,
    Text,
)
from refunddesk.services.case_turns import SAYINGS
from refunddesk.services.materials import KINDS
from refunddesk.web.bodies import MOST_ID

#: A Site Health report names every plugin, and its answer is JSON.
MOST_BYTES_OF_REPORT = 512 * 1024


class LongText(Text):
    """Text that is not blank, of at most `longest` characters."""

    def __init__(self, longest: int, **options: Any) -> None:
        super().__init__(**options)
        self.longest = longest

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be a text")
        if not value.strip():
            raise ValidationError("must not be blank")
        if len(value) > self.longest:
            raise ValidationError(f"must not be longer than {self.longest} characters")
        return value


class WebAddress(LongText):
    """An address that a reader may be led to."""

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        text = super()._deserialize(value)
        if not re.fullmatch(r"https?://[^\s<>\"]+", text):
            raise ValidationError('must be an address such as "https://docs.example.com/start"')
        return text


def _words(**options: Any) -> LongText:
    return LongText(20_000, **options)


class CaseChangeBody(StrictSchema):
    reason = Choice(get_args(claim.Reason))
    category = Choice(tuple(CATEGORIES))
    site_url = LongText(500, allow_none=True)
    product = LongText(200, allow_none=True)
    product_version = LongText(100, allow_none=True)
    details = LongText(20_000, allow_none=True)
    no_screenshots = Flag()
    other_extensions = ListOf(LongText(300), allow_none=True)
    site_health = LongText(200_000)
    received_at = Instant()


class CaseBody(StrictSchema):
    order = Count(1, MOST_ID, required=True)
    reason = Choice(get_args(claim.Reason), required=True)
    category = Choice(tuple(CATEGORIES))
    concerns_platform = Flag()
    opened_at = Instant()
    site_url = LongText(500)
    product = LongText(200)
    product_version = LongText(100)
    details = LongText(20_000)
    no_screenshots = Flag()
    other_extensions = ListOf(LongText(300))
    site_health = LongText(200_000)


class TurnBody(StrictSchema):
    kind = Choice(tuple(kind.value for kind in SAYINGS), required=True)
    words = _words(required=True)
    asks = ListOf(Choice(get_args(claim.MissingFact)))
    said_at = Instant()


class FindingBody(StrictSchema):
    finding = Choice(get_args(claim.CaseFinding), required=True)
    why = _words(required=True)
    seen = Count(0, MOST_ID)


class EndBody(StrictSchema):
    outcome = Choice(("resolved", "gave_up"), required=True)
    why = _words(required=True)
    at = Instant()
    seen = Count(0, MOST_ID)


class ReopeningBody(StrictSchema):
    why = _words(required=True)
    seen = Count(0, MOST_ID)


class WorkQuoteBody(StrictSchema):
    work = _words(required=True)
    amount = AmountText(required=True)
    currency = LongText(3, required=True)
    valid_until = Instant(required=True)


class AnswerBody(StrictSchema):
    accepts = Flag(required=True)


class MaterialBody(StrictSchema):
    kind = Choice(KINDS, required=True)
    title = LongText(200, required=True)
    url = WebAddress(1_000, required=True)


class ProductBody(StrictSchema):
    materials = ListOf(Nested(MaterialBody), required=True)
    not_on_wordpress_com = Flag(required=True)


class DeliveryBody(StrictSchema):
    delivered_at = Instant()


class CustomizedBody(StrictSchema):
    customized = Flag(required=True)
