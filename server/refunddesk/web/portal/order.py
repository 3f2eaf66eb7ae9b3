"""The page of one order, and what a customer does there."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from refunddesk.db.cases import Report
from refunddesk.db.customer_links import Purpose, Visit
from refunddesk.money import Money
from refunddesk.policy.claim import Reason
from refunddesk.policy.wording.catalogue import catalogue
from refunddesk.policy.wording.showing import Showing
from refunddesk.services import order_home, withdrawals
from refunddesk.services.case_turns import CaseMovedOn
from refunddesk.services.customer_links import NotForThisVisit
from refunddesk.services.order_home import OrderHome
from refunddesk.web import looks
from refunddesk.web.auth import By, current_visit, guard
from refunddesk.web.current import desk
from refunddesk.web.forms import FormNotUnderstood
from refunddesk.web.portal.blueprint import portal
from refunddesk.worktime import zone

_ID = "int(max=9223372036854775807)"
_OWN_STYLE = Path(__file__).parent / "static" / "portal.css"
REASONS: tuple[str, ...] = get_args(Reason)
MOST_DETAILS = order_home.MOST_WORDS


class AskForm(Schema):
    """What the page posts to ask for a refund."""

    class Meta:
        unknown = EXCLUDE

    request_key = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{32}\Z"))
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    details = fields.String(
        load_default="", validate=[validate.Length(max=MOST_DETAILS), validate.ContainsNoneOf("\0")]
    )


def _line(most: int) -> fields.String:
    return fields.String(validate=[validate.Length(max=most), validate.ContainsNoneOf("\0")])


class ReportForm(Schema):
    """What the page posts of a report that misses something; a field left empty says nothing."""

    class Meta:
        unknown = EXCLUDE

    site_url = _line(500)
    product_version = _line(100)
    details = _line(MOST_DETAILS)
    no_screenshots = fields.String(validate=validate.Equal("yes"))
    other_extensions = _line(5_000)
    no_extensions = fields.String(validate=validate.Equal("yes"))


@portal.get("/")
@guard(By.VISIT)
def home() -> ResponseReturnValue:
    return _show()


def _show(draft: str = "") -> str:
    """The page; `draft` is a reply that was not taken down, as something was said meanwhile."""
    visit = current_visit()
    page = order_home.show_order(desk().edges, visit.order_id, visit.language)
    words = catalogue(visit.language)
    order = page.order
    return render_template(
        "portal/order.html",
        page=page,
        steps=steps_back(page),
        right=withdrawals.find_right(desk().edges, order.id) if page.may_ask else None,
        words=words,
        show=Showing(zone(page.store.timezone), order.currency, order.decimals),
        reasons=[(reason, words.word("reason", reason)) for reason in REASONS],
        request_key=secrets.token_hex(16),
        most_details=MOST_DETAILS,
        draft=draft,
    )


def steps_back(page: OrderHome) -> list[tuple[Money, datetime | None]]:
    """What can come back if all is done, and until when: each amount once."""
    if page.quote is None:
        return []
    steps = page.quote.conditions_met.steps
    return [(step.amount, step.until) for step in steps if step.decision.outcome == "refund"]


@portal.post("/ask")
@guard(By.VISIT)
def ask() -> ResponseReturnValue:
    visit = visit_for_refund()
    try:
        form = AskForm().load(request.form)
    except ValidationError as error:
        raise FormNotUnderstood("Nothing was asked for: choose a reason from the list.") from error
    report = Report(details=form["details"].strip() or None)
    order_home.ask(desk().edges, visit.order_id, form["request_key"], form["reason"], report)
    return _back("asked")


@portal.post("/report")
@guard(By.VISIT)
def complete_report() -> ResponseReturnValue:
    visit = visit_for_refund()
    try:
        form = ReportForm().load(request.form)
    except ValidationError as error:
        raise FormNotUnderstood("A field of the report is too long. Nothing was kept.") from error
    order_home.complete_report(desk().edges, visit.order_id, given(form))
    return _back("asked")


def given(form: dict[str, str]) -> dict[str, Any]:
    """The fields of a report that were filled in."""
    texts = ("site_url", "product_version", "details")
    filled: dict[str, Any] = {
        name: form[name].strip() for name in texts if form.get(name, "").strip()
    }
    if "no_screenshots" in form:
        filled["no_screenshots"] = True
    named = tuple(
        one.strip() for one in form.get("other_extensions", "").split("\n") if one.strip()
    )
    if named or "no_extensions" in form:
        filled["other_extensions"] = named
    return filled


@portal.post("/reply")
@guard(By.VISIT)
def reply() -> ResponseReturnValue:
    order_id, words = visit_for_refund().order_id, request.form.get("words", "")
    # A page that says of no turn is one of before the case's first.
    seen = request.form.get("last_turn", 0, type=int)
    try:
        order_home.reply(desk().edges, order_id, words, seen=seen)
    except CaseMovedOn:
        return _show(words), 409
    return _back("messages")


@portal.post(f"/quotes/<{_ID}:quote_id>")
@guard(By.VISIT)
def answer_offer(quote_id: int) -> ResponseReturnValue:
    visit, answer = visit_for_refund(), request.form.get("answer")
    if answer not in ("accept", "decline"):
        raise FormNotUnderstood("Nothing was answered: accept or decline.")
    order_home.answer_offer(desk().edges, visit.order_id, quote_id, accepts=answer == "accept")
    return _back("messages")


@portal.post("/withdraw")
@guard(By.VISIT)
def withdraw() -> ResponseReturnValue:
    order_home.take_back(desk().edges, visit_for_refund().order_id)
    return _back("asked")


@portal.post("/statement")
@guard(By.VISIT)
def state() -> ResponseReturnValue:
    visit, is_ticked = visit_for_refund(), request.form.get("destroyed") == "yes"
    order_home.state_destruction(desk().edges, visit.order_id, is_ticked=is_ticked)
    return _back("asked")


@portal.post(f"/sites/<{_ID}:activation_id>/off")
@guard(By.VISIT)
def switch_off(activation_id: int) -> ResponseReturnValue:
    order_home.switch_site_off(desk().edges, current_visit().order_id, activation_id)
    return _back("licenses")


@portal.post(f"/sites/<{_ID}:activation_id>/lost")
@guard(By.VISIT)
def report_lost(activation_id: int) -> ResponseReturnValue:
    order_home.say_site_is_lost(desk().edges, current_visit().order_id, activation_id)
    return _back("licenses")


@portal.get("/portal.css")
@guard(By.NOBODY)
def stylesheet() -> ResponseReturnValue:
    return looks.stylesheet(_OWN_STYLE)


@portal.get("/icon.svg")
@guard(By.NOBODY)
def icon() -> ResponseReturnValue:
    return looks.icon()


def visit_for_refund() -> Visit:
    """The visit, if its link was made for asking for money. Raises NotForThisVisit."""
    visit = current_visit()
    if visit.purpose is not Purpose.REFUND:
        raise NotForThisVisit("This link is for the licences alone. Nothing was done.")
    return visit


def _back(to: str) -> ResponseReturnValue:
    return redirect(url_for(".home", _anchor=to), code=303)
