"""The shapes of the bodies that the staff API takes."""

from __future__ import annotations

from typing import Any, get_args

from marshmallow import ValidationError

from refunddesk.db.customer_links import Purpose
from refunddesk.policy import claim
from refunddesk.policy.fields import (
    Choice,
    Count,
    Flag,
    Instant,
    ListOf,
    Nested,
    StrictSchema,
    Text,
)
from refunddesk.services.overrides import RULINGS
from refunddesk.services.reasons import MOST_REASON
from refunddesk.web.bodies import MOST_ID


class Key(Text):
    """A name of the caller's own, of at most 200 characters."""

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        text = super()._deserialize(value)
        if len(text) > 200:
            raise ValidationError("must not be longer than 200 characters")
        return text


def _row_id(**options: Any) -> Count:
    return Count(1, MOST_ID, **options)


class AskingBody(StrictSchema):
    store = _row_id(required=True)
    woo_order_id = _row_id(required=True)
    request_key = Key(required=True)
    channel = Choice(get_args(claim.Channel), required=True)
    from_account_address = Flag(required=True)
    case = _row_id(allow_none=True)
    asked_at = Instant(allow_none=True)


class LinkBody(StrictSchema):
    purpose = Choice([purpose.value for purpose in Purpose], load_default="refund")
    mail = Flag(load_default=False)


class ExportBody(StrictSchema):
    email = Text()
    store = _row_id()
    woo_customer_id = _row_id()
    files = Flag(load_default=False)


class ErasureBody(StrictSchema):
    email = Text()
    store = _row_id()
    woo_customer_id = _row_id()
    confirmation = Text()


class CustomerBody(StrictSchema):
    infringement = Choice(("open", "settled"))
    evidence = Text()
    is_consumer = Flag(allow_none=True)
    breaches = ListOf(Choice(get_args(claim.Breach)))


class DisputeBody(StrictSchema):
    status = Choice(get_args(claim.DisputeStatus), required=True)
    opened_at = Instant(allow_none=True)


class DisputeChangeBody(StrictSchema):
    status = Choice(get_args(claim.DisputeStatus), required=True)
    closed_at = Instant(required=True, allow_none=True)


class BecauseBody(StrictSchema):
    because = Key(required=True)


class EvidenceBody(StrictSchema):
    evidence = Text(required=True)


class ReasonText(Text):
    """Why somebody decides something by hand, of at most MOST_REASON characters."""

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be a text")
        if not value.strip():
            raise ValidationError("must not be blank")
        if len(value) > MOST_REASON:
            raise ValidationError(f"must not be longer than {MOST_REASON} characters")
        return value


class LineAmountBody(StrictSchema):
    item = _row_id(required=True)
    amount = Key(required=True)


class OverrideBody(StrictSchema):
    ruling = Choice(RULINGS, required=True)
    because = ReasonText(required=True)
    lines = ListOf(Nested(LineAmountBody()), load_default=list)
    with_tax = Flag(load_default=False)
    keeps_license = Flag(load_default=False)
    waives_gate_because = ReasonText(allow_none=True)
    seen = Key(allow_none=True)


class ReasonBody(StrictSchema):
    because = ReasonText(required=True)


class LimitsBody(StrictSchema):
    staff = Key(allow_none=True)
    policy = Key(allow_none=True)
    currency = Key(allow_none=True)
