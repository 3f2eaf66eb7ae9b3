"""Which function does which job, and which periodic work there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from refunddesk.jobnames import JobName
from refunddesk.jobs import orders, refunds, requests
from refunddesk.jobs.keeping import JobFunction
from refunddesk.jobs.schedule import Round
from refunddesk.services import read_back

JOBS: Mapping[JobName, JobFunction] = {
    JobName.RECORD_ORDER: orders.record_order,
    JobName.RECORD_REFUND: orders.record_refund,
    JobName.RECORD_SUBSCRIPTION: orders.record_subscription,
    JobName.JUDGE_REQUEST: requests.judge_request,
    JobName.PAY_REFUND: refunds.pay_refund,
    JobName.RESOLVE_REFUND: refunds.resolve_refund,
    JobName.TAKE_STEP: refunds.take_step,
}

ROUNDS: Sequence[Round] = (Round("sweep_refunds", timedelta(seconds=60), read_back.sweep_refunds),)
