"""What the staff API answers with: amounts as text with their currency, instants in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from refunddesk.db.approvals import Approval
from refunddesk.db.customers import CustomerFacts
from refunddesk.db.disputes import Dispute
from refunddesk.db.erasures import Erasure
from refunddesk.db.history import Deed
from refunddesk.db.licenses import Activation, License
from refunddesk.db.orders import OrderItem
from refunddesk.db.overrides import Override
from refunddesk.db.refunds import Refund
from refunddesk.db.requests import RefundRequest
from refunddesk.db.store_refunds import StoreRefund
from refunddesk.db.suspicions import Suspicion
from refunddesk.money import Money
from refunddesk.policy.decision import instant_text
from refunddesk.services.desk import RefundPage, RequestPage
from refunddesk.services.order_pages import OrderPage
from refunddesk.services.quotes import OrderQuote
from refunddesk.web.api import case_answers

Answer = dict[str, Any]


def request_page(page: RequestPage) -> Answer:
    """A request with its last decision, in codes and in words, and what became of the money."""
    latest = page.judgements[0] if page.judgements else None
    return request(page.request) | {
        "awaits": latest.said["awaits"] if latest and page.request.state == "awaiting" else [],
        "decision": latest
        and {
            "id": latest.recorded.id,
            "judged_at": instant_text(latest.recorded.judged_at),
            **latest.said,
        },
        "explanation": latest.explained.to_json() if latest and latest.explained else None,
        "refund": refund(page.refunds[-1]) if page.refunds else None,
        "overrides": [override(one) for one in page.overrides],
        "approval": approval(page.waiting) if page.waiting else None,
        "seen": page.seen,
        "history": [deed(one) for one in page.deeds],
    }


def override(one: Override) -> Answer:
    return {
        "id": one.id,
        "ruling": one.ruling,
        "because": one.because,
        "made_by": one.made_by,
        "made_at": instant_text(one.made_at),
        "set_aside": one.set_aside_id,
        "keeps_license": one.keeps_license,
        "gate_waived_because": one.gate_waived_because,
    }


def approval(one: Approval) -> Answer:
    """A grant above the limit; `settled_as` is null while it waits."""
    return {
        "id": one.id,
        "request": one.request_id,
        "decision": one.decision_id,
        "amount": money(one.amount),
        "granted_by": one.granted_by,
        "asked_at": instant_text(one.asked_at),
        "settled_at": _at(one.settled_at),
        "settled_as": one.settled_as,
        "settled_by": one.settled_by,
        "because": one.because,
    }


def limits(given: Mapping[str, Money | None]) -> Answer:
    return {side: None if limit is None else money(limit) for side, limit in given.items()}


def request(asked: RefundRequest) -> Answer:
    return {
        "id": asked.id,
        "store": asked.store_id,
        "order": asked.order_id,
        "case": asked.case_id,
        "request_key": asked.request_key,
        "state": asked.state,
        "channel": asked.channel,
        "from_account_address": asked.from_account_address,
        "asked_by": asked.asked_by,
        "asked_at": instant_text(asked.asked_at),
        "judge_again_at": _at(asked.judge_again_at),
        "destruction_confirmed_at": _at(asked.destruction_confirmed_at),
    }


def refund_page(page: RefundPage) -> Answer:
    """A refund with its lines, the steps that follow it, and everything that happened to it."""
    return refund(page.refund) | {
        "lines": [
            {
                "item": line.woo_item_id,
                "quantity": str(line.quantity),
                "net": money(line.net),
                "tax": money(line.tax),
            }
            for line in page.refund.lines
        ],
        "steps": [
            {"kind": step.kind, "state": step.state, "because": step.because} for step in page.steps
        ],
        "history": [deed(one) for one in page.deeds],
    }


def refund(given: Refund) -> Answer:
    return {
        "id": given.id,
        "order": given.order_id,
        "request": given.request_id,
        "decision": given.decision_id,
        "duplicate": given.duplicate_id,
        "amount": money(given.amount),
        "state": given.state.value,
        "marker": given.marker,
        "woo_refund_id": given.woo_refund_id,
        "approved_by": given.approved_by,
        "last_error": given.last_error,
        "created_at": instant_text(given.created_at),
        "settled_at": _at(given.settled_at),
    }


def customer(facts: CustomerFacts) -> Answer:
    opened_at = facts.infringement_opened_at
    return {
        "id": facts.id,
        "store": facts.store_id,
        "country": facts.country,
        "is_consumer": facts.is_consumer,
        "breaches": list(facts.breaches),
        "infringement": opened_at
        and {
            "opened_at": instant_text(opened_at),
            "opened_by": facts.infringement_opened_by,
            "evidence": facts.infringement_evidence,
            "settled_at": _at(facts.infringement_settled_at),
        },
    }


def dispute(one: Dispute) -> Answer:
    return {
        "id": one.id,
        "order": one.order_id,
        "status": one.status,
        "opened_at": instant_text(one.opened_at),
        "closed_at": _at(one.closed_at),
    }


def order_page(page: OrderPage) -> Answer:
    """An order with all that hangs on it."""
    order = page.order
    return {
        "id": order.id,
        "store": order.store_id,
        "woo_order_id": order.woo_order_id,
        "number": order.number,
        "status": order.status,
        "kind": order.kind,
        "billing": order.billing,
        "customer": order.customer_id,
        "total": money(order.total),
        "tax": money(order.tax),
        "paid_at": _at(order.paid_at),
        "period": {"start": _at(order.period_start_at), "end": _at(order.period_end_at)},
        "gone_at": _at(order.gone_at),
        "remarks": list(order.remarks),
        "items": [_item(item) for item in page.items],
        "refunds": [refund(given) for given in page.refunds],
        "store_refunds": [_store_refund(row) for row in page.store_refunds],
        "licenses": [_license(license, page.activations) for license in page.licenses],
        "cases": [case_answers.case(one) for one in page.cases],
        "deliveries": [case_answers.delivery(one) for one in page.deliveries],
        "disputes": [dispute(one) for one in page.disputes],
        "requests": [request(asked) for asked in page.requests],
        "books": [
            {"account": posting.account, "balance": money(posting.amount)}
            for posting in page.balances
        ],
    }


def order_quote(quote: OrderQuote) -> Answer:
    """What the order would get now and at every step to come."""
    return {
        "as_it_is": quote.as_it_is.to_json(),
        "conditions_met": quote.conditions_met.to_json(),
    }


def money(amount: Money) -> Answer:
    return {"amount": str(amount), "currency": amount.currency}


def erasure(one: Erasure) -> Answer:
    return {
        "id": one.id,
        "customer": one.customer_id,
        "store": one.store_id,
        "begun_at": instant_text(one.begun_at),
        "done_at": _at(one.done_at),
    }


def deed(one: Deed) -> Answer:
    return {
        "at": instant_text(one.happened_at),
        "actor": one.actor,
        "action": one.action,
        "data": one.data,
    }


def activation(one: Activation) -> Answer:
    return {
        "id": one.id,
        "site": one.site,
        "is_staging": one.is_staging,
        "activated_at": instant_text(one.activated_at),
        "seen_at": _at(one.seen_at),
        "lost_at": _at(one.lost_at),
        "deactivated_at": _at(one.deactivated_at),
        "deactivated_by": one.deactivated_by,
    }


def suspicion(one: Suspicion) -> Answer:
    return {
        "id": one.id,
        "license": one.license_id,
        "customer": one.customer_id,
        "kind": one.kind,
        "raised_at": instant_text(one.raised_at),
        "raised_by": one.raised_by,
        "evidence": one.evidence,
        "settled_at": _at(one.settled_at),
        "settled_as": one.settled_as,
        "settled_by": one.settled_by,
        "because": one.because,
    }


def _item(item: OrderItem) -> Answer:
    return {
        "id": item.woo_item_id,
        "name": item.name,
        "product": item.product,
        "item_kind": item.item_kind,
        "quantity": str(item.quantity),
        "paid": money(item.paid),
        "tax": money(item.tax),
        "in_programme": item.in_programme,
        "sites_limit": item.sites_limit,
    }


def _store_refund(row: StoreRefund) -> Answer:
    return {
        "woo_refund_id": row.woo_refund_id,
        "refund": row.refund_id,
        "amount": money(row.amount),
        "refunded_payment": row.refunded_payment,
        "made_at": _at(row.made_at),
        "gone_at": _at(row.gone_at),
    }


def _license(license: License, activations: list[Activation]) -> Answer:
    return {
        "id": license.id,
        "order": license.order_id,
        "product": license.product,
        "key_ends_with": license.key_ends_with,
        "sites_limit": license.sites_limit,
        "state": license.state,
        "state_because": license.state_because,
        "ended_as": license.ended_as,
        "expires_at": _at(license.expires_at),
        "ended_at": _at(license.ended_at),
        "customized": license.customized,
        "activations": [activation(one) for one in activations if one.license_id == license.id],
    }


def _at(instant: datetime | None) -> str | None:
    return instant_text(instant) if instant else None
