"""What waits for a person is released by one, and objects are not asked for without end."""

from __future__ import annotations

import pytest

from refunddesk.db import inbox, outbox
from refunddesk.db.history import list_deeds
from refunddesk.db.inbox import NewDelivery
from refunddesk.jobnames import JobName
from refunddesk.services import stores
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import (
    DeliveryNotQuarantined,
    DeliveryStillUnusable,
    NoSuchDelivery,
    release,
    store,
)
from tests.building import add_delivery, add_store
from tests.selling import Shop


def quarantined(edges: Edges, body: bytes, topic: str = "order.updated") -> int:
    """A delivery that waits for a person; its id."""
    store_id = add_store(edges)
    endpoint = stores.add_endpoint(edges, store_id, topic)
    with edges.database.write() as transaction:
        return add_delivery(
            transaction,
            NewDelivery(
                store_id=store_id,
                endpoint_id=endpoint.endpoint_id,
                topic=topic,
                object_type=None,
                woo_object_id=None,
                body=body,
                body_sha=b"",
                delivery_id=None,
                received_at=edges.clock(),
                quarantined_because="topic_mismatch",
                quarantine_detail="The header said otherwise.",
            ),
        )


def promised(edges: Edges) -> list[tuple[JobName, str]]:
    with edges.database.read() as transaction:
        return [(row.job, row.subject) for row in outbox.list_open(transaction)]


def test_a_released_delivery_has_its_object_looked_at(edges: Edges) -> None:
    delivery_id = quarantined(edges, b'{"id":35}')
    release(edges, delivery_id, by="staff:1")
    assert promised(edges) == [(JobName.RECORD_ORDER, "1:35")]
    with edges.database.read() as transaction:
        assert inbox.list_quarantined(transaction) == []
        (deed,) = list_deeds(transaction, f"delivery:{delivery_id}")
    assert (deed.actor, deed.action) == ("staff:1", "delivery_released")


def test_a_delivery_is_released_once(edges: Edges) -> None:
    delivery_id = quarantined(edges, b'{"id":35}')
    release(edges, delivery_id, by="staff:1")
    with pytest.raises(DeliveryNotQuarantined):
        release(edges, delivery_id, by="staff:1")


def test_a_delivery_that_names_nothing_stays_in_quarantine(edges: Edges) -> None:
    delivery_id = quarantined(edges, b"[]")
    with pytest.raises(DeliveryStillUnusable, match="gone before the delivery"):
        release(edges, delivery_id, by="staff:1")
    assert promised(edges) == []
    with edges.database.read() as transaction:
        assert len(inbox.list_quarantined(transaction)) == 1


def test_a_delivery_that_never_came_cannot_be_released(edges: Edges) -> None:
    with pytest.raises(NoSuchDelivery):
        release(edges, 12, by="staff:1")


def deliver(shop: Shop, woo_order_id: int, body: bytes) -> None:
    """A delivery that was only glanced at, and the promise to look at its order."""
    endpoint_id = stores.add_endpoint(shop.edges, shop.store_id, "order.updated").endpoint_id
    call = inbox.NewDelivery(
        store_id=shop.store_id,
        endpoint_id=endpoint_id,
        topic="order.updated",
        object_type="order",
        woo_object_id=woo_order_id,
        body=body,
        body_sha=b"",
        delivery_id=None,
        received_at=shop.clock(),
    )
    with shop.edges.database.write() as transaction:
        store(transaction, [call])


def test_a_delivery_broken_behind_its_id_is_shown_and_its_order_recorded_all_the_same(
    shop: Shop,
) -> None:
    sold = shop.sell("LIC-1")
    deliver(shop, sold["id"], b'{"id":%d,"total":NaN}' % sold["id"])
    shop.work()
    assert shop.find(sold["id"]) is not None
    with shop.edges.database.read() as transaction:
        (waiting,) = inbox.list_quarantined(transaction)
    assert waiting.quarantined_because == "not_finite"
    with pytest.raises(DeliveryStillUnusable):
        release(shop.edges, waiting.id, by="staff:1")


def test_a_delivery_that_is_as_it_should_be_waits_for_nobody(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    deliver(shop, sold["id"], b'{"id":%d,"total":"1"}' % sold["id"])
    shop.work()
    with shop.edges.database.read() as transaction:
        assert inbox.list_quarantined(transaction) == []


def announce(shop: Shop, woo_order_id: int) -> None:
    with shop.edges.database.write() as transaction:
        subject = f"{shop.store_id}:{woo_order_id}"
        outbox.promise(transaction, JobName.RECORD_ORDER, subject, due_at=shop.clock())


def test_an_object_announced_again_at_once_is_asked_for_after_ten_seconds(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    announce(shop, sold["id"])
    done = shop.work()
    recorded = shop.find(sold["id"])
    assert recorded is not None
    # Only the first look finds the order changed, and has it compared with the customer's others.
    assert done == [
        f"record_order {shop.store_id}:{sold['id']}",
        f"find_duplicates {recorded.id}",
    ]
    announce(shop, sold["id"])
    assert shop.work() == []
    shop.clock.move(seconds=9.9)
    assert shop.work() == []
    shop.clock.move(seconds=0.1)
    assert shop.work() == [f"record_order {shop.store_id}:{sold['id']}"]


def test_a_clock_that_was_set_back_holds_no_object_up(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    announce(shop, sold["id"])
    shop.work()
    shop.clock.move(hours=-1)
    announce(shop, sold["id"])
    assert shop.work() == [f"record_order {shop.store_id}:{sold['id']}"]
