"""The kinds of clause a policy document can name, found by name in KINDS."""

from __future__ import annotations

from refunddesk.policy.clause import Kind
from refunddesk.policy.clauses import (
    full_refund,
    gate,
    notices,
    pro_rata,
    reasons,
    scope,
    standing,
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
        support,
        full_refund,
        pro_rata,
        notices,
        gate,
    )
    for kind in family.KINDS
}
