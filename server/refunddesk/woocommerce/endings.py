"""Ends subscriptions and closes unpaid orders, each in the one way that leaves no loose end."""

from __future__ import annotations

from refunddesk.woocommerce.cancellation import (
    ENDED_SUBSCRIPTIONS,
    ENDS_WITH_PERIOD,
    Cancellation,
)
from refunddesk.woocommerce.client import StoreClient
from refunddesk.woocommerce.fields import text_of


def cancel_subscription(client: StoreClient, woo_subscription_id: int) -> Cancellation:
    """End a subscription with its dates set and its next payment cleared; safe to repeat.

    `status` written plainly would leave the next payment scheduled, so the transition is
    asked for, and only of one that has not ended.
    """
    before = _status(client, woo_subscription_id)
    if before in ENDED_SUBSCRIPTIONS:
        return Cancellation(before, before, written=False)
    return _transition(client, woo_subscription_id, before, "cancelled")


def end_subscription(client: StoreClient, woo_subscription_id: int) -> Cancellation:
    """Have a subscription take no more money; what was paid for goes on. Safe to repeat.

    One that was never paid has no time to run out and is cancelled.
    """
    before = _status(client, woo_subscription_id)
    if before in ENDED_SUBSCRIPTIONS or before == ENDS_WITH_PERIOD:
        # From "cancelled" the store would accept a step back to "pending-cancel".
        return Cancellation(before, before, written=False)
    to = ENDS_WITH_PERIOD if before in ("active", "on-hold") else "cancelled"
    return _transition(client, woo_subscription_id, before, to)


def close_order(client: StoreClient, woo_order_id: int) -> None:
    """Cancel an order that was not paid. The store does so to a paid one, too: look before."""
    client.change(f"orders/{woo_order_id}", {"status": "cancelled"})


def _status(client: StoreClient, woo_subscription_id: int) -> str:
    return text_of(client.get_subscription(woo_subscription_id).get("status"))


def _transition(
    client: StoreClient, woo_subscription_id: int, before: str, to: str
) -> Cancellation:
    body = client.change(f"subscriptions/{woo_subscription_id}", {"transition_status": to})
    return Cancellation(before, text_of(body.get("status")), written=True)
