"""Staff tokens: made once, shown once, and good until they are revoked."""

from __future__ import annotations

from refunddesk import licensing
from refunddesk.db import tokens
from refunddesk.db.history import record_deed
from refunddesk.db.tokens import TokenBearer
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal

#: Lets people and scanners of leaked secrets recognise one.
_PREFIX = "rdt_"


class NoSuchToken(Refusal):
    """No token has this id, or it was revoked before."""


class NoSuchPerson(Refusal):
    """Nobody at the desk has this id."""


def make_token(edges: Edges, staff_id: int, name: str, *, by: str) -> str:
    """A token for `staff_id`'s programs, told this once; `name` says what it is for.

    Raises NoSuchPerson.
    """
    now = edges.clock()
    token = _PREFIX + licensing.new_token(edges.random_bytes)
    with edges.database.write() as transaction:
        if not tokens.staff_exists(transaction, staff_id):
            raise NoSuchPerson(f"Nobody at the desk has the id {staff_id}. No token was made.")
        token_id = tokens.record_token(
            transaction, staff_id, name, token_hash=licensing.token_hash(token), at=now
        )
        record_deed(
            transaction,
            at=now,
            actor=by,
            action="token_made",
            subject=f"staff:{staff_id}",
            data={"token": token_id},
        )
    return token


def revoke_token(edges: Edges, token_id: int, *, by: str) -> None:
    """The token opens nothing from now on. Raises NoSuchToken."""
    now = edges.clock()
    with edges.database.write() as transaction:
        if not tokens.revoke_token(transaction, token_id, at=now):
            raise NoSuchToken(f"There is no token {token_id} that still opens anything.")
        record_deed(
            transaction, at=now, actor=by, action="token_revoked", subject=f"token:{token_id}"
        )


def find_bearer(edges: Edges, token: str) -> TokenBearer | None:
    """The staff member whose token this is; None for any other text."""
    with edges.database.read() as transaction:
        return tokens.find_bearer(transaction, licensing.token_hash(token))
