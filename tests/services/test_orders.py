"""Orders are recorded as the store tells them when asked, and the books follow."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from sqlalchemy import update

from refunddesk.db import customers, inbox, outbox, store_refunds, subscriptions, tables
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.history import list_deeds
from refunddesk.db.orders import Order
from refunddesk.db.store_refunds import StoreRefund
from refunddesk.jobnames import JobName
from refunddesk.services import bookkeeping, stores
from refunddesk.services.alarms import list_raised
from refunddesk.services.customers import CustomerChange, change_customer
from refunddesk.services.order_facts import why_a_person
from refunddesk.services.orders import record_order
from refunddesk.woocommerce.client import StoreRefused
from tests.building import add_delivery
from tests.selling import Shop


def rule(shop: Shop, value: str, item_kind: str = "product", **more: Any) -> None:
    field = more.pop("field", "sku")
    stores.add_item_rule(
        shop.edges, shop.store_id, field=field, value=value, item_kind=item_kind, **more
    )


def refund_rows(shop: Shop, order: Order) -> list[StoreRefund]:
    with shop.edges.database.read() as transaction:
        return store_refunds.list_store_refunds(transaction, order.id)


def deeds(shop: Shop, order: Order) -> list[Any]:
    with shop.edges.database.read() as transaction:
        return [deed.data.get("changed") for deed in list_deeds(transaction, f"order:{order.id}")]


def post_refund(shop: Shop, woo_order_id: int, **body: Any) -> dict[str, Any]:
    """A refund that someone makes in the store, without us."""
    shop.clock.move(seconds=1)
    with stores.open_client(shop.edges, shop.store_id) as client:
        return client._write_object("POST", f"orders/{woo_order_id}/refunds", body)


def test_a_paid_order_is_recorded_with_its_lines_and_booked(shop: Shop) -> None:
    rule(shop, "LIC-*", product="crm-portal")
    rule(shop, "DOM-1", "additional_domain")
    sold = shop.sell("LIC-1", "DOM-1")
    order = shop.record(sold["id"])
    assert (order.kind, order.billing, str(order.total)) == ("purchase", "one_time", sold["total"])
    assert order.paid_at == shop.clock()
    assert [(item.product, item.item_kind, item.sites_limit) for item in shop.items(order)] == [
        ("crm-portal", "product", 1),
        ("DOM-1", "additional_domain", 0),
    ]
    first, second = shop.items(order)
    assert shop.books(order) == {
        "paid_in": sold["total"],
        "sold:product": f"-{first.paid}",
        "sold:additional_domain": f"-{second.paid}",
        "tax": f"-{order.tax}",
    }
    with shop.edges.database.read() as transaction:
        customer = customers.find_customer(transaction, order.customer_id or 0)
    assert customer is not None
    assert customer.email == sold["billing"]["email"]


def test_what_somebody_buys_while_a_procedure_is_open_raises_an_alarm_until_it_is_settled(
    shop: Shop,
) -> None:
    before = shop.record(shop.sell("LIC-1")["id"])
    accusation = CustomerChange(infringement="open", evidence="Seen on a forum.")
    assert before.customer_id
    change_customer(shop.edges, before.customer_id, accusation, by="staff:1")
    sold = shop.sell("LIC-1")
    order = shop.record(sold["id"])
    shop.record(sold["id"])
    (alarm,) = list_raised(shop.edges)
    assert (alarm.kind, alarm.subject) == (AlarmKind.ORDER_OF_INFRINGER, f"order:{order.id}")
    assert "@" not in alarm.detail
    settled = CustomerChange(infringement="settled")
    change_customer(shop.edges, before.customer_id, settled, by="staff:1")
    assert list_raised(shop.edges) == []


def test_recording_an_order_again_changes_nothing_and_says_nothing(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    order = shop.record(sold["id"])
    booked = shop.books(order)
    shop.clock.move(minutes=1)
    again = shop.record(sold["id"])
    assert shop.books(again) == booked
    assert deeds(shop, order) == [["new"]]


def test_an_unpaid_order_is_recorded_and_not_booked(shop: Shop) -> None:
    sold = shop.sell("LIC-1", set_paid=False)
    order = shop.record(sold["id"])
    assert order.paid_at is None
    assert shop.books(order) == {}


def test_an_order_paid_later_is_booked_then(shop: Shop) -> None:
    sold = shop.sell("LIC-1", set_paid=False)
    shop.record(sold["id"])
    at = f"{shop.clock():%Y-%m-%dT%H:%M:%S}"
    shop.change(sold, status="completed", date_paid_gmt=at)
    order = shop.record(sold["id"])
    assert shop.books(order)["paid_in"] == sold["total"]
    assert deeds(shop, order)[-1] == ["status", "paid_at", "modified_at", "snapshot_sha"]


def test_what_is_known_is_never_replaced_by_something_older(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    shop.change(sold, status="refunded")
    shop.record(sold["id"])
    shop.sandbox.put_object("order", {**sold, "date_modified_gmt": "2026-03-01T00:00:00"})
    assert shop.record(sold["id"]).status == "refunded"


def test_a_total_that_changed_after_payment_is_remarked_and_the_books_are_corrected(
    shop: Shop,
) -> None:
    sold = shop.sell("LIC-1")
    before = shop.record(sold["id"])
    shop.change(sold, total="200.00")
    order = shop.record(sold["id"])
    assert shop.books(order)["paid_in"] == "200.00"
    remark = f"changed after payment: the total was {before.total} EUR and is 200.00 EUR"
    assert remark in order.remarks
    shop.clock.move(minutes=1)
    shop.change(sold, total="200.00", number="other")
    assert shop.record(sold["id"]).remarks.count(remark) == 1


def test_a_currency_that_changed_empties_the_books_of_the_old_one(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    shop.record(sold["id"])
    shop.change(sold, currency="USD")
    order = shop.record(sold["id"])
    assert set(shop.books(order)) == {"paid_in USD", "sold:product USD", "tax USD"}
    assert any("EUR" in remark for remark in order.remarks)


def test_a_line_taken_off_the_order_is_gone_and_comes_back(shop: Shop) -> None:
    sold = shop.sell("LIC-1", "DOM-1")
    shop.record(sold["id"])
    shop.change(sold, line_items=sold["line_items"][:1])
    order = shop.record(sold["id"])
    assert [item.sku for item in shop.items(order)] == ["LIC-1"]
    shop.change(sold)
    assert len(shop.items(shop.record(sold["id"]))) == 2


def test_an_order_that_vanished_is_gone_and_keeps_its_books(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    booked = shop.books(shop.record(sold["id"]))
    shop.sandbox.documents.delete("order", sold["id"])
    order = shop.record(sold["id"])
    assert order.gone_at == shop.clock()
    assert shop.books(order) == booked


def test_an_order_in_the_trash_is_gone_until_it_is_restored(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    shop.change(sold, status="trash")
    trashed_at = shop.record(sold["id"]).gone_at
    assert trashed_at == shop.clock()
    shop.clock.move(minutes=1)
    assert shop.record(sold["id"]).gone_at == trashed_at
    shop.change(sold)
    assert shop.record(sold["id"]).gone_at is None


def test_a_cart_being_filled_in_is_no_order(shop: Shop) -> None:
    sold = shop.sell("LIC-1", set_paid=False)
    shop.change(sold, status="checkout-draft")
    record_order(shop.edges, shop.store_id, sold["id"])
    assert shop.find(sold["id"]) is None


def test_the_id_of_a_subscription_is_recorded_as_a_subscription(shop: Shop) -> None:
    """The store answers GET orders/<subscription id> as if it were an order."""
    subscription = shop.sandbox.add_subscription("SUB-Y")
    record_order(shop.edges, shop.store_id, subscription["id"])
    assert shop.find(subscription["id"]) is None
    shop.work()
    with shop.edges.database.read() as transaction:
        assert subscriptions.find_subscription(transaction, shop.store_id, subscription["id"])
    assert shop.find(subscription["parent_id"])


def test_a_yearly_subscription_pays_for_a_year_and_so_does_its_renewal(shop: Shop) -> None:
    subscription = shop.sandbox.add_subscription("SUB-Y")
    order = shop.record(subscription["parent_id"])
    assert (order.kind, order.billing) == ("purchase", "yearly")
    assert order.period_start_at == order.paid_at == shop.clock()
    assert order.period_end_at == shop.clock().replace(year=2027)
    shop.clock.move(days=365)
    renewal = shop.record(shop.sandbox.add_renewal(subscription["id"])["id"])
    assert (renewal.kind, renewal.billing) == ("renewal", "yearly")
    assert renewal.subscription_id == order.subscription_id
    assert renewal.period_start_at == shop.clock()


def test_a_subscription_heard_of_after_its_order_has_the_order_looked_at_again(
    shop: Shop,
) -> None:
    subscription = shop.sandbox.add_subscription("SUB-M")
    woo_order_id = subscription["parent_id"]
    kept = shop.sandbox.documents.find("subscription", subscription["id"])
    assert kept is not None
    shop.sandbox.documents.delete("subscription", subscription["id"])
    assert shop.record(woo_order_id).billing == "one_time"
    shop.sandbox.documents.put("subscription", subscription["id"], kept, woo_order_id)
    shop.clock.move(minutes=1)
    record_order(shop.edges, shop.store_id, subscription["id"])
    shop.work()
    order = shop.find(woo_order_id)
    assert order is not None
    assert order.billing == "monthly"


@pytest.mark.parametrize(
    ("value", "more"),
    [
        pytest.param("LIC-1", {}, id="by the SKU"),
        pytest.param("LIC-*", {}, id="by the beginning of the SKU"),
        pytest.param("licenses", {"field": "category"}, id="by the category"),
        pytest.param("seats=3", {"field": "meta"}, id="by the meta of the line"),
    ],
)
def test_the_owner_says_what_a_line_is(shop: Shop, value: str, more: dict[str, str]) -> None:
    rule(shop, value, "service", **more)
    sold = shop.sell("LIC-1")
    line = sold["line_items"][0]
    meta = [{"id": 1, "key": "seats", "value": "3"}]
    shop.change(sold, line_items=[{**line, "meta_data": meta}])
    (item,) = shop.items(shop.record(sold["id"]))
    assert item.item_kind == "service"


def test_of_two_rules_that_fit_the_first_counts(shop: Shop) -> None:
    rule(shop, "LIC-1", "support")
    rule(shop, "LIC-*", "customization")
    (item,) = shop.items(shop.record(shop.sell("LIC-1")["id"]))
    assert item.item_kind == "support"


def test_a_line_that_no_rule_fits_is_a_product_without_a_licence(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    (item,) = shop.items(order)
    assert (item.item_kind, item.sites_limit) == ("product", 0)
    assert any(remark.startswith("no item rule fits") for remark in order.remarks)


def test_an_item_sold_for_a_lifetime_makes_the_order_one(shop: Shop) -> None:
    rule(shop, "LIC-1", lifetime=True)
    assert shop.record(shop.sell("LIC-1")["id"]).billing == "lifetime"


@pytest.mark.parametrize(
    ("api_refund", "account"),
    [
        pytest.param(True, "paid_out_elsewhere", id="paid through the gateway"),
        pytest.param(False, "booked_elsewhere", id="only written down in the store"),
    ],
)
def test_a_refund_made_in_the_store_is_booked_once(
    shop: Shop, api_refund: bool, account: str
) -> None:
    sold = shop.sell("LIC-1")
    post_refund(shop, sold["id"], amount="10.00", reason="by phone", api_refund=api_refund)
    for _ in range(2):
        shop.clock.move(minutes=1)
        order = shop.record(sold["id"])
    assert shop.books(order)["given_back"] == "10.00"
    assert shop.books(order)[account] == "-10.00"
    (row,) = refund_rows(shop, order)
    assert (row.refund_id, row.refunded_payment) == (None, api_refund)


@pytest.mark.parametrize(
    ("api_refund", "still_booked"),
    [
        pytest.param(True, True, id="the money had moved and stays given back"),
        pytest.param(False, False, id="it was only written down and is undone"),
    ],
)
def test_deleting_a_refund_row_returns_no_payment(
    shop: Shop, api_refund: bool, still_booked: bool
) -> None:
    sold = shop.sell("LIC-1")
    row = post_refund(shop, sold["id"], amount="10.00", reason="", api_refund=api_refund)
    shop.record(sold["id"])
    shop.sandbox.documents.delete("refund", row["id"])
    shop.clock.move(minutes=1)
    order = shop.record(sold["id"])
    assert refund_rows(shop, order)[0].gone_at == shop.clock()
    assert ("given_back" in shop.books(order)) == still_booked


def test_a_refund_with_the_marker_of_nobody_is_a_refund_made_elsewhere(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    post_refund(shop, sold["id"], amount="5.00", reason="RD-7F3K2QXM refund", api_refund=True)
    order = shop.record(sold["id"])
    (row,) = refund_rows(shop, order)
    assert (row.marker, row.refund_id) == ("RD-7F3K2QXM", None)
    assert shop.books(order)["paid_out_elsewhere"] == "-5.00"


def test_a_refund_announced_by_its_own_id_has_its_order_looked_at(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    row = post_refund(shop, sold["id"], amount="5.00", reason="", api_refund=False)
    with shop.edges.database.write() as transaction:
        subject = f"{shop.store_id}:{row['id']}"
        outbox.promise(transaction, JobName.RECORD_REFUND, subject, due_at=shop.clock())
    done = shop.work()
    assert done == [
        f"record_refund {shop.store_id}:{row['id']}",
        f"record_order {shop.store_id}:{sold['id']}",
        "find_duplicates 1",
    ]


def test_a_store_that_refuses_the_keys_changes_nothing_and_is_asked_again(shop: Shop) -> None:
    sold = shop.sell("LIC-1")
    with shop.edges.database.write() as transaction:
        sealed = shop.edges.sealer.seal("cs_wrong")
        transaction.execute(update(tables.stores).values(consumer_secret_sealed=sealed))
    with pytest.raises(StoreRefused):
        record_order(shop.edges, shop.store_id, sold["id"])
    assert shop.find(sold["id"]) is None


def test_an_order_without_a_currency_waits_for_a_person_and_goes_on_once_it_has_one(
    shop: Shop,
) -> None:
    endpoint = stores.add_endpoint(shop.edges, shop.store_id, "order.updated")
    sold = shop.sell("LIC-1")
    with shop.edges.database.write() as transaction:
        add_delivery(
            transaction,
            inbox.NewDelivery(
                shop.store_id,
                endpoint.endpoint_id,
                "order.updated",
                "order",
                sold["id"],
                b"{}",
                b"",
                None,
                shop.clock(),
            ),
        )
    shop.change(sold, currency="")
    record_order(shop.edges, shop.store_id, sold["id"])
    with shop.edges.database.read() as transaction:
        (waiting,) = inbox.list_quarantined(transaction)
    assert waiting.quarantined_because == "no_currency"
    shop.change(sold)
    shop.record(sold["id"])
    with shop.edges.database.read() as transaction:
        assert inbox.list_quarantined(transaction) == []


def test_two_workers_at_one_order_end_with_the_same_rows(shop: Shop) -> None:
    sold = shop.sell("LIC-1", "DOM-1")
    post_refund(shop, sold["id"], amount="5.00", reason="", api_refund=True)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            record_order(shop.edges, shop.store_id, sold["id"])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    order = shop.find(sold["id"])
    assert order is not None
    assert len(shop.items(order)) == 2
    assert shop.books(order)["paid_in"] == sold["total"]
    assert shop.books(order)["given_back"] == "5.00"
    assert deeds(shop, order) == [["new"]]


@pytest.mark.parametrize("seed", range(3))
def test_news_in_any_sequence_and_number_leaves_the_same_books(shop: Shop, seed: int) -> None:
    sold = shop.sell("LIC-1", "DOM-1")
    first, second = sold["line_items"]
    versions = [
        {**sold, "date_modified_gmt": f"2026-03-02T10:00:{second_number:02}", **changes}
        for second_number, changes in enumerate(
            [
                {"date_paid_gmt": None, "date_paid": None, "status": "pending"},
                {"line_items": [first]},
                {"currency": "USD"},
                {"total": "10.00"},
                {"line_items": [second, {**first, "total": "50.00"}]},
            ],
            start=10,
        )
    ]
    heard = [*versions, *random.Random(seed).choices(versions, k=4)]
    random.Random(seed).shuffle(heard)
    for version in heard:
        shop.sandbox.put_object("order", version)
        record_order(shop.edges, shop.store_id, sold["id"])
    told = shop.find(sold["id"])
    assert told is not None
    assert {item.sku: str(item.paid) for item in shop.items(told)}["LIC-1"] == "50.00"
    assert shop.books(told)["paid_in"] == sold["total"]
    assert set(shop.books(told)) <= {"paid_in", "sold:product", "tax", "unallocated"}
    assert bookkeeping.find_wrong_books(shop.edges) is None


def test_books_that_do_not_say_what_the_orders_say_are_found(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    assert bookkeeping.find_wrong_books(shop.edges) is None
    with shop.edges.database.write() as transaction:
        transaction.execute(update(tables.orders).values(total_minor=1))
    wrong = bookkeeping.find_wrong_books(shop.edges)
    assert wrong is not None
    assert wrong.order_id == order.id
    assert "paid_in is off by" in wrong.because


# ---------------------------------------------------------------- whose money is in doubt


def _with_line_total(body: dict[str, Any], text: str) -> dict[str, Any]:
    first, *rest = body["line_items"]
    return {**body, "line_items": [{**first, "total": text}, *rest]}


@pytest.mark.parametrize("text", ["99.005", "99,00", ""])
def test_an_order_with_an_amount_that_is_not_exact_is_left_to_a_person(
    shop: Shop, text: str
) -> None:
    sold = shop.sell("LIC-1")
    assert why_a_person(shop.record(sold["id"])) is None
    shop.change(_with_line_total(shop.shown(sold["id"]), text))
    because = why_a_person(shop.record(sold["id"]))
    assert because
    assert "rounded" in because


@pytest.mark.parametrize("changes", [{"currency": "USD"}, {"total": "900.00"}])
def test_an_order_changed_after_payment_is_left_to_a_person_for_good(
    shop: Shop, changes: dict[str, str]
) -> None:
    body = shop.shown(shop.sell("LIC-1")["id"])
    shop.record(body["id"])
    shop.change(body, **changes)
    shop.record(body["id"])
    shop.change(body)
    because = why_a_person(shop.record(body["id"]))
    assert because
    assert "changed after payment" in because
