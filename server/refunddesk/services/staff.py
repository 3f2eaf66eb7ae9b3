"""People at the desk: who they are, their passwords, and their sessions."""

from __future__ import annotations

import base64
from datetime import timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection

from refunddesk import licensing
from refunddesk.db import staff as people
from refunddesk.db.history import record_deed
from refunddesk.db.staff import Role, Staff
from refunddesk.services.approvals import void_of
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal

SESSION_TIME = timedelta(hours=12)
LEAST_PASSWORD_LENGTH = 12
#: Argon2 reads a password whole: an unbounded one would be a cheap way to keep the server busy.
MOST_PASSWORD_LENGTH = 256

NOT_TOGETHER = "This e-mail address and password do not fit together."


class SignInRefused(Refusal):
    """The e-mail address and the password are not those of a person who may sign in."""


class StaffAlreadyThere(Refusal):
    """Somebody with this e-mail address is at the desk already."""


class NoSuchStaff(Refusal):
    """Nobody at the desk has this e-mail address."""


class PasswordUnfit(Refusal):
    """The password is too short, or too long to be one."""


def add_staff(edges: Edges, *, email: str, name: str, role: Role, password: str) -> int:
    """The id of the new person. Raises StaffAlreadyThere, PasswordUnfit."""
    now = edges.clock()
    password_hash = _hash(password)
    with edges.database.write() as transaction:
        if people.find_staff(transaction, email):
            raise StaffAlreadyThere(
                f"{email} is at the desk already; nothing was changed. "
                f"A new password: `refunddesk staff password {email}`."
            )
        staff_id = people.add_staff(
            transaction, email=email, name=name, role=role, password_hash=password_hash, at=now
        )
        record_deed(
            transaction,
            at=now,
            actor="command",
            action="staff_added",
            subject=f"staff:{staff_id}",
            data={"role": role.value},
        )
    return staff_id


def set_password(edges: Edges, email: str, password: str) -> None:
    """Give a person a new password and end their sessions. Raises NoSuchStaff, PasswordUnfit."""
    now = edges.clock()
    password_hash = _hash(password)
    with edges.database.write() as transaction:
        person = get_staff(transaction, email)
        people.set_password_hash(transaction, person.id, password_hash)
        people.drop_sessions(transaction, person.id, now)
        record_deed(
            transaction,
            at=now,
            actor="command",
            action="staff_password_set",
            subject=f"staff:{person.id}",
        )


def disable_staff(edges: Edges, email: str) -> None:
    """Keep the person's name in the trail and let them in no more.

    What they granted and nobody approved yet is void. Raises NoSuchStaff.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        person = get_staff(transaction, email)
        people.disable(transaction, person.id, now)
        people.drop_sessions(transaction, person.id, now)
        void_of(transaction, f"staff:{person.id}", now, "command")
        record_deed(
            transaction,
            at=now,
            actor="command",
            action="staff_disabled",
            subject=f"staff:{person.id}",
        )


def get_staff(transaction: Connection, email: str) -> Staff:
    person = people.find_staff(transaction, email)
    if person is None:
        raise NoSuchStaff(f"Nobody at the desk has the address {email}; nothing was changed.")
    return person


def sign_in(edges: Edges, email: str, password: str) -> str:
    """A fresh session token, given out once and stored as its hash. Raises SignInRefused.

    An unknown address costs the same work as a wrong password, and is answered the same.
    """
    now = edges.clock()
    with edges.database.read() as transaction:
        person = people.find_staff(transaction, email)
    known = person is not None and person.disabled_at is None
    fits = _fits(person.password_hash if person and known else _nobodys_hash(), password)
    if person is None or not known or not fits:
        raise SignInRefused(NOT_TOGETHER)
    token = licensing.new_token(edges.random_bytes)
    fresher = _hasher().hash(password) if _hasher().check_needs_rehash(person.password_hash) else ""
    with edges.database.write() as transaction:
        people.drop_ended_sessions(transaction, now)
        people.add_session(
            transaction,
            token_hash=licensing.token_hash(token),
            staff_id=person.id,
            at=now,
            until=now + SESSION_TIME,
        )
        if fresher:
            people.set_password_hash(transaction, person.id, fresher)
        record_deed(
            transaction,
            at=now,
            actor=f"staff:{person.id}",
            action="signed_in",
            subject=f"staff:{person.id}",
        )
    return token


def sign_out(edges: Edges, token: str) -> None:
    """End the session: its token opens nothing from now on."""
    with edges.database.write() as transaction:
        people.drop_session(transaction, licensing.token_hash(token))


def find_signed_in(edges: Edges, token: str) -> Staff | None:
    """The person whose running session this token is."""
    now = edges.clock()
    with edges.database.read() as transaction:
        return people.find_signed_in(transaction, licensing.token_hash(token), now)


def new_password(edges: Edges) -> str:
    """A password nobody guesses: twenty letters and digits in groups, 100 bits."""
    text = base64.b32encode(edges.random_bytes(13)).decode().lower()[:20]
    return "-".join(text[i : i + 5] for i in range(0, 20, 5))


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher().hash("the password of nobody")


def _hash(password: str) -> str:
    if not LEAST_PASSWORD_LENGTH <= len(password) <= MOST_PASSWORD_LENGTH:
        raise PasswordUnfit(
            f"A password has {LEAST_PASSWORD_LENGTH} to {MOST_PASSWORD_LENGTH} characters; "
            "nothing was changed."
        )
    return _hasher().hash(password)


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher().verify(password_hash, password[:MOST_PASSWORD_LENGTH])
    except VerificationError:
        return False
