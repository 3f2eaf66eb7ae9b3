"""Knows which stores have a bridge, and tells when one is gone."""

from __future__ import annotations

from refunddesk.db import stores
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.history import record_deed
from refunddesk.services.alarms import keep_alarm
from refunddesk.services.edges import Edges
from refunddesk.services.stores import open_client
from refunddesk.woocommerce.bridge import Bridge, find_bridge

_GONE = (
    "The store's Refund Desk Bridge is not there any more. Refunds still go out by WooCommerce's "
    "own route, but one whose answer is lost will wait for a person. Switch the plugin on again."
)


def look_for_bridge(edges: Edges, store_id: int) -> Bridge | None:
    """The store's bridge, kept for its next payments. Raises StoreCallFailed.

    Without one refunds go by WooCommerce's own route, and what is unknown waits for a person.
    """
    with open_client(edges, store_id) as client:
        bridge = find_bridge(client)
    now = edges.clock()
    record = bridge.record if bridge else None
    with edges.database.write() as transaction:
        before = stores.get_store(transaction, store_id).bridge_record
        if record != before:
            stores.record_bridge(transaction, store_id, record)
            record_deed(
                transaction,
                at=now,
                actor="reconciliation",
                action="bridge_found" if bridge else "bridge_gone",
                subject=f"store:{store_id}",
                data={"version": bridge.version} if bridge else {},
            )
        if bridge or before:
            trouble = None if bridge else _GONE
            keep_alarm(transaction, store_id, AlarmKind.BRIDGE_GONE, trouble=trouble, now=now)
    return bridge
