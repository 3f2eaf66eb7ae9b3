"""Withdrawing from the contract, in the two steps that the law names."""

from __future__ import annotations

import secrets

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from refunddesk.services import order_home, withdrawals
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.forms import FormNotUnderstood
from refunddesk.web.portal.blueprint import portal
from refunddesk.web.portal.order import visit_for_refund


class DeclarationForm(Schema):
    """What the page posts to declare the withdrawal."""

    class Meta:
        unknown = EXCLUDE

    request_key = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{32}\Z"))


@portal.get("/withdrawal")
@guard(By.VISIT)
def withdrawal() -> ResponseReturnValue:
    """The second step: what is declared, and the button that declares it."""
    visit = visit_for_refund()
    page = order_home.show_order(desk().edges, visit.order_id, visit.language)
    if not page.may_ask:  # it was declared, or asked for, already
        return redirect(url_for(".home", _anchor="asked"), code=303)
    right = withdrawals.get_right(desk().edges, visit.order_id)
    return render_template(
        "portal/withdrawal.html", page=page, right=right, request_key=secrets.token_hex(16)
    )


@portal.post("/withdrawal")
@guard(By.VISIT)
def declare_withdrawal() -> ResponseReturnValue:
    visit = visit_for_refund()
    try:
        form = DeclarationForm().load(request.form)
    except ValidationError as error:
        raise FormNotUnderstood("Nothing was declared: load the page again.") from error
    withdrawals.declare(desk().edges, visit.order_id, form["request_key"])
    return redirect(url_for(".home", _anchor="asked"), code=303)
