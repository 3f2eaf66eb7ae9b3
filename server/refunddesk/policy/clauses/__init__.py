"""The kinds of clause a policy document can name, found by name in KINDS."""

from __future__ import annotations

from refunddesk.policy.clause import Kind
from refunddesk.policy.clauses import (
    consumption,
    deductions,
    discretion,
    full_refund,
    gate,
    notices,
    preconditions,
    pro_rata,
    reasons,
    scope,
    standing,
    statutory,
    stepped,
    support,
    windows,
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for family in (
        standing,
        scope,
        windows,
        reasons,
        preconditions,
        support,
        discretion,
        statutory,
        full_refund,
        stepped,
        pro_rata,
        notices,
        deductions,
        consumption,
        gate,
    )
    for kind in family.KINDS
}
