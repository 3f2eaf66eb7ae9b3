"""Makes the webhooks in a store that tell us what happens there. Running it again makes none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from refunddesk.db import endpoints
from refunddesk.services.edges import Edges
from refunddesk.services.stores import NewEndpoint, add_endpoint, get_store, open_client
from refunddesk.woocommerce.client import StoreClient, StoreRefused

#: There is no topic for refunds: they show as order.updated, and by the hook of the last line.
TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "subscription.created",
    "subscription.updated",
    "subscription.deleted",
    "subscription.switched",
    "action.woocommerce_order_refunded",
)


@dataclass(frozen=True, slots=True)
class Connected:
    """What was done for one topic: "made", "kept", "switched on", or "not offered"."""

    topic: str
    done: str


def delivery_url(base_url: str, endpoint_id: str) -> str:
    """Where the store delivers to; `base_url` is the desk's public address with its prefix."""
    return f"{base_url}/hooks/{endpoint_id}"


def connect_webhooks(edges: Edges, store_id: int, base_url: str) -> list[Connected]:
    """Have the store deliver every topic we use to `base_url`. Needs a key that may write.

    A webhook that the store has switched off after failures is switched on again. Topics of a
    plugin that the store does not have are left out. Raises what the client raises.
    """
    get_store(edges, store_id)
    with open_client(edges, store_id) as client:
        there = {_text(webhook, "delivery_url"): webhook for webhook in client.list_webhooks()}
        return [_connect(edges, client, store_id, base_url, topic, there) for topic in TOPICS]


def _connect(
    edges: Edges,
    client: StoreClient,
    store_id: int,
    base_url: str,
    topic: str,
    there: dict[str, dict[str, Any]],
) -> Connected:
    endpoint = _ensure_endpoint(edges, store_id, topic)
    url = delivery_url(base_url, endpoint.endpoint_id)
    webhook = there.get(url)
    if webhook is not None:
        if _text(webhook, "status") == "active":
            return Connected(topic, "kept")
        client.update_webhook(int(webhook["id"]), {"status": "active"})
        return Connected(topic, "switched on")
    try:
        client.create_webhook(
            name=f"Refund Desk {topic}", topic=topic, delivery_url=url, secret=endpoint.secret
        )
    except StoreRefused as refused:
        if refused.code == "woocommerce_rest_shop_webhook_invalid_topic":
            return Connected(topic, "not offered")
        raise
    return Connected(topic, "made")


def _ensure_endpoint(edges: Edges, store_id: int, topic: str) -> NewEndpoint:
    """The endpoint of the topic with its secret: a store never tells a secret it was given."""
    with edges.database.read() as transaction:
        known = endpoints.find_endpoint_for(transaction, store_id, topic)
    if known is None:
        return add_endpoint(edges, store_id, topic)
    return NewEndpoint(known.id, edges.sealer.open(known.secret_sealed))


def _text(webhook: dict[str, Any], key: str) -> str:
    value = webhook.get(key)
    return value if isinstance(value, str) else ""
