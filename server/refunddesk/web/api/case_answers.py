"""What the staff API answers about cases, their turns, quotes and files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refunddesk.casework import CATEGORIES, Due
from refunddesk.db.attachments import Attachment
from refunddesk.db.cases import Case
from refunddesk.db.infringements import Infringement
from refunddesk.db.item_deliveries import ItemDelivery
from refunddesk.db.materials import ProductPage
from refunddesk.db.turns import RecordedTurn, WorkQuote
from refunddesk.policy.decision import instant_text
from refunddesk.services.cases import CasePage

Answer = dict[str, Any]


def case(one: Case) -> Answer:
    facts, report = one.facts, one.report
    return {
        "id": one.id,
        "store": one.store_id,
        "order": one.order_id,
        "reason": facts.reason,
        "category": one.category,
        "charged": CATEGORIES[one.category],
        "opened_at": instant_text(facts.opened_at),
        "report": {
            "site_url": report.site_url,
            "product": report.product,
            "product_version": report.product_version,
            "details": report.details,
            "no_screenshots": report.no_screenshots,
            "other_extensions": _listed(report.other_extensions),
            "environment": dict(report.environment),
        },
        "missing": list(facts.missing),
        "complete_at": _at(facts.complete_at),
        "finding": facts.finding,
        "resolved": facts.resolved,
        "gave_up_at": _at(facts.gave_up_at),
        "first_answered_at": _at(facts.first_answered_at),
        "last_customer_reply_at": _at(facts.last_customer_reply_at),
        "awaited_since": _at(facts.awaited_since),
        "asked": list(facts.asked),
        "materials_offered": facts.materials_offered,
        "pauses": [
            {"from": instant_text(begin), "to": instant_text(end)} for begin, end in facts.pauses
        ],
        "support_due_at": _at(one.support_due_at),
        "customer_due_at": _at(one.customer_due_at),
    }


def case_page(page: CasePage, now: datetime) -> Answer:
    """A case with what was said, what is due next, its quotes and its files."""
    return case(page.case) | {
        "last_turn": page.turns[-1].id if page.turns else 0,
        "turns": [turn(one) for one in page.turns],
        "quotes": [quote(one) for one in page.quotes],
        "attachments": [attachment(one) for one in page.attachments],
        "due": [due(one, now) for one in page.due],
        "warnings": list(page.warnings),
    }


def due(one: Due, now: datetime) -> Answer:
    return {
        "who": one.who,
        "what": one.what,
        "until": _at(one.until),
        "target": _at(one.target),
        "overdue": one.is_overdue(now),
    }


def turn(one: RecordedTurn) -> Answer:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "by": one.written_by,
        "words": one.words,
        "finding": one.finding,
        "asks": list(one.asks),
        "quote": one.quote_id,
        "said_at": instant_text(one.said_at),
        "recorded_at": instant_text(one.recorded_at),
    }


def quote(one: WorkQuote) -> Answer:
    return {
        "id": one.id,
        "case": one.case_id,
        "work": one.work,
        "amount": {"amount": str(one.amount), "currency": one.amount.currency},
        "state": one.standing,
        "offered_at": instant_text(one.offered_at),
        "valid_until": instant_text(one.valid_until),
        "answered_at": _at(one.answered_at),
    }


def attachment(one: Attachment) -> Answer:
    return {
        "id": one.id,
        "case": one.case_id,
        "name": one.name,
        "media_type": one.media_type,
        "size": one.size,
        "added_by": one.added_by,
        "added_at": instant_text(one.added_at),
    }


def product(page: ProductPage) -> Answer:
    return {
        "product": page.product,
        "materials": [dict(material) for material in page.materials],
        "not_on_wordpress_com": page.not_on_wordpress_com,
    }


def delivery(one: ItemDelivery) -> Answer:
    return {
        "item": one.woo_item_id,
        "delivered_at": instant_text(one.delivered_at),
        "supported_until": instant_text(one.supported_until),
    }


def infringement(one: Infringement) -> Answer:
    return {
        "id": one.id,
        "customer": one.customer_id,
        "evidence": one.evidence,
        "opened_at": instant_text(one.opened_at),
        "opened_by": one.opened_by,
        "settled_at": _at(one.settled_at),
        "settled_by": one.settled_by,
    }


def _listed(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)


def _at(instant: datetime | None) -> str | None:
    return instant_text(instant) if instant else None
