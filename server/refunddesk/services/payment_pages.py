"""What staff are shown of payments that came twice, and of payments that never came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from refunddesk.db import overview
from refunddesk.db.overview import Block, DuplicateLine, StuckPayment
from refunddesk.services.calling_off import UNPAID
from refunddesk.services.edges import Edges

#: Until then somebody may still be at the checkout.
_STUCK_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PaymentsPage:
    """Pairs that wait for a person, that are on their way back, and that ended last; and stuck
    payments, the oldest first.
    """

    at: datetime
    waiting: Block[DuplicateLine]
    returning: Block[DuplicateLine]
    settled: tuple[DuplicateLine, ...]
    stuck: Block[StuckPayment]


def show_payments(edges: Edges) -> PaymentsPage:
    now = edges.clock()
    with edges.database.read() as transaction:
        return PaymentsPage(
            now,
            overview.list_duplicates(transaction, "open"),
            overview.list_duplicates(transaction, "returning"),
            overview.list_duplicates_settled_last(transaction),
            overview.list_stuck_payments(transaction, UNPAID, now - _STUCK_AFTER),
        )
