"""What all pages of the desk share: their headers, their forms' protection, their error page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from refunddesk.compat.surface import PRODUCT_NAMES
from refunddesk.services.refusal import Refusal
from refunddesk.web.auth import NotSignedIn
from refunddesk.web.desk import words
from refunddesk.web.errors import STATUSES
from refunddesk.web.forms import form_token, refuse_foreign_forms

desk_pages = Blueprint("desk", __name__, template_folder="templates")

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


desk_pages.before_request(refuse_foreign_forms)


@desk_pages.context_processor
def for_templates() -> dict[str, Any]:
    return {
        "ago": words.ago,
        "caller": g.get("refunddesk_caller"),
        "csrf_token": form_token,
        "in_words": words.in_words,
        "product_names": PRODUCT_NAMES,
        "sentence": words.sentence,
    }


@desk_pages.after_request
def protect(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)  # a file to be saved brings stricter ones
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
