"""The page of double and stuck payments, and what staff do about them."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from refunddesk.db.staff import Role
from refunddesk.services import calling_off, duplicates, payment_pages
from refunddesk.services.reasons import MOST_REASON
from refunddesk.services.refusal import Refusal
from refunddesk.web.auth import EVERY_ROLE, By, current_caller, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.errors import STATUSES

_ID = "int(max=9223372036854775807)"
_PAIR = f"/duplicates/<{_ID}:duplicate_id>"
_DECIDERS = (Role.OWNER, Role.APPROVER)
_WORKERS = (Role.OWNER, Role.APPROVER, Role.SUPPORT)


@desk_pages.get("/payments")
@guard(By.SESSION, *EVERY_ROLE)
def payments() -> ResponseReturnValue:
    return _page()


@desk_pages.post(f"{_PAIR}/return")
@guard(By.SESSION, *_DECIDERS)
def return_duplicate(duplicate_id: int) -> ResponseReturnValue:
    edges, by = desk().edges, current_caller().actor
    return _take(lambda: duplicates.return_extra(edges, duplicate_id, by=by))


@desk_pages.post(f"{_PAIR}/drop")
@guard(By.SESSION, *_DECIDERS)
def drop_duplicate(duplicate_id: int) -> ResponseReturnValue:
    edges, by, because = desk().edges, current_caller().actor, request.form.get("because", "")
    return _take(lambda: duplicates.drop(edges, duplicate_id, because, by=by))


@desk_pages.post(f"/orders/<{_ID}:order_id>/close")
@guard(By.SESSION, *_WORKERS)
def close_payment(order_id: int) -> ResponseReturnValue:
    edges, by = desk().edges, current_caller().actor
    return _take(lambda: calling_off.ask_to_close(edges, order_id, by=by))


def _take(act: Callable[[], object]) -> ResponseReturnValue:
    """Do what the form asks; where it is refused, the page comes back and says why."""
    try:
        act()
    except Refusal as refusal:
        return _page(refusal), STATUSES[type(refusal)]
    return redirect(url_for(".payments"), code=303)


def _page(refusal: Refusal | None = None) -> str:
    role = current_caller().role
    return render_template(
        "desk/payments.html",
        page=payment_pages.show_payments(desk().edges),
        may_decide=role in _DECIDERS,
        may_work=role in _WORKERS,
        most_reason=MOST_REASON,
        refusal=refusal,
    )
