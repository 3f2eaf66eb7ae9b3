"""Tells which of two looks at an object of a store is the newer one."""

from __future__ import annotations

from datetime import datetime


def is_older(
    modified_at: datetime | None,
    read_at: datetime,
    known_modified_at: datetime | None,
    known_read_at: datetime,
) -> bool:
    """Is what was read at `read_at` older than what we know?

    The store's own instant of change decides. It has whole seconds only: within one of them
    what was read later is the newer.
    """
    if modified_at is None or known_modified_at is None or modified_at == known_modified_at:
        return read_at < known_read_at
    return modified_at < known_modified_at
