"""A licence is issued once, used on no more sites than it is for, and ended for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from refunddesk.db import licenses as rows
from refunddesk.db import orders, outbox, requests
from refunddesk.db.licenses import Activation, License
from refunddesk.db.orders import Order
from refunddesk.db.tables import activations, history
from refunddesk.db.tables import licenses as license_table
from refunddesk.services import customers, license_terms, licenses, receipts
from refunddesk.services import requests as asking
from refunddesk.services.customers import CustomerChange
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from tests.asking import (
    EXTRA_DOMAIN,
    PORTAL,
    STAFF,
    ask,
    at_once,
    buy,
    days,
    key_of,
    until_it_waits,
    work,
)
from tests.building import add_store
from tests.conftest import TestClock


def held_by(edges: Edges, order: Order) -> list[License]:
    with edges.database.read() as transaction:
        return rows.list_licenses(transaction, order.id, order.subscription_id)


def in_use(edges: Edges, order: Order) -> list[Activation]:
    with edges.database.read() as transaction:
        ids = [license.id for license in rows.list_licenses(transaction, order.id, None)]
        return rows.list_active(transaction, ids)


def issue_again(edges: Edges, order: Order) -> list[int]:
    with edges.database.write() as transaction:
        items = orders.list_items(transaction, order.id)
        issued = license_terms.issue_for_order(
            transaction, order, items, edges.clock(), edges.random_bytes
        )
        license_terms.settle_terms(edges, transaction, order, items, edges.clock())
    return issued


# ---------------------------------------------------------------- issuing


def test_each_licensed_line_gets_one_licence_however_often_the_order_is_recorded(
    edges: Edges,
) -> None:
    order = buy(
        edges, add_store(edges), PORTAL, replace(PORTAL, product="crm-mobile"), EXTRA_DOMAIN
    )
    assert issue_again(edges, order) == []
    assert [license.product for license in held_by(edges, order)] == ["crm-portal", "crm-mobile"]


def test_an_extra_domain_adds_its_sites_to_the_licence_beside_it(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=2), EXTRA_DOMAIN)
    assert [license.sites_limit for license in held_by(edges, order)] == [3]
    issue_again(edges, order)
    assert [license.sites_limit for license in held_by(edges, order)] == [3]


def test_an_extra_domain_names_its_product_where_there_are_several(edges: Edges) -> None:
    order = buy(
        edges,
        add_store(edges),
        PORTAL,
        replace(PORTAL, product="crm-mobile"),
        replace(EXTRA_DOMAIN, product="crm-mobile", sites=5),
    )
    assert [license.sites_limit for license in held_by(edges, order)] == [1, 6]


def test_an_extra_domain_bought_later_goes_to_the_customers_only_licence(edges: Edges) -> None:
    store_id = add_store(edges)
    first = buy(edges, store_id)
    buy(edges, store_id, EXTRA_DOMAIN, woo_order_id=1002)
    assert [license.sites_limit for license in held_by(edges, first)] == [2]
    buy(edges, store_id, EXTRA_DOMAIN, woo_order_id=1003, email="eve@example.com")
    assert [license.sites_limit for license in held_by(edges, first)] == [2]


def test_a_later_extra_domain_that_could_be_for_either_licence_is_given_to_none(
    edges: Edges,
) -> None:
    store_id = add_store(edges)
    first = buy(edges, store_id, PORTAL, replace(PORTAL, product="crm-mobile"))
    buy(edges, store_id, EXTRA_DOMAIN, woo_order_id=1002)
    assert [license.sites_limit for license in held_by(edges, first)] == [1, 1]


def test_a_staging_site_takes_no_place_and_is_listed(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    key = key_of(edges, order)
    staging = licenses.activate(edges, key, "staging.ada.example")
    assert (staging.is_staging, staging.sites) == (True, 0)
    assert licenses.activate(edges, key, "ada.example").sites == 1
    assert [one.site for one in in_use(edges, order)] == ["staging.ada.example", "ada.example"]


def test_an_unpaid_order_gets_no_licence(edges: Edges) -> None:
    order = replace(buy(edges, add_store(edges), EXTRA_DOMAIN), paid_at=None)
    assert issue_again(edges, order) == []


def test_a_renewal_prolongs_the_licence_its_subscription_bought(
    edges: Edges, clock: TestClock
) -> None:
    store_id = add_store(edges)
    with edges.database.write() as transaction:
        subscription_id = _subscribe(transaction, store_id, clock)
    year = days(365)
    yearly = {"billing": "yearly", "subscription_id": subscription_id}
    first = buy(edges, store_id, period_start_at=clock(), period_end_at=clock() + year, **yearly)
    clock.move(days=365)
    renewal = buy(
        edges,
        store_id,
        woo_order_id=1002,
        kind="renewal",
        period_start_at=clock(),
        period_end_at=clock() + year,
        **yearly,
    )
    (license,) = held_by(edges, renewal)
    assert license.order_id == first.id
    assert license.expires_at == clock() + year


def _subscribe(transaction, store_id: int, clock: TestClock) -> int:  # type: ignore[no-untyped-def]
    from refunddesk.db.tables import subscriptions as table

    return transaction.execute(
        table.insert()
        .values(
            store_id=store_id,
            woo_subscription_id=500,
            status="active",
            billing="yearly",
            billing_period="year",
            billing_interval=1,
            recorded_at=clock(),
        )
        .returning(table.c.id)
    ).scalar_one()


def test_neither_keys_nor_tokens_are_kept_anywhere(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    key = key_of(edges, order)
    token = licenses.activate(edges, key, "ada.example").token
    with edges.database.read() as transaction:
        kept = [
            str(list(row))
            for table in (license_table, activations, history)
            for row in transaction.execute(select(table))
        ]
    assert kept
    assert not any(key in text or key.replace("-", "") in text or token in text for text in kept)


# ---------------------------------------------------------------- switching on


def test_a_licence_for_one_site_is_on_one_site(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    key = key_of(edges, order)
    licenses.activate(edges, key, "https://www.ada.example")
    with pytest.raises(licenses.SitesLimitReached, match="1 of 1 sites"):
        licenses.activate(edges, key, "bob.example")
    assert [activation.site for activation in in_use(edges, order)] == ["ada.example"]


def test_the_same_site_again_gets_a_new_token_and_no_second_place(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    key = key_of(edges, order)
    first = licenses.activate(edges, key, "ada.example")
    again = licenses.activate(edges, key.lower().replace("-", " "), "HTTPS://ADA.example:443/shop")
    assert (again.sites, len(in_use(edges, order))) == (1, 1)
    with pytest.raises(licenses.LicenseNotKnown):
        licenses.deactivate(edges, first.token)
    licenses.deactivate(edges, again.token)
    assert in_use(edges, order) == []


def test_fifty_sites_at_once_on_a_licence_for_three_are_exactly_three(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=3))
    key = key_of(edges, order)
    answers = at_once(50, lambda number: licenses.activate(edges, key, f"site{number}.example"))
    assert sum(isinstance(answer, licenses.Activated) for answer in answers) == 3
    assert sum(isinstance(answer, licenses.SitesLimitReached) for answer in answers) == 47
    assert len(in_use(edges, order)) == 3


def test_one_site_asking_ten_times_at_once_takes_one_place(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    key = key_of(edges, order)
    answers = at_once(10, lambda _: licenses.activate(edges, key, "ada.example"))
    assert all(isinstance(answer, licenses.Activated) for answer in answers)
    assert len(in_use(edges, order)) == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_ending_two_licences_and_switching_off_a_site_of_one_do_not_wait_for_each_other(
    edges: Edges,
) -> None:
    order = buy(edges, add_store(edges), PORTAL, replace(PORTAL, product="crm-mobile"))
    with edges.database.read() as transaction:
        first, second = rows.list_licenses(transaction, order.id, None)
    key = licenses.new_key(edges, second.id, by=STAFF)
    token = licenses.activate(edges, key, "a.example").token
    ask(edges, order)  # the request that both of them wake
    now = edges.clock()
    with edges.database.write() as transaction:
        rows.list_licenses(transaction, order.id, None, lock=True)
        assert licenses.end(edges, transaction, first.id, "refunded", now, "policy")
        other = until_it_waits(edges, lambda: licenses.deactivate(edges, token))
        assert licenses.end(edges, transaction, second.id, "refunded", now, "policy")
    assert other.result().deactivated_by == "policy"
    assert in_use(edges, order) == []


def test_a_text_that_names_no_site_is_refused_before_the_key_is_looked_at(edges: Edges) -> None:
    with pytest.raises(licenses.SiteNotUsable):
        licenses.activate(edges, "no key at all", "not a site")


def test_an_ended_expired_accused_or_unknown_licence_answers_alike(
    edges: Edges, clock: TestClock
) -> None:
    store_id = add_store(edges)
    ended = buy(edges, store_id, woo_order_id=1, email="a@example.com")
    expired = buy(
        edges, store_id, woo_order_id=2, email="b@example.com", period_end_at=clock() + days(1)
    )
    accused = buy(edges, store_id, woo_order_id=3, email="c@example.com")
    keys = [key_of(edges, order) for order in (ended, expired, accused)]
    with edges.database.write() as transaction:
        licenses.end(edges, transaction, held_by(edges, ended)[0].id, "refunded", clock(), "policy")
    assert accused.customer_id
    accusation = CustomerChange(infringement="open", evidence="copies on three servers")
    customers.change_customer(edges, accused.customer_id, accusation, by=STAFF)
    clock.move(days=1)
    told = set()
    for key in [*keys, "0000-0000", "x" * 500, "\u00e9"]:
        with pytest.raises(licenses.LicenseNotKnown) as refusal:
            licenses.activate(edges, key, "ada.example")
        told.add((refusal.value.code, str(refusal.value)))
    with pytest.raises(licenses.LicenseNotKnown) as refusal:
        licenses.deactivate(edges, "no token")
    told.add((refusal.value.code, str(refusal.value)))
    assert len(told) == 1


def test_a_licence_runs_until_its_last_moment(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, add_store(edges), period_end_at=clock() + days(1))
    key = key_of(edges, order)
    clock.at += days(1) - timedelta(microseconds=1)
    assert licenses.activate(edges, key, "ada.example").sites == 1
    clock.move(microseconds=1)
    with pytest.raises(licenses.LicenseNotKnown):
        licenses.activate(edges, key, "ada.example")


def test_once_an_infringement_is_settled_the_licence_can_be_switched_on_again(
    edges: Edges,
) -> None:
    order = buy(edges, add_store(edges))
    key = key_of(edges, order)
    assert order.customer_id
    accusation = CustomerChange(infringement="open", evidence="copies on three servers")
    customers.change_customer(edges, order.customer_id, accusation, by=STAFF)
    settled = CustomerChange(infringement="settled")
    customers.change_customer(edges, order.customer_id, settled, by=STAFF)
    assert licenses.activate(edges, key, "ada.example").sites == 1


def test_a_licence_said_to_be_destroyed_is_not_switched_on_unless_the_request_is_withdrawn(
    edges: Edges,
) -> None:
    order = buy(edges, add_store(edges))
    key = key_of(edges, order)
    request_id = ask(edges, order)
    asking.confirm_destruction(edges, request_id, by=STAFF)
    with pytest.raises(licenses.LicenseGivenUp):
        licenses.activate(edges, key, "ada.example")
    asking.withdraw(edges, request_id, by=STAFF)
    assert licenses.activate(edges, key, "ada.example").sites == 1


# ---------------------------------------------------------------- switching off


def test_switching_off_twice_is_switching_off_once(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, add_store(edges))
    token = licenses.activate(edges, key_of(edges, order), "ada.example").token
    first = licenses.deactivate(edges, token)
    clock.move(hours=1)
    assert licenses.deactivate(edges, token) == first
    with edges.database.read() as transaction:
        assert outbox.list_open(transaction) == []


def test_a_place_given_free_can_be_taken_by_another_site(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    key = key_of(edges, order)
    licenses.deactivate(edges, licenses.activate(edges, key, "ada.example").token)
    assert licenses.activate(edges, key, "bob.example").sites == 1
    assert [activation.site for activation in in_use(edges, order)] == ["bob.example"]


def test_staff_switch_off_a_site_the_customer_cannot_reach(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    licenses.activate(edges, key_of(edges, order), "ada.example")
    (activation,) = in_use(edges, order)
    off = licenses.deactivate_by_staff(edges, activation.id, because="the host is gone", by=STAFF)
    assert off.deactivated_by == STAFF
    with pytest.raises(receipts.NoSuchActivation):
        licenses.deactivate_by_staff(edges, activation.id + 1, because="gone", by=STAFF)


def test_a_renewals_request_is_woken_by_the_licence_of_the_first_order(
    edges: Edges, clock: TestClock
) -> None:
    store_id = add_store(edges)
    with edges.database.write() as transaction:
        subscription_id = _subscribe(transaction, store_id, clock)
    yearly = {"billing": "yearly", "subscription_id": subscription_id}
    first = buy(edges, store_id, **yearly)
    on = licenses.activate(edges, key_of(edges, first), "ada.example")
    period = {"period_start_at": clock(), "period_end_at": clock() + days(365)}
    renewal = buy(edges, store_id, woo_order_id=1002, kind="renewal", **yearly, **period)
    request_id = ask(edges, renewal)
    asking.confirm_destruction(edges, request_id, by=STAFF)
    work(edges)
    assert _state(edges, request_id) == "awaiting"
    licenses.deactivate(edges, on.token)
    work(edges)
    assert _state(edges, request_id) == "granted"


def _state(edges: Edges, request_id: int) -> str:
    with edges.database.read() as transaction:
        return requests.get_request(transaction, request_id).state


# ---------------------------------------------------------------- keys and the end


def test_a_new_key_replaces_the_old_one_and_leaves_the_sites_on(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=2))
    old = key_of(edges, order)
    licenses.activate(edges, old, "ada.example")
    new = key_of(edges, order)
    with pytest.raises(licenses.LicenseNotKnown):
        licenses.activate(edges, old, "bob.example")
    assert licenses.activate(edges, new, "bob.example").sites == 2
    assert held_by(edges, order)[0].key_ends_with == new[-4:]


def test_ending_a_licence_switches_off_every_site_once(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=2))
    key = key_of(edges, order)
    for site in ("ada.example", "bob.example"):
        licenses.activate(edges, key, site)
    license_id = held_by(edges, order)[0].id
    with edges.database.write() as transaction:
        assert licenses.end(edges, transaction, license_id, "refund 7", clock(), "policy")
        assert not licenses.end(edges, transaction, license_id, "refund 8", clock(), "policy")
    assert in_use(edges, order) == []
    assert held_by(edges, order)[0].state_because == "refund 7"


@pytest.mark.parametrize(
    ("ended", "refusal"),
    [
        pytest.param(True, licenses.LicenseEnded, id="an ended licence"),
        pytest.param(False, licenses.NoSuchLicense, id="a licence that is not there"),
    ],
)
def test_no_key_is_made_for(
    edges: Edges, clock: TestClock, ended: bool, refusal: type[Refusal]
) -> None:
    order = buy(edges, add_store(edges))
    license_id = held_by(edges, order)[0].id
    with edges.database.write() as transaction:
        licenses.end(edges, transaction, license_id, "refunded", clock(), "policy")
    with pytest.raises(refusal):
        licenses.new_key(edges, license_id if ended else license_id + 1, by=STAFF)
