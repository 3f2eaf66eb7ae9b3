"""What staff do to a case beside talking: its report, files, quotes, and handing over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from refunddesk.casework import CATEGORIES
from refunddesk.services import attachments, cases, item_deliveries, materials, work_quotes
from refunddesk.services.attachments import AttachmentNotTaken
from refunddesk.services.case_pages import show_staff_case
from refunddesk.services.edges import Edges
from refunddesk.services.reasons import written_reason
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.desk.cases import CASE, REASONS, WORKERS, CaseForm, actor, take
from refunddesk.web.forms import FormNotUnderstood
from refunddesk.worktime import end_of_day, start_of_day, zone

_MOST_ID = 2**63 - 1
#: As much of a Site Health report as the API takes.
MOST_SITE_HEALTH = 200_000


def _line(most: int) -> fields.String:
    return fields.String(
        load_default="", validate=[validate.Length(max=most), validate.ContainsNoneOf("\0")]
    )


class _ReportForm(Schema):
    """The whole report as the page shows it; a field left empty says that it was not said."""

    class Meta:
        unknown = EXCLUDE

    fingerprint = fields.String(required=True, validate=validate.Length(equal=16))
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    category = fields.String(required=True, validate=validate.OneOf(list(CATEGORIES)))
    site_url = _line(500)
    product = _line(200)
    product_version = _line(100)
    details = _line(20_000)
    no_screenshots = fields.Boolean(load_default=False)
    other_extensions = _line(20_000)
    no_extensions = fields.Boolean(load_default=False)
    site_health = _line(MOST_SITE_HEALTH)


class _QuoteForm(CaseForm):
    amount = fields.String(required=True, validate=validate.Length(1, 30))
    valid_until = fields.Date(required=True)


class _QuoteAnswerForm(Schema):
    """What became of a quote; only a withdrawal needs its reason."""

    class Meta:
        unknown = EXCLUDE

    quote = fields.Integer(required=True, validate=validate.Range(1, _MOST_ID))
    answer = fields.String(
        required=True, validate=validate.OneOf(("accepted", "declined", "withdrawn"))
    )
    words = fields.String(load_default="")
    seen = fields.Integer(required=True, validate=validate.Range(0, _MOST_ID))


class _DeliveryForm(Schema):
    class Meta:
        unknown = EXCLUDE

    item = fields.Integer(required=True, validate=validate.Range(1, _MOST_ID))
    delivered_on = fields.Date(allow_none=True, load_default=None)


class _NoFields(Schema):
    class Meta:
        unknown = EXCLUDE


@desk_pages.post(f"{CASE}/report")
@guard(By.SESSION, *WORKERS)
def change_report(case_id: int) -> ResponseReturnValue:
    def change(form: dict[str, Any]) -> None:
        seen, pasted = form.pop("fingerprint"), form.pop("site_health").strip() or None
        cases.change_report(
            desk().edges, case_id, _report(form), by=actor(), site_health=pasted, seen=seen
        )

    return take(case_id, "report", _ReportForm(), change)


@desk_pages.post(f"{CASE}/attach")
@guard(By.SESSION, *WORKERS)
def attach_to_case(case_id: int) -> ResponseReturnValue:
    def attach(_: dict[str, Any]) -> None:
        given = request.files.get("file")
        if given is None or not given.filename:
            raise AttachmentNotTaken("Nothing was kept. No file was chosen.")
        name = given.filename.replace("\0", "")[:300] or "file"
        attachments.attach(desk().edges, case_id, name, given.read(), by=actor())

    return take(case_id, "attach", _NoFields(), attach)


@desk_pages.post(f"{CASE}/quote")
@guard(By.SESSION, *WORKERS)
def offer_quote(case_id: int) -> ResponseReturnValue:
    def offer(form: dict[str, Any]) -> None:
        _offer(desk().edges, case_id, form)

    return take(case_id, "quote", _QuoteForm(), offer)


@desk_pages.post(f"{CASE}/quote-answer")
@guard(By.SESSION, *WORKERS)
def settle_quote(case_id: int) -> ResponseReturnValue:
    def settle(form: dict[str, Any]) -> None:
        _settle_quote(desk().edges, case_id, form)

    return take(case_id, "quote-answer", _QuoteAnswerForm(), settle)


@desk_pages.post(f"{CASE}/deliver")
@guard(By.SESSION, *WORKERS)
def deliver_work(case_id: int) -> ResponseReturnValue:
    def deliver(form: dict[str, Any]) -> None:
        _deliver(desk().edges, case_id, form)

    return take(case_id, "deliver", _DeliveryForm(), deliver)


@desk_pages.post(f"{CASE}/materials")
@guard(By.SESSION, *WORKERS)
def offer_materials(case_id: int) -> ResponseReturnValue:
    def offer(_: dict[str, Any]) -> None:
        edges = desk().edges
        order_id = cases.show_case(edges, case_id).case.order_id
        materials.offer_materials(edges, order_id, by=actor())

    return take(case_id, "materials", _NoFields(), offer)


def _report(form: Mapping[str, Any]) -> dict[str, object]:
    """The report as `change_report` takes it."""
    texts = ("site_url", "product", "product_version", "details")
    said: dict[str, object] = {
        name: form[name].replace("\r\n", "\n").strip() or None for name in texts
    }
    named = tuple(one.strip() for one in form["other_extensions"].split("\n") if one.strip())
    said["other_extensions"] = named if named or form["no_extensions"] else None
    return said | {name: form[name] for name in ("no_screenshots", "reason", "category")}


def _offer(edges: Edges, case_id: int, form: Mapping[str, Any]) -> None:
    page = show_staff_case(edges, case_id)
    work_quotes.offer_quote(
        edges,
        case_id,
        work=form["words"],
        amount=form["amount"].strip(),
        currency=page.order.currency,
        valid_until=_instant(end_of_day, form["valid_until"], page.store.timezone),
        by=actor(),
        seen=form["seen"],
    )


def _settle_quote(edges: Edges, case_id: int, form: Mapping[str, Any]) -> None:
    known = {quote.id for quote in cases.show_case(edges, case_id).quotes}
    if form["quote"] not in known:
        raise work_quotes.NoSuchQuote(f"Case {case_id} has no quote {form['quote']}.")
    if form["answer"] != "withdrawn":
        accepts = form["answer"] == "accepted"
        work_quotes.answer_quote(edges, form["quote"], accepts=accepts, by=actor())
        return
    because = written_reason(form["words"], "The quote stands as it was.")
    work_quotes.withdraw_quote(edges, form["quote"], because=because, by=actor(), seen=form["seen"])


def _deliver(edges: Edges, case_id: int, form: Mapping[str, Any]) -> None:
    page = show_staff_case(edges, case_id)
    on = form["delivered_on"]
    at = _instant(start_of_day, on, page.store.timezone) if on else None
    item_deliveries.record_delivery(edges, page.order.id, form["item"], delivered_at=at, by=actor())


def _instant(of_day: Callable[[date, tzinfo], datetime], on: date, timezone: str) -> datetime:
    try:
        return of_day(on, zone(timezone))
    except (OverflowError, ValueError):
        raise FormNotUnderstood("Nothing was taken down. This day is in no calendar.") from None
