"""The desk of the current request: what the handlers reach settings and edges through."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import current_app

from refunddesk.journal.writer import JournalWriter
from refunddesk.services import journal
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import KnownEndpoints
from refunddesk.services.license_traffic import Traffic
from refunddesk.settings import Settings
from refunddesk.web.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Desk:
    """Refund Desk as mounted in one application."""

    settings: Settings
    edges: Edges
    journal: JournalWriter
    endpoints: KnownEndpoints
    license_traffic: Traffic
    throttle: Throttle = field(default_factory=Throttle)

    @classmethod
    def open(cls, settings: Settings, edges: Edges) -> Desk:
        return cls(
            settings,
            edges,
            journal.open_writer(edges),
            KnownEndpoints(edges),
            Traffic(edges),
        )


def desk() -> Desk:
    """The desk of the application that answers the current request."""
    mounted: Desk = current_app.extensions["refunddesk"]
    return mounted
