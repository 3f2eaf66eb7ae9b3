"""Instants and amounts that clauses of several kinds read off a claim."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from refunddesk.money import Money
from refunddesk.policy.claim import Claim, ItemKind

Anchor = Literal[
    "payment",
    "purchase",
    "renewal",
    "delivery",
    "activation",
    "first_use",
    "trial_end",
    "period_start",
]
Event = Literal["raised", "requested"]

#: The key of the interchange form that an anchor stands for.
ANCHOR_KEYS: dict[Anchor, str] = {
    "payment": "order.paid_at",
    "purchase": "order.linked_order",
    "renewal": "order.linked_order",
    "delivery": "order.delivered_at",
    "activation": "order.activated_at",
    "first_use": "order.first_used_at",
    "trial_end": "order.trial_ends_at",
    "period_start": "order.period.start",
}


def anchor_at(claim: Claim, anchor: Anchor) -> datetime | None:
    """The instant a window counts from, None where the claim does not know it.

    "purchase" is the payment of the first purchase, which a renewal or an upgrade only follows;
    "renewal" the payment of an order that renews another one, whatever the store calls it.
    """
    order = claim.order
    if anchor == "payment":
        return order.paid_at
    if anchor == "period_start":
        return order.period.start if order.period else None
    linked = order.linked_order
    if anchor == "purchase":
        if order.kind == "purchase":
            return order.paid_at
        return linked.paid_at if linked else None
    if anchor == "renewal":
        renews = order.kind == "renewal" or (linked and linked.relation == "renewal_of")
        return order.paid_at if renews else None
    instants: dict[Anchor, datetime | None] = {
        "delivery": order.delivered_at,
        "activation": order.activated_at,
        "first_use": order.first_used_at,
        "trial_end": order.trial_ends_at,
    }
    return instants[anchor]


def raised_at(claim: Claim) -> datetime:
    """When the problem was reported; a problem not yet reported is not raised before now."""
    return claim.case.opened_at if claim.case else claim.judged_at


def asked_at(claim: Claim) -> datetime:
    """When the refund was asked for in a way that counts; otherwise not before now."""
    request = claim.request
    return request.at if request and request.is_from_account else claim.judged_at


def event_at(claim: Claim, event: Event) -> datetime:
    return raised_at(claim) if event == "raised" else asked_at(claim)


def paid_for(claim: Claim, kinds: frozenset[ItemKind]) -> tuple[Money, ...]:
    """What was paid per line of the order, nothing for lines of other kinds."""
    nothing = claim.order.refunded.like(0)
    return tuple([item.paid if item.item_kind in kinds else nothing for item in claim.order.items])


def paid_for_all(claim: Claim) -> tuple[Money, ...]:
    """What was paid per line of the order."""
    return tuple([item.paid for item in claim.order.items])
