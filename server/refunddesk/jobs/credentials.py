"""The job that destroys the key of what a customer handed over."""

from __future__ import annotations

from refunddesk.jobs.keeping import NotYet
from refunddesk.services import credential_ends
from refunddesk.services.edges import Edges


def destroy_credential(edges: Edges, subject: str) -> None:
    """`subject` is the credential's id. Raises NotYet while its time runs; VaultAway, OSError."""
    again_at = credential_ends.destroy(edges, int(subject))
    if again_at is not None:
        raise NotYet(again_at)
