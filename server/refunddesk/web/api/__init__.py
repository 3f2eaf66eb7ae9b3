"""The API of the staff's programs, below /api: JSON in, JSON out, a bearer token on every call."""

from __future__ import annotations

from flask import Blueprint, Response

from refunddesk.db.staff import Role
from refunddesk.web.errors import answer_in_json

api = Blueprint("api", __name__)
answer_in_json(api)

#: An auditor sees everything and changes nothing.
READERS = (Role.OWNER, Role.APPROVER, Role.SUPPORT, Role.AUDITOR)
WRITERS = (Role.OWNER, Role.APPROVER, Role.SUPPORT)
#: Accusing a customer, and ending that, is not for everybody who answers cases.
DECIDERS = (Role.OWNER, Role.APPROVER)

#: A row number in a path; a longer one would not fit the database.
ID = "<int(max=9223372036854775807):{}>".format


@api.after_request
def _keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


# The routes add themselves to the blueprint when they are read.
from refunddesk.web.api import (  # noqa: E402, F401
    approvals,
    attachments,
    case_turns,
    cases,
    customers,
    facts,
    infringements,
    licenses,
    orders,
    overrides,
    payments,
    privacy,
    products,
    refunds,
)
