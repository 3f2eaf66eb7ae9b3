"""The protection of forms: what is posted must come from a page that this browser was given."""

from __future__ import annotations

from flask import g, request, session
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import RequestEntityTooLarge
from wtforms import ValidationError

from refunddesk.services.refusal import Refusal
from refunddesk.web.current import desk

#: Kept apart from the forms of a host application that uses the same session cookie.
_CSRF_KEY = "refunddesk_csrf"
#: Of a form with its files. The server in front takes no more than 5 MiB from anybody.
MOST_FORM_BYTES = 4 << 20


class FormExpired(Refusal):
    """The form is not one this server gave to this browser lately."""


class FormNotUnderstood(Refusal):
    """What a form brings is not what its page asks for."""


class FormTooLarge(Refusal):
    """What a form brings, files included, is more than this server takes."""


def refuse_foreign_forms() -> None:
    """Let nothing be posted without the token of a form given to this browser."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    # What names no length is read no further than that, either.
    request.max_content_length = request.max_form_memory_size = MOST_FORM_BYTES
    try:
        if (request.content_length or 0) > MOST_FORM_BYTES:
            raise RequestEntityTooLarge
        validate_csrf(
            request.form.get("csrf_token"),
            secret_key=desk().settings.secret_key,
            token_key=_CSRF_KEY,
        )
    except RequestEntityTooLarge:
        raise FormTooLarge(
            f"More than {MOST_FORM_BYTES >> 20} MiB cannot be given here. Nothing was kept."
        ) from None
    except ValidationError as error:
        raise FormExpired("This form is too old or was not made here. Nothing was done.") from error


def form_token() -> str:
    """The token for the forms of this answer."""
    token: str = generate_csrf(secret_key=desk().settings.secret_key, token_key=_CSRF_KEY)
    return token


def renew_forms() -> None:
    """Whoever comes or goes gets forms of their own: those from before are worth nothing."""
    session.pop(_CSRF_KEY, None)
    g.pop(_CSRF_KEY, None)
