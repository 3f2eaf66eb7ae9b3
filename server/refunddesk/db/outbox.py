"""Promises: work that a transaction leaves to be done after it, and the claims on that work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Update,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from refunddesk.db.many_rows import ManyRows
from refunddesk.db.session import Transaction
from refunddesk.db.tables import Instant, outbox
from refunddesk.jobnames import LIMITS, JobName

#: After this many failed tries in a row a person is shown the promise; it is still tried, rarely.
TRIES_UNTIL_STUCK = 10
#: A bell that nobody answered is rung again after this: so long a lost queue delays work.
RING_AGAIN = timedelta(seconds=45)
_MOST_AT_ONCE = 256
_ASKING = ManyRows(
    outbox,
    ("job", "subject", "asked", "due_at"),
    """
    ON CONFLICT (job, subject) DO UPDATE SET
        asked = outbox.asked + 1,
        due_at = CASE WHEN outbox.asked > outbox.done AND outbox.due_at < excluded.due_at
                      THEN outbox.due_at ELSE excluded.due_at END,
        rung_at = NULL
    """,
)
# What is due after a run that nobody asked to follow by another: nothing.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def _claimable(now: BindParameter[datetime]) -> ColumnElement[bool]:
    """Open, and either due and in nobody's hands, or left behind by a run that was killed."""
    free = and_(outbox.c.claimed_until.is_(None), outbox.c.due_at <= now)
    return and_(outbox.c.asked > outbox.c.done, or_(free, outbox.c.claimed_until <= now))


# Said once: every job begins and every second ends with them, and to build a statement takes
# SQLAlchemy longer than the database takes to answer it.
_NOW = bindparam("now", type_=Instant())
_DUE = (
    select(outbox.c.id, outbox.c.job)
    .where(
        _claimable(_NOW),
        or_(outbox.c.rung_at.is_(None), outbox.c.rung_at <= bindparam("rung_before")),
    )
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(bindparam("most"))
)
_JOB = select(outbox.c.job).where(outbox.c.id == bindparam("promise_id"))
_CLAIM = (
    update(outbox)
    .where(outbox.c.id == bindparam("promise_id"), _claimable(_NOW))
    .values(
        claimed_until=bindparam("until"),
        due_at=_NEVER,  # from here on: when to run again after this run
        claims=outbox.c.claims + 1,
        tries=outbox.c.tries + 1,
    )
    .returning(
        outbox.c.id,
        outbox.c.job,
        outbox.c.subject,
        outbox.c.asked,
        outbox.c.claims,
        outbox.c.tries,
    )
)


