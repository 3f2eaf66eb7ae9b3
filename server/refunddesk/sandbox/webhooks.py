"""Webhooks of the sandbox store: a queue that folds, delivers once, and never tries again."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import requests

from refunddesk.sandbox import orders, subscriptions
from refunddesk.sandbox.catalog import render_product
from refunddesk.sandbox.documents import Document
from refunddesk.woocommerce.signature import sign

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

USER_AGENT = "WooCommerce/10.0.2 Hookshot (WordPress/6.8.8)"
#: Deliveries wait this long for an answer; pings wait less.
DELIVERY_SECONDS, PING_SECONDS = 60.0, 5.0
#: With this many failures in a row behind it, the next one disables a webhook: the seventh.
_MAX_FAILURES = 6
_ACTION_TOPIC = re.compile(r"action\.woocommerce_\w+")
_SILENT_TICK = 0.5

# The WordPress hooks behind a topic, as GET webhooks/<id> lists them.
HOOKS = {
    "order.created": ["woocommerce_new_order", "wcs_webhook_order_created"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "order.restored": ["untrashed_post", "woocommerce_untrash_order"],
    "product.created": ["woocommerce_process_product_meta", "woocommerce_new_product"],
    "product.updated": ["woocommerce_process_product_meta", "woocommerce_update_product"],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
    "customer.created": ["user_register", "woocommerce_created_customer"],
    "customer.updated": ["profile_update", "woocommerce_update_customer"],
    "customer.deleted": ["delete_user"],
    "coupon.created": ["woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"],
    "coupon.updated": ["woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"],
    "coupon.deleted": ["wp_trash_post"],
    "coupon.restored": ["untrashed_post"],
    "subscription.created": [
        "wcs_api_subscription_created",
        "wcs_webhook_subscription_created",
        "woocommerce_process_shop_subscription_meta",
    ],
    "subscription.updated": ["wcs_webhook_subscription_updated", "woocommerce_update_subscription"],
    "subscription.deleted": [
        "woocommerce_subscription_trashed",
        "woocommerce_subscription_deleted",
        "woocommerce_api_delete_subscription",
    ],
    "subscription.switched": ["wcs_webhook_subscription_switched"],
}


class NotATopic(ValueError):
    """WooCommerce knows no such topic; there is none for refunds (B13)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call made to a receiver, ping or delivery. `status` is None when nothing came back."""

    at: datetime
    webhook_id: int
    topic: str  # "ping" for a ping
    url: str
    headers: dict[str, str]
    body: bytes
    status: int | None

    @property
    def succeeded(self) -> bool:
        """200 to 302 count, and redirects are not followed (B8)."""
        return self.status is not None and 200 <= self.status < 303


def encode(body: object) -> bytes:
    """JSON as PHP writes it: ASCII only, no spaces, every slash escaped."""
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return text.replace("/", "\\/").encode("ascii")


def hooks_of(topic: str) -> list[str]:
    """The hooks of a topic; raises NotATopic."""
    if topic in HOOKS:
        return HOOKS[topic]
    if _ACTION_TOPIC.fullmatch(topic):
        return [topic.removeprefix("action.")]
    raise NotATopic(f"{topic!r} is no webhook topic")


class Webhooks:
    """The store's webhooks and the one queue they share. Safe to use from several threads."""

    def __init__(self, store: SandboxStore) -> None:
        self._store = store
        self._runner = threading.Lock()
        self._bell = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._deliveries: list[Delivery] = []
        #: Told each call made, ping or delivery, once it is over.
        self.on_delivery: Callable[[Delivery], None] | None = None

    # -- the webhooks --------------------------------------------------------------------

    def create(self, request: Document) -> Document:
        """A new webhook from a POST body, pinged at once; raises NotATopic."""
        store, topic = self._store, str(request.get("topic", ""))
        hooks = hooks_of(topic)
        number = store.documents.next_number("webhook")
        resource, event = topic.split(".", 1)
        webhook: Document = {
            "id": number,
            "name": request.get("name") or "Webhook created",
            "status": request.get("status") or "active",
            "topic": topic,
            "resource": resource,
            "event": event,
            "hooks": hooks,
            "delivery_url": request["delivery_url"],
            **orders.date_pair(store, "date_created"),
            "date_modified": None,
            "date_modified_gmt": None,
            "_sandbox": {
                "secret": request.get("secret") or secrets.token_urlsafe(38)[:50],
                "failures": 0,
                "owner_demoted": False,
                "last_status": None,
                "last_at": None,
            },
        }
        store.documents.put("webhook", number, webhook)
        if webhook["status"] == "active":
            self._ping(webhook)
        return webhook

    def update(self, webhook_id: int, request: Document) -> Document:
        """Change a webhook; another address is pinged. The failure count stays (B8)."""
        with self._store.documents.locked():
            webhook = self.get(webhook_id)
            moved = request.get("delivery_url", webhook["delivery_url"]) != webhook["delivery_url"]
            if "topic" in request:
                webhook["hooks"] = hooks_of(request["topic"])
                webhook["resource"], webhook["event"] = request["topic"].split(".", 1)
            for key in ("name", "status", "topic", "delivery_url"):
                webhook[key] = request.get(key, webhook[key])
            if request.get("secret"):
                webhook["_sandbox"]["secret"] = request["secret"]
            webhook.update(orders.date_pair(self._store, "date_modified"))
            self._store.documents.put("webhook", webhook_id, webhook)
        if moved:
            self._ping(webhook)
        return webhook

    def get(self, webhook_id: int) -> Document:
        webhook = self._store.documents.find("webhook", webhook_id)
        if webhook is None:
            raise LookupError(f"there is no webhook {webhook_id} in the sandbox")
        return webhook

    def demote_owner(self, webhook_id: int) -> None:
        """Take the owner's rights away: bodies become signed 401 errors (B11)."""
        with self._store.documents.locked():
            webhook = self.get(webhook_id)
            webhook["_sandbox"]["owner_demoted"] = True
            self._store.documents.put("webhook", webhook_id, webhook)

    # -- the queue -----------------------------------------------------------------------

    def announce(self, topic: str, object_id: int | None) -> None:
        """Queue a delivery for every active webhook of the topic.

        A delivery of the same webhook for the same object that still waits is not doubled (B6).
        """
        documents = self._store.documents
        with documents.locked():
            waiting = {(one["webhook_id"], one["arg"]) for one in documents.list("queued")}
            for webhook in documents.list("webhook"):
                if webhook["status"] != "active" or webhook["topic"] != topic:
                    continue
                if (webhook["id"], object_id) in waiting:
                    continue
                number = documents.next_number("queued")
                queued = {"id": number, "webhook_id": webhook["id"], "arg": object_id}
                documents.put("queued", number, queued)
        self._bell.set()

    def announce_action(self, hook: str, object_id: int | None) -> None:
        """The same for `action.<hook>`. None stands for a hook that passes a whole object."""
        self.announce(f"action.{hook}", object_id)

    @property
    def waiting(self) -> int:
        return len(self._store.documents.list("queued"))

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Every call made since the start, pings among them, oldest first."""
        return tuple(self._deliveries)

    def run_queue(self) -> int:
        """Deliver what waits, one after another; a second runner does nothing (B9)."""
        if not self._runner.acquire(blocking=False):
            return 0
        delivered = 0
        try:
            while not self._ending.is_set() and (queued := self._next_queued()):
                self._deliver(queued)
                delivered += 1
        finally:
            self._runner.release()
        return delivered

    def _next_queued(self) -> Document | None:
        # Taken off before the call, so that an update meanwhile queues another one (B6).
        documents = self._store.documents
        with documents.locked():
            queued = next(iter(documents.list("queued")), None)
            if queued:
                documents.delete("queued", queued["id"])
            return queued

    def _deliver(self, queued: Document) -> None:
        webhook = self._store.documents.find("webhook", queued["webhook_id"])
        if webhook is None:
            return
        body = encode(self._payload(webhook, queued["arg"]))
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{self._store.site_url}/",
            "X-WC-Webhook-Topic": webhook["topic"],
            "X-WC-Webhook-Resource": webhook["resource"],
            "X-WC-Webhook-Event": webhook["event"],
            "X-WC-Webhook-Signature": sign(webhook["_sandbox"]["secret"], body),
            "X-WC-Webhook-ID": str(webhook["id"]),
            "X-WC-Webhook-Delivery-ID": _delivery_id(webhook["id"], self._store.now()),
        }
        status = self._call(webhook, webhook["topic"], headers, body, DELIVERY_SECONDS)
        self._note_outcome(webhook["id"], status)

    def _payload(self, webhook: Document, arg: int | None) -> Document:
        """The object as it is now, not as it was when it was announced (B5)."""
        store, resource, event = self._store, webhook["resource"], webhook["event"]
        if resource == "action":
            junk = {"refunds": [], "order_type": "shop_subscription"}
            return {"action": event, "arg": junk if arg is None else arg}
        assert arg is not None
        if event == "deleted":
            return {"id": arg}
        if webhook["_sandbox"]["owner_demoted"]:
            return _error("woocommerce_rest_cannot_view", _CANNOT_VIEW, 401)
        if resource == "subscription" and (found := store.documents.find("subscription", arg)):
            return subscriptions.render(store, found)
        if resource == "order" and (found := store.documents.find("order", arg)):
            return orders.render(store, found)
        if resource == "product" and (found := store.documents.find("product", arg)):
            return render_product(store, found)
        return _error(f"woocommerce_rest_shop_{resource}_invalid_id", "Invalid ID.", 404)

    def _note_outcome(self, webhook_id: int, status: int | None) -> None:
        documents = self._store.documents
        with documents.locked():
            webhook = documents.find("webhook", webhook_id)
            if webhook is None:
                return
            hidden = webhook["_sandbox"]
            hidden["last_status"] = status
            hidden["last_at"] = self._store.now().isoformat()
            if status is not None and 200 <= status < 303:
                hidden["failures"] = 0
            elif hidden["failures"] >= _MAX_FAILURES:
                webhook["status"] = "disabled"
            else:
                hidden["failures"] += 1
            webhook.update(orders.date_pair(self._store, "date_modified"))
            documents.put("webhook", webhook_id, webhook)

    def _ping(self, webhook: Document) -> None:
        """Form-encoded and unsigned; whatever is answered changes nothing (B3)."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = f"webhook_id={webhook['id']}".encode()
        self._call(webhook, "ping", headers, body, PING_SECONDS)

    def _call(
        self, webhook: Document, topic: str, headers: dict[str, str], body: bytes, seconds: float
    ) -> int | None:
        url = str(webhook["delivery_url"])
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "deflate, gzip, br, zstd",
            **headers,
            "Connection": "close",
        }
        status: int | None = None
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    url, data=body, headers=headers, timeout=seconds, allow_redirects=False
                )
                status = answer.status_code
        except requests.RequestException:
            status = None
        made = Delivery(self._store.now(), webhook["id"], topic, url, headers, body, status)
        self._deliveries.append(made)
        if self.on_delivery:
            self.on_delivery(made)
        return status

    # -- the delivery thread -------------------------------------------------------------

    def start_delivering(self) -> None:
        """Deliver in the background from now on, as WP-Cron would on a busy store."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_delivering, name="sandbox-webhooks")
            self._thread.start()

    def stop_delivering(self) -> None:
        self._ending.set()
        self._bell.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _keep_delivering(self) -> None:
        while not self._ending.is_set():
            self._bell.wait(_SILENT_TICK)
            self._bell.clear()
            self.run_queue()


_CANNOT_VIEW = "Sorry, you cannot view this resource."


def _error(code: str, message: str, status: int) -> Document:
    return {"code": code, "message": message, "data": {"status": status}}


def _delivery_id(webhook_id: int, at: datetime) -> str:
    # A hash of the webhook and the second: two deliveries of one second share it (B4).
    text = f"{webhook_id}/{int(at.timestamp())}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
