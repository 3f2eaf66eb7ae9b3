"""What all pages of the desk share: their headers, their forms' protection, their error page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf, validate_csrf
from wtforms import ValidationError

from refunddesk.compat.surface import PRODUCT_NAMES
from refunddesk.services.refusal import Refusal
from refunddesk.web.auth import FormExpired, FormTooLarge, NotSignedIn
from refunddesk.web.current import desk
from refunddesk.web.desk import words
from refunddesk.web.errors import STATUSES

desk_pages = Blueprint("desk", __name__, template_folder="templates")

#: Kept apart from the forms of a host application that uses the same session cookie.
_CSRF_KEY = "refunddesk_csrf"
#: Of a form with its files. The server in front takes no more than 5 MiB from anybody.
MOST_FORM_BYTES = 4 << 20
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@desk_pages.before_request
def refuse_foreign_forms() -> None:
    """Whatever is posted must carry the token of a form given to this browser."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if (request.content_length or 0) > MOST_FORM_BYTES:
        raise FormTooLarge(
            f"More than {MOST_FORM_BYTES >> 20} MiB cannot be given here. Nothing was kept."
        )
    try:
        validate_csrf(
            request.form.get("csrf_token"),
            secret_key=desk().settings.secret_key,
            token_key=_CSRF_KEY,
        )
    except ValidationError as error:
        raise FormExpired("This form is too old or was not made here. Nothing was done.") from error


def renew_forms() -> None:
    """Whoever signs in or out gets forms of their own: those from before are worth nothing."""
    session.pop(_CSRF_KEY, None)
    g.pop(_CSRF_KEY, None)


@desk_pages.context_processor
def for_templates() -> dict[str, Any]:
    return {
        "ago": words.ago,
        "caller": g.get("refunddesk_caller"),
        "csrf_token": lambda: generate_csrf(
            secret_key=desk().settings.secret_key, token_key=_CSRF_KEY
        ),
        "in_words": words.in_words,
        "product_names": PRODUCT_NAMES,
        "sentence": words.sentence,
    }


@desk_pages.after_request
def protect(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if "Cache-Control" not in response.headers:
        # What staff see must not be found in the browser after they signed out.
        response.headers["Cache-Control"] = "no-store"
    return response


@desk_pages.errorhandler(NotSignedIn)
def lead_to_sign_in(_: NotSignedIn) -> ResponseReturnValue:
    return redirect(url_for(".sign_in"), code=303)


@desk_pages.errorhandler(Refusal)
def say_why_not(refusal: Refusal) -> ResponseReturnValue:
    return render_template("desk/refusal.html", refusal=refusal), STATUSES[type(refusal)]
