"""Deliveries that are in the journal and not in the database yet."""

from __future__ import annotations

from datetime import datetime

from refunddesk.db.inbox import NewDelivery
from refunddesk.services import journal
from refunddesk.services.edges import Edges


def keep_in_journal(edges: Edges, *deliveries: NewDelivery) -> None:
    """As a web process keeps them that ends thereafter."""
    writer = journal.open_writer(edges)
    for delivery in deliveries:
        journal.keep(writer, delivery, 10)
    writer.close()


def delivery(at: datetime, *, store_id: int = 1, endpoint_id: str = "A" * 22) -> NewDelivery:
    return NewDelivery(
        store_id, endpoint_id, "order.updated", "order", 1, b"{}", b"", None, received_at=at
    )


def forget_journal(edges: Edges) -> None:
    """What one scene of a rehearsal kept is no work of a later one: a stage stores nothing."""
    for kept in edges.home.glob("journal/*"):
        kept.unlink()
