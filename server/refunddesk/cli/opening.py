"""What most commands begin with: the settings, and the edges made of them, closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from refunddesk.db.session import Database, open_database
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings, read_settings
from refunddesk.wiring import open_edges


@contextmanager
def opened() -> Iterator[tuple[Edges, Settings]]:
    """The edges that the settings name, for the length of one command."""
    settings = read_settings()
    edges = open_edges(settings)
    try:
        yield edges, settings
    finally:
        edges.database.close()


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    """The database alone: it need not be at the newest schema."""
    database = open_database(settings.database_url)
    try:
        yield database
    finally:
        database.close()
