"""The job that looks whether a clock of a case has run out."""

from __future__ import annotations

from refunddesk.services import case_clock
from refunddesk.services.edges import Edges


def watch_case(edges: Edges, subject: str) -> None:
    """`subject` is the case's id."""
    case_clock.watch_case(edges, int(subject))
