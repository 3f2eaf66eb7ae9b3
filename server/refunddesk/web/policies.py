"""`/policies/<store>/`: the public page of a store's policy, in each language and version."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, request, url_for

from refunddesk.policy.page import content_policy
from refunddesk.policy.wording import LANGUAGES, Language
from refunddesk.services import policy_pages
from refunddesk.services.policy_pages import Addresses, PolicyPage
from refunddesk.services.refusal import Refusal
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.errors import STATUSES

policies = Blueprint("policies", __name__)

_STORE = "/<int(max=9223372036854775807):store_id>/"
_LANGUAGE = f"{_STORE}<any({', '.join(LANGUAGES)}):language>/"
#: How long a browser or a proxy may show a page without asking again, in seconds.
_FRESH = 300


@policies.get(_STORE)
@guard(By.NOBODY)
def policy_page(store_id: int) -> Response:
    """In the reader's language, as the browser names it."""
    response = _answer(store_id, _language_of_reader(), None)
    response.vary.add("Accept-Language")
    return response


@policies.get(_LANGUAGE)
@guard(By.NOBODY)
def policy_page_in(store_id: int, language: str) -> Response:
    return _answer(store_id, cast(Language, language), None)


@policies.get(f"{_LANGUAGE}<version>")
@guard(By.NOBODY)
def policy_page_of_version(store_id: int, language: str, version: str) -> Response:
    return _answer(store_id, cast(Language, language), version)


@policies.errorhandler(Refusal)
def say_why_not(refusal: Refusal) -> Response:
    response = Response(f"{refusal}\n", STATUSES[type(refusal)], mimetype="text/plain")
    return _protected(response)


def _language_of_reader() -> Language:
    """The first of ours that the browser names, whatever the country: "de-AT" reads German."""
    named = (code.partition("-")[0].lower() for code, _ in request.accept_languages)
    return cast(Language, next((code for code in named if code in LANGUAGES), "en"))


def _answer(store_id: int, language: Language, version: str | None) -> Response:
    edges = desk().edges
    names = policy_pages.version_names(edges, store_id)
    addresses = Addresses(
        {code: _address(store_id, code, version) for code in LANGUAGES},
        {name: _address(store_id, language, name) for name in names},
    )
    page = policy_pages.show_policy(edges, store_id, language, version, addresses)
    return _protected(_response(page, language))


def _address(store_id: int, language: str, version: str | None) -> str:
    if version is None:
        return url_for(".policy_page_in", store_id=store_id, language=language)
    return url_for(".policy_page_of_version", store_id=store_id, language=language, version=version)


def _response(page: PolicyPage, language: Language) -> Response:
    response = Response(page.html, mimetype="text/html")
    response.content_language = language
    response.set_etag(page.tag)
    response.cache_control.public = True
    response.cache_control.max_age = _FRESH
    return cast(Response, response.make_conditional(request))


def _protected(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = content_policy()
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
