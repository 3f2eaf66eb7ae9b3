"""The forms by which staff decide a refund request: an override, and the second person's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from refunddesk.db.staff import Role
from refunddesk.services import approvals, overrides
from refunddesk.services import desk as shown
from refunddesk.services.overrides import RULINGS, Ruling
from refunddesk.services.reasons import MOST_REASON
from refunddesk.services.refusal import Refusal
from refunddesk.web.auth import EVERY_ROLE, By, current_caller, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.errors import STATUSES
from refunddesk.web.forms import FormNotUnderstood

_ID = "int(max=9223372036854775807)"
_REQUEST = f"/requests/<{_ID}:request_id>"
_DECIDERS = (Role.OWNER, Role.APPROVER)
_LINE = "line-"
MOST_LINES = 500


class _OverrideForm(Schema):
    """What the page of a request posts; the amounts are fields of their own, one per line."""

    class Meta:
        unknown = EXCLUDE

    ruling = fields.String(required=True, validate=validate.OneOf(RULINGS))
    because = fields.String(load_default="")
    seen = fields.String(required=True, validate=validate.Length(1, 100))
    with_tax = fields.Boolean(load_default=False)
    keeps_license = fields.Boolean(load_default=False)
    waives_gate = fields.Boolean(load_default=False)
    waives_gate_because = fields.String(load_default="")


@desk_pages.get(_REQUEST, endpoint="request")
@guard(By.SESSION, *EVERY_ROLE)
def show_request(request_id: int) -> ResponseReturnValue:
    return _page(request_id)


@desk_pages.post(f"{_REQUEST}/override")
@guard(By.SESSION, *_DECIDERS)
def override_request(request_id: int) -> ResponseReturnValue:
    def decide(by: str) -> None:
        ruling, seen = _read_ruling()
        overrides.override(desk().edges, request_id, ruling, by=by, seen=seen)

    return _take(request_id, "override", decide)


@desk_pages.post(f"{_REQUEST}/approve/<{_ID}:approval_id>")
@guard(By.SESSION, *_DECIDERS)
def approve_grant(request_id: int, approval_id: int) -> ResponseReturnValue:
    def approve(by: str) -> None:
        approvals.approve(desk().edges, approval_id, by=by, request_id=request_id)

    return _take(request_id, "approve", approve)


@desk_pages.post(f"{_REQUEST}/decline/<{_ID}:approval_id>")
@guard(By.SESSION, *_DECIDERS)
def decline_grant(request_id: int, approval_id: int) -> ResponseReturnValue:
    def decline(by: str) -> None:
        because = request.form.get("because", "")
        approvals.decline(desk().edges, approval_id, because=because, by=by, request_id=request_id)

    return _take(request_id, "decline", decline)


def _take(request_id: int, form_name: str, act: Callable[[str], None]) -> ResponseReturnValue:
    """Do what the form asks; where it is refused, the page comes back with what was written."""
    try:
        act(current_caller().actor)
    except Refusal as refusal:
        return _page(request_id, refusal, form_name), STATUSES[type(refusal)]
    return redirect(url_for(".request", request_id=request_id), code=303)


def _read_ruling() -> tuple[Ruling, str]:
    try:
        form: dict[str, Any] = _OverrideForm().load(request.form.to_dict())
    except ValidationError:
        raise FormNotUnderstood(
            "Choose on the page what you decide. The request was left as it is."
        ) from None
    seen, waives = form.pop("seen"), form.pop("waives_gate")
    because = form.pop("waives_gate_because")
    if waives and not because.strip():
        raise FormNotUnderstood(
            "Say why the money need not wait for the licence. The request was left as it is."
        )
    ruling = Ruling(**form, amounts=_amounts(), waives_gate_because=because if waives else None)
    return ruling, seen


def _amounts() -> dict[int, str]:
    """The amounts by line; of another name or length than the page gives them is none."""
    amounts = {}
    for name, text in list(request.form.items())[:MOST_LINES]:
        number = name.removeprefix(_LINE)
        if name != number and number.isascii() and number.isdecimal() and len(number) < 20:
            amounts[int(number)] = text[:40]
    return amounts


def _page(request_id: int, refusal: Refusal | None = None, form_name: str = "") -> str:
    edges = desk().edges
    caller = current_caller()
    return render_template(
        "desk/request.html",
        page=shown.show_request(edges, request_id),
        now=edges.clock(),
        may_decide=caller.role in _DECIDERS,
        actor=caller.actor,
        most_reason=MOST_REASON,
        refusal=refusal,
        refused=form_name,
        written=request.form if refusal else {},
    )
