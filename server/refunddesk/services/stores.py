"""Joining a store: its address and keys, its delivery addresses, and what its line items are."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, replace
from typing import NamedTuple

from refunddesk.db import endpoints, stores
from refunddesk.db.endpoints import Endpoint
from refunddesk.db.history import record_deed
from refunddesk.db.stores import ItemRule, SealedKeys, Store
from refunddesk.mail.notices import LANGUAGES
from refunddesk.policy.countries import is_country
from refunddesk.policy.document import PolicyNotValid
from refunddesk.services.edges import Edges
from refunddesk.services.payment_blocks import block_payments
from refunddesk.services.policies import load_named_policy
from refunddesk.services.refusal import Refusal
from refunddesk.woocommerce.access import StoreAccess, StoreAccessUnusable, usable_address
from refunddesk.woocommerce.client import StoreCallFailed, StoreClient, StoreUnreachable
from refunddesk.worktime import NoSuchZone, zone

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
ENDPOINT_LETTERS = string.ascii_lowercase + string.digits
_SECRET_LENGTH = 50
ENDPOINT_LENGTH = 26
_TOPIC = re.compile(r"[a-z][a-z_]{0,39}\.[a-z][a-z0-9_]{0,99}")
_FIELDS = ("product_id", "sku", "category", "meta")
ITEM_KINDS = (
    "product",
    "support",
    "additional_domain",
    "customization",
    "service",
    "shipping",
    "fee",
)


class StoreDisconnected(StoreUnreachable):
    """Nothing is asked of the store `store_id` until it is joined again."""

    def __init__(self, store_id: int) -> None:
        super().__init__("the store", "it is disconnected", not_sent=True)
        self.store_id = store_id


class StoreNotValid(Refusal):
    """What was said of the store cannot be right."""


class StoreKnownAlready(Refusal):
    """A store at this address is there already."""


class StoreNotAnswering(Refusal):
    """The store does not answer as a WooCommerce store with these keys should."""


class NoSuchStore(Refusal):
    """No store has this id."""


class TopicNotValid(Refusal):
    """This is not the name of a webhook topic."""


class EndpointKnownAlready(Refusal):
    """The store has an endpoint for this topic already."""


class NoEndpointForTopic(Refusal):
    """The store has no endpoint for this topic."""


class ItemRuleNotValid(Refusal):
    """A rule for line items does not make sense."""


@dataclass(frozen=True, slots=True)
class NewStore:
    """What a store owner says when a store joins. `timezone` "" asks the store for it.

    `language` is the one we write in to customers whose own we do not know.
    """

    name: str
    url: str
    country: str
    policy: str
    timezone: str = ""
    language: str = "en"


class NewEndpoint(NamedTuple):
    """An endpoint and its secret, which is told this once."""

    endpoint_id: str
    secret: str


def add_store(
    edges: Edges, store: NewStore, *, consumer_key: str, consumer_secret: str, probe: bool = True
) -> int:
    """Join a store; its id. With `probe` the store is asked first whether the keys can read it."""
    store = checked(edges, store)
    access = StoreAccess(store.url, consumer_key, consumer_secret)
    try:
        # Whether private addresses may be used is for the connection to say, not the spelling.
        url = usable_address(replace(access, allow_private=True))
        with edges.connect(access) as client:
            timezone = _probe(edges, client, store) if probe else store.timezone
    except StoreAccessUnusable as error:
        raise StoreNotValid(f"{error} Nothing was kept.") from None
    check_zone(timezone)
    now = edges.clock()
    keys = SealedKeys(edges.sealer.seal(consumer_key), edges.sealer.seal(consumer_secret))
    with edges.database.write() as transaction:
        known = stores.find_store_at(transaction, url)
        if known:
            raise StoreKnownAlready(f"Store {known.id} ({known.name}) is at {url} already.")
        store_id = stores.insert_store(
            transaction,
            name=store.name,
            url=url,
            timezone=timezone,
            country=store.country,
            policy=store.policy,
            keys=keys,
            now=now,
            language=store.language,
        )
        record_deed(
            transaction,
            at=now,
            actor="command",
            action="store_added",
            subject=f"store:{store_id}",
            data={"url": url, "timezone": timezone, "policy": store.policy},
        )
    return store_id


def get_store(edges: Edges, store_id: int) -> Store:
    with edges.database.read() as transaction:
        try:
            return stores.get_store(transaction, store_id)
        except stores.NoSuchStore:
            raise NoSuchStore(f"There is no store {store_id}.") from None


def open_client(edges: Edges, store_id: int) -> StoreClient:
    """A connection to the store's API with its own keys; the caller closes it.

    Raises StoreDisconnected.
    """
    with edges.database.read() as transaction:
        store = stores.get_store(transaction, store_id)
        keys = stores.get_sealed_keys(transaction, store_id)
    check_connected(store)
    access = StoreAccess(
        store.url, edges.sealer.open(keys.consumer_key), edges.sealer.open(keys.consumer_secret)
    )
    return edges.connect(access)


def check_connected(store: Store) -> None:
    """Raises StoreDisconnected."""
    if store.disconnected_at is not None:
        raise StoreDisconnected(store.id)


def hold_payments(edges: Edges, store_id: int, because: str) -> None:
    """Let no money leave for this store until `release_payments`."""
    if not because.strip():
        raise StoreNotValid("Say why payments are held: staff will ask. Nothing was changed.")
    _record_held(edges, store_id, because.strip())


def release_payments(edges: Edges, store_id: int, because: str) -> None:
    """Let payments run again. What waited goes on by itself."""
    _record_held(edges, store_id, None, note=because)


def add_endpoint(
    edges: Edges, store_id: int, topic: str, *, secret: str | None = None
) -> NewEndpoint:
    """A delivery address for one topic, with a secret of its own (made here unless given)."""
    _check_topic(topic)
    get_store(edges, store_id)
    now = edges.clock()
    made = NewEndpoint(
        random_text(edges, ENDPOINT_LETTERS, ENDPOINT_LENGTH), secret or new_secret(edges)
    )
    with edges.database.write() as transaction:
        if endpoints.find_endpoint_for(transaction, store_id, topic):
            raise EndpointKnownAlready(
                f"Store {store_id} has an endpoint for {topic}. Nothing was changed: rotate it "
                "to get a new secret."
            )
        endpoints.insert_endpoint(
            transaction,
            endpoint_id=made.endpoint_id,
            store_id=store_id,
            topic=topic,
            secret_sealed=edges.sealer.seal(made.secret),
            now=now,
        )
        record_deed(
            transaction,
            at=now,
            actor="command",
            action="endpoint_added",
            subject=f"store:{store_id}",
            data={"topic": topic},
        )
    return made


def rotate_endpoint(
    edges: Edges, store_id: int, topic: str, *, secret: str | None = None
) -> NewEndpoint:
    """A new secret for the endpoint; the present one stays valid until the next change."""
    secret = secret or new_secret(edges)
    now = edges.clock()
    with edges.database.write() as transaction:
        endpoint = endpoints.find_endpoint_for(transaction, store_id, topic)
        if endpoint is None:
            raise NoEndpointForTopic(f"Store {store_id} has no endpoint for {topic}.")
        endpoints.record_new_secret(transaction, endpoint, edges.sealer.seal(secret))
        # Until the store has the new secret too, what it tells may be refused here and be lost.
        block_payments(transaction, store_id, f"the secret for {topic} was changed", now)
        record_deed(
            transaction,
            at=now,
            actor="command",
            action="endpoint_rotated",
            subject=f"store:{store_id}",
            data={"topic": topic},
        )
    return NewEndpoint(endpoint.id, secret)


def list_endpoints(edges: Edges, store_id: int) -> list[Endpoint]:
    with edges.database.read() as transaction:
        return endpoints.list_endpoints(transaction, store_id)


def add_item_rule(
    edges: Edges,
    store_id: int,
    *,
    field: str,
    value: str,
    item_kind: str,
    product: str | None = None,
    in_programme: bool = True,
    sites_limit: int | None = None,
    lifetime: bool = False,
) -> ItemRule:
    """Say what line items are, after all rules there are: the first one that fits an item counts.

    `sites_limit` is 1 for products and 0, no licence, for everything else unless given. A rule
    holds for an order from the next time it is recorded, as when it changes in the store. A request
    is judged by the kinds its order has by then; what is granted stays as it was granted.
    """
    if sites_limit is None:
        sites_limit = 1 if item_kind == "product" else 0
    _check_rule(field, value, item_kind, sites_limit)
    get_store(edges, store_id)
    with edges.database.write() as transaction:
        position = stores.next_rule_position(transaction, store_id)
        rule = ItemRule(
            position, field, value, item_kind, product, in_programme, sites_limit, lifetime
        )
        stores.add_item_rule(transaction, store_id, rule)
        record_deed(
            transaction,
            at=edges.clock(),
            actor="command",
            action="item_rule_added",
            subject=f"store:{store_id}",
            data={"position": position, "field": field, "value": value, "kind": item_kind},
        )
    return rule


def list_item_rules(edges: Edges, store_id: int) -> list[ItemRule]:
    with edges.database.read() as transaction:
        return stores.list_item_rules(transaction, store_id)


def new_secret(edges: Edges) -> str:
    """50 letters and digits: WooCommerce signs with any other character changed to its entity."""
    return random_text(edges, _LETTERS_AND_DIGITS, _SECRET_LENGTH)


def checked(edges: Edges, store: NewStore) -> NewStore:
    store = replace(store, name=store.name.strip(), country=store.country.strip().upper())
    if not store.name:
        raise StoreNotValid("A store needs a name. Nothing was kept.")
    if not is_country(store.country):
        raise StoreNotValid('A country is two letters, such as "FR". Nothing was kept.')
    if store.language not in LANGUAGES:
        raise StoreNotValid("A store's language is en, fr or de. Nothing was kept.")
    try:
        load_named_policy(edges, store.policy)
    except PolicyNotValid as error:
        raise StoreNotValid(f"The policy cannot be used: {error} Nothing was kept.") from None
    return store


def check_zone(name: str) -> None:
    try:
        zone(name)
    except NoSuchZone as error:
        raise StoreNotValid(f"{error}. Nothing was kept.") from None


def _probe(edges: Edges, client: StoreClient, store: NewStore) -> str:
    """The store's time zone, after it has proved to be a WooCommerce that these keys can read."""
    try:
        index = client.get_store_index()
        client.list_orders(edges.clock())
    except StoreCallFailed as failure:
        raise StoreNotAnswering(f"{store.url}: {failure} The store was not added.") from failure
    spaces = index.get("namespaces")
    if isinstance(spaces, list) and "wc/v3" not in spaces:
        raise StoreNotAnswering(
            f"{store.url} is a WordPress site without WooCommerce's REST API (wc/v3). "
            "The store was not added."
        )
    told = index.get("timezone_string")
    if store.timezone:
        return store.timezone
    if isinstance(told, str) and told:
        return told
    raise StoreNotValid(
        f"{store.url} does not say its time zone: name it with --timezone. Nothing was kept."
    )


