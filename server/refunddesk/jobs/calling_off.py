"""The job that ends a subscription or closes a stuck payment in the store."""

from __future__ import annotations

from refunddesk.services import called_off
from refunddesk.services.edges import Edges


def call_off(edges: Edges, subject: str) -> None:
    """`subject` is the cancellation's id."""
    called_off.call_off(edges, int(subject))
