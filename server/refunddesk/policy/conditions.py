"""Conditions: the purchases, customers and reasons that a clause is for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from refunddesk.policy.claim import (
    Billing,
    CaseFinding,
    Claim,
    Item,
    ItemKind,
    OrderKind,
    Reason,
    Relation,
)
from refunddesk.policy.countries import is_in
from refunddesk.policy.facts import asked_at
from refunddesk.policy.values import Countries
from refunddesk.worktime import Span, is_over

#: What is charged along with what was bought: a choice of products goes by the order's others.
_ALONG: frozenset[ItemKind] = frozenset({"shipping", "fee"})
#: What kind and billing of an order answer, and for limits and gates the grant.
_OF_SORT = ("order_kind", "billing", "granted_by")
_ANYWHERE = Countries(frozenset())
#: True, False, or the key of the fact that is missing to tell.
Holds = bool | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Purchases picked out by what they are; an empty set, and None, picks all.

    `within` picks those whose refund was asked for (or, unasked, is judged) within that time
    from the payment. A claim that names no promotion, no linked order and no reason has none.
    `item_kinds` and `products` pick lines of an order, each by itself. `products` and `promotions`
    may end in a star. `granted_by` is for limits and gates: the clauses whose grants they shape.
    """

    order_kind: frozenset[OrderKind] = frozenset()
    billing: frozenset[Billing] = frozenset()
    item_kinds: frozenset[ItemKind] = frozenset()
    within: Span | None = None
    products: frozenset[str] = frozenset()
    promotions: frozenset[str] = frozenset()
    payment_methods: frozenset[str] = frozenset()
    countries: Countries = _ANYWHERE
    customer: Literal["consumer", "business"] | None = None
    relations: frozenset[Relation] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    findings: frozenset[CaseFinding] = frozenset()
    granted_by: frozenset[str] = frozenset()

    def of_sort(self, kind: OrderKind, billing: Billing) -> bool | None:
        """Whether they hold for all orders of this kind and billing, None where some do not."""
        if self.order_kind and kind not in self.order_kind:
            return False
        if self.billing and billing not in self.billing:
            return False
        answered: dict[str, Any] = {name: frozenset() for name in _OF_SORT}
        return True if replace(self, **answered) == Conditions() else None

    @property
    def pick_lines(self) -> bool:
        """Whether they can hold for one line of an order and not for another."""
        return bool(self.item_kinds or self.products)

    def hold(
        self, claim: Claim, end_of: Callable[[Span, datetime], datetime], line: Item | None = None
    ) -> Holds:
        """Whether all that are set hold; the missing fact only where none is known to fail.

        For that `line`, or without one for any line of the order.
        """
        missing: str | None = None
        for holds in self._answers(claim, end_of, claim.order.items if line is None else (line,)):
            if holds is False:
                return False
            if isinstance(holds, str):
                missing = missing or holds
        return missing or True

    def _answers(
        self,
        claim: Claim,
        end_of: Callable[[Span, datetime], datetime],
        lines: tuple[Item, ...],
    ) -> Iterator[Holds]:
        order = claim.order
        if self.order_kind:
            yield order.kind in self.order_kind
        if self.billing:
            yield order.billing in self.billing
        if self.item_kinds:
            yield any(item.item_kind in self.item_kinds for item in lines)
        if self.products:
            alone = lines[0].item_kind not in _ALONG
            named = lines if alone else order.items
            yield any(matches(item.product, self.products) for item in named)
        if self.promotions:
            yield order.promotion is not None and matches(order.promotion, self.promotions)
        if self.relations:
            linked = order.linked_order
            yield linked is not None and linked.relation in self.relations
        yield from self._about_the_case(claim)
        yield from self._about_the_customer(claim)
        if self.within is not None:
            yield not is_over(end_of(self.within, order.paid_at), asked_at(claim))

    def _about_the_case(self, claim: Claim) -> Iterator[Holds]:
        case = claim.case
        if self.reasons:
            yield case is not None and case.reason in self.reasons
        if self.findings:
            yield case is not None and case.finding in self.findings

    def _about_the_customer(self, claim: Claim) -> Iterator[Holds]:
        customer, method = claim.customer, claim.order.payment_method
        if self.payment_methods:
            yield method in self.payment_methods if method else "order.payment_method"
        if self.countries:
            country = customer.country
            yield is_in(country, self.countries) if country else "customer.country"
        if self.customer is not None:
            known = customer.is_consumer
            wanted = self.customer == "consumer"
            yield "customer.is_consumer" if known is None else known is wanted


def matches(name: str, patterns: Collection[str]) -> bool:
    """Whether `name` is among `patterns`, of which "crm-*" is every name that begins so."""
    if name in patterns:
        return True
    return any(p.endswith("*") and name.startswith(p[:-1]) for p in patterns)
