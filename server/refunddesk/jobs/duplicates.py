"""The job that looks whether an order was paid twice."""

from __future__ import annotations

from refunddesk.services import duplicates
from refunddesk.services.edges import Edges


def find_duplicates(edges: Edges, subject: str) -> None:
    """`subject` is the order's id."""
    duplicates.look(edges, int(subject))
