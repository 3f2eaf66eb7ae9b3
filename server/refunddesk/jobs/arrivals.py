"""The jobs that read the mailbox, and one mail that came in."""

from __future__ import annotations

from refunddesk.services import arrivals, landing
from refunddesk.services.edges import Edges


def read_mailbox(edges: Edges, subject: str) -> None:
    """`subject` means nothing: there is one mailbox."""
    arrivals.read_mailbox(edges)


def read_arrival(edges: Edges, subject: str) -> None:
    """`subject` is the number of the mail."""
    landing.read_arrival(edges, int(subject))
