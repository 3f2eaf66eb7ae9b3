"""The store's own list of sites for trying out, beside the one that is shipped."""

from __future__ import annotations

from refunddesk import licensing
from refunddesk.db import staging_patterns
from refunddesk.db.history import record_deed
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import get_store


class PatternNotValid(Refusal):
    """The text cannot stand in a list of staging sites."""


class NoSuchPattern(Refusal):
    """The store's list has no such pattern."""


def add_pattern(edges: Edges, store_id: int, text: str) -> str:
    """Add the pattern for sites switched on from now on; its one spelling.

    Raises PatternNotValid, NoSuchStore.
    """
    try:
        pattern = licensing.staging_pattern(text)
    except licensing.NotAPattern as error:
        raise PatternNotValid(f"Nothing was added: {error}.") from None
    get_store(edges, store_id)
    now = edges.clock()
    with edges.database.write() as transaction:
        if staging_patterns.add_pattern(transaction, store_id, pattern):
            record_deed(
                transaction,
                at=now,
                actor="command",
                action="staging_pattern_added",
                subject=f"store:{store_id}",
                data={"pattern": pattern},
            )
    return pattern


def drop_pattern(edges: Edges, store_id: int, text: str) -> None:
    """Raises NoSuchPattern."""
    pattern = text.strip().lower()
    now = edges.clock()
    with edges.database.write() as transaction:
        if not staging_patterns.drop_pattern(transaction, store_id, pattern):
            raise NoSuchPattern(
                f"Store {store_id} has no pattern {text!r} of its own. Nothing was changed."
            )
        record_deed(
            transaction,
            at=now,
            actor="command",
            action="staging_pattern_dropped",
            subject=f"store:{store_id}",
            data={"pattern": pattern},
        )


def list_patterns(edges: Edges, store_id: int) -> list[str]:
    with edges.database.read() as transaction:
        return staging_patterns.list_patterns(transaction, store_id)
