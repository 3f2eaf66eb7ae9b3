"""Builds the claim: all that a judgement may look at, gathered from our rows at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection

from refunddesk.casework import pauses_after
from refunddesk.db import (
    attachments,
    cases,
    customers,
    disputes,
    item_deliveries,
    licenses,
    orders,
    refunds,
    store_refunds,
    stores,
    subscriptions,
)
from refunddesk.db.cases import Case
from refunddesk.db.customers import CustomerFacts
from refunddesk.db.licenses import Activation
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.refunds import OPEN, Refund, State
from refunddesk.db.requests import RefundRequest
from refunddesk.db.store_refunds import StoreRefund
from refunddesk.money import Money, total
from refunddesk.policy import claim as facts
from refunddesk.policy.claim import Claim, ClaimNotValid
from refunddesk.services import compat_signal
from refunddesk.services.recorded_facts import told_of
from refunddesk.services.renewals import list_told

_RELATIONS: dict[str, facts.Relation] = {"renewal": "renewal_of", "upgrade": "upgrade_of"}


def build_claim(
    transaction: Connection,
    request: RefundRequest | None,
    order: Order,
    now: datetime,
    *,
    lock: bool = True,
) -> Claim:
    """The claim of `request` as the facts stand now, or of an order nobody asked about yet.

    With `lock` the caller has locked the order, and the licences stay locked too: between the
    gate's last look and the grant nobody may switch one on. Raises ClaimNotValid where the facts
    contradict each other.
    """
    store = stores.get_store(transaction, order.store_id)
    told = told_of(transaction, order)
    return Claim(
        policy=store.policy,
        store=facts.Store(timezone=store.timezone, country=store.country or None),
        order=told.in_order(_order(transaction, order)),
        customer=_customer(transaction, order),
        case=told.in_part(_case(transaction, request, order, now)),
        request=told.in_part(_request(request) if request else None),
        license=told.in_part(license_facts(transaction, order, request, lock=lock)),
        disputes=tuple(
            facts.Dispute(
                id=str(dispute.id),
                opened_at=dispute.opened_at,
                status=cast(facts.DisputeStatus, dispute.status),
                closed_at=dispute.closed_at,
            )
            for dispute in disputes.list_disputes(transaction, order.id)
        ),
        notices=_notices(transaction, order),
        compat=_compat(transaction, request, order),
        # The store's clock may run ahead of ours: what it says happened is not yet to come.
        judged_at=max(now, request.asked_at if request else now, order.paid_at or now),
    )


def _compat(
    transaction: Connection, request: RefundRequest | None, order: Order
) -> facts.Compat | None:
    """What the checks say of a plugin that is said to have broken on a release."""
    if request is None or request.case_id is None:
        return None
    case = cases.find_case(transaction, request.case_id)
    signal = compat_signal.find_signal(transaction, case) if case else None
    if signal is None:
        return None
    return facts.Compat(verdict=signal.check.verdict.value, release=signal.release.title)


def _notices(transaction: Connection, order: Order) -> tuple[facts.Notice, ...] | None:
    """The reminders and receipts of a renewal that the mail server took; None: not known."""
    told = list_told(transaction, order)
    if told is None:
        return None
    return tuple(
        facts.Notice(kind=cast(facts.NoticeKind, one.kind), sent_at=one.sent_at) for one in told
    )


def _request(request: RefundRequest) -> facts.Request:
    return facts.Request(
        at=request.asked_at,
        channel=cast(facts.Channel, request.channel),
        from_account_address=request.from_account_address,
    )


@dataclass(frozen=True, slots=True)
class Returned:
    """What an order has given back, without tax: by line, and `unplaced` for no line named."""

    lines: dict[int, Money]
    unplaced: Money


def returned(
    order: Order,
    items: Sequence[OrderItem],
    ours: Sequence[Refund],
    in_store: Sequence[StoreRefund],
) -> Returned:
    """Each refund once, wherever it is seen: ours by what was granted, others by the store's row.

    Ours count from the grant on, and no more once they failed. An amount that names no line
    includes tax in the order's own proportion; the odd cent is the customer's.
    """
    zero = Money.zero(order.currency, order.decimals)
    lines = {item.woo_item_id: zero for item in items}
    unplaced = zero
    for refund in ours:
        if refund.state in OPEN or refund.state == State.PAID:
            for line in refund.lines:
                lines[line.woo_item_id] = lines.get(line.woo_item_id, zero) + line.net
    for row in in_store:
        if row.refund_id is not None or not row.counts:
            continue
        rest = row.amount
        for part in row.lines:
            rest = rest - part.net - part.tax
            if part.woo_item_id in lines:
                lines[part.woo_item_id] = lines[part.woo_item_id] + part.net
            else:
                unplaced = unplaced + part.net
        unplaced = unplaced + _without_tax(max(rest, zero), order)
    return Returned(lines, unplaced)


def _order(transaction: Connection, order: Order) -> facts.Order:
    if order.paid_at is None:
        raise ClaimNotValid("order.paid_at", "the store does not say that the order was paid")
    items = orders.list_items(transaction, order.id)
    ours = refunds.list_for_order(transaction, order.id)
    in_store = store_refunds.list_store_refunds(transaction, order.id)
    _check_currency(order, ours, in_store)
    back = returned(order, items, ours, in_store)
    paid = total((item.paid for item in items), order.currency, order.decimals)
    placed = total(back.lines.values(), order.currency, order.decimals)
    start, end = order.period_start_at, order.period_end_at
    handed_over = {one.woo_item_id for one in item_deliveries.list_of_order(transaction, order.id)}
    used_from = _used_from(transaction, order)
    return facts.Order(
        id=str(order.woo_order_id),
        kind=cast(facts.OrderKind, order.kind),
        billing=cast(facts.Billing, order.billing),
        paid_at=order.paid_at,
        currency=order.currency,
        items=tuple(
            item_facts(item, back.lines[item.woo_item_id], item.woo_item_id in handed_over)
            for item in items
        ),
        # A store can give back more than a line's price, by hand; more than all is all.
        refunded=min(placed + back.unplaced, paid),
        period=facts.Period(start=start, end=end) if start and end else None,
        delivered_at=order.completed_at,
        gateway_fee=order.gateway_fee,
        promotion=order.promotion,
        payment_method=order.payment_method or None,
        linked_order=_linked_order(transaction, order),
        trial_ends_at=_trial_end(transaction, order),
        activated_at=used_from,
        first_used_at=used_from,
    )


def _used_from(transaction: Connection, order: Order) -> datetime | None:
    """When the order's licensed products were first used, as far as the desk can see: from the
    first activation on. An imported licence was used before, and its file does not say since when.
    """
    held = licenses.list_licenses(transaction, order.id, order.subscription_id)
    if any(license.is_imported for license in held):
        return None
    known = licenses.list_activations(transaction, [license.id for license in held])
    return min((one.activated_at for one in known), default=None)


def _linked_order(transaction: Connection, order: Order) -> facts.LinkedOrder | None:
    """What a renewal renews or a switch upgrades: the first order paid for the subscription."""
    relation = _RELATIONS.get(order.kind)
    if relation is None or order.subscription_id is None:
        return None
    for other in orders.list_orders_of_subscription(transaction, order.subscription_id):
        if other.id != order.id and other.kind == "purchase" and other.paid_at:
            return facts.LinkedOrder(
                id=str(other.woo_order_id), relation=relation, paid_at=other.paid_at
            )
    return None


def _trial_end(transaction: Connection, order: Order) -> datetime | None:
    if order.subscription_id is None:
        return None
    return subscriptions.get_subscription(transaction, order.subscription_id).trial_ends_at


def _check_currency(order: Order, ours: Sequence[Refund], in_store: Sequence[StoreRefund]) -> None:
    given = [refund.amount for refund in ours if refund.state != State.FAILED]
    given += [row.amount for row in in_store if row.counts]
    for amount in given:
        if (amount.currency, amount.decimals) != (order.currency, order.decimals):
            raise ClaimNotValid(
                "order.currency",
                f"{amount} {amount.currency} was given back on it, and its total is now "
                f"{order.total} {order.currency}",
            )


def item_facts(item: OrderItem, refunded: Money, is_handed_over: bool = False) -> facts.Item:
    return facts.Item(
        id=str(item.woo_item_id),
        product=item.product,
        item_kind=cast(facts.ItemKind, item.item_kind),
        paid=item.paid,
        tax=item.tax,
        quantity=item.quantity,
        refunded=min(refunded, item.paid) if refunded else None,
        in_programme=item.in_programme,
        # Work that was handed over was begun; whether other work was, the desk cannot see.
        begun=True if is_handed_over else None,
    )


def _without_tax(amount: Money, order: Order) -> Money:
    net = order.total - order.tax
    if not amount or order.total.minor <= 0 or not 0 <= net.minor <= order.total.minor:
        return amount
    return amount.share(net.minor, order.total.minor)


def _customer(transaction: Connection, order: Order) -> facts.Customer:
    if order.customer_id is None:
        return facts.Customer(breaches=())
    person = customers.list_same_person(transaction, order.customer_id)
    buyer = next(row for row in person if row.id == order.customer_id)
    earlier = customers.list_refunded_products(transaction, [row.id for row in person])
    return facts.Customer(
        infringement=infringement_of(person),
        earlier_refunds=tuple(
            facts.EarlierRefund(
                id=refund.marker,
                order_id=str(refund.woo_order_id),
                product=refund.product,
                refunded_at=refund.refunded_at,
            )
            for refund in earlier
        ),
        country=buyer.country or None,
        is_consumer=buyer.is_consumer,
        breaches=breaches_of(person),
        refunds_ever=customers.count_refunds(transaction, [row.id for row in person]),
    )


def breaches_of(person: Sequence[CustomerFacts]) -> tuple[facts.Breach, ...]:
    """What is held against the person under any of their addresses; nothing held is none."""
    return tuple(sorted({cast(facts.Breach, one) for row in person for one in row.breaches}))


def infringement_of(person: Sequence[CustomerFacts]) -> facts.Infringement | None:
    """The open procedure if there is one, else the one settled last."""
    known = [row for row in person if row.infringement_opened_at is not None]
    if not known:
        return None
    still_open = [row for row in known if row.infringement_is_open]
    row = still_open[0] if still_open else max(known, key=_settled_at)
    assert row.infringement_opened_at is not None
    return facts.Infringement(
        opened_at=row.infringement_opened_at,
        opened_by=row.infringement_opened_by or "",
        evidence=row.infringement_evidence or "",
        settled_at=row.infringement_settled_at,
    )


def _settled_at(row: CustomerFacts) -> datetime:
    assert row.infringement_settled_at is not None
    return row.infringement_settled_at


def _case(
    transaction: Connection, request: RefundRequest | None, order: Order, now: datetime
) -> facts.Case | None:
    """The request's own case; before anybody asked, the order's newest."""
    if request is None:
        opened = cases.list_cases(transaction, order.id)
        return _case_facts(transaction, opened[-1], now) if opened else None
    if request.case_id is None:
        return None
    case = cases.find_case(transaction, request.case_id)
    return _case_facts(transaction, case, now) if case else None


def _case_facts(transaction: Connection, case: Case, now: datetime) -> facts.Case:
    """The case as the policy sees it. While a question is open the report lacks what was asked."""
    said = case.facts
    missing = (*said.missing, *(name for name in said.asked if name not in said.missing))
    pauses = said.pauses
    if said.awaited_since and said.complete_at and not missing:
        # A quote waits to be answered: support's clock has stood still until now.
        pauses = pauses_after(said.complete_at, (*pauses, (said.awaited_since, now)))
    return facts.Case(
        opened_at=said.opened_at,
        complete_at=None if missing else said.complete_at,
        reason=cast(facts.Reason, said.reason),
        missing=tuple(cast(facts.MissingFact, name) for name in missing),
        awaited_since=said.awaited_since,
        finding=cast("facts.CaseFinding | None", said.finding),
        resolved=said.resolved,
        gave_up_at=said.gave_up_at,
        last_customer_reply_at=said.last_customer_reply_at,
        materials_offered=said.materials_offered,
        proof_given=attachments.total_size(transaction, case.id) > 0,
        pauses=() if missing else tuple(facts.Pause(start=begin, end=end) for begin, end in pauses),
    )


def license_facts(
    transaction: Connection, order: Order, request: RefundRequest | None, *, lock: bool
) -> facts.License | None:
    """All licences of the order taken together, or None where it bought none."""
    held = licenses.list_licenses(transaction, order.id, order.subscription_id, lock=lock)
    if not held:
        return None
    known = _activations(transaction, order)
    return facts.License(
        active_sites=tuple(sorted({one.site for one in known if one.deactivated_at is None})),
        destruction_confirmed_at=request.destruction_confirmed_at if request else None,
        activations=len({one.site for one in known}),
        last_used_at=max((one.seen_at or one.activated_at for one in known), default=None),
    )


def _activations(transaction: Connection, order: Order) -> list[Activation]:
    """All uses of the order's licences, also those that are over."""
    held = licenses.list_licenses(transaction, order.id, order.subscription_id)
    return licenses.list_activations(transaction, [license.id for license in held])
