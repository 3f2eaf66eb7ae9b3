"""Looks a deployment over, part by part, and says of each what is so and what to mend."""

from __future__ import annotations

from collections.abc import Iterator

from refunddesk.services.desk_checkup import (
    look_at_database,
    look_at_desk,
    look_without_database,
)
from refunddesk.services.edges import Edges
from refunddesk.services.observation import Grade, Observation, Place
from refunddesk.services.store_checkup import look_at_stores


def examine(edges: Edges, place: Place) -> Iterator[Observation]:
    """Everything from the disk to the stores' webhooks; changes nothing anywhere.

    Ends early where the database does not answer.
    """
    yield from look_without_database(edges, place)
    database = look_at_database(edges)
    yield database
    if database.grade is Grade.BAD:
        return
    yield from look_at_desk(edges)
    yield from look_at_stores(edges, place.base_url)
