"""The right to withdraw from a purchase without a reason, where the law and the policy give it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from refunddesk.db import orders, requests, stores
from refunddesk.policy.claim import Claim
from refunddesk.policy.countries import is_in
from refunddesk.policy.document import PolicyNotValid
from refunddesk.policy.quote import make_quote
from refunddesk.policy.version import Policy, PolicyVersion
from refunddesk.services.edges import Edges
from refunddesk.services.policies import load_named_policy
from refunddesk.services.quotes import OrderNotQuotable, quote_order
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import Asking, ask_refund

#: Where consumers have the right: the directive holds in the whole European Economic Area.
WHERE = ("EEA",)


class NoRightToWithdraw(Refusal):
    """The order is none that its customer may withdraw from, or not any more."""


@dataclass(frozen=True, slots=True)
class Right:
    """It may be used until the end of that second; None: its end cannot be told yet."""

    until: datetime | None


def find_right(edges: Edges, order_id: int) -> Right | None:
    """The right as it stands now. Raises NoSuchOrder.

    Whether somebody buys as a consumer is seldom known. Whoever is not known to be a business may
    declare; what is not known is then left to a person, and the day of the declaration counts.
    """
    try:
        quoted = quote_order(edges, order_id)
    except OrderNotQuotable:
        return None
    claim, policy = quoted.claim, quoted.policy
    if not _may_be_consumer(claim) or not _has_clause(_version_for(policy, claim)):
        return None
    consumer = replace(claim, customer=replace(claim.customer, is_consumer=True))
    right = None
    for step in make_quote(consumer, policy, "conditions_met").steps:
        if not policy.lines_by_law(step.decision):
            break
        right = Right(step.until)
    return right


def get_right(edges: Edges, order_id: int) -> Right:
    """As find_right. Raises NoRightToWithdraw where there is none, or not any more."""
    right = find_right(edges, order_id)
    if right is None:
        raise NoRightToWithdraw(
            "There is no right to withdraw from this order, or its time is over. Nothing was taken "
            "down: a refund can be asked for all the same."
        )
    return right


def declare(edges: Edges, order_id: int, request_key: str) -> None:
    """Take the declaration down, with its receipt by mail; the same key again declares nothing new.

    Raises NoRightToWithdraw, and what ask_refund raises.
    """
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, order_id)
    asking = Asking(
        store_id=order.store_id,
        woo_order_id=order.woo_order_id,
        request_key=request_key,
        channel="portal",
        from_account_address=True,
        is_withdrawal=True,
    )
    # Sent again after it was granted, the answer is the declaration there is, and no refusal.
    if not _is_known(edges, asking):
        get_right(edges, order_id)
    ask_refund(edges, asking, asked_by=f"order:{order_id}")


def is_offered(edges: Edges, store_id: int) -> bool:
    """Whether the policy in force at the store gives the right to anybody."""
    with edges.database.read() as transaction:
        store = stores.get_store(transaction, store_id)
    try:
        policy = load_named_policy(edges, store.policy)
    except PolicyNotValid:
        return False
    return _has_clause(policy.version_for(edges.clock()))


def _is_known(edges: Edges, asking: Asking) -> bool:
    with edges.database.read() as transaction:
        return requests.find_by_key(transaction, asking.store_id, asking.request_key) is not None


def _may_be_consumer(claim: Claim) -> bool:
    customer = claim.customer
    return customer.is_consumer is not False and is_in(customer.country or "", WHERE)


def _version_for(policy: Policy, claim: Claim) -> PolicyVersion:
    return policy.version_for(claim.order.paid_at, claim.judged_at)


def _has_clause(version: PolicyVersion) -> bool:
    return any(clause.kind.name == "withdrawal" for clause in version.clauses)
