"""Which function does which job, and which periodic work there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from refunddesk.jobnames import JobName
from refunddesk.jobs import requests
from refunddesk.jobs.keeping import JobFunction
from refunddesk.jobs.schedule import Round

JOBS: Mapping[JobName, JobFunction] = {
    JobName.JUDGE_REQUEST: requests.judge_request,
}

ROUNDS: Sequence[Round] = ()
