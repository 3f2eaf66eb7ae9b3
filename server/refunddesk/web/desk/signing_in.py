"""Signing in and out."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug import Response

from refunddesk.db.staff import email_key
from refunddesk.services import staff, store_logins
from refunddesk.web.auth import EVERY_ROLE, SESSION_COOKIE, By, guard, session_token
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.forms import renew_forms
from refunddesk.web.throttle import TooManyAttempts

#: Attempts from one address, whoever is tried: an office shares one.
_PER_ADDRESS = "20/5minutes"
#: Attempts on one person, from wherever: 960 a day find no password of twelve characters.
_PER_EMAIL = "10/15minutes"
_LINK = "string(minlength=20,maxlength=100)"


class SignInForm(Schema):
    """What the sign-in page posts; the form's own token was checked before."""

    class Meta:
        unknown = EXCLUDE

    # PostgreSQL takes no text with a NUL in it.
    email = fields.String(
        required=True, validate=[validate.Length(1, 254), validate.ContainsNoneOf("\0")]
    )
    password = fields.String(required=True, validate=validate.Length(1, staff.MOST_PASSWORD_LENGTH))


@desk_pages.get("/sign-in")
@guard(By.NOBODY)
def sign_in() -> ResponseReturnValue:
    return render_template("desk/sign_in.html")


@desk_pages.post("/sign-in")
@guard(By.NOBODY)
def take_sign_in() -> ResponseReturnValue:
    try:
        token = _sign_in(*_read_form())
    except TooManyAttempts as refusal:
        return render_template("desk/sign_in.html", refusal=refusal), 429
    except staff.SignInRefused as refusal:
        return render_template("desk/sign_in.html", refusal=refusal), 401
    renew_forms()
    response = redirect(url_for(".status"), code=303)
    _keep_session(response, token)
    return response


@desk_pages.get(f"/from-store/<{_LINK}:entrance>")
@guard(By.NOBODY)
def see_store_link(entrance: str) -> ResponseReturnValue:
    """Only a button, with who it signs in: a link that was sent to somebody signs nobody in."""
    seen = store_logins.see_link(desk().edges, entrance)
    return render_template("desk/from_store.html", entrance=seen)


@desk_pages.post(f"/from-store/<{_LINK}:entrance>")
@guard(By.NOBODY)
def enter_from_store(entrance: str) -> ResponseReturnValue:
    desk().throttle.attempt(_PER_ADDRESS, "sign-in from", request.remote_addr or "")
    entered = store_logins.enter(desk().edges, entrance)
    old = session_token()
    if old:
        staff.sign_out(desk().edges, old)
    renew_forms()
    to = url_for(".order", order_id=entered.order_id) if entered.order_id else url_for(".status")
    response = redirect(to, code=303)
    _keep_session(response, entered.token)
    return response


@desk_pages.post("/sign-out")
@guard(By.SESSION, *EVERY_ROLE)
def sign_out() -> ResponseReturnValue:
    staff.sign_out(desk().edges, session_token() or "")
    renew_forms()
    response = redirect(url_for(".sign_in"), code=303)
    _keep_session(response, None)
    return response


def _read_form() -> tuple[str, str]:
    try:
        form = SignInForm().load(request.form)
    except ValidationError:
        raise staff.SignInRefused(staff.NOT_TOGETHER) from None
    return form["email"], form["password"]


def _sign_in(email: str, password: str) -> str:
    throttle, address = desk().throttle, request.remote_addr or ""
    # Counted before the password is looked at: checking one costs the server a tenth of a second.
    throttle.attempt(_PER_ADDRESS, "sign-in from", address)
    throttle.attempt(_PER_EMAIL, "sign-in as", email_key(email))
    old = session_token()
    token = staff.sign_in(desk().edges, email, password)
    throttle.forget(_PER_EMAIL, "sign-in as", email_key(email))
    if old:
        staff.sign_out(desk().edges, old)
    return token


def _keep_session(response: Response, token: str | None) -> None:
    """Give the browser its session, or take it back."""
    settings = desk().settings
    path = f"{settings.url_prefix}/desk"
    is_secure = settings.public_url.startswith("https:")
    if token is None:
        response.delete_cookie(SESSION_COOKIE, path=path, secure=is_secure, httponly=True)
        return
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=staff.SESSION_TIME,
        path=path,
        secure=is_secure,
        httponly=True,
        samesite="Lax",
    )
