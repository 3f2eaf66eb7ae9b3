"""The API of licensed software, below /licenses: a site switches itself on and off, and asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, request

from refunddesk import licensing
from refunddesk.services import licenses as use_cases
from refunddesk.services import validation
from refunddesk.services.licenses import LicenseNotKnown
from refunddesk.web.auth import By, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk
from refunddesk.web.errors import answer_in_json
from refunddesk.web.licenses import answers, openapi, schemas

licenses = Blueprint("licenses", __name__)
answer_in_json(licenses)

Result = TypeVar("Result")

#: Guessing 128 bits is hopeless anyway; this keeps the trying from costing us anything. By address
#: every call counts. By the beginning of a key, and in all, only misses do, and only another miss
#: is turned away: whoever holds a key is never kept waiting by somebody else's guesses.
CHANGES = "10/minute"
QUESTIONS = "60/minute"
MISSES_OF_PREFIX = "30/minute"
MISSES_IN_ALL = "300/minute"


@licenses.after_request
def _keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@licenses.post("/activate")
@guard(By.LICENSE)
def activate() -> dict[str, Any]:
    body = read_body(schemas.ActivateBody())
    _count_attempt(CHANGES, "activate")
    on = _by(body["key"], lambda: use_cases.activate(desk().edges, body["key"], body["site"]))
    return answers.activated(on)


@licenses.post("/validate")
@guard(By.LICENSE)
def validate() -> dict[str, Any]:
    body = read_body(schemas.ValidateBody())
    _count_attempt(QUESTIONS, "validate")
    key, site, wants_update = body["key"], body["site"], body["wants"] == "update"
    found = _by(
        key, lambda: validation.validate(desk().edges, key, site, wants_update=wants_update)
    )
    return answers.validation(found)


@licenses.post("/deactivate")
@guard(By.LICENSE)
def deactivate() -> dict[str, Any]:
    body = read_body(schemas.DeactivateBody())
    _count_attempt(CHANGES, "deactivate")
    off = _by(body["token"], lambda: use_cases.deactivate(desk().edges, body["token"]))
    return {"site": off.site, "active": False}


@licenses.post("/activations")
@guard(By.LICENSE)
def list_activations() -> dict[str, Any]:
    body = read_body(schemas.ActivationsBody())
    _count_attempt(QUESTIONS, "activations")
    known = _by(body["key"], lambda: validation.show_license(desk().edges, body["key"]))
    return answers.activations(known)


@licenses.get("/openapi.json")
@guard(By.NOBODY)
def show_openapi() -> dict[str, Any]:
    return openapi.describe(desk().settings.url_prefix)


def _by(secret: str, work: Callable[[], Result]) -> Result:
    """Do what the key or token opens, and count whether it opens anything."""
    mounted = desk()
    try:
        done = work()
    except LicenseNotKnown:
        mounted.license_traffic.count(is_hit=False)
        mounted.throttle.attempt(MISSES_OF_PREFIX, "prefix", licensing.key_prefix(secret))
        mounted.throttle.attempt(MISSES_IN_ALL, "misses")
        raise
    mounted.license_traffic.count(is_hit=True)
    return done


def _count_attempt(limit: str, what: str) -> None:
    desk().throttle.attempt(limit, "licenses", what, request.remote_addr or "")