def _check_topic(topic: str) -> None:
    if not _TOPIC.fullmatch(topic):
        raise TopicNotValid(f'{topic!r} is not a topic such as "order.updated".')


def _check_rule(field: str, value: str, item_kind: str, sites_limit: int) -> None:
    if field not in _FIELDS:
        raise ItemRuleNotValid(f"A rule looks at one of {', '.join(_FIELDS)}, not {field!r}.")
    if item_kind not in ITEM_KINDS:
        raise ItemRuleNotValid(f"A line item is one of {', '.join(ITEM_KINDS)}.")
    if field == "product_id" and not value.isdecimal():
        raise ItemRuleNotValid(f"A product id is a number, not {value!r}.")
    if field == "meta" and "=" not in value:
        raise ItemRuleNotValid(f'A rule on meta reads "key=value", not {value!r}.')
    if not value.strip() or "*" in value[:-1]:
        raise ItemRuleNotValid("Give a value; a * may stand at its end only.")
    if sites_limit < 0:
        raise ItemRuleNotValid("A licence is for one site or more; 0 means no licence.")


def _record_held(edges: Edges, store_id: int, because: str | None, note: str = "") -> None:
    get_store(edges, store_id)
    with edges.database.write() as transaction:
        stores.record_payments_held(transaction, store_id, because)
        record_deed(
            transaction,
            at=edges.clock(),
            actor="command",
            action="payments_held" if because else "payments_released",
            subject=f"store:{store_id}",
            data={"because": because or note},
        )


def random_text(edges: Edges, letters: str, length: int) -> str:
    """`length` letters, each as likely as any other."""
    # Bytes above the largest multiple are thrown away, or the first letters would come up more.
    fair = 256 - 256 % len(letters)
    found = ""
    while len(found) < length:
        found += "".join(
            letters[byte % len(letters)] for byte in edges.random_bytes(length) if byte < fair
        )
    return found[:length]
