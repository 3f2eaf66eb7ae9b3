"""`POST /hooks/<endpoint id>`: where stores deliver their webhooks."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from refunddesk.services.inbox import LONGEST_BODY, Call, receive
from refunddesk.services.refusal import Refusal
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.errors import STATUSES

hooks = Blueprint("hooks", __name__)


@hooks.post("/<endpoint_id>")
@guard(By.SIGNATURE)
def take_delivery(endpoint_id: str) -> Response:
    """200 once the delivery is durable: the store never sends it again."""
    endpoint = desk().endpoints.get_endpoint(endpoint_id)
    receive(desk().edges, desk().journal, endpoint, read_call())
    return Response(status=200)


@hooks.errorhandler(Refusal)
def on_refusal(refusal: Refusal) -> Response:
    return _say(STATUSES[type(refusal)], str(refusal))


@hooks.errorhandler(RequestEntityTooLarge)
def on_too_long(_: RequestEntityTooLarge) -> Response:
    return _say(413, "A delivery has at most 4 MiB. Nothing of it was kept.")


@hooks.errorhandler(HTTPException)
def on_broken_request(error: HTTPException) -> Response:
    """The body broke off, or its length was a lie: plain text here, whatever the host app does."""
    return _say(error.code or 400, "The request was not complete. Nothing of it was kept.")


def read_call() -> Call:
    """The current request as the inbox sees it."""
    # Also holds for bodies without a length, in chunks, or longer than they say.
    request.max_content_length = LONGEST_BODY
    headers = request.headers
    return Call(
        body=request.get_data(cache=False, parse_form_data=False),
        content_type=headers.get("Content-Type"),
        content_encoding=headers.get("Content-Encoding"),
        signature=headers.get("X-WC-Webhook-Signature"),
        topic=headers.get("X-WC-Webhook-Topic"),
        delivery_id=headers.get("X-WC-Webhook-Delivery-ID"),
    )


def _say(status: int, text: str) -> Response:
    return Response(text + "\n", status=status, mimetype="text/plain")
