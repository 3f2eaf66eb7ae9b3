"""The pages of mails that came in: what waits for a person, one mail, and its bytes to be saved."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask import Response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from refunddesk.services import arrival_work
from refunddesk.services.refusal import Refusal
from refunddesk.web.auth import EVERY_ROLE, By, current_caller, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.desk.cases import WORKERS, actor
from refunddesk.web.errors import STATUSES
from refunddesk.web.forms import FormNotUnderstood

_ID = "int(max=9223372036854775807)"
_MAIL = f"/mails/<{_ID}:mail_id>"


class _LeadForm(Schema):
    """Which case, or else which order, a mail belongs to, by the numbers of their pages."""

    class Meta:
        unknown = EXCLUDE

    kind = fields.String(required=True, validate=validate.OneOf(("case", "order")))
    number = fields.Integer(required=True, validate=validate.Range(1, 2**63 - 1))


@desk_pages.get("/mails", endpoint="mails")
@guard(By.SESSION, *EVERY_ROLE)
def list_mails() -> ResponseReturnValue:
    edges = desk().edges
    listed = arrival_work.list_mails(edges)
    return render_template("desk/mails.html", listed=listed, now=edges.clock())


@desk_pages.get(_MAIL)
@guard(By.SESSION, *EVERY_ROLE)
def mail(mail_id: int) -> ResponseReturnValue:
    return _page(mail_id)


@desk_pages.get(f"{_MAIL}/raw")
@guard(By.SESSION, *EVERY_ROLE)
def raw_mail(mail_id: int) -> Response:
    """To be saved, as text: whatever is in it, no browser shows it as a page."""
    raw = arrival_work.open_raw(desk().edges, mail_id)
    response = send_file(
        io.BytesIO(raw),
        mimetype="text/plain",
        as_attachment=True,
        download_name=f"mail-{mail_id}.txt",
        conditional=False,
        etag=False,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@desk_pages.post(f"{_MAIL}/reply")
@guard(By.SESSION, *WORKERS)
def take_mail_as_reply(mail_id: int) -> ResponseReturnValue:
    return _take(mail_id, lambda: arrival_work.take_as_reply(desk().edges, mail_id, by=actor()))


@desk_pages.post(f"{_MAIL}/ask")
@guard(By.SESSION, *WORKERS)
def take_mail_as_request(mail_id: int) -> ResponseReturnValue:
    return _take(mail_id, lambda: arrival_work.ask_money_back(desk().edges, mail_id, by=actor()))


@desk_pages.post(f"{_MAIL}/lead")
@guard(By.SESSION, *WORKERS)
def lead_mail(mail_id: int) -> ResponseReturnValue:
    def lead() -> None:
        try:
            form = _LeadForm().load(request.form)
        except ValidationError:
            raise FormNotUnderstood("Nothing was changed: give a number.") from None
        case_id, order_id = (
            form["number"] if form["kind"] == kind else None for kind in ("case", "order")
        )
        edges = desk().edges
        arrival_work.lead_to(edges, mail_id, case_id=case_id, order_id=order_id, by=actor())

    return _take(mail_id, lead)


@desk_pages.post(f"{_MAIL}/aside")
@guard(By.SESSION, *WORKERS)
def set_mail_aside(mail_id: int) -> ResponseReturnValue:
    return _take(mail_id, lambda: arrival_work.set_aside(desk().edges, mail_id, by=actor()))


def _take(mail_id: int, act: Callable[[], object]) -> ResponseReturnValue:
    try:
        act()
    except Refusal as refusal:
        return _page(mail_id, refusal), STATUSES[type(refusal)]
    return redirect(url_for(".mail", mail_id=mail_id), code=303)


def _page(mail_id: int, refusal: Refusal | None = None) -> str:
    edges = desk().edges
    page = arrival_work.show_mail(edges, mail_id)
    may_work = current_caller().role in WORKERS
    return render_template(
        "desk/mail.html", page=page, now=edges.clock(), may_work=may_work, refusal=refusal
    )
