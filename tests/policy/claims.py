"""Claims to begin from: each is granted as it stands, and a test changes what it is about."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from refunddesk.policy.claim import Claim
from refunddesk.policy.decision import Decision
from refunddesk.policy.document import load_policy
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.judge import judge

DATA = Path(__file__).parent / "data"

#: A one-time purchase paid on 2 March at 15:30 in Kolkata, a fault reported on the 10th, a
#: refund asked for on the 18th. Day 30 ends on 1 April at 18:29:59 UTC.
ONE_TIME: dict[str, Any] = json.loads((DATA / "claim.json").read_text(encoding="utf-8"))

DAY_30_ENDS = "2026-04-01T18:29:59Z"
DAY_31_BEGINS = "2026-04-01T18:30:00Z"


def changed(form: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The interchange form with values set at key paths: {"order.items.0.paid": "1.00"}."""
    result = copy.deepcopy(dict(form))
    for path, value in changes.items():
        place: Any = result
        *way, last = path.split(".")
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = value
    return result


#: A year from 2 March, 120.00 and so 10.00 a month, with a setup service and made-to-order work.
YEARLY = changed(
    ONE_TIME,
    {
        "order.billing": "yearly",
        "order.period": {"start": "2026-03-02T10:00:00Z", "end": "2027-03-02T10:00:00Z"},
        "order.items": [
            {"id": "1", "product": "crm-portal", "item_kind": "product", "quantity": 1,
             "paid": "120.00", "tax": "24.00"},
        ],
    },
)  # fmt: skip
MONTHLY = changed(
    YEARLY,
    {
        "order.billing": "monthly",
        "order.period": {"start": "2026-03-02T10:00:00Z", "end": "2026-04-02T10:00:00Z"},
    },
)
#: A renewal paid on Monday 2 March; the fifth business day after it, 9 March, ends at 18:29:59 UTC.
_RENEWAL = {
    "order.kind": "renewal",
    "case": None,
    "request.at": "2026-03-06T09:00:00Z",
    "license.destruction_confirmed_at": "2026-03-06T09:05:00Z",
    "judged_at": "2026-03-06T10:00:00Z",
}
YEARLY_RENEWAL = changed(YEARLY, _RENEWAL)
MONTHLY_RENEWAL = changed(MONTHLY, _RENEWAL)

DAY_5_ENDS = "2026-03-09T18:29:59Z"
DAY_5_IS_OVER = "2026-03-09T18:30:00Z"


def claim(form: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> Claim:
    return load_claim(changed(form, changes or {}))


def decide(
    form: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    **readings: str | int,
) -> Decision:
    """The built-in policy's decision, with `readings` set aside its own choice."""
    return judge(claim(form, changes), load_policy("crmjetty", readings))


def verdict(decision: Decision) -> str:
    """A decision in short: "refund 199.00 by R-3A"."""
    amount = f" {decision.amount}" if decision.outcome == "refund" else ""
    return f"{decision.outcome}{amount} by {decision.settled_by}"


def said(decision: Decision, clause: str) -> list[str]:
    return [finding.says for finding in decision.findings if finding.clause == clause]


def why(decision: Decision) -> str | None:
    """The code of the finding that settled the claim."""
    for finding in reversed(decision.findings):
        if finding.clause == decision.settled_by and finding.why:
            return finding.why.code
    return None


def awaited(decision: Decision) -> list[tuple[str, object, object]]:
    forms = [each.to_json() for each in decision.awaits]
    return [(str(form["who"]), form["what"], form["until"]) for form in forms]
