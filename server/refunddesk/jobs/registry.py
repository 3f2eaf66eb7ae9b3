"""Which function does which job, and which periodic work there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from refunddesk.db.sweeps import Kind
from refunddesk.jobnames import JobName
from refunddesk.jobs import (
    arrivals,
    calling_off,
    cases,
    compat,
    credentials,
    duplicates,
    licenses,
    notices,
    orders,
    privacy,
    reconcile,
    refunds,
    renewals,
    requests,
)
from refunddesk.jobs.keeping import JobFunction
from refunddesk.jobs.schedule import Round
from refunddesk.services import (
    attachments,
    audit,
    credential_ends,
    license_traffic,
    read_back,
    releases,
    retention,
    watch,
    webhook_health,
)
from refunddesk.services.arrivals import drop_old, promise_reading
from refunddesk.services.reconcile import promise_sweeps
from refunddesk.services.renewals import promise_reminders

JOBS: Mapping[JobName, JobFunction] = {
    JobName.RECORD_ORDER: orders.record_order,
    JobName.RECORD_REFUND: orders.record_refund,
    JobName.RECORD_SUBSCRIPTION: orders.record_subscription,
    JobName.JUDGE_REQUEST: requests.judge_request,
    JobName.PAY_REFUND: refunds.pay_refund,
    JobName.RESOLVE_REFUND: refunds.resolve_refund,
    JobName.TAKE_STEP: refunds.take_step,
    JobName.SWEEP_STORE: reconcile.sweep_store,
    JobName.CHECK_WEBHOOKS: reconcile.check_webhooks,
    JobName.READ_FEED: compat.read_feed,
    JobName.READ_RELEASE: compat.read_release,
    JobName.READ_PLUGIN: compat.read_plugin,
    JobName.CHECK_PLUGIN: compat.check_plugin,
    JobName.SEND_NOTICE: notices.send_notice,
    JobName.PROBE_SITE: licenses.probe_site,
    JobName.WATCH_CASE: cases.watch_case,
    JobName.REMIND_RENEWAL: renewals.remind_renewal,
    JobName.RECEIPT_RENEWAL: renewals.receipt_renewal,
    JobName.CALL_OFF: calling_off.call_off,
    JobName.FIND_DUPLICATES: duplicates.find_duplicates,
    JobName.DESTROY_CREDENTIAL: credentials.destroy_credential,
    JobName.READ_MAILBOX: arrivals.read_mailbox,
    JobName.READ_ARRIVAL: arrivals.read_arrival,
    JobName.ERASE_PERSON: privacy.erase_person,
    JobName.APPLY_RETENTION: privacy.apply_retention,
}

ROUNDS: Sequence[Round] = (
    # First, so that after a gap payments are blocked before anything else is begun.
    Round("keep_watch", timedelta(seconds=60), watch.keep_watch),
    Round("sweep_refunds", timedelta(seconds=60), read_back.sweep_refunds),
    Round("read_changes", timedelta(minutes=2), partial(promise_sweeps, kind=Kind.CHANGES)),
    Round("check_webhooks", timedelta(minutes=5), webhook_health.promise_checks),
    Round("watch_license_misses", timedelta(seconds=60), license_traffic.watch_misses),
    Round("read_mailbox", timedelta(seconds=60), promise_reading),
    Round("read_feeds", timedelta(minutes=5), releases.promise_readings),
    Round("keep_vault", timedelta(minutes=5), credential_ends.keep_vault),
    Round("promise_reminders", timedelta(hours=1), promise_reminders),
    Round("drop_stray_files", timedelta(hours=1), attachments.drop_strays),
    Round("drop_old_mails", timedelta(hours=1), drop_old),
    Round("keep_audit_head", timedelta(hours=1), audit.keep_head),
    Round("read_late_changes", timedelta(hours=1), partial(promise_sweeps, kind=Kind.LATE_CHANGES)),
    Round("read_refunds", timedelta(hours=1), partial(promise_sweeps, kind=Kind.REFUNDS)),
    Round("promise_retention", timedelta(hours=24), retention.promise_retention),
    Round("read_all_orders", timedelta(hours=24), partial(promise_sweeps, kind=Kind.ORDERS)),
)
