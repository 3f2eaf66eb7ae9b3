"""The API of licensed software, below /licenses: a site switches its licence on and off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from refunddesk.policy.fields import StrictSchema, Text
from refunddesk.services import licenses as use_cases
from refunddesk.web.auth import By, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk
from refunddesk.web.errors import answer_in_json

licenses = Blueprint("licenses", __name__)
answer_in_json(licenses)

#: Guessing 128 bits is hopeless anyway; this keeps the trying from costing us anything.
_ATTEMPTS = "10/minute"


class ActivateBody(StrictSchema):
    key = Text(required=True)
    site = Text(required=True)


class DeactivateBody(StrictSchema):
    token = Text(required=True)


@licenses.after_request
def _keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@licenses.post("/activate")
@guard(By.LICENSE)
def activate() -> dict[str, Any]:
    body = read_body(ActivateBody())
    _count_attempt("activate")
    on = use_cases.activate(desk().edges, body["key"], body["site"])
    return {
        "site": on.site,
        "token": on.token,
        "sites": on.sites,
        "sites_limit": on.sites_limit,
    }


@licenses.post("/deactivate")
@guard(By.LICENSE)
def deactivate() -> dict[str, Any]:
    body = read_body(DeactivateBody())
    _count_attempt("deactivate")
    off = use_cases.deactivate(desk().edges, body["token"])
    return {"site": off.site, "active": False}


def _count_attempt(what: str) -> None:
    desk().throttle.attempt(_ATTEMPTS, "licenses", what, request.remote_addr or "")
