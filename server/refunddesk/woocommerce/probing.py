"""Asks a store whether we could work with it, without changing anything there."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from refunddesk.woocommerce.client import StoreClient, StoreRefused

#: An order that no store has: the largest number JSON carries whole.
_NO_ORDER = 2**53 - 1


def read_clock(client: StoreClient) -> datetime | None:
    """What time it is by the store's web server, to the second; None if it does not say."""
    date = client.ask_index().date
    try:
        return parsedate_to_datetime(date).astimezone(UTC) if date else None
    except ValueError:
        return None


def may_write(client: StoreClient) -> bool:
    """May the key write? Asked by a write that finds nothing to be done to.

    WooCommerce looks at the key before it looks for the order.
    """
    try:
        client.touch_order(_NO_ORDER)
    except StoreRefused as refused:
        if refused.code == "woocommerce_rest_shop_order_invalid_id":
            return True
        if refused.status in (401, 403):
            return False
        raise
    return True
