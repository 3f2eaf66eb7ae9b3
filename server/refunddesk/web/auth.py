"""Who may call a route: every route names its guard, and a test of the house reads the names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from refunddesk.db.staff import Role, Staff
from refunddesk.services import staff as desk_staff
from refunddesk.services.refusal import Refusal
from refunddesk.web.mount import desk

SESSION_COOKIE = "refunddesk_staff"

View = TypeVar("View", bound=Callable[..., Any])

EVERY_ROLE = tuple(Role)


class By(StrEnum):
    """How a caller proves to be allowed."""

    NOBODY = "nobody"  # open to all
    SIGNATURE = "signature"  # the store's signature on the body; the use case checks it
    LICENSE = "license"  # the licence key or a site's token in the body; the use case checks it
    SESSION = "session"  # the cookie of a signed-in person
    BEARER = "bearer"  # a person's API token in the Authorization header


@dataclass(frozen=True, slots=True)
class Guard:
    """What a route asks of its caller. `roles` are empty where no person is asked for."""

    by: By
    roles: tuple[Role, ...]


class RoleNotEnough(Refusal):
    """The person is known, and their role does not allow this."""


#: What a way of proving oneself answers: the person, or the response that turns the caller away.
Proof = Callable[[], Staff | ResponseReturnValue]


def guard(by: By, *roles: Role) -> Callable[[View], View]:
    """Mark a view with its guard; for SESSION and BEARER also let only those roles through."""
    asked = Guard(by, roles)
    if bool(roles) != (by in (By.SESSION, By.BEARER)):
        raise ValueError(f"a guard by {by.value} names {'no' if roles else 'its'} roles")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if by in PROOFS:
                person = PROOFS[by]()
                if not isinstance(person, Staff):
                    return person
                if person.role not in roles:
                    raise RoleNotEnough(
                        f"This needs the role {' or '.join(roles)}, and yours is {person.role}. "
                        "Nothing was done."
                    )
                g.refunddesk_staff = person
            return view(*args, **kwargs)

        guarded.refunddesk_guard = asked  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def current_staff() -> Staff:
    """The person who passed the guard of the current request."""
    person: Staff = g.refunddesk_staff
    return person


def _by_session() -> Staff | ResponseReturnValue:
    person = find_signed_in()
    if person is None:
        return redirect(url_for("desk.sign_in"), code=303)
    return person


def find_signed_in() -> Staff | None:
    """The person signed in by this request's cookie."""
    token = request.cookies.get(SESSION_COOKIE)
    return desk_staff.find_signed_in(desk().edges, token) if token else None


PROOFS: Mapping[By, Proof] = {By.SESSION: _by_session}
