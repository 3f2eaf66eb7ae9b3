"""What an order would get now and at every step to come, as its facts and its policy stand."""

from __future__ import annotations

from dataclasses import dataclass

from refunddesk.db import orders, requests
from refunddesk.db.orders import Order
from refunddesk.policy.claim import Claim, ClaimNotValid
from refunddesk.policy.document import PolicyNotValid
from refunddesk.policy.quote import Quote, make_quote
from refunddesk.policy.version import Policy
from refunddesk.services.claims import build_claim
from refunddesk.services.edges import Edges
from refunddesk.services.order_facts import why_a_person
from refunddesk.services.policies import load_named_policy
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder


class OrderNotQuotable(Refusal):
    """No policy can say what the order would get: a person decides about it."""


@dataclass(frozen=True, slots=True)
class OrderQuote:
    """Both quotes of one order: what comes by itself, and what can be reached."""

    claim: Claim
    policy: Policy
    as_it_is: Quote
    conditions_met: Quote


def quote_order(edges: Edges, order_id: int) -> OrderQuote:
    """Judged as its open request stands, or as if nobody had asked yet. Changes nothing.

    Raises NoSuchOrder, OrderNotQuotable.
    """
    now = edges.clock()
    with edges.database.read() as transaction:
        try:
            order = orders.get_order(transaction, order_id)
        except orders.NoSuchOrder:
            raise NoSuchOrder(f"There is no order {order_id}.") from None
        _check(order)
        request = requests.find_open(transaction, order_id)
        try:
            claim = build_claim(transaction, request, order, now, lock=False)
            policy = load_named_policy(edges, claim.policy)
        except (ClaimNotValid, PolicyNotValid) as trouble:
            raise _not_quotable(order_id, str(trouble)) from None
    return OrderQuote(
        claim,
        policy,
        make_quote(claim, policy, "as_it_is"),
        make_quote(claim, policy, "conditions_met"),
    )


def _check(order: Order) -> None:
    because = why_a_person(order)
    if because:
        raise _not_quotable(order.id, because)


def _not_quotable(order_id: int, because: str) -> OrderNotQuotable:
    return OrderNotQuotable(
        f"A person decides about order {order_id}: {because}. No amount was quoted."
    )
