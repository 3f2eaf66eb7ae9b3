"""Looks after the connection with a store's bridge: checks it, mends it, ends it."""

from __future__ import annotations

from sqlalchemy import Connection

from refunddesk.db import endpoints, inbox, orders, store_logins, stores
from refunddesk.db.history import record_deed
from refunddesk.db.stores import SealedKeys
from refunddesk.services.bridge_calls import BridgeAnswer, ConnectedCall
from refunddesk.services.bridges import look_for_bridge
from refunddesk.services.connecting import webhook_for
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_journal
from refunddesk.services.stores import get_store, new_secret, open_client
from refunddesk.services.webhooks import TOPICS
from refunddesk.woocommerce.bridge import say_goodbye
from refunddesk.woocommerce.client import (
    StoreCallFailed,
    StoreClient,
    StoreGarbled,
    StoreRefused,
    StoreUnreachable,
)
from refunddesk.woocommerce.fields import text_of
from refunddesk.woocommerce.probing import key_may_write, try_to_save


def check(edges: Edges, call: ConnectedCall) -> BridgeAnswer:
    """What the desk sees of the store: `reads` is "ok" or what is in the way of its own calls.

    `writes`: "saved" if the newest order that is known could be saved as it is, "key_only" without
    an order to try it on, "refused". `event_arrived`: whether the event that is named was kept.
    """
    reads, writes = _look(edges, call.store.id)
    event_id = text_of(call.said.get("event"))
    drain_journal(edges, wait=True)
    with edges.database.read() as transaction:
        arrived = inbox.has_event(transaction, call.endpoint.id, event_id)
    return call.answer({"reads": reads, "writes": writes, "event_arrived": arrived})


def tell_health(edges: Edges, call: ConnectedCall) -> BridgeAnswer:
    """What the store's own health page needs of us: our clock, and when it last delivered."""
    with edges.database.read() as transaction:
        delivered_at = inbox.find_last_received_at(transaction, call.store.id)
    return call.answer(
        {
            "now": edges.clock().isoformat(timespec="seconds"),
            "delivered_at": delivered_at.isoformat(timespec="seconds") if delivered_at else None,
        }
    )


def tell_webhooks(edges: Edges, call: ConnectedCall, base_url: str) -> BridgeAnswer:
    """The webhooks that the store is to have, with their secrets, for a bridge that lost some."""
    with edges.database.read() as transaction:
        ours = endpoints.list_endpoints(transaction, call.store.id)
    wanted = [
        webhook_for(base_url, one.topic, one.id, edges.sealer.open(one.secret_sealed))
        for one in ours
        if one.topic in TOPICS
    ]
    return call.answer({"webhooks": wanted})


def disconnect(edges: Edges, call: ConnectedCall) -> BridgeAnswer:
    """End the connection because the store's owner wants it; the books are kept."""
    _end(edges, call.store.id, by=f"store:{call.store.id}")
    return call.answer({})


def disconnect_store(edges: Edges, store_id: int, *, by: str) -> str | None:
    """End the connection from here; what of it could not be removed in the store, in words.

    The bridge is asked first to remove its user, key and webhooks: afterwards our key is gone.
    Raises NoSuchStore.
    """
    get_store(edges, store_id)
    left = None
    try:
        with open_client(edges, store_id) as client:
            say_goodbye(client)
    except StoreCallFailed as failure:
        left = (
            f"{failure} What the bridge made in the store may still be there: press “Disconnect” "
            "in wp-admin, WooCommerce, Refund Desk."
        )
    _end(edges, store_id, by=by)
    return left


def _end(edges: Edges, store_id: int, *, by: str) -> None:
    now = edges.clock()
    nothing = SealedKeys(edges.sealer.seal(""), edges.sealer.seal(""))
    with edges.database.write() as transaction:
        if stores.get_store(transaction, store_id).disconnected_at is not None:
            return
        stores.record_disconnected(transaction, store_id, no_keys=nothing, at=now)
        _forget_secrets(transaction, edges, store_id)
        # Whoever joins it again may be another installation: an owner says anew who may come in.
        store_logins.remove_logins(transaction, store_id)
        record_deed(
            transaction,
            at=now,
            actor=by,
            action="store_disconnected",
            subject=f"store:{store_id}",
        )


def _forget_secrets(transaction: Connection, edges: Edges, store_id: int) -> None:
    """Nobody knows the new ones: whatever is delivered from now on is refused.

    The endpoints stay, since the deliveries that are kept name them.
    """
    for endpoint in endpoints.list_endpoints(transaction, store_id):
        endpoints.replace_secret(transaction, endpoint.id, edges.sealer.seal(new_secret(edges)))


def _look(edges: Edges, store_id: int) -> tuple[str, str]:
    """How our own calls into the store go: "ok" or what is in the way, and whether we may write."""
    with edges.database.read() as transaction:
        newest = orders.find_newest_woo_id(transaction, store_id)
    try:
        with open_client(edges, store_id) as client:
            client.list_orders(edges.clock())
            writes = _try_to_write(client, newest)
        return ("ok" if look_for_bridge(edges, store_id) else "no_bridge"), writes
    except StoreCallFailed as failure:
        return _in_the_way(failure), "refused"


def _try_to_write(client: StoreClient, newest: int | None) -> str:
    saved = try_to_save(client, newest) if newest is not None else None
    if saved is None:
        return "key_only" if key_may_write(client) else "refused"
    return "saved" if saved else "refused"


def _in_the_way(failure: StoreCallFailed) -> str:
    if isinstance(failure, StoreRefused) and 300 <= failure.status < 400:
        return "redirected"
    if isinstance(failure, StoreRefused) and failure.status in (401, 403):
        return "not_allowed"
    if isinstance(failure, StoreGarbled):
        return "garbled"
    assert isinstance(failure, StoreRefused | StoreUnreachable)
    return "unreachable"
