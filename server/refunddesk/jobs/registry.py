"""Which function does which job, and which periodic work there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from refunddesk.jobnames import JobName
from refunddesk.jobs import orders, requests
from refunddesk.jobs.keeping import JobFunction
from refunddesk.jobs.schedule import Round

JOBS: Mapping[JobName, JobFunction] = {
    JobName.RECORD_ORDER: orders.record_order,
    JobName.RECORD_REFUND: orders.record_refund,
    JobName.RECORD_SUBSCRIPTION: orders.record_subscription,
    JobName.JUDGE_REQUEST: requests.judge_request,
}

ROUNDS: Sequence[Round] = ()
