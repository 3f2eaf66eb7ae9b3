"""What a refund was granted on: a decision about a request, or a payment made twice."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection

from refunddesk.db import decisions, duplicates, orders
from refunddesk.db.refunds import Refund

#: The one subscription was renewed twice: it goes on by the payment that stays.
SUBSCRIPTION_STAYS = "subscription_stays"


@dataclass(frozen=True, slots=True)
class Ground:
    """`snapshot_sha` is the order's at the grant: money is only sent while the order still has it.

    `effects` say what follows once it is paid; `claim` is None for a payment made twice, which is
    no claim: the whole order goes back, and its licences with it.
    """

    snapshot_sha: bytes
    effects: frozenset[str]
    claim: dict[str, object] | None


def find_ground(transaction: Connection, refund: Refund) -> Ground:
    if refund.decision_id is not None:
        decision = decisions.get_decision(transaction, refund.decision_id)
        effects = frozenset(json.loads(decision.decision)["effects"])
        return Ground(decision.snapshot_sha, effects, json.loads(decision.claim))
    assert refund.duplicate_id is not None
    pair = duplicates.find_duplicate(transaction, refund.duplicate_id)
    assert pair
    assert pair.snapshot_sha is not None
    extra = orders.get_order(transaction, pair.extra_order_id)
    kept = orders.get_order(transaction, pair.kept_order_id)
    is_one = extra.subscription_id is not None and extra.subscription_id == kept.subscription_id
    effects = frozenset({SUBSCRIPTION_STAYS} if is_one else ())
    return Ground(pair.snapshot_sha, effects, None)