_RING = update(outbox).where(outbox.c.id.in_(bindparam("promise_ids", expanding=True)))
# These set what else they are executed with.
_HELD = update(outbox).where(
    outbox.c.id == bindparam("held_id"), outbox.c.claims == bindparam("held_claim")
)
_HELD_AND_STUCK = _HELD.values(stuck_at=func.coalesce(outbox.c.stuck_at, _NOW))
_AGAIN_AT = bindparam("again_at", type_=Instant())
_HELD_UNTIL_RIPE = _HELD.values(
    due_at=case((outbox.c.due_at < _AGAIN_AT, outbox.c.due_at), else_=_AGAIN_AT)
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A claimed piece of work: until `claimed_until` nobody else works on it."""

    id: int
    job: JobName
    subject: str
    asked: int
    claim: int
    tries: int


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """A piece of work not done yet. Of a running one `due_at` is when its claim lapses."""

    id: int
    job: JobName
    subject: str
    due_at: datetime
    tries: int
    last_error: str | None
    stuck_at: datetime | None


def promise(transaction: Connection, job: JobName, subject: object, *, due_at: datetime) -> None:
    """Ask for `job` on `subject` once this transaction is committed, not before `due_at`.

    Asking again while it is open or running counts: it will run once more after this moment. Of
    two due times of work not yet begun the earlier wins; a running job may ask for itself later.
    """
    promise_all(transaction, [(job, str(subject), due_at)])


def promise_all(transaction: Transaction, asked: Sequence[tuple[JobName, str, datetime]]) -> None:
    """Ask for each (job, subject, due at), as `promise` does for one. What is named twice is asked
    for once, at the earlier of its times.
    """
    earliest: dict[tuple[str, str], datetime] = {}
    for job, subject, due_at in asked:
        name = job.value, subject
        earliest[name] = min(due_at, earliest.get(name, due_at))
    # Always in this order, so that two transactions never wait for each other's rows.
    rows = [(job, subject, 1, due_at) for (job, subject), due_at in sorted(earliest.items())]
    for begin in range(0, len(rows), _MOST_AT_ONCE):
        _ASKING.insert(transaction, rows[begin : begin + _MOST_AT_ONCE])


def list_open_subjects(
    transaction: Connection, job: JobName, subjects: Collection[str]
) -> set[str]:
    """Those of the subjects for which the job is promised and not done."""
    rows = transaction.scalars(
        select(outbox.c.subject).where(
            outbox.c.job == job.value,
            outbox.c.subject.in_(subjects),
            outbox.c.asked > outbox.c.done,
        )
    )
    return set(rows)


def hasten(transaction: Connection, job: JobName, subjects_begin_with: str, now: datetime) -> None:
    """Try at once what failed and waits to be tried again: its cause is gone."""
    transaction.execute(
        update(outbox)
        .where(
            outbox.c.job == job.value,
            outbox.c.subject.startswith(subjects_begin_with, autoescape=True),
            outbox.c.asked > outbox.c.done,
            outbox.c.claimed_until.is_(None),
            outbox.c.tries > 0,
            outbox.c.due_at > now,
        )
        .values(due_at=now, rung_at=None)
    )


def list_due(transaction: Connection, now: datetime, limit: int = 500) -> list[tuple[int, JobName]]:
    """Promises that may be claimed and were not rung for just now; oldest first."""
    rows = transaction.execute(_DUE, {"now": now, "rung_before": now - RING_AGAIN, "most": limit})
    return [(row.id, JobName(row.job)) for row in rows]


def record_rung(transaction: Connection, promise_ids: list[int], now: datetime) -> None:
    transaction.execute(_RING, {"promise_ids": promise_ids, "rung_at": now})


def claim(transaction: Connection, promise_id: int, *, now: datetime) -> Promise | None:
    """Take the promise for this run, or None if it is done, not due, or in other hands.

    The claim lapses after the time its job is allowed (jobnames.LIMITS): if the run was killed,
    another one takes over then.
    """
    job = transaction.scalar(_JOB, {"promise_id": promise_id})
    if job is None:
        return None
    until = now + LIMITS[JobName(job)].claim
    taken = transaction.execute(
        _CLAIM, {"promise_id": promise_id, "now": now, "until": until}
    ).one_or_none()
    if taken is None:
        return None
    return Promise(
        taken.id, JobName(taken.job), taken.subject, taken.asked, taken.claims, taken.tries
    )


def finish(transaction: Connection, kept: Promise, *, now: datetime) -> bool:
    """Mark done what was asked up to the claim; False if the claim had lapsed to another run."""
    return _close(
        transaction,
        _HELD,
        kept,
        done=kept.asked,
        done_at=now,
        tries=0,
        last_error=None,
        stuck_at=None,
    )


def fail(
    transaction: Connection, broken: Promise, *, now: datetime, error: str, again_at: datetime
) -> bool:
    """Keep the error and try again at `again_at`; from the tenth try on a person sees it."""
    again = {"due_at": again_at, "last_error": error[:500]}
    if broken.tries >= TRIES_UNTIL_STUCK:
        return _close(transaction, _HELD_AND_STUCK, broken, now=now, **again)
    return _close(transaction, _HELD, broken, **again)


def postpone(transaction: Connection, waiting: Promise, *, again_at: datetime) -> bool:
    """Give the claim back without counting a failure: the work is not ripe before `again_at`.

    Unless it was asked for anew during the run: whoever asked may have made it ripe.
    """
    return _close(
        transaction, _HELD_UNTIL_RIPE, waiting, again_at=again_at, tries=waiting.tries - 1
    )


def rest(transaction: Connection, resting: Promise, *, store_id: int, because: str) -> bool:
    """Give the claim back until `wake` is called for the store: it is disconnected."""
    return _close(
        transaction,
        _HELD,
        resting,
        due_at=_NEVER,
        tries=0,
        stuck_at=None,
        last_error=because[:500],
        rests_for_store=store_id,
    )


def wake(transaction: Connection, store_id: int, now: datetime) -> None:
    """What rests for the store is due: it was joined again."""
    transaction.execute(
        update(outbox)
        .where(outbox.c.rests_for_store == store_id, outbox.c.claimed_until.is_(None))
        .values(due_at=now, rung_at=None, rests_for_store=None)
    )


def _close(transaction: Connection, how: Update, held: Promise, **values: object) -> bool:
    free = {"claimed_until": None, "rung_at": None, "rests_for_store": None}
    whose = {"held_id": held.id, "held_claim": held.claim}
    return transaction.execute(how, {**free, **whose, **values}).rowcount == 1


def find_done_at(transaction: Connection, job: JobName, subject: str) -> datetime | None:
    """When the job was last done for the subject, if it ever was."""
    return transaction.scalar(
        select(outbox.c.done_at).where(outbox.c.job == job.value, outbox.c.subject == subject)
    )


def list_open(
    transaction: Connection, *, stuck_only: bool = False, limit: int = 100
) -> list[OpenPromise]:
    due_at = func.coalesce(outbox.c.claimed_until, outbox.c.due_at, type_=Instant())
    query = (
        select(outbox, due_at.label("due_or_claimed_until"))
        .where(outbox.c.asked > outbox.c.done)
        .order_by(due_at)
    )
    if stuck_only:
        query = query.where(outbox.c.stuck_at.is_not(None))
    return [
        OpenPromise(
            row.id,
            JobName(row.job),
            row.subject,
            row.due_or_claimed_until,
            row.tries,
            row.last_error,
            row.stuck_at,
        )
        for row in transaction.execute(query.limit(limit))
    ]
