"""Money waits until the licence is off everywhere; every way of switching off leaves a receipt."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from refunddesk.db import history, lost_sites, outbox, requests
from refunddesk.db import licenses as rows
from refunddesk.db.licenses import Activation
from refunddesk.db.orders import Order
from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping
from refunddesk.jobs import licenses as license_jobs
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import licenses, receipts
from refunddesk.services import lost_sites as losing
from refunddesk.services import requests as asking
from refunddesk.services.edges import Edges
from refunddesk.woocommerce.site_probe import SiteAnswer
from tests.asking import PORTAL, STAFF, ask, buy, key_of, report, work
from tests.building import add_store
from tests.conftest import TestClock

once = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

GONE = SiteAnswer("gone", "its name could not be resolved")
ANSWERS = SiteAnswer("answers", "HTTP 200")
UNCLEAR = SiteAnswer("unclear", "HTTP 502")


def state_of(edges: Edges, request_id: int) -> str:
    with edges.database.read() as transaction:
        return requests.get_request(transaction, request_id).state


def sites_on(edges: Edges, order: Order) -> list[Activation]:
    with edges.database.read() as transaction:
        held = rows.list_licenses(transaction, order.id, order.subscription_id)
        return rows.list_active(transaction, [license.id for license in held])


def waiting(edges: Edges, *sites: str) -> tuple[Order, int]:
    """A request that waits for these sites alone: all else of the policy is met."""
    order = buy(edges, add_store(edges), replace(PORTAL, sites=len(sites)))
    key = key_of(edges, order)
    for site in sites:
        licenses.activate(edges, key, site)
    report(edges, order)
    request_id = ask(edges, order)
    asking.confirm_destruction(edges, request_id, by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"
    return order, request_id


# ---------------------------------------------------------------- every way switches off


def test_the_last_site_switched_off_by_its_owner_releases_the_money(edges: Edges) -> None:
    order, request_id = waiting(edges, "ada.example", "staging.ada.example")
    first, last = sites_on(edges, order)
    licenses.deactivate_by_owner(edges, order, first.id)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"  # a staging site is waited for too
    licenses.deactivate_by_owner(edges, order, last.id)
    work(edges)
    assert state_of(edges, request_id) == "granted"


def test_an_owner_switches_off_no_site_of_somebody_else(edges: Edges) -> None:
    mine, _ = waiting(edges, "ada.example")
    store_id = mine.store_id
    theirs = buy(edges, store_id, woo_order_id=1002, email="eve@example.com")
    licenses.activate(edges, key_of(edges, theirs), "eve.example")
    (foreign,) = sites_on(edges, theirs)
    told = []
    for activation_id in (foreign.id, foreign.id + 100):
        with pytest.raises(receipts.NoSuchActivation) as refused:
            licenses.deactivate_by_owner(edges, mine, activation_id)
        told.append(str(refused.value).replace(str(activation_id), "N"))
    assert len(set(told)) == 1
    assert [one.site for one in sites_on(edges, theirs)] == ["eve.example"]


def test_staff_free_a_site_with_a_reason_that_stays_on_record(edges: Edges) -> None:
    order, request_id = waiting(edges, "ada.example")
    (site,) = sites_on(edges, order)
    licenses.deactivate_by_staff(edges, site.id, because="the host closed down", by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "granted"
    with edges.database.read() as transaction:
        deeds = history.list_deeds(transaction, f"license:{site.license_id}")
    (off,) = [deed for deed in deeds if deed.action == receipts.ACTION]
    assert (off.actor, off.data["because"]) == (STAFF, "the host closed down")


# ---------------------------------------------------------------- receipts


def test_a_receipt_is_signed_and_proves_one_site_only(edges: Edges) -> None:
    order, _ = waiting(edges, "ada.example", "bob.example")
    sites = sites_on(edges, order)
    for site in sites:
        licenses.deactivate_by_owner(edges, order, site.id)
        licenses.deactivate_by_owner(edges, order, site.id)  # once more makes no second one
    assert receipts.verify_receipts(edges) == 2
    shown = receipts.show_receipt(edges, sites[0].id)
    assert shown["site"] == "ada.example"
    receipts.check_receipt(edges, json.loads(json.dumps(shown)))
    with pytest.raises(receipts.ReceiptBroken, match="another site"):
        receipts.check_receipt(edges, {**shown, "site": "bob.example"})
    changed = {**shown["receipt"], "off_at": "2026-03-01T10:00:00Z"}
    with pytest.raises(receipts.ReceiptBroken, match="changed since"):
        receipts.check_receipt(edges, {**shown, "receipt": changed})
    with pytest.raises(receipts.ReceiptBroken, match="no receipt"):
        receipts.check_receipt(edges, {"site": "ada.example"})
    with pytest.raises(receipts.ReceiptBroken, match="no receipt"):
        receipts.check_receipt(edges, {**shown, "receipt": "a text"})


def test_a_licence_ended_by_us_leaves_a_receipt_for_every_site(
    edges: Edges, clock: TestClock
) -> None:
    order, _ = waiting(edges, "ada.example", "bob.example")
    sites = sites_on(edges, order)
    with edges.database.write() as transaction:
        licenses.end(edges, transaction, sites[0].license_id, "refund 7", clock(), "payments")
    assert receipts.verify_receipts(edges) == 2
    assert receipts.show_receipt(edges, sites[1].id)["receipt"]["by"] == "payments"


@once
def test_receipts_outlive_a_new_sealing_key_but_not_the_loss_of_the_old(edges: Edges) -> None:
    old, new = new_key(), new_key()
    edges = replace(edges, sealer=Sealer([old]))
    order, _ = waiting(edges, "ada.example")
    licenses.deactivate_by_owner(edges, order, sites_on(edges, order)[0].id)
    assert receipts.verify_receipts(replace(edges, sealer=Sealer([new, old]))) == 1
    with pytest.raises(receipts.ReceiptBroken, match="line "):
        receipts.verify_receipts(replace(edges, sealer=Sealer([new])))


@once
def test_there_is_no_receipt_for_a_site_that_is_on(edges: Edges) -> None:
    order, _ = waiting(edges, "ada.example")
    (site,) = sites_on(edges, order)
    with pytest.raises(receipts.NoReceipt):
        receipts.show_receipt(edges, site.id)
    with pytest.raises(receipts.NoSuchActivation):
        receipts.show_receipt(edges, site.id + 1)


# ---------------------------------------------------------------- lost sites

Look = Callable[[], None]


def lost(edges: Edges, **answers: SiteAnswer) -> tuple[Edges, Order, int, Activation]:
    """A site said to be lost; the store answers unless `store` says otherwise."""
    found = {"ada.example": answers.get("site", GONE), "store.test": answers.get("store", ANSWERS)}
    edges = replace(edges, probe_site=lambda site: found[site])
    order, request_id = waiting(edges, "ada.example")
    (site,) = sites_on(edges, order)
    losing.report_lost(edges, order, site.id, by=f"order:{order.id}")
    losing.report_lost(edges, order, site.id, by=f"order:{order.id}")
    return edges, order, request_id, site


def look(edges: Edges) -> None:
    """What the worker does about sites that are due to be looked at."""
    jobs = {JobName.PROBE_SITE: license_jobs.probe_site}
    with edges.database.read() as transaction:
        due = outbox.list_due(transaction, edges.clock())
    for promise_id, job in due:
        if job in jobs:
            keeping.keep(edges, promise_id, jobs)


def test_a_lost_site_is_let_go_when_looks_over_days_find_nothing(
    edges: Edges, clock: TestClock
) -> None:
    edges, order, request_id, site = lost(edges)
    for _ in range(losing.LOOKS - 1):
        look(edges)
        look(edges)  # twice on a day counts once
        clock.move(days=1)
    assert sites_on(edges, order) == [
        replace(site, lost_at=sites_on(edges, order)[0].lost_at, lost_by=f"order:{order.id}")
    ]
    look(edges)
    assert sites_on(edges, order) == []
    work(edges)
    assert state_of(edges, request_id) == "granted"
    assert receipts.show_receipt(edges, site.id)["receipt"]["by"] == "probes"
    with edges.database.read() as transaction:
        found = lost_sites.list_probes(transaction, site.id, clock() - timedelta(days=9))
    assert [one.result for one in found] == ["gone"] * losing.LOOKS


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"site": ANSWERS}, id="it answers"),
        pytest.param({"site": UNCLEAR}, id="it only says that something is wrong"),
        pytest.param({"store": GONE}, id="no store answers either: our own line is down"),
    ],
)
def test_a_site_that_may_be_there_is_not_let_go(
    edges: Edges, clock: TestClock, answers: dict[str, SiteAnswer]
) -> None:
    edges, order, request_id, site = lost(edges, **answers)
    for _ in range(losing.MOST_LOOKS + 3):
        look(edges)
        clock.move(days=1)
    work(edges)
    assert [one.site for one in sites_on(edges, order)] == ["ada.example"]
    assert state_of(edges, request_id) == "awaiting"
    with edges.database.read() as transaction:
        deeds = history.list_deeds(transaction, f"license:{site.license_id}")
    assert deeds[-1].action in ("site_not_lost", "site_left_to_person")
    with edges.database.read() as transaction:
        assert all(row.job != JobName.PROBE_SITE for row in outbox.list_open(transaction))


def test_a_site_that_asks_about_its_licence_is_not_lost(edges: Edges, clock: TestClock) -> None:
    edges, order, _, site = lost(edges)
    look(edges)
    clock.move(hours=12)
    with edges.database.write() as transaction:
        rows.record_seen(transaction, site.id, at=clock())
    clock.move(hours=12)
    look(edges)
    assert sites_on(edges, order)[0].lost_at is None


def test_two_workers_who_look_at_a_site_at_once_have_looked_once(
    edges: Edges, clock: TestClock
) -> None:
    edges, _, _, site = lost(edges)
    overtaken: list[str] = []

    def overtaken_by_another(name: str) -> SiteAnswer:
        if name == "ada.example" and not overtaken:
            overtaken.append(name)
            losing.look_at_site(edges, site.id)
        return edges.probe_site(name)

    slow = replace(edges, probe_site=overtaken_by_another)
    again_at = losing.look_at_site(slow, site.id)
    with edges.database.read() as transaction:
        found = lost_sites.list_probes(transaction, site.id, clock() - timedelta(days=9))
    assert (len(found), again_at) == (1, clock() + timedelta(days=1))


def test_a_site_that_asks_while_it_is_looked_at_for_the_last_time_is_not_let_go(
    edges: Edges, clock: TestClock
) -> None:
    edges, order, _, site = lost(edges)
    for _ in range(losing.LOOKS - 1):
        look(edges)
        clock.move(days=1)

    def asking_meanwhile(name: str) -> SiteAnswer:
        clock.move(seconds=1)
        with edges.database.write() as transaction:
            rows.record_seen(transaction, site.id, at=clock())
        return edges.probe_site(name)

    losing.look_at_site(replace(edges, probe_site=asking_meanwhile), site.id)
    assert [one.lost_at for one in sites_on(edges, order)] == [None]


def test_nobody_says_of_another_customers_site_that_it_is_lost(edges: Edges) -> None:
    mine, _ = waiting(edges, "ada.example")
    theirs = buy(edges, mine.store_id, woo_order_id=1002, email="eve@example.com")
    licenses.activate(edges, key_of(edges, theirs), "eve.example")
    (foreign,) = sites_on(edges, theirs)
    with pytest.raises(receipts.NoSuchActivation):
        losing.report_lost(edges, mine, foreign.id, by="order:1")
    assert sites_on(edges, theirs)[0].lost_at is None


# ---------------------------------------------------------------- what the law gives

_POLICY = """
id = "lawful"
version = "1"
in_force_from = 2020-01-01T00:00:00Z
title.en = "Withdrawal"

