"""Sees whether a store still delivers, raises an alarm where not, and switches on what failed.

WooCommerce disables a webhook at its seventh failure in a row and then says nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog

from refunddesk.db import endpoints, orders, outbox, stores, webhook_states
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.endpoints import Endpoint
from refunddesk.db.webhook_states import WebhookState
from refunddesk.jobnames import JobName
from refunddesk.services.alarms import keep_alarm
from refunddesk.services.edges import Edges
from refunddesk.services.stores import open_client
from refunddesk.woocommerce.client import StoreCallFailed, StoreClient
from refunddesk.woocommerce.listings import Webhook, list_webhooks

log = structlog.get_logger(__name__)

#: How often a webhook that fails again and again is switched on.
SWITCHED_ON_EVERY = timedelta(hours=1)
#: Saving an order brings a delivery of this topic; no harmless call does for the others.
_FORCED_TOPIC = "order.updated"


@dataclass(frozen=True, slots=True)
class Finding:
    """How the webhook of one endpoint stands; `webhook` None: the store has none."""

    endpoint: Endpoint
    webhook: Webhook | None
    before: WebhookState | None
    switched_on: bool = False
    refused: str = ""

    @property
    def missing(self) -> str | None:
        """The trouble to tell when there is no webhook where one is needed.

        A store without Subscriptions offers no such topics: what it never had is not missed.
        """
        if self.webhook or not (self.endpoint.topic.startswith("order.") or self.before):
            return None
        return (
            f"The store has no webhook for {self.endpoint.topic}. Changes are found by asking, "
            "minutes later. Run `refunddesk store endpoint connect`."
        )

    @property
    def off(self) -> str | None:
        """The trouble to tell when the webhook does not deliver."""
        if self.webhook is None or self.webhook.status == "active":
            return None
        told = f"The store has set its webhook for {self.endpoint.topic} to {self.webhook.status}."
        if self.switched_on:
            return f"{told} It was switched on again; what it missed is found by asking."
        if self.refused:
            return f"{told} It cannot be switched on from here: {self.refused}"
        return f"{told} Changes are found by asking, minutes later. Switch it on in the store."


def promise_checks(edges: Edges) -> None:
    """Have the webhooks of every store looked at."""
    now = edges.clock()
    with edges.database.write() as transaction:
        for store in stores.list_connected_stores(transaction):
            outbox.promise(transaction, JobName.CHECK_WEBHOOKS, store.id, due_at=now)


def check_webhooks(edges: Edges, store_id: int) -> None:
    """Look at the webhooks of all our endpoints. Raises what the store's client raises."""
    now = edges.clock()
    with edges.database.read() as transaction:
        ours = endpoints.list_endpoints(transaction, store_id)
        before = webhook_states.list_webhook_states(transaction, store_id)
        newest = orders.find_newest_woo_id(transaction, store_id)
    if not ours:
        return
    with open_client(edges, store_id) as client:
        there = by_endpoint(list_webhooks(client))
        found = [
            _switch_on(client, Finding(one, there.get(one.id), before.get(one.id)), now)
            for one in ours
        ]
        _force_delivery(client, found, newest)
    with edges.database.write() as transaction:
        for one in found:
            if one.webhook:
                webhook_states.record_webhook_state(transaction, _state(one, now))
            topic = one.endpoint.topic
            missing, off = AlarmKind.WEBHOOK_MISSING, AlarmKind.WEBHOOK_OFF
            keep_alarm(transaction, store_id, missing, topic, trouble=one.missing, now=now)
            keep_alarm(transaction, store_id, off, topic, trouble=one.off, now=now)


def by_endpoint(webhooks: Sequence[Webhook]) -> dict[str, Webhook]:
    """The webhooks by the endpoint they deliver to; of two the one that is active."""
    found: dict[str, Webhook] = {}
    for webhook in sorted(webhooks, key=lambda one: one.status == "active"):
        found[urlsplit(webhook.delivery_url).path.rstrip("/").rpartition("/")[2]] = webhook
    return found


def _switch_on(client: StoreClient, finding: Finding, now: datetime) -> Finding:
    """Switch on a webhook that failures disabled; one that a person paused is left alone."""
    webhook, before = finding.webhook, finding.before
    if webhook is None or webhook.status != "disabled":
        return finding
    last = before.switched_on_at if before else None
    if last is not None and last <= now < last + SWITCHED_ON_EVERY:
        return finding
    try:
        client.update_webhook(webhook.woo_webhook_id, {"status": "active"})
    except StoreCallFailed as failure:
        return Finding(finding.endpoint, webhook, before, refused=str(failure))
    return Finding(finding.endpoint, webhook, before, switched_on=True)


def _force_delivery(client: StoreClient, found: Sequence[Finding], newest: int | None) -> None:
    """Have one delivery made where it can be: a webhook that was switched on keeps its count of
    failures, and the next one would disable it again, until a delivery succeeds."""
    is_on_again = any(one.switched_on and one.endpoint.topic == _FORCED_TOPIC for one in found)
    if not is_on_again or newest is None:
        return
    try:
        client.touch_order(newest)
    except StoreCallFailed as failure:
        log.warning("no delivery could be forced", because=str(failure))


def _state(finding: Finding, now: datetime) -> WebhookState:
    assert finding.webhook is not None
    before = finding.before.switched_on_at if finding.before else None
    return WebhookState(
        endpoint_id=finding.endpoint.id,
        woo_webhook_id=finding.webhook.woo_webhook_id,
        status=finding.webhook.status,
        checked_at=now,
        # Also when it was refused: a key that may not write does not learn to within minutes.
        switched_on_at=now if finding.switched_on or finding.refused else before,
    )
