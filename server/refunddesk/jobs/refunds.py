"""Jobs of the money: pay a refund, read back an unknown one, take a step that follows one."""

from __future__ import annotations

from refunddesk.jobs.keeping import NotYet
from refunddesk.services import payments, read_back, steps
from refunddesk.services.edges import Edges


def pay_refund(edges: Edges, subject: str) -> None:
    again_at = payments.pay_refund(edges, int(subject))
    if again_at:
        raise NotYet(again_at)


def resolve_refund(edges: Edges, subject: str) -> None:
    again_at = read_back.resolve_refund(edges, int(subject))
    if again_at:
        raise NotYet(again_at)


def take_step(edges: Edges, subject: str) -> None:
    steps.take_step(edges, int(subject))
