"""The jobs of renewals: a reminder before, a receipt after."""

from __future__ import annotations

from refunddesk.jobs.keeping import NotYet
from refunddesk.services import renewal_receipts, renewals
from refunddesk.services.edges import Edges


def remind_renewal(edges: Edges, subject: str) -> None:
    """`subject` is the subscription's id."""
    again_at = renewals.remind(edges, int(subject))
    if again_at:
        raise NotYet(again_at)


def receipt_renewal(edges: Edges, subject: str) -> None:
    """`subject` is the id of the order that paid."""
    again_at = renewal_receipts.send_receipt(edges, int(subject))
    if again_at:
        raise NotYet(again_at)
