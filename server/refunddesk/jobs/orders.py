"""The jobs that look at a store's objects again: orders, subscriptions, refund rows."""

from __future__ import annotations

from datetime import timedelta

from refunddesk.db import outbox
from refunddesk.jobnames import JobName
from refunddesk.jobs.keeping import NotYet
from refunddesk.services import orders, subscriptions
from refunddesk.services.edges import Edges

#: A store that announces one object again and again is asked for it this often at most.
_APART = timedelta(seconds=10)


def record_order(edges: Edges, subject: str) -> None:
    _wait_a_little(edges, JobName.RECORD_ORDER, subject)
    orders.record_order(edges, *_parse(subject))


def record_subscription(edges: Edges, subject: str) -> None:
    _wait_a_little(edges, JobName.RECORD_SUBSCRIPTION, subject)
    subscriptions.record_subscription(edges, *_parse(subject))


def record_refund(edges: Edges, subject: str) -> None:
    _wait_a_little(edges, JobName.RECORD_REFUND, subject)
    orders.record_refund(edges, *_parse(subject))


def _parse(subject: str) -> tuple[int, int]:
    """ "<store id>:<woo id>"."""
    store_id, _, woo_id = subject.partition(":")
    return int(store_id), int(woo_id)


def _wait_a_little(edges: Edges, job: JobName, subject: str) -> None:
    now = edges.clock()
    with edges.database.read() as transaction:
        done_at = outbox.find_done_at(transaction, job, subject)
    # A clock that was set back would otherwise hold the object up until it has caught up.
    if done_at is not None and done_at <= now < done_at + _APART:
        raise NotYet(done_at + _APART)
