"""A person is erased: who they are goes, what was paid stays, and nothing brings them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from refunddesk.db import customers, erasures, history, orders, outbox, tables
from refunddesk.db.inbox import NewDelivery
from refunddesk.db.notices import NoticeState
from refunddesk.db.personal_rows import AT_ONCE
from refunddesk.jobs import keeping, registry
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import (
    backup,
    customer_links,
    erased_again,
    erasure,
    erasure_word,
    journal,
    receipts,
    requests,
    tombstones,
)
from refunddesk.services import licenses as licensing
from refunddesk.services.buyers import record_buyer
from refunddesk.services.edges import Edges
from refunddesk.services.erasure import StillOpen
from refunddesk.services.persons import Asked, NobodyKnown, PersonNotNamed, SeveralAddresses
from refunddesk.services.stores import NoSuchStore
from refunddesk.woocommerce.payloads import OrderBody, read_order
from refunddesk.worktime import zone
from tests import building
from tests.asking import ask, buy, key_of
from tests.conftest import TestClock
from tests.keeping import keep_in_journal
from tests.living import EMAIL, NAME, SITE, bodies, deliver, live, places_of

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ADA = Asked(EMAIL)
WORDS = (NAME, EMAIL.lower(), SITE)


def erase(edges: Edges, asked: Asked = ADA) -> erasure.Erased:
    return erasure.erase(edges, asked, by="staff:1")


def person_row(edges: Edges, customer_id: int) -> customers.CustomerFacts:
    with edges.database.read() as transaction:
        found = customers.find_customer(transaction, customer_id)
    assert found
    return found


def said_of_order(number: int = 1001, **changes: Any) -> OrderBody:
    """What the store says of her order, which still names her."""
    body = {
        "id": number,
        "number": str(number),
        "status": "completed",
        "currency": "EUR",
        "total": "236.81",
        "total_tax": "37.81",
        "customer_id": 7,
        "billing": {"email": EMAIL, "country": "DE"},
        "payment_method": "sandboxpay",
        "date_created_gmt": "2026-03-02T10:00:00",
        "line_items": [],
        "refunds": [],
        **changes,
    }
    return read_order(body, timezone=zone("Europe/Berlin"))


def buyer_of(edges: Edges, store_id: int, body: OrderBody) -> int | None:
    with edges.database.write() as transaction:
        return record_buyer(transaction, edges, store_id, body)


# -- what goes, what stays


def test_of_somebody_erased_no_name_address_site_or_word_is_left(edges: Edges) -> None:
    life = live(edges)
    assert len(places_of(edges, *WORDS)) > 12
    assert list((edges.home / "attachments").rglob("*"))
    done = erase(edges)
    assert places_of(edges, *WORDS) == set()
    assert [path for path in (edges.home / "attachments").rglob("*") if path.is_file()] == []
    assert [one.customer_id for one in done.erasures] == [life.person.customer_id]
    assert all(one.is_done for one in done.erasures)


def test_money_decisions_and_the_audit_log_stay_about_nobody(edges: Edges) -> None:
    life = live(edges)
    kept = ("refunds", "decisions", "refund_requests", "orders", "order_items", "entries")

    def counted() -> list[int]:
        with edges.database.read() as transaction:
            return [
                len(transaction.execute(select(tables.metadata.tables[one])).all()) for one in kept
            ]

    before = counted()
    erase(edges)
    assert counted() == before
    with edges.database.read() as transaction:
        history.verify(transaction)
        assert orders.get_order(transaction, life.order.id) == life.order
        told = history.list_deeds(transaction, f"customer:{life.person.customer_id}")
    assert [deed.action for deed in told] == ["erasure_begun", "person_erased"]
    receipts.verify_receipts(edges)


def test_another_customer_of_the_same_store_keeps_everything(edges: Edges) -> None:
    life = live(edges)
    other = buy(edges, life.store_id, woo_order_id=1002, email="bob@example.com")
    with edges.database.write() as transaction:
        deliver(transaction, life.store_id, life.endpoint_id, woo_object_id=1002, body=b"bob")
    erase(edges)
    assert other.customer_id
    assert person_row(edges, other.customer_id).email == "bob@example.com"
    assert b"bob" in bodies(edges)


def test_links_and_visits_of_somebody_erased_let_nobody_in(edges: Edges) -> None:
    life = live(edges)
    made = customer_links.make_link(
        edges, life.order.id, customer_links.Purpose.REFUND, by="staff:1"
    )
    erase(edges)
    with pytest.raises(customer_links.LinkNotValid):
        customer_links.enter(edges, made)


def test_a_mail_that_was_due_is_not_sent_any_more(edges: Edges) -> None:
    live(edges)
    with edges.database.write() as transaction:
        transaction.execute(update(tables.notices).values(state="due", settled_at=None))
    erase(edges)
    with edges.database.read() as transaction:
        states = set(transaction.scalars(select(tables.notices.c.state)))
    assert states == {NoticeState.NOT_SENT.value}


def test_a_site_still_in_use_keeps_its_name_until_it_is_switched_off(edges: Edges) -> None:
    life = live(edges)
    licensing.activate(edges, key_of(edges, life.order), "still.lovelace.example")
    done = erase(edges)
    assert done.sites_in_use == 1
    assert places_of(edges, *WORDS) == {"activations.site"}


def test_mails_to_staff_who_are_customers_too_stay(edges: Edges) -> None:
    life = live(edges)
    with edges.database.write() as transaction:
        transaction.execute(
            insert(tables.notices).values(
                store_id=life.store_id,
                kind="staff_needed",
                about="case:1",
                reference="needed:1",
                recipient=EMAIL,
                language="en",
                facts={},
                state="sent",
                written_at=edges.clock(),
            )
        )
    erase(edges)
    with edges.database.read() as transaction:
        kept = transaction.scalars(
            select(tables.notices.c.recipient).where(tables.notices.c.kind == "staff_needed")
        ).all()
    assert kept == [EMAIL]


def test_more_rows_than_one_statement_takes_are_all_emptied(edges: Edges) -> None:
    life = live(edges)
    row = {
        "case_id": life.case_id,
        "kind": "reply",
        "written_by": "customer",
        "words": NAME,
        "asks": [],
        "said_at": edges.clock(),
        "recorded_at": edges.clock(),
    }
    with edges.database.write() as transaction:
        transaction.execute(insert(tables.turns), [row] * (AT_ONCE + 1))
    erase(edges)
    assert places_of(edges, *WORDS) == set()


def test_a_delivery_that_is_not_stored_yet_goes_too(edges: Edges) -> None:
    life = live(edges)
    with edges.database.read() as transaction:
        row = transaction.execute(select(tables.inbox).limit(1)).one()._mapping
    names = NewDelivery.__dataclass_fields__
    keep_in_journal(edges, NewDelivery(**{name: row[name] for name in names}))
    erase(edges)
    assert journal.count(edges).to_store == 0
    assert life.order.id
    assert places_of(edges, *WORDS) == set()


# -- what is still open


def opens_request(edges: Edges, order: orders.Order) -> None:
    ask(edges, order)


def rows_of(table: str, **values: Any) -> Callable[[Edges, orders.Order], None]:
    def add(edges: Edges, order: orders.Order) -> None:
        mine = {
            name: {"order_id": order.id, "customer_id": order.customer_id}.get(name, value)
            for name, value in values.items()
        }
        mine = {name: edges.clock() if value == "now" else value for name, value in mine.items()}
        with edges.database.write() as transaction:
            transaction.execute(insert(tables.metadata.tables[table]).values(**mine))

    return add


def renews(edges: Edges, order: orders.Order) -> None:
    with edges.database.write() as transaction:
        subscription_id = transaction.execute(
            insert(tables.subscriptions)
            .values(
                store_id=order.store_id,
                woo_subscription_id=50,
                status="active",
                billing_period="month",
                billing_interval=1,
                recorded_at=edges.clock(),
            )
            .returning(tables.subscriptions.c.id)
        ).scalar_one()
        transaction.execute(update(tables.orders).values(subscription_id=subscription_id))


def reopens(table: str, **values: Any) -> Callable[[Edges, orders.Order], None]:
    def change(edges: Edges, order: orders.Order) -> None:
        with edges.database.write() as transaction:
            transaction.execute(update(tables.metadata.tables[table]).values(**values))

    return change


OPEN = {
    "refund_request": opens_request,
    "refund": reopens("refunds", state="needs_review", settled_at=None),
    "dispute": rows_of("disputes", order_id=0, status="open", opened_at="now"),
    "case": reopens("cases", ended_at=None),
    "arrival": reopens("arrivals", state="waiting", settled_at=None),
    "credential": rows_of(
        "credentials", case_id=1, turn_id=1, state="asked", asked_by="staff:1", asked_at="now"
    ),
    "subscription": renews,
    "infringement": rows_of(
        "infringements", customer_id=0, evidence="x", opened_at="now", opened_by="staff:1"
    ),
    "suspicion": reopens("suspicions", settled_at=None),
    "cancellation": rows_of(
        "cancellations",
        order_id=0,
        store_id=1,
        kind="payment",
        asked_by="staff:1",
        asked_at="now",
        state="due",
    ),
}


@pytest.mark.parametrize("kind", OPEN)
@on_one_database
def test_what_is_under_way_keeps_a_person_and_is_named(edges: Edges, kind: str) -> None:
    life = live(edges)
    OPEN[kind](edges, life.order)
    before = places_of(edges, *WORDS)
    with pytest.raises(StillOpen) as refused:
        erase(edges)
    assert {matter.kind.value for matter in refused.value.matters} == {kind}
    assert places_of(edges, *WORDS) == before
    assert not (edges.home / "erasures.jsonl").exists()


def test_once_it_is_over_the_same_wish_is_done(edges: Edges) -> None:
    life = live(edges)
    request_id = ask(edges, life.order)
    with pytest.raises(StillOpen, match=f"refund request {request_id}"):
        erase(edges)
    requests.withdraw(edges, request_id, by="customer")
    erase(edges)
    assert places_of(edges, *WORDS) == set()


# -- who is meant


def test_nobody_is_erased_for_an_address_that_nobody_has(edges: Edges) -> None:
    live(edges)
    with pytest.raises(NobodyKnown):
        erase(edges, Asked("eve@example.com"))
    with pytest.raises(PersonNotNamed):
        erase(edges, Asked())
    with pytest.raises(PersonNotNamed):
        erase(edges, Asked(woo_customer_id=7))
    with pytest.raises(NoSuchStore):
        erase(edges, Asked(EMAIL, 99))


def test_an_address_is_found_in_every_store_and_in_whatever_letters(edges: Edges) -> None:
    live(edges)
    second = building.add_store(edges, url="https://second.test")
    buy(edges, second, email="ADA@example.COM")
    assert len(erase(edges, Asked(" ada@EXAMPLE.com ")).erasures) == 2


def test_asked_for_one_store_the_other_keeps_its_customer(edges: Edges) -> None:
    life = live(edges)
    second = building.add_store(edges, url="https://second.test")
    order = buy(edges, second, email=EMAIL)
    erase(edges, Asked(EMAIL, life.store_id))
    assert order.customer_id
    assert person_row(edges, order.customer_id).email == EMAIL


def test_an_address_that_somebody_ordered_under_is_not_given_to_them(edges: Edges) -> None:
    """Whoever orders under a stranger's address has that stranger's row under their account."""
    life = live(edges)
    stranger = buy(edges, life.store_id, woo_order_id=1002, email="eve@example.com", account=7)
    done = erase(edges, Asked(EMAIL, life.store_id, 7))
    assert len(done.erasures) == done.related == 1
    assert stranger.customer_id
    assert person_row(edges, stranger.customer_id).email == "eve@example.com"


def test_an_account_with_several_addresses_is_asked_about_by_address(edges: Edges) -> None:
    life = live(edges)
    assert len(erasure.look_ahead(edges, Asked("", life.store_id, 7)).known.persons) == 1
    buy(edges, life.store_id, woo_order_id=1002, email="eve@example.com", account=7)
    with pytest.raises(SeveralAddresses):
        erase(edges, Asked("", life.store_id, 7))


def test_an_account_without_an_address_is_found_by_its_number(edges: Edges) -> None:
    store_id = building.add_store(edges)
    order = buy(edges, store_id, email="", account=9)
    done = erase(edges, Asked("", store_id, 9))
    assert [one.customer_id for one in done.erasures] == [order.customer_id]
    late = said_of_order(customer_id=9, billing={"email": ""})
    assert buyer_of(edges, store_id, late) == order.customer_id


# -- what comes late


def test_a_late_word_on_an_order_of_before_brings_nobody_back(edges: Edges) -> None:
    life = live(edges)
    erase(edges)
    assert buyer_of(edges, life.store_id, said_of_order()) == life.person.customer_id
    assert places_of(edges, *WORDS) == set()


@on_one_database
def test_an_old_order_stays_theirs_under_another_address_or_without_a_date(edges: Edges) -> None:
    life = live(edges)
    erase(edges)
    for changes in ({"billing": {"email": "lovelace@new.example"}}, {"date_created_gmt": None}):
        assert buyer_of(edges, life.store_id, said_of_order(**changes)) == life.person.customer_id
    assert places_of(edges, *WORDS) == set()


def test_an_older_order_that_is_seen_only_now_is_of_whom_was_erased(
    edges: Edges, clock: TestClock
) -> None:
    life = live(edges)
    clock.move(seconds=10)
    erase(edges)
    at_once = said_of_order(1003, date_created_gmt="2026-03-02T10:00:10")
    later = said_of_order(1004, date_created_gmt="2026-03-02T10:00:11")
    assert buyer_of(edges, life.store_id, at_once) == life.person.customer_id
    assert places_of(edges, *WORDS) == set()
    assert buyer_of(edges, life.store_id, later) not in (None, life.person.customer_id)


def test_what_is_bought_afterwards_begins_a_relation_of_its_own(
    edges: Edges, clock: TestClock
) -> None:
    life = live(edges)
    erase(edges)
    clock.move(seconds=1)
    again = buy(edges, life.store_id, woo_order_id=1002, email=EMAIL, account=7)
    assert again.customer_id != life.person.customer_id
    with edges.database.read() as transaction:
        same = customers.list_same_person(transaction, again.customer_id or 0)
    assert [one.id for one in same] == [again.customer_id]
    clock.move(seconds=1)
    assert [one.customer_id for one in erase(edges).erasures] == [again.customer_id]


def test_orders_that_the_store_made_anonymous_do_not_become_one_customer(edges: Edges) -> None:
    life = live(edges)
    emptied = said_of_order(customer_id=0, billing={"email": "deleted@site.invalid"})
    assert buyer_of(edges, life.store_id, emptied) == life.person.customer_id
    unknown = said_of_order(1009, customer_id=0, billing={"email": "Deleted@site.invalid"})
    assert buyer_of(edges, life.store_id, unknown) is None


def test_a_changed_sealing_key_still_knows_whom_it_hashed(edges: Edges, clock: TestClock) -> None:
    life = live(edges)
    erase(edges)
    kept = edges.sealer._keys
    rotated = replace(edges, sealer=Sealer((new_key(), *kept)))
    late = said_of_order(1003, date_created_gmt="2026-03-01T10:00:00")
    assert buyer_of(rotated, life.store_id, late) == life.person.customer_id


# -- killed midway, asked twice


def test_an_erasure_killed_midway_is_ended_by_its_promise(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(edges)
    for step in ("tombstones.keep", "_destroy_files", "_drop_unread", "_empty_all"):
        with monkeypatch.context() as killing:

            def die(*_: object) -> None:
                raise KeyboardInterrupt

            killing.setattr(f"refunddesk.services.erasure.{step}", die)
            goes_on = partial(erasure.carry_out, edges, 1)
            with pytest.raises(KeyboardInterrupt):
                (partial(erase, edges) if step == "tombstones.keep" else goes_on)()
        with edges.database.read() as transaction:
            assert [one.id for one in erasures.list_begun(transaction)] == [1]
    with edges.database.read() as transaction:
        (promised,) = [
            one.id for one in outbox.list_open(transaction) if one.job.value == "erase_person"
        ]
    assert keeping.keep(edges, promised, registry.JOBS)
    assert places_of(edges, *WORDS) == set()
    assert len((edges.home / "erasures.jsonl").read_text().splitlines()) == 1


def test_an_erasure_that_runs_twice_is_told_once(edges: Edges) -> None:
    life = live(edges)
    erase(edges)
    erasure.carry_out(edges, 1)
    with edges.database.read() as transaction:
        told = history.list_deeds(transaction, f"customer:{life.person.customer_id}")
    assert [deed.action for deed in told] == ["erasure_begun", "person_erased"]


def test_whoever_is_erased_is_not_found_a_second_time(edges: Edges) -> None:
    live(edges)
    erase(edges)
    with pytest.raises(NobodyKnown):
        erase(edges)


@on_one_database
def test_the_bytes_are_in_no_file_of_the_desk_afterwards(edges: Edges) -> None:
    """SQLite keeps what was deleted in free pages and in its log."""
    live(edges)
    edges.database.fold_log()

    def found() -> list[str]:
        return [
            path.name
            for path in edges.home.rglob("*")
            if path.is_file() and NAME.encode() in path.read_bytes().lower()
        ]

    assert "refunddesk.db" in found()
    erase(edges)
    assert found() == []


def test_an_older_row_of_the_same_address_is_told_apart_by_its_time(edges: Edges) -> None:
    """The tombstone counts up to its own moment and not a second longer."""
    life = live(edges)
    erase(edges)
    with edges.database.read() as transaction:
        (hashed,) = transaction.scalars(select(tables.erasures.c.person_hash))
        at = edges.clock()
        second = timedelta(seconds=1)
        found = [
            erasures.find_tombstone(transaction, life.store_id, [hashed], moment)
            for moment in (at - second, at, at + second)
        ]
    assert found == [life.person.customer_id, life.person.customer_id, None]


# -- a backup put back


def test_a_backup_from_before_brings_nobody_back(edges: Edges, tmp_path: Path) -> None:
    life = live(edges)
    saved = tmp_path / "saved" / "desk.db"
    saved.parent.mkdir()
    if not edges.database.is_sqlite:
        pytest.skip("PostgreSQL's own tools restore; what is done after it is tested below")
    backup.back_up(edges, saved)
    erase(edges)
    restored = backup.restore(edges, saved)
    assert (restored.marked.erased.done, restored.marked.erased.no_store) == (1, 0)
    assert places_of(edges, *WORDS) == set()
    assert [path for path in (edges.home / "attachments").rglob("*") if path.is_file()] == []
    assert buyer_of(edges, life.store_id, said_of_order()) == life.person.customer_id


def forget(edges: Edges) -> None:
    """Have the database know of no erasure, as one from before it does."""
    with edges.database.write() as transaction:
        transaction.execute(delete(tables.erasures))


def test_whom_the_database_does_not_know_to_be_erased_is_erased_again(
    edges: Edges, clock: TestClock
) -> None:
    life = live(edges)
    erase(edges)
    forget(edges)
    with edges.database.write() as transaction:
        transaction.execute(
            update(tables.customers).values(email=EMAIL, email_key=EMAIL.lower(), erased_at=None)
        )
    clock.move(days=3)
    marked = backup.mark(edges)
    assert marked.erased.done == 1
    assert places_of(edges, *WORDS) == set()
    late = said_of_order(1003, date_created_gmt="2026-03-01T10:00:00")
    assert buyer_of(edges, life.store_id, late) == life.person.customer_id
    assert backup.mark(edges).erased.done == 0


def test_a_backup_without_the_person_knows_that_they_are_not_to_come_back(
    edges: Edges, clock: TestClock
) -> None:
    store_id = building.add_store(edges)
    buy(edges, store_id, woo_order_id=1002, email="eve@example.com")
    erase(edges, Asked("eve@example.com"))
    forget(edges)
    with edges.database.write() as transaction:
        transaction.execute(update(tables.orders).values(customer_id=None))
        transaction.execute(delete(tables.customers))
    assert erased_again.erase_again(edges) == erased_again.Again(1, 0)
    clock.move(seconds=1)
    old = said_of_order(1002, customer_id=0, billing={"email": "eve@example.com"})
    buyer = buyer_of(edges, store_id, old)
    assert buyer
    assert person_row(edges, buyer).erased_at


def test_what_somebody_erased_bought_since_is_not_erased_by_a_restore(
    edges: Edges, clock: TestClock
) -> None:
    life = live(edges)
    erase(edges)
    clock.move(days=1)
    again = buy(edges, life.store_id, woo_order_id=1002, email=EMAIL)
    assert backup.mark(edges).erased.done == 0
    assert again.customer_id
    assert person_row(edges, again.customer_id).email == EMAIL


@on_one_database
def test_erasures_of_a_store_that_the_backup_does_not_know_are_told(edges: Edges) -> None:
    life = live(edges)
    erase(edges)
    forget(edges)
    with edges.database.write() as transaction:
        transaction.execute(update(tables.stores).values(url="https://another.test"))
    assert erased_again.erase_again(edges) == erased_again.Again(0, 1)
    assert [one.store_url for one in erased_again.list_missing(edges)] == ["https://store.test"]
    assert life.store_id


@on_one_database
def test_a_torn_line_of_the_file_is_written_once_more(edges: Edges) -> None:
    live(edges)
    (edges.home / "erasures.jsonl").write_text('{"reference": "ab', "ascii")
    erase(edges)
    assert len(tombstones.list_kept(edges)) == 1


# -- the second word of a program


def test_a_confirmation_holds_for_fifteen_minutes_its_owner_and_its_person(
    edges: Edges, clock: TestClock
) -> None:
    life = live(edges)
    buy(edges, life.store_id, woo_order_id=1002, email="bob@example.com")
    ada = erasure.look_ahead(edges, ADA)
    bob = erasure.look_ahead(edges, Asked("bob@example.com"))
    word = erasure_word.offer(edges, ada, by="staff:1")
    for other, by in ((bob, "staff:1"), (ada, "staff:2")):
        with pytest.raises(erasure_word.NotConfirmed):
            erasure_word.check(edges, word, other, by=by)
    with pytest.raises(erasure_word.NotConfirmed):
        erasure_word.check(edges, "made up", ada, by="staff:1")
    clock.move(minutes=15)
    erasure_word.check(edges, word, ada, by="staff:1")
    clock.move(seconds=1)
    with pytest.raises(erasure_word.NotConfirmed):
        erasure_word.check(edges, word, ada, by="staff:1")
