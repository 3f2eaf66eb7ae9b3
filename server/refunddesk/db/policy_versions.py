"""Versions of policies that have judged, each with the fingerprint of what it said then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import policy_versions as table


def remember_version(
    transaction: Connection, *, policy: str, version: str, fingerprint: str, now: datetime
) -> str:
    """The fingerprint that the version had when it first judged: this one if it never did."""
    dialect = postgresql if transaction.dialect.name == "postgresql" else sqlite
    row = {
        "policy": policy,
        "version": version,
        "fingerprint": fingerprint,
        "first_judged_at": now,
    }
    transaction.execute(dialect.insert(table).values(row).on_conflict_do_nothing())
    known: str = transaction.scalars(
        select(table.c.fingerprint).where(table.c.policy == policy, table.c.version == version)
    ).one()
    return known
