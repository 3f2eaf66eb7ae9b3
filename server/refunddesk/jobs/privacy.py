"""The job that ends an erasure which was begun."""

from __future__ import annotations

from refunddesk.services import erasure
from refunddesk.services.edges import Edges


def erase_person(edges: Edges, subject: str) -> None:
    """`subject` is the erasure's id."""
    erasure.carry_out(edges, int(subject))
