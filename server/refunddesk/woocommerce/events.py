"""What the bridge reports that WooCommerce does not: deletions, a refund that died, a subscription.

As with a webhook's body, it only names an object to look at.
"""

from __future__ import annotations

from refunddesk.woocommerce.fields import id_of, text_of
from refunddesk.woocommerce.hooks import NotKept, ObjectChanged, ObjectType, Reading, Unusable
from refunddesk.woocommerce.strictjson import IllJson, read_json

#: The topic under which the connection with a bridge is an endpoint, and its events are deliveries.
TOPIC = "bridge.events"
#: Sent when a connection is looked over: that it arrives is all there is to it.
HELLO = "bridge.hello"

#: By type: which object is to be looked at, and under which key its id stands.
_EVENTS: dict[str, ObjectType] = {
    "order.deleted": "order",  # for good; WooCommerce tells of the trash only
    "refund.deleted": "order",
    "refund.died": "order",
    "subscription.created": "subscription",
}


def read_event(body: bytes) -> Reading:
    """Read an event whose signature was verified before. Never raises."""
    try:
        value = read_json(body)
    except IllJson as fault:
        return Unusable(fault.reason, str(fault))
    if not isinstance(value, dict):
        return Unusable("not_an_object", "The body is JSON, but not an object.")
    event = text_of(value.get("type"))
    if event == HELLO:
        return NotKept("bridge", "hello")
    object_type = _EVENTS.get(event)
    if object_type is None:
        return Unusable("event", "The event is of a kind that is not known here.")
    object_id = id_of(value.get(object_type))
    if object_id is None:
        return Unusable("no_id", f"The event names no {object_type}.")
    return ObjectChanged(object_type, object_id, event)
