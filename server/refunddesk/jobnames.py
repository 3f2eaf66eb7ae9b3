"""The names of all jobs, each with its queue and its limits; what they do is in jobs/."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class JobName(StrEnum):
    RECORD_ORDER = "record_order"
    RECORD_REFUND = "record_refund"
    RECORD_SUBSCRIPTION = "record_subscription"
    JUDGE_REQUEST = "judge_request"
    PAY_REFUND = "pay_refund"
    RESOLVE_REFUND = "resolve_refund"
    TAKE_STEP = "take_step"
    SWEEP_STORE = "sweep_store"
    CHECK_WEBHOOKS = "check_webhooks"
    READ_FEED = "read_feed"
    READ_RELEASE = "read_release"
    READ_PLUGIN = "read_plugin"
    CHECK_PLUGIN = "check_plugin"
    SEND_NOTICE = "send_notice"
    PROBE_SITE = "probe_site"
    WATCH_CASE = "watch_case"
    REMIND_RENEWAL = "remind_renewal"
    RECEIPT_RENEWAL = "receipt_renewal"
    CALL_OFF = "call_off"
    FIND_DUPLICATES = "find_duplicates"
    DESTROY_CREDENTIAL = "destroy_credential"
    READ_MAILBOX = "read_mailbox"
    READ_ARRIVAL = "read_arrival"
    ERASE_PERSON = "erase_person"
    APPLY_RETENTION = "apply_retention"


class QueueName(StrEnum):
    """One queue per worker process: RQ loses jobs when a worker listens on several."""

    DESK = "desk"
    MONEY = "money"
    COMPAT = "compat"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class JobLimits:
    """How long one run may take, and how long its claim holds others off.

    The claim outlives the time-out: while a run may still be alive nobody starts a second one.
    """

    queue: QueueName
    timeout: timedelta
    claim: timedelta


_DESK = JobLimits(QueueName.DESK, timedelta(seconds=55), timedelta(seconds=90))
# A refund call may take 160 s (gateways answer after 70 s and twice); see reliability of payments
# in docs/architecture.md.
_MONEY = JobLimits(QueueName.MONEY, timedelta(seconds=200), timedelta(seconds=300))
# Payments of a store may wait for its sweeps, which must not queue behind the thousands of orders
# that they find: so they go with the money.
_SWEEP = JobLimits(QueueName.MONEY, timedelta(seconds=55), timedelta(seconds=90))
# A release is some 30 MB to fetch and ten seconds to read; booting a plugin takes minutes at most.
_COMPAT = JobLimits(QueueName.COMPAT, timedelta(minutes=12), timedelta(minutes=15))
# A mail server that does not answer holds up mails and nothing else.
_MAIL = JobLimits(QueueName.MAIL, timedelta(seconds=120), timedelta(seconds=150))

LIMITS: dict[JobName, JobLimits] = {
    JobName.RECORD_ORDER: _DESK,
    JobName.RECORD_REFUND: _DESK,
    JobName.RECORD_SUBSCRIPTION: _DESK,
    JobName.JUDGE_REQUEST: _DESK,
    JobName.PAY_REFUND: _MONEY,
    JobName.RESOLVE_REFUND: _DESK,
    JobName.TAKE_STEP: _DESK,
    JobName.SWEEP_STORE: _SWEEP,
    JobName.CHECK_WEBHOOKS: _SWEEP,
    JobName.READ_FEED: _COMPAT,
    JobName.READ_RELEASE: _COMPAT,
    JobName.READ_PLUGIN: _COMPAT,
    JobName.CHECK_PLUGIN: _COMPAT,
    JobName.SEND_NOTICE: _MAIL,
    JobName.PROBE_SITE: _DESK,
    JobName.WATCH_CASE: _DESK,
    JobName.REMIND_RENEWAL: _DESK,
    JobName.RECEIPT_RENEWAL: _DESK,
    JobName.CALL_OFF: _DESK,
    JobName.FIND_DUPLICATES: _DESK,
    JobName.DESTROY_CREDENTIAL: _DESK,
    JobName.READ_MAILBOX: _MAIL,
    JobName.READ_ARRIVAL: _MAIL,
    JobName.ERASE_PERSON: _DESK,
    JobName.APPLY_RETENTION: _DESK,
}
