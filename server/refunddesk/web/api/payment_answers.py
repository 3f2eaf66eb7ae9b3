"""What the staff API answers about payments that came twice or never."""

from __future__ import annotations

from typing import Any

from refunddesk.db.duplicates import Duplicate
from refunddesk.db.overview import Block, DuplicateLine, StuckPayment
from refunddesk.policy.decision import instant_text
from refunddesk.services.payment_pages import PaymentsPage
from refunddesk.web.api.answers import Answer, money


def duplicate(pair: Duplicate) -> Answer:
    return {
        "id": pair.id,
        "store": pair.store_id,
        "kind": pair.kind.value,
        "state": pair.state.value,
        "kept_order": pair.kept_order_id,
        "extra_order": pair.extra_order_id,
        "amount": money(pair.amount),
        "reasons": list(pair.reasons),
        "doubts": list(pair.doubts),
        "found_at": instant_text(pair.found_at),
        "settled_at": instant_text(pair.settled_at) if pair.settled_at else None,
        "settled_by": pair.settled_by,
        "because": pair.because,
    }


def payments(page: PaymentsPage) -> Answer:
    """The first of each list, with how many there are in all; of what is settled the newest."""
    return {
        "waiting": _block(page.waiting, _line),
        "returning": _block(page.returning, _line),
        "settled": [_line(pair) for pair in page.settled],
        "stuck": _block(page.stuck, _stuck),
    }


def _block(block: Block[Any], show: Any) -> Answer:
    return {"total": block.total, "first": [show(line) for line in block.lines]}


def _line(pair: DuplicateLine) -> Answer:
    return {
        "id": pair.id,
        "kind": pair.kind,
        "state": pair.state,
        "kept_order": pair.kept_order_id,
        "extra_order": pair.extra_order_id,
        "amount": money(pair.amount),
        "reasons": list(pair.reasons),
        "doubts": list(pair.doubts),
        "found_at": instant_text(pair.found_at),
        "because": pair.because,
    }


def _stuck(one: StuckPayment) -> Answer:
    return {
        "order": one.order_id,
        "number": one.number,
        "status": one.status,
        "amount": money(one.amount),
        "payment_method": one.payment_method,
        "ordered_at": instant_text(one.ordered_at),
        "closing": one.closing,
    }
