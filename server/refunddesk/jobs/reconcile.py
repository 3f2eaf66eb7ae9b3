"""The jobs that compare a store with our copy of it, and that see to its webhooks and bridge."""

from __future__ import annotations

from refunddesk.db.sweeps import Kind
from refunddesk.services import bridges, reconcile, webhook_health
from refunddesk.services.edges import Edges


def sweep_store(edges: Edges, subject: str) -> None:
    """`subject` is "<kind of sweep>:<store id>"."""
    kind, _, store_id = subject.partition(":")
    reconcile.sweep_store(edges, Kind(kind), int(store_id))


def check_webhooks(edges: Edges, subject: str) -> None:
    """`subject` is the store's id."""
    webhook_health.check_webhooks(edges, int(subject))
    bridges.look_for_bridge(edges, int(subject))
