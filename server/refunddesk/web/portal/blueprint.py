"""What all pages of the customer share: headers, language, forms, and refusals in their words."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue

from refunddesk.policy.wording.catalogue import LANGUAGES, Language
from refunddesk.services.refusal import Refusal
from refunddesk.web.errors import STATUSES
from refunddesk.web.forms import form_token, refuse_foreign_forms
from refunddesk.web.portal.texts import texts

portal = Blueprint("portal", __name__, template_folder="templates")
portal.before_request(refuse_foreign_forms)

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The address of a link holds what opens the page: it must reach no other site.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def language() -> Language:
    """The visit's language, or before there is one the browser's."""
    visit = g.get("refunddesk_visit")
    if visit is not None:
        return cast(Language, visit.language)
    return cast(Language, request.accept_languages.best_match(LANGUAGES, "en"))


@portal.context_processor
def for_templates() -> dict[str, Any]:
    spoken = language()
    return {
        "csrf_token": form_token,
        "language": spoken,
        "languages": LANGUAGES,
        "say": texts(spoken).say,
        "visit": g.get("refunddesk_visit"),
    }


@portal.after_request
def protect(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


@portal.errorhandler(Refusal)
def say_why_not(refusal: Refusal) -> ResponseReturnValue:
    said = texts(language())
    key = f"refused.{refusal.code}"
    sentence = said.say(key if said.has(key) else "refused.other")
    status = STATUSES[type(refusal)]
    return render_template("portal/refusal.html", sentence=sentence, code=refusal.code), status
