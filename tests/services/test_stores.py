"""A store joins by keys that are tried first, and is told where to deliver."""

from __future__ import annotations

from typing import Any

import pytest

from refunddesk.db import stores as store_rows
from refunddesk.services import stores
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import (
    EndpointKnownAlready,
    ItemRuleNotValid,
    NewStore,
    NoEndpointForTopic,
    StoreKnownAlready,
    StoreNotAnswering,
    StoreNotValid,
    TopicNotValid,
)
from refunddesk.services.webhooks import TOPICS, connect_webhooks
from tests.building import add_store
from tests.selling import Shop


def join(shop: Shop, *, secret: str | None = None, **changes: Any) -> int:
    told = {"name": "Again", "url": shop.running.url, "country": "de", "policy": "crmjetty"}
    return stores.add_store(
        shop.edges,
        NewStore(**(told | changes)),
        consumer_key=shop.running.consumer_key,
        consumer_secret=secret or shop.running.consumer_secret,
    )


def elsewhere(shop: Shop) -> str:
    """The same store under another spelling of its address."""
    return shop.running.url.replace("127.0.0.1", "localhost")


def test_a_store_that_answers_joins_with_its_own_time_zone_and_sealed_keys(shop: Shop) -> None:
    store_id = join(shop, url=elsewhere(shop) + "/")
    with shop.edges.database.read() as transaction:
        store = store_rows.get_store(transaction, store_id)
        keys = store_rows.get_sealed_keys(transaction, store_id)
    assert (store.timezone, store.country) == ("Europe/Berlin", "DE")
    assert store.url == elsewhere(shop)
    assert shop.running.consumer_secret not in keys.consumer_secret
    assert shop.edges.sealer.open(keys.consumer_secret) == shop.running.consumer_secret


@pytest.mark.parametrize(
    ("changes", "refusal", "says"),
    [
        pytest.param({}, StoreKnownAlready, "already", id="it has joined"),
        pytest.param({"secret": "cs_wrong"}, StoreNotAnswering, "401", id="wrong keys"),
        pytest.param({"secret": "two words"}, StoreNotValid, "keys", id="keys with a space"),
        pytest.param(
            {"url": "https://127.0.0.1:1"}, StoreNotAnswering, "no answer", id="nobody there"
        ),
        pytest.param({"url": "http://shop.example"}, StoreNotValid, "https", id="no https"),
        pytest.param({"url": "shop"}, StoreNotValid, "address", id="no address"),
        pytest.param({"country": "Germany"}, StoreNotValid, "two letters", id="no country code"),
        pytest.param({"timezone": "Berlin"}, StoreNotValid, "time zone", id="no time zone"),
        pytest.param({"name": " "}, StoreNotValid, "name", id="no name"),
        pytest.param({"policy": ""}, StoreNotValid, "policy", id="no policy"),
        pytest.param({"policy": "no-such"}, StoreNotValid, "no-such", id="an unknown policy"),
    ],
)
def test_a_store_that_cannot_be_right_does_not_join_and_is_told_why(
    shop: Shop, changes: dict[str, Any], refusal: type[Refusal], says: str
) -> None:
    with pytest.raises(refusal, match=says):
        join(shop, **changes)
    with shop.edges.database.read() as transaction:
        assert len(store_rows.list_stores(transaction)) == 1


def test_an_endpoint_has_a_secret_of_fifty_letters_and_digits(edges: Edges) -> None:
    """WooCommerce signs with any other character changed to its entity."""
    made = stores.add_endpoint(edges, add_store(edges), "order.updated")
    assert len(made.secret) == 50
    assert made.secret.isalnum()
    assert made.secret.isascii()
    assert made.secret not in str(stores.list_endpoints(edges, 1))


def test_a_topic_has_one_endpoint_in_each_store(edges: Edges) -> None:
    store_id = add_store(edges)
    stores.add_endpoint(edges, store_id, "order.updated")
    with pytest.raises(EndpointKnownAlready):
        stores.add_endpoint(edges, store_id, "order.updated")
    other = add_store(edges, url="https://other.test")
    stores.add_endpoint(edges, other, "order.updated")


def test_only_a_topic_with_an_endpoint_gets_a_new_secret(edges: Edges) -> None:
    with pytest.raises(NoEndpointForTopic):
        stores.rotate_endpoint(edges, add_store(edges), "order.updated")


@pytest.mark.parametrize("topic", ["", "order", "order.", "Order.Updated", "order.updated\n"])
def test_a_topic_is_spelled_as_woocommerce_does(edges: Edges, topic: str) -> None:
    with pytest.raises(TopicNotValid):
        stores.add_endpoint(edges, add_store(edges), topic)


def test_webhooks_are_made_once_and_switched_on_again(shop: Shop) -> None:
    base = "http://127.0.0.1:9"
    first = connect_webhooks(shop.edges, shop.store_id, base)
    assert [(one.topic, one.done) for one in first] == [(topic, "made") for topic in TOPICS]
    with stores.open_client(shop.edges, shop.store_id) as client:
        made = client.list_webhooks()
        client.update_webhook(made[0]["id"], {"status": "disabled"})
    again = connect_webhooks(shop.edges, shop.store_id, base)
    assert sorted(one.done for one in again) == ["kept"] * (len(TOPICS) - 1) + ["switched on"]
    with stores.open_client(shop.edges, shop.store_id) as client:
        after = client.list_webhooks()
    assert [webhook["status"] for webhook in after] == ["active"] * len(TOPICS)


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"field": "colour"}, id="a field that items do not have"),
        pytest.param({"item_kind": "gift"}, id="a kind that no policy knows"),
        pytest.param({"field": "product_id", "value": "LIC-1"}, id="a product id of letters"),
        pytest.param({"field": "meta", "value": "seats"}, id="meta without a value"),
        pytest.param({"value": ""}, id="no value"),
        pytest.param({"value": "L*C"}, id="a star in the middle"),
        pytest.param({"sites_limit": -1}, id="less than no site"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(edges: Edges, rule: dict[str, Any]) -> None:
    store_id = add_store(edges)
    told = {"field": "sku", "value": "LIC-*", "item_kind": "product"} | rule
    with pytest.raises(ItemRuleNotValid):
        stores.add_item_rule(edges, store_id, **told)
    assert stores.list_item_rules(edges, store_id) == []


def test_only_products_need_a_licence_unless_said_otherwise(edges: Edges) -> None:
    store_id = add_store(edges)
    for kind in ("product", "support"):
        stores.add_item_rule(edges, store_id, field="sku", value="X", item_kind=kind)
    rules = stores.list_item_rules(edges, store_id)
    assert [(rule.position, rule.sites_limit) for rule in rules] == [(1, 1), (2, 0)]


def test_payments_are_held_for_a_reason_and_released(edges: Edges) -> None:
    store_id = add_store(edges)
    with pytest.raises(StoreNotValid):
        stores.hold_payments(edges, store_id, " ")
    stores.hold_payments(edges, store_id, "the gateway is being changed")
    assert stores.get_store(edges, store_id).payments_held_because
    stores.release_payments(edges, store_id, "it works again")
    assert stores.get_store(edges, store_id).payments_held_because is None
