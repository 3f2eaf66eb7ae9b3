"""The page on which a customer hands over access to their site, and sees what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from refunddesk.access import MOST, PROTOCOLS, Access
from refunddesk.policy.wording.catalogue import catalogue
from refunddesk.policy.wording.showing import Showing
from refunddesk.services import credentials, order_home
from refunddesk.services.credentials import AccessNotTaken
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.portal.blueprint import portal
from refunddesk.web.portal.order import visit_for_refund
from refunddesk.worktime import local_date, zone

_CREDENTIAL = "/credentials/<int(max=9223372036854775807):credential_id>"
#: What a page that comes back may still show. Passwords and notes are to be written anew.
_SHOWN_AGAIN = ("host", "protocol", "user", "expires_on")


@portal.get("/credentials", endpoint="credentials")
@guard(By.VISIT)
def show_credentials() -> ResponseReturnValue:
    return _show()


@portal.post(f"{_CREDENTIAL}/give")
@guard(By.VISIT)
def give_access(credential_id: int) -> ResponseReturnValue:
    order_id = visit_for_refund().order_id
    try:
        access = _access(request.form)
        credentials.give_access(desk().edges, order_id, credential_id, access)
    except AccessNotTaken as refused:
        again = {name: request.form.get(name, "") for name in _SHOWN_AGAIN}
        return _show(refused.field, again), 422
    return redirect(url_for(".credentials"), code=303)


@portal.post(f"{_CREDENTIAL}/destroy")
@guard(By.VISIT)
def destroy_access(credential_id: int) -> ResponseReturnValue:
    order_id = visit_for_refund().order_id
    credentials.end_by_customer(desk().edges, order_id, credential_id)
    return redirect(url_for(".credentials"), code=303)


def _show(wrong: str = "", again: Mapping[str, str] | None = None) -> str:
    """The page; `wrong` is the field that was not taken, `again` what the others said."""
    visit, edges = visit_for_refund(), desk().edges
    order, store = order_home.get_order_and_store(edges, visit.order_id)
    tz = zone(store.timezone)
    return render_template(
        "portal/credentials.html",
        order=order,
        store=store,
        held=credentials.show_of_order(edges, visit.order_id),
        words=catalogue(visit.language),
        show=Showing(tz, order.currency, order.decimals),
        protocols=PROTOCOLS,
        most=MOST,
        days=edges.credential_life.days,
        today=local_date(edges.clock(), tz),
        wrong=wrong,
        again=again or {},
    )


def _access(form: Mapping[str, str]) -> Access:
    """What the form brings. Raises AccessNotTaken where its day is none."""
    expires_on = form.get("expires_on", "").strip()
    try:
        on = date.fromisoformat(expires_on) if expires_on else None
    except ValueError:
        raise AccessNotTaken("expires_on") from None
    return Access(
        host=form.get("host", "").strip(),
        protocol=form.get("protocol", ""),
        user=form.get("user", "").strip(),
        password=form.get("password", ""),
        notes=form.get("notes", "").replace("\r\n", "\n").strip(),  # as browsers end lines
        expires_on=on,
    )
