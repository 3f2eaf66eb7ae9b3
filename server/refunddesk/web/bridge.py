"""`/bridge`: what the plugin in a store calls, and where it reports.

Every call is signed, and so is every answer: the bridge believes no other.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from refunddesk.policy.fields import first_problem
from refunddesk.services import bridge_events, connecting, connections
from refunddesk.services.bridge_calls import (
    BridgeAnswer,
    BridgeCall,
    BridgeCallUnusable,
    ConnectedCall,
    open_connected,
)
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.errors import answer_in_json
from refunddesk.web.forms import FormNotUnderstood
from refunddesk.woocommerce.standard_webhooks import answer_headers, content_of_call

bridge = Blueprint("bridge", __name__)
answer_in_json(bridge)

#: A code has 125 bits and is not guessed; this keeps whoever tries from costing anything.
_CONNECTING = "30/5minutes"
_LONGEST_CALL = 64 * 1024
_ID = "<string(maxlength=64):connection>"


@bridge.post("/greet")
@guard(By.SIGNATURE)
def greet() -> Response:
    _count_attempt()
    call = read_bridge_call()
    return signed(call, connecting.greet(desk().edges, call, _base_url()))


@bridge.post("/connect")
@guard(By.SIGNATURE)
def connect() -> Response:
    _count_attempt()
    call = read_bridge_call()
    return signed(call, connecting.connect(desk().edges, call, _base_url()))


@bridge.post(f"/{_ID}/check")
@guard(By.SIGNATURE)
def check(connection: str) -> Response:
    call = read_bridge_call()
    return signed(call, connections.check(desk().edges, connected(connection, call)))


@bridge.post(f"/{_ID}/webhooks")
@guard(By.SIGNATURE)
def webhooks(connection: str) -> Response:
    call = read_bridge_call()
    told = connections.tell_webhooks(desk().edges, connected(connection, call), _base_url())
    return signed(call, told)


@bridge.post(f"/{_ID}/disconnect")
@guard(By.SIGNATURE)
def disconnect(connection: str) -> Response:
    call = read_bridge_call()
    return signed(call, connections.disconnect(desk().edges, connected(connection, call)))


@bridge.post(f"/{_ID}/events")
@guard(By.SIGNATURE)
def take_event(connection: str) -> Response:
    """200 once the event is durable; the bridge sends any other again."""
    mounted, call = desk(), read_bridge_event()
    taken = bridge_events.receive_event(
        mounted.edges, mounted.journal, mounted.endpoints, connection, call
    )
    return signed(call, taken)


def read_bridge_call() -> BridgeCall:
    """The current request as the use cases see it: signed with its method and route.

    Raises BridgeCallUnusable.
    """
    call = read_bridge_event()
    route = request.path.removeprefix(desk().settings.url_prefix)
    return replace(call, signed=content_of_call(request.method, route, call.body))


def read_bridge_event() -> BridgeCall:
    """The current request, signed as Standard Webhooks has it. Raises BridgeCallUnusable."""
    request.max_content_length = _LONGEST_CALL
    try:
        body = request.get_data(cache=False, parse_form_data=False)
    except RequestEntityTooLarge:
        raise BridgeCallUnusable("A call has at most 64 KiB. Nothing was done.") from None
    headers = request.headers
    return BridgeCall(
        body=body,
        signed=body,
        call_id=headers.get("webhook-id", ""),
        timestamp=headers.get("webhook-timestamp", ""),
        signature=headers.get("webhook-signature", ""),
    )


def connected(connection: str, call: BridgeCall) -> ConnectedCall:
    """The call, proven to come from the bridge of a connected store. Raises a Refusal."""
    return open_connected(desk().edges, desk().endpoints, connection, call)


def check_storable(said: dict[str, Any]) -> None:
    """JSON can name half a character, which no database takes. Raises BridgeCallUnusable."""
    try:
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BridgeCallUnusable("A text holds a half character. Nothing was done.") from None


def load_said(schema: Schema, said: dict[str, Any]) -> dict[str, Any]:
    """What a call says, as the schema has it. Raises FormNotUnderstood, naming what is wrong."""
    try:
        loaded: dict[str, Any] = schema.load(said)
    except ValidationError as error:
        wrong, _ = first_problem(error.messages)
        raise FormNotUnderstood(
            f"Missing or not usable: {wrong or 'the body'}. Nothing was done."
        ) from None
    return loaded


def signed(call: BridgeCall, answer: BridgeAnswer) -> Response:
    """The answer in JSON, signed with the key that the call was signed with."""
    body = json.dumps(answer.said, separators=(",", ":")).encode()
    headers = answer_headers(answer.key, call.call_id, desk().edges.clock(), body)
    headers["Cache-Control"] = "no-store"
    return Response(body, headers=headers, content_type="application/json")


def _count_attempt() -> None:
    desk().throttle.attempt(_CONNECTING, "connect from", request.remote_addr or "")


def _base_url() -> str:
    settings = desk().settings
    return settings.public_url + settings.url_prefix
