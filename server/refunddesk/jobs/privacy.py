"""The jobs that end an erasure which was begun, and that remove what is over its time."""

from __future__ import annotations

from refunddesk.db.retention import Kind
from refunddesk.jobs.keeping import NotYet
from refunddesk.services import erasure, retention
from refunddesk.services.edges import Edges


def erase_person(edges: Edges, subject: str) -> None:
    """`subject` is the erasure's id."""
    erasure.carry_out(edges, int(subject))


def apply_retention(edges: Edges, subject: str) -> None:
    """`subject` is what is looked through, a Kind."""
    again_at = retention.apply_retention(edges, Kind(subject))
    if again_at:
        raise NotYet(again_at)
