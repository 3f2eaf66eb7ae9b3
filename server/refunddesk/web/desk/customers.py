"""The pages of suspicions and of one customer: what is suspected, and legal procedures (R-1A)."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from refunddesk.db.staff import Role
from refunddesk.services import customers, infringements, suspicions
from refunddesk.services.customer_pages import show_customer
from refunddesk.services.customers import CustomerChange
from refunddesk.services.reasons import MOST_REASON, written_reason
from refunddesk.services.refusal import Refusal
from refunddesk.web.auth import EVERY_ROLE, By, current_caller, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.errors import STATUSES

_ID = "int(max=9223372036854775807)"
_CUSTOMER = f"/customers/<{_ID}:customer_id>"
_SUSPICION = f"/suspicions/<{_ID}:suspicion_id>"
_WORKERS = (Role.OWNER, Role.APPROVER, Role.SUPPORT)
_DECIDERS = (Role.OWNER, Role.APPROVER)


@desk_pages.get("/suspicions", endpoint="suspicions")
@guard(By.SESSION, *EVERY_ROLE)
def list_suspicions() -> ResponseReturnValue:
    return _list_page()


@desk_pages.post(f"{_SUSPICION}/confirm")
@guard(By.SESSION, *_DECIDERS)
def confirm_suspicion(suspicion_id: int) -> ResponseReturnValue:
    def confirm(words: str, by: str) -> None:
        evidence = written_reason(words, "The suspicion is still open.")
        suspicions.confirm(desk().edges, suspicion_id, evidence=evidence, by=by)

    return _settle(suspicion_id, confirm)


@desk_pages.post(f"{_SUSPICION}/drop")
@guard(By.SESSION, *_DECIDERS)
def drop_suspicion(suspicion_id: int) -> ResponseReturnValue:
    def drop(words: str, by: str) -> None:
        because = written_reason(words, "The suspicion is still open.")
        suspicions.drop(desk().edges, suspicion_id, because=because, by=by)

    return _settle(suspicion_id, drop)


@desk_pages.get(_CUSTOMER)
@guard(By.SESSION, *EVERY_ROLE)
def customer(customer_id: int) -> ResponseReturnValue:
    return _page(customer_id)


@desk_pages.post(f"{_CUSTOMER}/suspect")
@guard(By.SESSION, *_WORKERS)
def suspect_customer(customer_id: int) -> ResponseReturnValue:
    def suspect(words: str, by: str) -> None:
        suspicions.report(desk().edges, customer_id, evidence=words, by=by)

    return _take(customer_id, "suspect", suspect)


@desk_pages.post(f"{_CUSTOMER}/accuse")
@guard(By.SESSION, *_DECIDERS)
def accuse_customer(customer_id: int) -> ResponseReturnValue:
    def accuse(words: str, by: str) -> None:
        evidence = written_reason(words, "No procedure was opened.")
        change = CustomerChange(infringement="open", evidence=evidence)
        customers.change_customer(desk().edges, customer_id, change, by=by)

    return _take(customer_id, "accuse", accuse)


@desk_pages.post(f"{_CUSTOMER}/clear")
@guard(By.SESSION, *_DECIDERS)
def clear_customer(customer_id: int) -> ResponseReturnValue:
    def clear(_: str, by: str) -> None:
        change = CustomerChange(infringement="settled")
        customers.change_customer(desk().edges, customer_id, change, by=by)

    return _take(customer_id, "clear", clear)


def _settle(suspicion_id: int, act: Callable[[str, str], None]) -> ResponseReturnValue:
    try:
        act(request.form.get("words", ""), current_caller().actor)
    except Refusal as refusal:
        return _list_page(refusal, suspicion_id), STATUSES[type(refusal)]
    return redirect(url_for(".suspicions"), code=303)


def _take(customer_id: int, form_name: str, act: Callable[[str, str], None]) -> ResponseReturnValue:
    """Do what the form asks; where it is refused, the page comes back with what was written."""
    try:
        act(request.form.get("words", ""), current_caller().actor)
    except Refusal as refusal:
        return _page(customer_id, refusal, form_name), STATUSES[type(refusal)]
    return redirect(url_for(".customer", customer_id=customer_id), code=303)


def _list_page(refusal: Refusal | None = None, refused_id: int = 0) -> str:
    edges = desk().edges
    return render_template(
        "desk/suspicions.html",
        suspicions=suspicions.list_told(edges),
        procedures=infringements.list_open(edges),
        now=edges.clock(),
        may_decide=current_caller().role in _DECIDERS,
        most_reason=MOST_REASON,
        refusal=refusal,
        refused_id=refused_id,
        written=request.form if refusal else {},
    )


def _page(customer_id: int, refusal: Refusal | None = None, form_name: str = "") -> str:
    edges, role = desk().edges, current_caller().role
    return render_template(
        "desk/customer.html",
        page=show_customer(edges, customer_id),
        now=edges.clock(),
        may_work=role in _WORKERS,
        may_decide=role in _DECIDERS,
        most_reason=MOST_REASON,
        refusal=refusal,
        refused=form_name,
        written=request.form if refusal else {},
    )
