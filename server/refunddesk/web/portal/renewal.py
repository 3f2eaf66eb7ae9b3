"""The page of a subscription: what stops and when, before anything is confirmed."""

from __future__ import annotations

import secrets

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from refunddesk.policy.wording.catalogue import catalogue
from refunddesk.policy.wording.showing import Showing
from refunddesk.services import renewal_home
from refunddesk.web.auth import By, current_visit, guard
from refunddesk.web.current import desk
from refunddesk.web.forms import FormNotUnderstood
from refunddesk.web.portal.blueprint import portal
from refunddesk.web.portal.order import visit_for_refund
from refunddesk.worktime import zone


class TakeBackForm(Schema):
    """What the page posts to have a renewal's money back."""

    class Meta:
        unknown = EXCLUDE

    request_key = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{32}\Z"))


@portal.get("/renewal")
@guard(By.VISIT)
def renewal() -> ResponseReturnValue:
    """Shows, and does nothing: programs that look through mails follow links."""
    visit = current_visit()
    page = renewal_home.show_renewal(desk().edges, visit.order_id)
    order = page.order
    return render_template(
        "portal/renewal.html",
        page=page,
        words=catalogue(visit.language),
        show=Showing(zone(page.store.timezone), order.currency, order.decimals),
        request_key=secrets.token_hex(16),
    )


@portal.post("/renewal/take-back")
@guard(By.VISIT)
def take_renewal_back() -> ResponseReturnValue:
    visit = visit_for_refund()
    try:
        form = TakeBackForm().load(request.form)
    except ValidationError as error:
        raise FormNotUnderstood("Nothing was asked for: load the page again.") from error
    renewal_home.take_renewal_back(desk().edges, visit.order_id, form["request_key"])
    return redirect(url_for(".home", _anchor="asked"), code=303)


@portal.post("/renewal/end")
@guard(By.VISIT)
def end_subscription() -> ResponseReturnValue:
    renewal_home.end_subscription(desk().edges, visit_for_refund().order_id)
    return redirect(url_for(".renewal"), code=303)
