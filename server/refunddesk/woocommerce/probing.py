"""Asks a store whether we could work with it; nothing there is other afterwards than before."""

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


def key_may_write(client: StoreClient) -> bool:
    """May the key write? Asked by a write that finds nothing to be done to.

    WooCommerce looks at the key before it looks for the order. Whether its user may change orders
    is not proven so: see `try_to_save`.
    """
    return try_to_save(client, _NO_ORDER) is not False


def try_to_save(client: StoreClient, woo_order_id: int) -> bool | None:
    """Save an order as it is: True if the store does, False if it forbids it, None without such an
    order. The order stays the same; the store tells its webhooks that it was updated.
    """
    try:
        client.touch_order(woo_order_id)
    except StoreRefused as refused:
        if refused.code == "woocommerce_rest_shop_order_invalid_id":
            return None
        if refused.status in (401, 403):
            return False
        raise
    return True
