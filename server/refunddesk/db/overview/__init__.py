"""What the first page of the desk shows: one bounded query per block, a module per noun."""

from refunddesk.db.overview.block import (
    MOST_ROWS,
    Block,
)
from refunddesk.db.overview.of_cases import (
    CaseLine,
    SuspicionLine,
    list_cases,
    list_suspicions,
)
from refunddesk.db.overview.of_deliveries import (
    DeliveryLine,
    PromiseLine,
    list_last_deliveries,
    list_quarantined,
    list_stuck,
)
from refunddesk.db.overview.of_mails import list_waiting_mails
from refunddesk.db.overview.of_money import (
    ApprovalLine,
    RefundLine,
    RequestLine,
    StepLine,
    list_approvals,
    list_failed_steps,
    list_refunds,
    list_requests,
    list_settled_last,
)
from refunddesk.db.overview.of_payments import (
    DuplicateLine,
    StuckPayment,
    list_duplicates,
    list_duplicates_settled_last,
    list_stuck_payments,
)
from refunddesk.db.overview.of_stores import (
    AlarmLine,
    BlockedStore,
    HeldStore,
    list_alarms,
    list_blocked_stores,
    list_held_stores,
)

__all__ = [
    "MOST_ROWS",
    "AlarmLine",
    "ApprovalLine",
    "Block",
    "BlockedStore",
    "CaseLine",
    "DeliveryLine",
    "DuplicateLine",
    "HeldStore",
    "PromiseLine",
    "RefundLine",
    "RequestLine",
    "StepLine",
    "StuckPayment",
    "SuspicionLine",
    "list_alarms",
    "list_approvals",
    "list_blocked_stores",
    "list_cases",
    "list_duplicates",
    "list_duplicates_settled_last",
    "list_failed_steps",
    "list_held_stores",
    "list_last_deliveries",
    "list_quarantined",
    "list_refunds",
    "list_requests",
    "list_settled_last",
    "list_stuck",
    "list_stuck_payments",
    "list_suspicions",
    "list_waiting_mails",
]
