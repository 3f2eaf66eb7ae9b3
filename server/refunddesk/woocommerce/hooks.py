"""What a webhook delivery says: look at this object, or why nothing can be made of it.

The body only names the object; its contents are a hint and are fetched again (WooCommerce sends
the state at delivery, in no kept order, and signs errors as readily as orders).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from refunddesk.woocommerce.fields import id_of, text_of
from refunddesk.woocommerce.strictjson import IllJson, read_json

ObjectType = Literal["order", "subscription", "refund"]

_PING = re.compile(rb"webhook_id=([0-9]{1,18})")
_TOPIC = re.compile(r"([a-z][a-z_]{0,39})\.([a-z][a-z0-9_]{0,99})")
_CODE = re.compile(r"[a-z0-9_\-]{1,100}")
_KEPT: dict[str, ObjectType] = {"order": "order", "subscription": "subscription"}
_NOT_KEPT = frozenset({"coupon", "customer", "product"})
# The first argument of a WordPress hook is all that an action topic sends.
_ACTIONS: tuple[tuple[re.Pattern[str], ObjectType], ...] = (
    (re.compile(r"woocommerce_refund_(created|deleted)"), "refund"),
    (re.compile(r"woocommerce_order_((fully_|partially_)?refunded|status_[a-z_]+)"), "order"),
    (re.compile(r"woocommerce_(new_order|update_order|payment_complete)"), "order"),
    (re.compile(r"woocommerce_subscription_[a-z_]+"), "subscription"),
)
# How every order that WooCommerce delivers begins. A database holds any number of 18 digits.
_ORDER_HEAD = re.compile(rb'\{"id":([1-9][0-9]{0,17}),"')
# Only subscriptions carry these, in every version of their API.
_SUBSCRIPTION_KEYS = frozenset({"billing_period", "billing_schedule"})


@dataclass(frozen=True, slots=True)
class Ping:
    """The call a store makes when a webhook is saved: unsigned, to be answered 200 and dropped."""

    woo_webhook_id: int


@dataclass(frozen=True, slots=True)
class ObjectChanged:
    """Something happened to an object; `event` is the topic's, such as "updated" or "deleted"."""

    object_type: ObjectType
    object_id: int
    event: str


@dataclass(frozen=True, slots=True)
class NotKept:
    """A change to something Refund Desk has no books of: a customer, product or coupon."""

    object_type: str
    event: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A delivery nothing can be looked up for. `reason` is a short code for counting, `detail`
    a sentence for a person, without anything the body said of one.
    """

    reason: str
    detail: str


Reading = Ping | ObjectChanged | NotKept | Unusable


def read_ping(content_type: str | None, body: bytes) -> Ping | None:
    """The ping in an unsigned body, None for anything else."""
    match = _PING.fullmatch(body)
    if match is None or _media_type(content_type) != "application/x-www-form-urlencoded":
        return None
    return Ping(int(match[1]))


def glance(topic: str, content_type: str | None, body: bytes) -> ObjectChanged | None:
    """Which order a verified delivery tells of, by its first bytes; None where only
    `read_delivery` can tell.

    It never tells of another order than `read_delivery` does, but may name one where that finds
    the body unusable: what follows the id is not read.
    """
    resource, _, event = topic.partition(".")
    if resource != "order" or content_type != "application/json":
        return None
    head = _ORDER_HEAD.match(body)
    # A subscription has "billing_period", and so on.
    if head is None or not body.endswith(b"}") or b'"billing_' in body:
        return None
    return ObjectChanged("order", int(head[1]), event)


def read_delivery(topic_header: str | None, content_type: str | None, body: bytes) -> Reading:
    """Read a delivery whose signature was verified before, or a ping. Never raises.

    The topic is an unsigned header: give each topic its own endpoint and secret, and pass the
    endpoint's topic where it is known.
    """
    ping = read_ping(content_type, body)
    if ping is not None:
        return ping
    if _media_type(content_type) != "application/json":
        return Unusable("content_type", "The body is not sent as application/json.")
    topic = _TOPIC.fullmatch(topic_header or "")
    if topic is None:
        return Unusable("topic", "The topic is missing or not one of WooCommerce's.")
    try:
        value = read_json(body)
    except IllJson as fault:
        return Unusable(fault.reason, str(fault))
    if value == []:
        return Unusable("empty_array", "The object was gone before the delivery was made.")
    if not isinstance(value, dict):
        return Unusable("not_an_object", "The body is JSON, but not an object.")
    return _read_object(topic[1], topic[2], value)


def _read_object(resource: str, event: str, value: Mapping[str, Any]) -> Reading:
    error = _error_in(value)
    if error is not None:
        return error
    if resource == "action":
        return _read_action(event, value)
    if resource in _NOT_KEPT:
        return NotKept(resource, event)
    if resource not in _KEPT:
        return Unusable("topic", "The topic is of something that is not known here.")
    inner = value.get(resource)
    if isinstance(inner, dict) and "id" not in value:
        value = inner  # the wrapper of the legacy API
    object_id = id_of(value.get("id"))
    if object_id is None:
        return Unusable("no_id", f"The body has no usable id of a {resource}.")
    # A secret binds one topic, so a subscription under an order's topic means that two
    # endpoints were mixed up; read as an order it could even be refunded.
    is_subscription = not _SUBSCRIPTION_KEYS.isdisjoint(value)
    if "line_items" in value and is_subscription != (resource == "subscription"):
        return Unusable("topic_mismatch", f"The body is not that of a {resource}.")
    return ObjectChanged(_KEPT[resource], object_id, event)


def _read_action(hook: str, value: Mapping[str, Any]) -> Reading:
    if value.get("action") != hook:
        return Unusable("topic_mismatch", "The body names another action than the topic.")
    for pattern, object_type in _ACTIONS:
        if pattern.fullmatch(hook):
            object_id = id_of(value.get("arg"))
            if object_id is None:
                return Unusable("no_id", f"The action names no {object_type}.")
            return ObjectChanged(object_type, object_id, hook)
    return NotKept("action", hook)


def _error_in(value: Mapping[str, Any]) -> Unusable | None:
    """A signed error in place of the object: its webhook's owner is gone, or the object is."""
    if "id" in value or "action" in value:
        return None
    codes = [text_of(value.get("code"))]
    errors = value.get("errors")
    if isinstance(errors, dict):
        codes = [text_of(code) for code in list(errors)[:1]]
    if codes and _CODE.fullmatch(codes[0]):
        return Unusable("store_error", f"The store sent an error of its own: {codes[0]}.")
    return None


def _media_type(content_type: str | None) -> str:
    return (content_type or "").split(";")[0].strip().lower()
