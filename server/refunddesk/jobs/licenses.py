"""The job that looks at a site said to be lost."""

from __future__ import annotations

from refunddesk.jobs.keeping import NotYet
from refunddesk.services import lost_sites
from refunddesk.services.edges import Edges


def probe_site(edges: Edges, subject: str) -> None:
    """`subject` is the activation's id."""
    again_at = lost_sites.look_at_site(edges, int(subject))
    if again_at:
        raise NotYet(again_at)
