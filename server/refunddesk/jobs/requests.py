"""The job that judges a refund request."""

from __future__ import annotations

from refunddesk.services import judging
from refunddesk.services.edges import Edges


def judge_request(edges: Edges, subject: str) -> None:
    """`subject` is the request's id."""
    judging.judge_request(edges, int(subject))
