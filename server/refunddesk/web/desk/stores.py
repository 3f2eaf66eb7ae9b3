"""The page of the stores: how each is connected, codes for new ones, the end of a connection."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from refunddesk.db.staff import Role
from refunddesk.services import store_logins
from refunddesk.services.connect_codes import MadeCode, link_to_store, make_code
from refunddesk.services.connections import disconnect_store
from refunddesk.services.store_pages import show_stores
from refunddesk.web.auth import EVERY_ROLE, By, current_caller, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.forms import FormNotUnderstood

_ID = "int(max=9223372036854775807)"


@desk_pages.get("/stores")
@guard(By.SESSION, *EVERY_ROLE)
def stores() -> ResponseReturnValue:
    return _show()


@desk_pages.post("/stores/codes")
@guard(By.SESSION, Role.OWNER)
def make_connect_code() -> ResponseReturnValue:
    """The page with the code on it: it is told this once, and never asked for by an address."""
    made = make_code(
        desk().edges,
        by=current_caller().actor,
        policy=_given("policy") or None,
        store_id=_given_number("store", "This is not the number of a store. No code was made."),
        store_url=_given("url") or None,
    )
    return _show(made)


@desk_pages.post(f"/stores/<{_ID}:store_id>/disconnect")
@guard(By.SESSION, Role.OWNER)
def end_connection(store_id: int) -> ResponseReturnValue:
    left = disconnect_store(desk().edges, store_id, by=current_caller().actor)
    return _show(left=left) if left else redirect(url_for(".stores"), code=303)


@desk_pages.post(f"/stores/logins/<{_ID}:login_id>/allow")
@guard(By.SESSION, Role.OWNER)
def allow_login(login_id: int) -> ResponseReturnValue:
    given = _given_number("staff", "This is not the number of a colleague. Nothing was allowed.")
    store_logins.allow(desk().edges, login_id, given or 0, by=current_caller().actor)
    return redirect(url_for(".stores"), code=303)


@desk_pages.post(f"/stores/logins/<{_ID}:login_id>/withdraw")
@guard(By.SESSION, Role.OWNER)
def withdraw_login(login_id: int) -> ResponseReturnValue:
    store_logins.withdraw(desk().edges, login_id, by=current_caller().actor)
    return redirect(url_for(".stores"), code=303)


def _show(made: MadeCode | None = None, left: str | None = None) -> str:
    edges, settings = desk().edges, desk().settings
    base_url = settings.public_url + settings.url_prefix
    return render_template(
        "desk/stores.html",
        page=show_stores(edges),
        now=edges.clock(),
        base_url=base_url,
        made=made,
        link=link_to_store(made, base_url) if made else None,
        left=left,
        may_change=current_caller().role == Role.OWNER,
    )


def _given(name: str) -> str:
    # PostgreSQL takes no text with a NUL in it.
    return request.form.get(name, "").replace("\0", "").strip()[:300]


def _given_number(name: str, otherwise: str) -> int | None:
    """None where the form has none. Raises FormNotUnderstood, which says `otherwise`."""
    given = _given(name)
    if given and not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise FormNotUnderstood(otherwise)
    return int(given) if given else None
