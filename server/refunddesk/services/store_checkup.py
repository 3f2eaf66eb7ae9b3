"""Looks one store over: is it reached, with which rights, and does it reach us?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from refunddesk import own_address
from refunddesk.db import endpoints, inbox, stores, webhook_states
from refunddesk.db.endpoints import Endpoint
from refunddesk.db.stores import Store
from refunddesk.db.webhook_states import WebhookState
from refunddesk.own_address import AddressNotAnswering
from refunddesk.sealing import SealBroken
from refunddesk.services import webhook_health
from refunddesk.services.edges import Edges
from refunddesk.services.observation import Grade, Observation
from refunddesk.services.payment_blocks import why_held
from refunddesk.services.stores import open_client
from refunddesk.services.webhooks import delivery_url
from refunddesk.woocommerce.client import StoreCallFailed, StoreClient, StoreRefused
from refunddesk.woocommerce.listings import Webhook, list_webhooks
from refunddesk.woocommerce.probing import key_may_write, read_clock

#: More is a clock that is not kept by anybody; it has no effect on money, only on what people read.
_CLOCKS_AGREE_WITHIN = timedelta(minutes=1)


def look_at_stores(edges: Edges, base_url: str) -> Iterator[Observation]:
    with edges.database.read() as transaction:
        known = stores.list_stores(transaction)
    if not known:
        yield Observation(
            "stores", Grade.WARN, "No store has joined.", "Join one: `refunddesk store add`."
        )
    for store in known:
        yield from _look_at_store(edges, store, base_url)


def _look_at_store(edges: Edges, store: Store, base_url: str) -> Iterator[Observation]:
    part = f"store {store.id}"
    if store.disconnected_at is not None:
        since = f"{store.disconnected_at:%Y-%m-%d %H:%M} UTC"
        yield Observation(
            part,
            Grade.WARN,
            f"{store.url} is disconnected since {since}; its books are kept.",
            "Connect it again with a new code: `refunddesk store code --store`.",
        )
        return
    try:
        with open_client(edges, store.id) as client:
            yield from _look_at_calls(client, store, edges.clock(), part)
            there = webhook_health.by_endpoint(list_webhooks(client))
    except StoreCallFailed as failure:
        yield Observation(part, Grade.BAD, f"{store.url}: {failure}", _advice(failure))
        there = None
    except SealBroken as error:
        yield Observation(part, Grade.BAD, str(error), "Put the key back into the settings.")
        there = None
    with edges.database.read() as transaction:
        ours = endpoints.list_endpoints(transaction, store.id)
        before = webhook_states.list_webhook_states(transaction, store.id)
        delivered_at = inbox.find_last_received_at(transaction, store.id)
        held = why_held(transaction, store.id, edges.clock())
    if there is not None:
        yield from _look_at_webhooks(ours, before, there, base_url, part)
    if ours:
        yield _try_delivery(delivery_url(base_url, ours[0].id), part)
    yield _tell_last(delivered_at, part)
    if held:
        yield Observation(
            f"{part} payments",
            Grade.WARN,
            f"They are held: {held}.",
            "What the program holds it releases when the store was read once; what a person "
            "holds: `refunddesk store release-payments`.",
        )


def _look_at_calls(
    client: StoreClient, store: Store, now: datetime, part: str
) -> Iterator[Observation]:
    """Our calls to the store: does it answer, and what may our key? Raises StoreCallFailed."""
    index = client.get_store_index()
    spaces = index.get("namespaces")
    if isinstance(spaces, list) and "wc/v3" not in spaces:
        yield Observation(
            part,
            Grade.BAD,
            f"{store.url} is a WordPress site without WooCommerce's REST API.",
            "See that WooCommerce is switched on there, and that the address is right.",
        )
    client.list_orders(now)
    yield Observation(part, Grade.OK, f"{store.url} answers, and our key may read.")
    if key_may_write(client):
        yield Observation(f"{part} key", Grade.OK, "It may read and write.")
    else:
        yield Observation(
            f"{part} key",
            Grade.BAD,
            "It may only read: no refund can be paid.",
            "Set it to Read/Write in WooCommerce, Settings, Advanced, REST API.",
        )
    theirs = read_clock(client)
    if theirs is not None:
        yield compare_clocks(theirs, now, part)


def compare_clocks(theirs: datetime, now: datetime, part: str) -> Observation:
    ahead = int((theirs - now).total_seconds())
    if abs(ahead) <= _CLOCKS_AGREE_WITHIN.total_seconds():
        return Observation(f"{part} clock", Grade.OK, "It agrees with ours.")
    return Observation(
        f"{part} clock",
        Grade.WARN,
        f"It is {abs(ahead)} seconds {'ahead of' if ahead > 0 else 'behind'} ours.",
        "Have both machines keep their time (NTP).",
    )


def _advice(failure: StoreCallFailed) -> str:
    if isinstance(failure, StoreRefused) and failure.status in (401, 403):
        return "Its key is not valid, or its owner may not manage WooCommerce: make a new one."
    if isinstance(failure, StoreRefused):
        return "See that its address is right and that it is not in maintenance."
    return "See that it is up, that this machine reaches it, and that its certificate is valid."


def _look_at_webhooks(
    ours: list[Endpoint],
    before: dict[str, WebhookState],
    there: dict[str, Webhook],
    base_url: str,
    part: str,
) -> Iterator[Observation]:
    """Is there a webhook for each topic, active, and delivering to where we are?"""
    part, connect = f"{part} webhooks", "Run `refunddesk store endpoint connect`."
    if not ours:
        yield Observation(part, Grade.WARN, "The store does not deliver to us.", connect)
        return
    good = 0
    for endpoint in ours:
        webhook = there.get(endpoint.id)
        found = webhook_health.Finding(endpoint, webhook, before.get(endpoint.id))
        url = delivery_url(base_url, endpoint.id)
        if found.missing:
            yield Observation(part, Grade.BAD, found.missing, connect)
        elif found.off:
            yield Observation(part, Grade.BAD, found.off, connect)
        elif webhook and webhook.delivery_url != url:
            says = f"That for {endpoint.topic} delivers elsewhere than to {base_url}."
            yield Observation(part, Grade.BAD, says, f"{connect} Then delete the old one there.")
        elif webhook and webhook.topic != endpoint.topic:
            says = f"That for {endpoint.topic} was changed to {webhook.topic} in the store."
            yield Observation(part, Grade.BAD, says, "Change it back there.")
        elif webhook:
            good += 1
    if good:
        yield Observation(part, Grade.OK, f"{good} are active and deliver here.")


def _try_delivery(url: str, part: str) -> Observation:
    """Send to a delivery address what a store sends when a webhook is made."""
    part = f"{part} delivery"
    try:
        reply = own_address.ping(url)
    except AddressNotAnswering as error:
        return Observation(part, Grade.BAD, str(error), "Mend the address first.")
    if reply.status == 200:
        return Observation(part, Grade.OK, "Its delivery address takes calls.")
    return Observation(
        part,
        Grade.BAD,
        f"Its delivery address answers {reply.status}.",
        "See what stands in front of it: a login, a firewall, or a limit to the size of bodies.",
    )


def _tell_last(delivered_at: datetime | None, part: str) -> Observation:
    part = f"{part} deliveries"
    if delivered_at is None:
        return Observation(
            part,
            Grade.WARN,
            "It has never delivered anything.",
            "Change an order there: a delivery has to come within a minute or two.",
        )
    return Observation(part, Grade.OK, f"The last came at {delivered_at:%Y-%m-%d %H:%M} UTC.")
