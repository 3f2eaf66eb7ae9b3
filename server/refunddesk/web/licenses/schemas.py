"""What the licence API takes and answers, as schemas: they check the one and describe both."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from refunddesk.licensing import Standing
from refunddesk.policy.fields import Choice, StrictSchema, Text


class Key(Text):
    """A licence key, however it was typed."""


class Site(Text):
    """Any way of writing a site's address."""


class Token(Text):
    """The secret that a site got when it was switched on."""


class ActivateBody(StrictSchema):
    key = Key(required=True)
    site = Site(required=True)


class ValidateBody(StrictSchema):
    key = Key(required=True)
    site = Site(required=True)
    wants = Choice(("use", "update"), load_default="use")


class DeactivateBody(StrictSchema):
    token = Token(required=True)


class ActivationsBody(StrictSchema):
    key = Key(required=True)


class Activated(Schema):
    site = fields.String(required=True, metadata={"description": "The site's one name."})
    token = fields.String(
        required=True,
        metadata={
            "description": "Told this once. Keep it: it switches the site off again.",
            "pattern": "^[A-Za-z0-9_-]{43}$",
        },
    )
    is_staging = fields.Boolean(
        required=True, metadata={"description": "A site for trying out, which takes no place."}
    )
    sites = fields.Integer(required=True, metadata={"description": "Places taken."})
    sites_limit = fields.Integer(required=True, metadata={"description": "Places there are."})


class Deactivated(Schema):
    site = fields.String(required=True)
    active = fields.Boolean(required=True, validate=validate.Equal(False))


class License(Schema):
    code = fields.String(
        required=True,
        validate=validate.OneOf([standing.value for standing in Standing]),
        metadata={"description": "How the licence stands. Only `valid` gives the right to use it."},
    )
    message = fields.String(required=True, metadata={"description": "The same for people."})
    product = fields.String(required=True)
    expires_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    sites = fields.Integer(required=True, metadata={"description": "Places taken."})
    sites_limit = fields.Integer(required=True, metadata={"description": "Places there are."})


class Validation(License):
    site = fields.String(required=True)
    is_staging = fields.Boolean(required=True)
    ask_again_after = fields.Integer(
        required=True, metadata={"description": "Seconds for which this answer may be kept."}
    )


class Activation(Schema):
    site = fields.String(required=True)
    is_staging = fields.Boolean(required=True)
    activated_at = fields.String(required=True, metadata={"format": "date-time"})
    seen_at = fields.String(
        required=True,
        allow_none=True,
        metadata={"format": "date-time", "description": "When it last asked, right to the day."},
    )


class Activations(License):
    activations = fields.List(fields.Nested(Activation), required=True)


class Error(Schema):
    error = fields.String(required=True, metadata={"description": "The name for programs."})
    message = fields.String(required=True, metadata={"description": "A sentence for people."})
