"""Sites whose owner says that they are lost, and what was found when they were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from refunddesk.db.tables import activations, site_probes


@dataclass(frozen=True, slots=True)
class Probe:
    """One look at a site; `result` is answers, gone or unclear."""

    id: int
    activation_id: int
    probed_at: datetime
    result: str
    detail: str


def record_lost(transaction: Connection, activation_id: int, *, at: datetime, by: str) -> bool:
    """Keep the statement that the site is lost; False if it stands already, or the site is off."""
    result = transaction.execute(
        update(activations)
        .where(
            activations.c.id == activation_id,
            activations.c.lost_at.is_(None),
            activations.c.deactivated_at.is_(None),
        )
        .values(lost_at=at, lost_by=by)
    )
    return result.rowcount == 1


def drop_lost(transaction: Connection, activation_id: int) -> None:
    """The site is not lost after all."""
    transaction.execute(
        update(activations)
        .where(activations.c.id == activation_id)
        .values(lost_at=None, lost_by=None)
    )


def record_probe(
    transaction: Connection, activation_id: int, *, result: str, detail: str, at: datetime
) -> None:
    transaction.execute(
        insert(site_probes).values(
            activation_id=activation_id, probed_at=at, result=result, detail=detail
        )
    )


def list_probes(transaction: Connection, activation_id: int, since: datetime) -> list[Probe]:
    """The looks at the site since then, oldest first."""
    rows = transaction.execute(
        select(site_probes)
        .where(site_probes.c.activation_id == activation_id, site_probes.c.probed_at >= since)
        .order_by(site_probes.c.id)
    )
    return [Probe(**row._mapping) for row in rows]
