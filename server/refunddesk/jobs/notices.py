"""The job that sends one mail."""

from __future__ import annotations

from refunddesk.services import mailing
from refunddesk.services.edges import Edges


def send_notice(edges: Edges, subject: str) -> None:
    """`subject` is the notice's id."""
    mailing.send_notice(edges, int(subject))
