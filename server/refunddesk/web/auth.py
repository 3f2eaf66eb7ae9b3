"""Who may call a route: every route names its guard, and a test of the house reads the names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from hmac import compare_digest
from typing import Any, TypeVar

from flask import g, request

from refunddesk.db.customer_links import Visit
from refunddesk.db.staff import Role
from refunddesk.services.customer_links import NoVisit, find_visit
from refunddesk.services.refusal import Refusal
from refunddesk.services.staff import find_signed_in
from refunddesk.services.tokens import find_bearer
from refunddesk.web.current import desk

SESSION_COOKIE = "refunddesk_staff"
VISIT_COOKIE = "refunddesk_visit"

View = TypeVar("View", bound=Callable[..., Any])

EVERY_ROLE = tuple(Role)


class By(StrEnum):
    """How a caller proves to be allowed."""

    NOBODY = "nobody"  # open to all
    SIGNATURE = "signature"  # the store's signature on the body; the use case checks it
    LICENSE = "license"  # the licence key or a site's token in the body; the use case checks it
    SESSION = "session"  # the cookie of a signed-in person
    VISIT = "visit"  # the cookie of a customer who came by a link
    BEARER = "bearer"  # a person's API token in the Authorization header
    MONITOR = "monitor"  # the token of the settings, for figures that name nobody
    RELAY = "relay"  # the token of the settings, for a mail service that hands mails in


@dataclass(frozen=True, slots=True)
class Guard:
    """What a route asks of its caller. `roles` are empty where no person is asked for."""

    by: By
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a request, however they proved it."""

    staff_id: int
    role: Role
    name: str = ""

    @property
    def actor(self) -> str:
        """How the trail names them."""
        return f"staff:{self.staff_id}"


class NotSignedIn(Refusal):
    """The route asks for a person, and the request brings no valid proof of one."""


class RoleNotEnough(Refusal):
    """The person is known, and their role does not allow this."""


#: Reads who calls from the current request. Raises NotSignedIn.
Proof = Callable[[], Caller]


def guard(by: By, *roles: Role) -> Callable[[View], View]:
    """Mark a view with its guard, and let nobody through whom it does not let.

    What SIGNATURE and LICENSE ask for is checked by the use case.
    """
    asked = Guard(by, roles)
    if bool(roles) != (by in (By.SESSION, By.BEARER)):
        raise ValueError(f"a guard by {by.value} names {'no' if roles else 'its'} roles")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if by is By.MONITOR:
                _check_token(desk().settings.metrics_token, "REFUNDDESK_METRICS_TOKEN")
            if by is By.RELAY:
                _check_token(desk().settings.mail_in_token, "REFUNDDESK_MAIL_IN_TOKEN")
            if by is By.VISIT:
                g.refunddesk_visit = _by_visit()
            if roles:
                caller = PROOFS[by]()
                if caller.role not in roles:
                    raise RoleNotEnough(
                        f"This needs the role {' or '.join(roles)}, and yours is {caller.role}. "
                        "Nothing was done."
                    )
                g.refunddesk_caller = caller
            return view(*args, **kwargs)

        guarded.refunddesk_guard = asked  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def current_caller() -> Caller:
    """The person who passed the guard of the current request."""
    caller: Caller = g.refunddesk_caller
    return caller


def current_visit() -> Visit:
    """The customer's visit that passed the guard of the current request."""
    visit: Visit = g.refunddesk_visit
    return visit


def visit_token() -> str | None:
    """What the browser brings as its visit; proves nothing yet."""
    return request.cookies.get(VISIT_COOKIE)


def _by_visit() -> Visit:
    token = visit_token()
    visit = find_visit(desk().edges, token) if token else None
    if visit is None:
        raise NoVisit("Please come by the link from your mail, or ask for a new one.")
    return visit


def session_token() -> str | None:
    """What the browser brings as its session; proves nothing yet."""
    return request.cookies.get(SESSION_COOKIE)


def _by_session() -> Caller:
    token = session_token()
    person = find_signed_in(desk().edges, token) if token else None
    if person is None:
        raise NotSignedIn("Please sign in first.")
    return Caller(person.id, person.role, person.name)


def _bearer_token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _by_bearer() -> Caller:
    token = _bearer_token()
    bearer = find_bearer(desk().edges, token) if token is not None else None
    if bearer is None:
        raise NotSignedIn("This needs a valid token: `Authorization: Bearer rdt_...`.")
    return Caller(bearer.staff_id, bearer.role)


def _check_token(token: str, setting: str) -> None:
    expected, brought = token.encode(), (_bearer_token() or "").encode()
    if not expected or not compare_digest(brought, expected):
        raise NotSignedIn(f"This needs the token that {setting} holds.")


PROOFS: Mapping[By, Proof] = {By.SESSION: _by_session, By.BEARER: _by_bearer}