[[clause]]
id = "W"
kind = "withdrawal"
params = {{ within = "14 days", pays = ["product"], effects = ["license_ends"] }}
text.en = "Whoever withdraws in fourteen days gets the price back."

{own}[[clause]]
id = "G"
kind = "license_off"
text.en = "Money flows once the license is off on every site."
"""
_OWN = """[[clause]]
id = "O"
kind = "full_refund"
params = { within = "30 days", event = "requested", pays = ["product"], effects = ["license_ends"] }
text.en = "Whoever asks in thirty days gets the price back."

"""


@pytest.mark.parametrize(
    ("asked_after", "state", "on"),
    [
        pytest.param(14, "granted", [], id="by law on the last day: we revoke the licence"),
        pytest.param(15, "awaiting", ["ada.example"], id="by the store's own terms: it waits"),
    ],
)
def test_what_the_law_gives_back_does_not_wait_for_the_customer(
    edges: Edges, clock: TestClock, asked_after: int, state: str, on: list[str]
) -> None:
    folder: Path = edges.home / "policies"
    folder.mkdir()
    (folder / "lawful.toml").write_text(_POLICY.format(own=_OWN), "utf-8")
    order = buy(edges, add_store(edges, policy="lawful"))
    key = key_of(edges, order)
    licenses.activate(edges, key, "ada.example")
    (site,) = sites_on(edges, order)
    clock.move(days=asked_after)
    request_id = ask(edges, order)
    work(edges)
    assert state_of(edges, request_id) == state
    assert [one.site for one in sites_on(edges, order)] == on
    if not on:
        assert receipts.show_receipt(edges, site.id)["receipt"]["by"] == "policy"
