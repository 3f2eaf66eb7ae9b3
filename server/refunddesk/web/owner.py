"""`/bridge/<connection>/owner`: what the store's administration shows of the desk, and the way in.

The bridge asks for people who manage the store: they see what the desk shows its staff.
"""

from __future__ import annotations

from flask import Blueprint, Response
from marshmallow import EXCLUDE, Schema, fields, validate

from refunddesk.policy.wording.catalogue import LANGUAGES
from refunddesk.services import connections, store_logins
from refunddesk.services.bridge_calls import BridgeCall, ConnectedCall
from refunddesk.services.order_panels import show_panel
from refunddesk.services.store_logins import Asking
from refunddesk.web.auth import By, guard
from refunddesk.web.bridge import check_storable, connected, load_said, read_bridge_call, signed
from refunddesk.web.current import desk
from refunddesk.web.errors import answer_in_json
from refunddesk.web.owner_words import word_panel

owner = Blueprint("owner", __name__)
answer_in_json(owner)

_BASE = "/<string(maxlength=64):connection>/owner"
_MOST_ID = 2**63 - 1
_NO_NUL = validate.ContainsNoneOf("\0")


class PanelSchema(Schema):
    """Which order, and the language of whoever looks at it."""

    class Meta:
        unknown = EXCLUDE

    order = fields.Integer(required=True, strict=True, validate=validate.Range(1, _MOST_ID))
    language = fields.String(load_default="en", validate=validate.OneOf(LANGUAGES))


class SignInSchema(Schema):
    """Who of the store wants in, and to which order."""

    class Meta:
        unknown = EXCLUDE

    user = fields.Integer(required=True, strict=True, validate=validate.Range(1, _MOST_ID))
    email = fields.String(required=True, validate=[validate.Length(1, 254), _NO_NUL])
    name = fields.String(required=True, validate=[validate.Length(1, 200), _NO_NUL])
    order = fields.Integer(load_default=None, strict=True, validate=validate.Range(1, _MOST_ID))


@owner.post(f"{_BASE}/health")
@guard(By.SIGNATURE)
def health(connection: str) -> Response:
    call, store = _read(connection)
    return signed(call, connections.tell_health(desk().edges, store))


@owner.post(f"{_BASE}/order")
@guard(By.SIGNATURE)
def panel(connection: str) -> Response:
    call, store = _read(connection)
    asked = load_said(PanelSchema(), store.said)
    shown = show_panel(desk().edges, store.store.id, asked["order"], asked["language"])
    return signed(call, store.answer(word_panel(shown, asked["language"], _outside("/desk"))))


@owner.post(f"{_BASE}/sign-in")
@guard(By.SIGNATURE)
def sign_in(connection: str) -> Response:
    call, store = _read(connection)
    asked = load_said(SignInSchema(), store.said)
    asking = Asking(asked["user"], asked["email"], asked["name"], asked["order"])
    token = store_logins.ask_in(desk().edges, call, store, asking)
    return signed(call, store.answer({"url": _outside(f"/desk/from-store/{token}")}))


def _read(connection: str) -> tuple[BridgeCall, ConnectedCall]:
    """Raises a Refusal where the call is not proven."""
    call = read_bridge_call()
    store = connected(connection, call)
    check_storable(store.said)
    return call, store


def _outside(path: str) -> str:
    """The address by which people reach a path of the desk."""
    settings = desk().settings
    return settings.public_url + settings.url_prefix + path
