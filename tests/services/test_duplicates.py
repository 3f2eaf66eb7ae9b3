"""Who paid twice gets the later payment back, all of it and once; who meant it is left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from refunddesk.db import customers, duplicates, licenses, notices, orders, outbox, refunds, tables
from refunddesk.db.duplicates import Duplicate, DuplicateKind, DuplicateState
from refunddesk.db.orders import Order
from refunddesk.db.refunds import State
from refunddesk.db.staff import Role
from refunddesk.jobnames import JobName
from refunddesk.money import Money
from refunddesk.services import approval_limits, payments, store_rules, stores
from refunddesk.services import duplicates as pairing
from refunddesk.services import licenses as licensing
from refunddesk.services.edges import Edges
from refunddesk.services.payments import RefundNotSent
from refunddesk.services.reasons import ReasonMissing
from refunddesk.services.refunds import NothingLeftToRefund
from refunddesk.services.staff import disable_staff
from refunddesk.woocommerce.client import StoreCallFailed
from tests import building
from tests.asking import PORTAL, STAFF, Bought, at_once, buy, key_of
from tests.building import add_staff, add_store
from tests.conftest import TestClock
from tests.selling import Shop

DAY = 86_400
OTHER = "staff:2"


def pairs(edges: Edges) -> list[Duplicate]:
    with edges.database.read() as transaction:
        return duplicates.list_in_state(transaction, DuplicateState, newest=False)


def look(edges: Edges, *bought: Order) -> list[Duplicate]:
    for order in bought:
        pairing.look(edges, order.id)
    return pairs(edges)


def twice(edges: Edges, clock: TestClock, *lines: Bought, apart: float = 60, **second: Any) -> Any:
    """Two orders of one customer, the second so many seconds later."""
    store_id = add_store(edges)
    first = buy(edges, store_id, *lines, woo_order_id=1001)
    clock.move(seconds=apart)
    said: dict[str, Any] = {"woo_order_id": 1002} | second
    return first, buy(edges, store_id, *(said.pop("bought", lines)), **said)


def limit(edges: Edges, amount: str, store_id: int = 1, within: int = DAY) -> None:
    up_to = Money.parse(amount, "EUR")
    store_rules.set_duplicate_rule(edges, store_id, within, up_to, by=STAFF)


# ---------------------------------------------------------------- found, or not


def test_the_later_of_two_payments_is_found_and_waits_for_a_person(
    edges: Edges, clock: TestClock
) -> None:
    add_staff(edges, ("olga@desk.test", Role.OWNER))
    first, second = twice(edges, clock)
    (pair,) = look(edges, first, second, first)
    assert (pair.kept_order_id, pair.extra_order_id) == (first.id, second.id)
    assert pair.state is DuplicateState.OPEN
    assert pair.reasons == ("same_products", "same_amount", "same_address")
    assert pair.doubts == ()
    assert str(pair.amount) == "236.81", "all that was paid, tax too"
    with edges.database.read() as transaction:
        (told,) = notices.list_notices(transaction, f"duplicate:{pair.id}")
    assert told.recipient == "olga@desk.test"


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        pytest.param(DAY, 1, id="in the last second of the day"),
        pytest.param(DAY + 1, 0, id="one second later"),
    ],
)
def test_only_what_is_paid_within_the_set_time_is_one_purchase(
    edges: Edges, clock: TestClock, seconds: int, found: int
) -> None:
    assert len(look(edges, *twice(edges, clock, apart=seconds))) == found


@pytest.mark.parametrize(("seconds", "found"), [(600, 1), (601, 0)])
def test_an_owner_sets_that_time(edges: Edges, clock: TestClock, seconds: int, found: int) -> None:
    first, second = twice(edges, clock, apart=seconds)
    store_rules.set_duplicate_rule(edges, 1, 600, None, by=STAFF)
    assert len(look(edges, first, second)) == found


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        pytest.param({"email": "ada+shop@example.com"}, "same_person", id="by another alias"),
        pytest.param({"email": "ADA@example.com"}, "same_address", id="in capitals"),
        pytest.param({"email": "eve@example.com"}, None, id="somebody else"),
    ],
)
def test_a_customer_is_known_again_as_elsewhere(
    edges: Edges, clock: TestClock, second: dict[str, Any], reason: str | None
) -> None:
    found = look(edges, *twice(edges, clock, **second))
    assert [pair.reasons[-1] for pair in found] == ([reason] if reason else [])


def test_one_account_with_two_addresses_is_one_customer(edges: Edges, clock: TestClock) -> None:
    store_id = add_store(edges)
    first = buy(edges, store_id, woo_order_id=1001, account=7)
    second = buy(edges, store_id, woo_order_id=1002, account=7, email="work@example.org")
    assert len(look(edges, first, second)) == 1


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        pytest.param({"bought": (replace(PORTAL, paid="99.00"),)}, "other_amount", id="a coupon"),
        pytest.param({"status": "on-hold"}, None, id="a payment that does not stand"),
        pytest.param({"status": "refunded"}, None, id="one that went back"),
        pytest.param({"kind": "upgrade"}, None, id="an upgrade"),
        pytest.param({"bought": (Bought("other"), PORTAL)}, None, id="other things as well"),
        pytest.param({"remarks": ("not exact: rounded",)}, "not_plain", id="amounts not plain"),
    ],
)
def test_what_may_have_been_meant_is_left_to_a_person_or_is_no_pair(
    edges: Edges, clock: TestClock, change: dict[str, Any], doubt: str | None
) -> None:
    first, second = twice(edges, clock, **change)
    limit(edges, "1000.00")
    found = look(edges, first, second)
    assert [pair.doubts for pair in found] == ([(doubt,)] if doubt else [])
    assert all(pair.state is DuplicateState.OPEN for pair in found)


def change_item(edges: Edges, order: Order, **changes: Any) -> None:
    with edges.database.write() as transaction:
        items = orders.list_items(transaction, order.id)
        changed = [replace(item, **changes) for item in items]
        orders.record_items(transaction, order.id, changed, at=edges.clock())


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [({"quantity": 3}, "quantity"), ({"woo_variation_id": 77}, "variation")],
)
def test_another_quantity_or_variation_is_never_returned_without_a_person(
    edges: Edges, clock: TestClock, changes: dict[str, Any], doubt: str
) -> None:
    from decimal import Decimal

    first, second = twice(edges, clock)
    limit(edges, "1000.00")
    if "quantity" in changes:
        changes = {"quantity": Decimal(3)}
    change_item(edges, second, **changes)
    (pair,) = look(edges, first, second)
    assert (pair.state, pair.doubts) == (DuplicateState.OPEN, (doubt,))


@pytest.mark.parametrize("used", [0, 1])
def test_a_licence_that_was_ever_switched_on_was_meant_until_a_person_says_otherwise(
    edges: Edges, clock: TestClock, used: int
) -> None:
    bought = twice(edges, clock)
    limit(edges, "1000.00")
    site = licensing.activate(edges, key_of(edges, bought[used]), "https://ada.example")
    licensing.deactivate(edges, site.token)
    (pair,) = look(edges, *bought)
    assert (pair.state, pair.doubts) == (DuplicateState.OPEN, ("used",))


def test_of_three_payments_the_first_stays_and_the_others_are_extra(
    edges: Edges, clock: TestClock
) -> None:
    first, second = twice(edges, clock)
    third = buy(edges, 1, woo_order_id=1003)
    found = look(edges, third, second, first)
    assert {(one.kept_order_id, one.extra_order_id) for one in found} == {
        (first.id, second.id),
        (first.id, third.id),
    }


def test_an_earlier_order_heard_of_later_is_the_one_that_stays(
    edges: Edges, clock: TestClock
) -> None:
    store_id = add_store(edges)
    late = buy(edges, store_id, woo_order_id=1002)
    look(edges, late)
    early = buy(edges, store_id, woo_order_id=1001, paid_at=clock() - timedelta(minutes=5))
    (pair,) = look(edges, early)
    assert (pair.kept_order_id, pair.extra_order_id) == (early.id, late.id)


# ---------------------------------------------------------------- by itself, or by a person


@pytest.mark.parametrize(
    ("up_to", "state"),
    [
        pytest.param("236.81", DuplicateState.RETURNING, id="at the limit"),
        pytest.param("236.80", DuplicateState.OPEN, id="one cent above it"),
    ],
)
def test_up_to_an_amount_it_goes_back_by_itself(
    edges: Edges, clock: TestClock, up_to: str, state: DuplicateState
) -> None:
    first, second = twice(edges, clock)
    limit(edges, up_to)
    (pair,) = look(edges, first, second)
    assert pair.state is state
    with edges.database.read() as transaction:
        granted = refunds.list_for_order(transaction, second.id)
        assert refunds.list_for_order(transaction, first.id) == []
    assert [str(one.amount) for one in granted] == (
        ["236.81"] if state is DuplicateState.RETURNING else []
    )


def test_nothing_goes_back_by_itself_before_the_owner_says_so(
    edges: Edges, clock: TestClock
) -> None:
    (pair,) = look(edges, *twice(edges, clock))
    assert pair.state is DuplicateState.OPEN


def test_a_limit_in_another_currency_is_none(edges: Edges, clock: TestClock) -> None:
    first, second = twice(edges, clock)
    store_rules.set_duplicate_rule(edges, 1, DAY, Money.parse("1000", "JPY"), by=STAFF)
    (pair,) = look(edges, first, second)
    assert pair.state is DuplicateState.OPEN


def test_a_person_returns_it_or_leaves_both_with_a_reason(edges: Edges, clock: TestClock) -> None:
    (pair,) = look(edges, *twice(edges, clock))
    with pytest.raises(ReasonMissing):
        pairing.drop(edges, pair.id, "  ", by=STAFF)
    returned = pairing.return_extra(edges, pair.id, by=STAFF)
    assert (returned.state, returned.settled_by) == (DuplicateState.RETURNING, STAFF)
    with pytest.raises(pairing.DuplicateSettled):
        pairing.return_extra(edges, pair.id, by=STAFF)
    with pytest.raises(pairing.DuplicateSettled):
        pairing.drop(edges, pair.id, "Too late.", by=STAFF)
    with pytest.raises(pairing.NoSuchDuplicate):
        pairing.return_extra(edges, 99, by=STAFF)


def test_what_was_left_stays_left_however_often_it_is_looked_at(
    edges: Edges, clock: TestClock
) -> None:
    bought = twice(edges, clock)
    (pair,) = look(edges, *bought)
    dropped = pairing.drop(edges, pair.id, "A second site.", by=STAFF)
    assert (dropped.state, dropped.because) == (DuplicateState.DROPPED, "A second site.")
    limit(edges, "1000.00")
    assert look(edges, *bought) == [dropped]


def test_above_the_limit_for_two_people_it_takes_two(edges: Edges, clock: TestClock) -> None:
    add_staff(edges, ("olga@desk.test", Role.OWNER), ("ben@desk.test", Role.APPROVER))
    (pair,) = look(edges, *twice(edges, clock))
    approval_limits.set_limits(edges, 1, {"staff": "100.00"}, currency="EUR", by=STAFF)
    for _ in range(2):
        assert pairing.return_extra(edges, pair.id, by=STAFF).state is DuplicateState.OPEN
    assert pairing.return_extra(edges, pair.id, by=OTHER).state is DuplicateState.RETURNING


def test_the_word_of_somebody_who_left_the_desk_is_no_first_word(
    edges: Edges, clock: TestClock
) -> None:
    add_staff(edges, ("olga@desk.test", Role.OWNER), ("ben@desk.test", Role.APPROVER))
    (pair,) = look(edges, *twice(edges, clock))
    approval_limits.set_limits(edges, 1, {"staff": "100.00"}, currency="EUR", by=STAFF)
    pairing.return_extra(edges, pair.id, by=STAFF)
    disable_staff(edges, "olga@desk.test")
    assert pairing.return_extra(edges, pair.id, by=OTHER).state is DuplicateState.OPEN


def test_only_the_amount_that_was_shown_goes_back(edges: Edges, clock: TestClock) -> None:
    first, second = twice(edges, clock)
    (pair,) = look(edges, first, second)
    with edges.database.write() as transaction:
        transaction.execute(
            update(tables.orders)
            .where(tables.orders.c.id == second.id)
            .values(total_minor=second.total.minor + 1)
        )
    with pytest.raises(pairing.ExtraChanged, match=r"was 236\.81 EUR .* is 236\.82 EUR now"):
        pairing.return_extra(edges, pair.id, by=STAFF)
    with edges.database.read() as transaction:
        assert refunds.list_for_order(transaction, second.id) == []
    assert pairs(edges) == [pair]


def test_two_renewals_of_who_knows_which_subscriptions_wait_for_a_person(
    edges: Edges, clock: TestClock
) -> None:
    store_id = add_store(edges)
    first = buy(edges, store_id, woo_order_id=1001, kind="renewal")
    clock.move(seconds=60)
    second = buy(edges, store_id, woo_order_id=1002, kind="renewal")
    limit(edges, "1000.00")
    (pair,) = look(edges, first, second)
    assert (pair.state, pair.doubts) == (DuplicateState.OPEN, ("often",))


@pytest.mark.parametrize("which", [0, 1], ids=["the one that stays", "the extra one"])
def test_a_refund_of_either_one_ends_the_pair(edges: Edges, clock: TestClock, which: int) -> None:
    bought = twice(edges, clock)
    (pair,) = look(edges, *bought)
    building.grant(edges, bought[which])
    assert pairing.return_extra(edges, pair.id, by=STAFF).state is DuplicateState.DROPPED
    with edges.database.read() as transaction:
        made = [refunds.list_for_order(transaction, order.id) for order in bought]
    assert sum(len(one) for one in made) == 1


def test_a_return_that_is_due_is_taken_back_when_the_other_payment_went_back(
    edges: Edges, clock: TestClock
) -> None:
    first, second = twice(edges, clock)
    limit(edges, "1000.00")
    look(edges, first, second)
    building.grant(edges, first)
    (pair,) = look(edges, first)
    assert pair.state is DuplicateState.DROPPED
    with edges.database.read() as transaction:
        (refund,) = refunds.list_for_order(transaction, second.id)
    assert refund.state is State.FAILED


def test_a_returned_payment_is_no_earlier_refund(edges: Edges, clock: TestClock) -> None:
    first, second = twice(edges, clock)
    limit(edges, "1000.00")
    look(edges, first, second)
    with edges.database.write() as transaction:
        (refund,) = refunds.list_for_order(transaction, second.id)
        assert refunds.move(transaction, refund, State.SENDING, now=clock())
        sending = refunds.get_refund(transaction, refund.id)
        assert refunds.move(transaction, sending, State.PAID, now=clock())
        assert first.customer_id
        assert customers.count_refunds(transaction, [first.customer_id]) == 0
        assert customers.list_refunded_products(transaction, [first.customer_id]) == []


def test_another_transaction_on_a_paid_order_is_shown_and_never_returned_by_us(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), transaction_id="ch_1")
    with edges.database.write() as transaction:
        again = replace(order, transaction_id="ch_2")
        pairing.record_two_captures(transaction, order, again, clock())
        pairing.record_two_captures(transaction, order, again, clock())
        pairing.record_two_captures(transaction, order, order, clock())
    (pair,) = pairs(edges)
    assert (pair.kind, pair.kept_order_id) == (DuplicateKind.TWO_CAPTURES, order.id)
    with pytest.raises(pairing.ReturnedAtGateway):
        pairing.return_extra(edges, pair.id, by=STAFF)
    assert pairing.drop(edges, pair.id, "Returned at the gateway.", by=STAFF).because


# ---------------------------------------------------------------- the money itself


def paid_twice(shop: Shop, *skus: str, **request: Any) -> tuple[Order, Order]:
    stores.add_item_rule(shop.edges, shop.store_id, field="sku", value="*", item_kind="product")
    limit(shop.edges, "1000.00", shop.store_id)
    billing = {"email": "ada@example.com", "country": "DE"}
    first, second = (shop.sell(*skus, billing=billing, **request) for _ in range(2))
    return shop.record(first["id"]), shop.record(second["id"])


def settle(shop: Shop) -> None:
    for _ in range(4):
        shop.clock.move(seconds=11)
        shop.work()


def test_the_later_payment_goes_back_whole_once_and_its_licence_ends(shop: Shop) -> None:
    first, second = paid_twice(shop, "LIC-1")
    settle(shop)
    moved = shop.sandbox.gateway.movements
    assert [(one.order_id, str(one.amount)) for one in moved] == [
        (second.woo_order_id, str(second.total))
    ]
    (pair,) = pairs(shop.edges)
    assert pair.state is DuplicateState.RETURNED
    with shop.edges.database.read() as transaction:
        states = [
            [one.state for one in licenses.list_licenses(transaction, order.id, None)]
            for order in (first, second)
        ]
    assert states == [["active"], ["ended"]]
    assert shop.books(second)["paid_out"] == f"-{second.total}"
    assert "given_back" not in shop.books(first)


def test_one_subscription_renewed_twice_goes_on_by_the_first_payment(shop: Shop) -> None:
    stores.add_item_rule(shop.edges, shop.store_id, field="sku", value="*", item_kind="product")
    limit(shop.edges, "1000.00", shop.store_id)
    bought = shop.sandbox.add_subscription("SUB-Y")
    shop.record(int(bought["parent_id"]))
    shop.clock.move(days=365)
    for _ in range(2):
        shop.clock.move(seconds=30)
        shop.record(int(shop.sandbox.add_renewal(int(bought["id"]))["id"]))
    settle(shop)
    (pair,) = pairs(shop.edges)
    assert pair.state is DuplicateState.RETURNED
    assert "same_renewal" in pair.reasons
    assert len(shop.sandbox.gateway.movements) == 1
    body = shop.sandbox.documents.find("subscription", int(bought["id"]))
    assert body
    assert body["status"] == "active"


def test_a_payment_given_back_by_hand_meanwhile_stops_the_return_of_the_other(shop: Shop) -> None:
    first, second = paid_twice(shop, "LIC-1")
    pairing.look(shop.edges, second.id)
    building.grant(shop.edges, first)
    with shop.edges.database.read() as transaction:
        (refund,) = refunds.list_for_order(transaction, second.id)
    payments.pay_refund(shop.edges, refund.id)
    assert not shop.sandbox.gateway.movements
    (pair,) = pairs(shop.edges)
    assert pair.state is DuplicateState.DROPPED


def test_what_no_gateway_can_return_comes_back_to_a_person_with_the_reason(shop: Shop) -> None:
    _, second = paid_twice(shop, "LIC-1", payment_method="bacs")
    settle(shop)
    (pair,) = pairs(shop.edges)
    with shop.edges.database.read() as transaction:
        (refund,) = refunds.list_for_order(transaction, second.id)
    assert (pair.state, refund.state) == (DuplicateState.OPEN, State.FAILED)
    assert pair.because is not None
    assert "pay it back by hand" in pair.because


def test_twenty_workers_at_once_return_one_of_the_two_and_never_both(shop: Shop) -> None:
    bought = paid_twice(shop, "LIC-1")

    def work(number: int) -> None:
        with suppress(pairing.DuplicateSettled, NothingLeftToRefund):
            pairing.look(shop.edges, bought[number % 2].id)
            for pair in pairs(shop.edges):
                pairing.return_extra(shop.edges, pair.id, by=STAFF)

    assert at_once(20, work) == [None] * 20
    with shop.edges.database.read() as transaction:
        made = [one for order in bought for one in refunds.list_for_order(transaction, order.id)]
    assert len(made) == 1

    def pay(_: int) -> None:
        with suppress(RefundNotSent, StoreCallFailed):
            payments.pay_refund(shop.edges, made[0].id)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(pay, range(8)))
    assert [one.order_id for one in shop.sandbox.gateway.movements] == [bought[1].woo_order_id]


def test_every_change_of_a_paid_order_is_looked_at(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    with shop.edges.database.read() as transaction:
        promised = {(one.job, one.subject) for one in outbox.list_open(transaction)}
    assert (JobName.FIND_DUPLICATES, str(order.id)) in promised
