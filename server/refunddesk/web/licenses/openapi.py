"""The licence API in OpenAPI 3.1, made of the very schemas that check its bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema
from marshmallow.fields import Field

from refunddesk.policy.fields import Choice, Text
from refunddesk.version import __version__
from refunddesk.web.licenses import schemas

_ABOUT = """\
Licensed software switches its licence on and off on a site, and asks whether it may be used.

Calls carry the licence key, or the token a site got, in their body and nowhere else. Every key and
token that opens nothing (unknown, replaced, blocked, of an ended or expired licence) is answered by
`activate` and `deactivate` with one and the same 404, byte for byte. Whoever holds a key is told by
`validate` how its licence stands, by name.
"""

_REFUSED: Mapping[str, str] = {
    "400": "`body_not_json`: not strict JSON.",
    "404": "`license_not_known`: the key or token opens nothing. It never says which or why.",
    "413": "`body_too_large`: more than 64 KiB.",
    "415": "`wrong_content_type`: send `application/json`.",
    "422": "`fields_not_valid` or `site_not_usable`: the message names what is wrong.",
    "429": "`too_many_attempts`: wait as long as `Retry-After` says.",
}


def describe(url_prefix: str = "") -> dict[str, Any]:
    """The OpenAPI document of the licence API, mounted below `url_prefix`."""
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Refund Desk licence API",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": _ABOUT},
        servers=[{"url": url_prefix or "/"}],
        plugins=[plugin],
    )
    assert plugin.converter is not None, "the document made it"
    plugin.converter.map_to_openapi_type(Text, "string", None)  # type: ignore[no-untyped-call]
    plugin.converter.add_attribute_function(_bounds)  # type: ignore[no-untyped-call]
    for name, shape in _SHAPES.items():
        spec.components.schema(name, schema=shape)
    for path, summary, body, answer, also in _OPERATIONS:
        spec.path(path=path, operations={"post": _operation(path, summary, body, answer, also)})
    described: dict[str, Any] = spec.to_dict()
    return described


def _operation(
    path: str, summary: str, body: str, answer: str, also: Mapping[str, str]
) -> dict[str, Any]:
    refused = {**_REFUSED, **also}
    return {
        "operationId": path.rpartition("/")[2],
        "summary": summary,
        "requestBody": {"required": True, "content": _json(body)},
        "responses": {
            "200": {"description": "Done.", "content": _json(answer)},
            **{
                status: {
                    "description": says,
                    "content": _json("Error"),
                    **({"headers": _RETRY_AFTER} if status == "429" else {}),
                }
                for status, says in sorted(refused.items())
            },
        },
    }


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _bounds(_self: object, field: Field[Any], **_: object) -> dict[str, Any]:
    if isinstance(field, Choice):
        return {"type": "string", "enum": list(field.choices), "description": _WANTS}
    if not isinstance(field, Text):
        return {}
    bounds = {"minLength": 1, "maxLength": 2000, "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}
    if isinstance(field, schemas.Site):
        return bounds | {"format": "site-address", "description": "Its address, in any spelling."}
    return bounds


_WANTS = "What the licence is asked for: to go on running, or for a newer version."

_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which there is room again at the latest.",
        "schema": {"type": "integer"},
    }
}

_SHAPES: Mapping[str, type[Schema]] = {
    "ActivateBody": schemas.ActivateBody,
    "ValidateBody": schemas.ValidateBody,
    "DeactivateBody": schemas.DeactivateBody,
    "ActivationsBody": schemas.ActivationsBody,
    "Activated": schemas.Activated,
    "Deactivated": schemas.Deactivated,
    "Validation": schemas.Validation,
    "Activation": schemas.Activation,
    "Activations": schemas.Activations,
    "Error": schemas.Error,
}

_NO_ROOM = {
    "409": "`sites_limit_reached`, or `license_given_up`: a refund of the licence is under way."
}

_OPERATIONS: tuple[tuple[str, str, str, str, Mapping[str, str]], ...] = (
    (
        "/licenses/activate",
        "Switch the licence on for a site; again for the same site renews its token.",
        "ActivateBody",
        "Activated",
        _NO_ROOM,
    ),
    (
        "/licenses/validate",
        "Ask whether the licence may be used on a site.",
        "ValidateBody",
        "Validation",
        {},
    ),
    (
        "/licenses/deactivate",
        "Switch the site off that holds the token; once more changes nothing.",
        "DeactivateBody",
        "Deactivated",
        {},
    ),
    (
        "/licenses/activations",
        "List the sites the licence is in use on.",
        "ActivationsBody",
        "Activations",
        {},
    ),
)
