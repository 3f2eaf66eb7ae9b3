"""Applies how long things are kept: once a day, kind by kind, in batches that each stand alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from refunddesk.attachments import files
from refunddesk.db import outbox, retention
from refunddesk.db.personal_rows import overwrite_freed
from refunddesk.db.retention import Kind
from refunddesk.jobnames import JobName
from refunddesk.services.attachments import folder_of
from refunddesk.services.edges import Edges
from refunddesk.services.observation import Grade, Observation

#: Of one run of the job; what is left is taken up by the next, and other work comes between.
_MOST_BATCHES = 20
_DONE_WITHIN = timedelta(days=2)


def promise_retention(edges: Edges) -> None:
    """Have each kind looked through."""
    now = edges.clock()
    asked = [(JobName.APPLY_RETENTION, kind.value, now) for kind in Kind]
    with edges.database.write() as transaction:
        outbox.promise_all(transaction, asked)


def apply_retention(edges: Edges, kind: Kind) -> datetime | None:
    """Remove what is over its time; when to go on, None once all of it is gone."""
    for _ in range(_MOST_BATCHES):
        if not _remove_next(edges, kind):
            edges.database.fold_log()
            return None
    return edges.clock()


def look_at_retention(edges: Edges) -> Iterator[Observation]:
    """Is what is over its time removed every day?"""
    now = edges.clock()
    with edges.database.read() as transaction:
        done = {
            kind: outbox.find_done_at(transaction, JobName.APPLY_RETENTION, kind.value)
            for kind in Kind
        }
    late = [kind.value for kind, at in done.items() if at is None or now - at > _DONE_WITHIN]
    if late:
        yield Observation(
            "retention",
            Grade.WARN,
            f"Not looked through within two days: {', '.join(late)}.",
            "The dispatcher asks for it once a day and the worker `desk` does it; see their logs.",
        )
    else:
        yield Observation("retention", Grade.OK, "What is over its time was removed lately.")


def _remove_next(edges: Edges, kind: Kind) -> bool:
    """One batch, in one transaction; False when there is no more."""
    kept, now = edges.retention, edges.clock()
    if kind is Kind.CASES:
        return _empty_cases(edges, now - kept.cases, now)
    with edges.database.write() as transaction:
        overwrite_freed(transaction)
        match kind:
            case Kind.DELIVERIES:
                return retention.drop_bodies(transaction, kind, now - kept.deliveries)
            case Kind.QUARANTINED:
                return retention.drop_bodies(transaction, kind, now - kept.quarantined)
            case Kind.NOTICES:
                return retention.empty_notices(transaction, now - kept.notices, now)
            case Kind.SITES:
                return retention.rename_sites(transaction, now)
            case _:
                retention.drop_sessions(transaction, now - kept.sessions)
                return False


def _empty_cases(edges: Edges, before: datetime, now: datetime) -> bool:
    """Files go before their rows: whoever is killed in between finds their names again."""
    with edges.database.read() as transaction:
        found = retention.list_old_cases(transaction, before)
        names = retention.list_files(transaction, found)
    for name in names:
        files.destroy(folder_of(edges), name)
    with edges.database.write() as transaction:
        overwrite_freed(transaction)
        retention.empty_cases(transaction, found, now)
    return len(found) == retention.CASES_AT_ONCE
