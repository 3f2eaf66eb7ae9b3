"""People of the desk who are in already: only tests of signing in pay for a password check."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from refunddesk import licensing
from refunddesk.db import staff
from refunddesk.db.staff import Role
from refunddesk.services.edges import Edges
from refunddesk.web.auth import SESSION_COOKIE


def hire(edges: Edges, role: Role, email: str = "") -> int:
    """The id of a new person, whom no password lets in."""
    with edges.database.write() as transaction:
        return staff.add_staff(
            transaction,
            email=email or f"{role}@store.test",
            name=role.title(),
            role=role,
            password_hash="none",
            at=edges.clock(),
        )


def session_of(edges: Edges, staff_id: int) -> str:
    """The token of a session that has just begun and lasts twelve hours."""
    token = licensing.new_token(edges.random_bytes)
    now = edges.clock()
    with edges.database.write() as transaction:
        staff.add_session(
            transaction,
            token_hash=licensing.token_hash(token),
            staff_id=staff_id,
            at=now,
            until=now + timedelta(hours=12),
        )
    return token


def browser_of(app: Flask, edges: Edges, staff_id: int) -> FlaskClient:
    """A browser of somebody who signed in."""
    client = app.test_client()
    client.set_cookie(SESSION_COOKIE, session_of(edges, staff_id), path="/desk")
    return client
