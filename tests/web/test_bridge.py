"""A store connects itself by a code, is checked, reports what WooCommerce does not, and leaves."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from refunddesk.db import endpoints, inbox, outbox, stores, tables
from refunddesk.db.payment_blocks import find_block
from refunddesk.db.taken_calls import take_call
from refunddesk.extension import create_app
from refunddesk.jobnames import JobName
from refunddesk.jobs.keeping import keep
from refunddesk.jobs.registry import JOBS
from refunddesk.sandbox.faults import Mode
from refunddesk.sandbox.server import serve
from refunddesk.sandbox.store import SandboxStore
from refunddesk.services.connect_codes import CODE_TIME, link_to_store, make_code
from refunddesk.services.connections import disconnect_store
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_journal
from refunddesk.services.payment_blocks import why_held
from refunddesk.services.stores import StoreDisconnected, open_client
from refunddesk.services.webhooks import TOPICS
from refunddesk.settings import Settings
from refunddesk.woocommerce.client import StoreUnreachable
from refunddesk.woocommerce.signature import sign
from tests import building
from tests.bridging import Plugin, key_of, name_of, stamp
from tests.conftest import TestClock

#: For what no database has a say in.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bridged")


@pytest.fixture
def plugin(
    make_edges: Callable[..., Edges], settings: Settings, clock: TestClock, certificates: Path
) -> Iterator[Plugin]:
    """The bridge of a store that is not connected yet."""
    sandbox = SandboxStore(clock=clock)
    sandbox.bridge.installed = True
    try:
        with serve(sandbox, certificates) as running:
            app = create_app(settings, edges=make_edges(str(running.ca_file)))
            yield Plugin(app, running, replace_clock(clock))
    finally:
        sandbox.close()


def replace_clock(clock: TestClock) -> TestClock:
    """A clock of the store's own, which may be moved apart from the desk's."""
    return TestClock(clock.at)


@pytest.fixture
def edges(plugin: Plugin) -> Edges:
    mounted: Edges = plugin.app.extensions["refunddesk"].edges
    return mounted


@pytest.fixture
def connected(plugin: Plugin, edges: Edges) -> Plugin:
    assert plugin.connect(new_code(edges)).status_code == 200
    return plugin


def new_code(edges: Edges, **what: object) -> str:
    asked: dict[str, object] = {} if "store_id" in what else {"policy": "crmjetty"}
    return make_code(edges, by="staff:1", **(asked | what)).text  # type: ignore[arg-type]


def refused(answer: object) -> str:
    told: dict[str, str] = answer.get_json()  # type: ignore[attr-defined]
    return told["error"]


def kept(edges: Edges) -> list[inbox.Delivery]:
    drain_journal(edges)
    with edges.database.write() as transaction:
        ids = transaction.scalars(select(tables.inbox.c.id).order_by(tables.inbox.c.id)).all()
        return [inbox.lock_delivery(transaction, one) for one in ids]


def promised(edges: Edges) -> list[tuple[str, str]]:
    drain_journal(edges)
    with edges.database.read() as transaction:
        return sorted((row.job.value, row.subject) for row in outbox.list_open(transaction))


# -- connecting


def test_a_store_connects_with_a_code_and_is_joined_as_it_introduces_itself(
    plugin: Plugin, edges: Edges
) -> None:
    code = new_code(edges)
    assert plugin.greet(code).status_code == 200
    assert plugin.connect(code).status_code == 200
    with edges.database.read() as transaction:
        (store,) = stores.list_stores(transaction)
    assert (store.name, store.url, store.country) == ("The shop", plugin.running.url, "DE")
    assert (store.language, store.timezone, store.policy) == ("de", "Europe/Berlin", "crmjetty")
    assert store.bridge_record == plugin.running.store.bridge.record
    assert set(plugin.webhooks) == set(TOPICS)


def test_the_addresses_it_is_given_take_deliveries_signed_with_the_secrets_it_is_given(
    connected: Plugin, edges: Edges
) -> None:
    webhook, body = connected.webhooks["order.updated"], b'{"id":35,"status":"processing"}'
    path = "/hooks/" + webhook["url"].rpartition("/")[2]
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Signature": sign(webhook["secret"], body),
    }
    client = connected.app.test_client()
    assert client.post(path, data=body, headers=headers).status_code == 200
    assert [one.woo_object_id for one in kept(edges)] == [35]
    assert all(one["secret"].isalnum() for one in connected.webhooks.values())


@on_one_database
def test_a_desk_that_did_not_make_the_code_can_prove_nothing_and_is_told_so(
    plugin: Plugin, edges: Edges
) -> None:
    code = new_code(edges)
    guessed = code[:-1] + ("a" if code[-1] != "a" else "b")
    for answer in (plugin.greet(guessed), plugin.greet("aaaaaaaa-" + code[9:])):
        assert (answer.status_code, refused(answer)) == (401, "code_not_known")
        assert "webhook-signature" not in answer.headers


@on_one_database
@pytest.mark.parametrize(("early", "status"), [(1, 200), (0, 410)], ids=["last second", "over"])
def test_a_code_works_for_half_an_hour(
    plugin: Plugin, edges: Edges, clock: TestClock, early: int, status: int
) -> None:
    code = new_code(edges)
    clock.at += CODE_TIME - timedelta(seconds=early)
    plugin.clock.at = clock.at
    assert plugin.greet(code).status_code == status
    assert plugin.connect(code).status_code == status


def test_a_code_is_of_no_use_to_a_second_installation(plugin: Plugin, edges: Edges) -> None:
    code = new_code(edges)
    assert plugin.connect(code).status_code == 200
    other = replace(plugin, site="another")
    answer = other.connect(code)
    assert (answer.status_code, refused(answer)) == (409, "code_used")


def test_an_installation_whose_answer_was_lost_comes_again_with_the_same_code(
    plugin: Plugin, edges: Edges
) -> None:
    code = new_code(edges)
    assert plugin.connect(code).status_code == 200
    first = plugin.secret
    assert plugin.greet(code).status_code == 200
    assert plugin.connect(code).status_code == 200
    assert plugin.secret != first
    assert plugin.ask("check").status_code == 200
    with edges.database.read() as transaction:
        assert len(stores.list_stores(transaction)) == 1


def test_a_call_that_was_recorded_connects_nothing_a_second_time(
    plugin: Plugin, edges: Edges
) -> None:
    code = new_code(edges)
    assert plugin.connect(code, webhook_id="msg_recorded").status_code == 200
    answer = plugin.connect(code, webhook_id="msg_recorded")
    assert (answer.status_code, refused(answer)) == (409, "bridge_call_repeated")
    assert plugin.ask("check").status_code == 200  # the secret from the first answer still holds
    # Of a second attempt the first one's call is as worthless.
    assert plugin.connect(code).status_code == 200
    assert refused(plugin.connect(code, webhook_id="msg_recorded")) == "bridge_call_repeated"


def test_a_call_is_remembered_as_long_as_it_could_come_again(
    plugin: Plugin, edges: Edges, clock: TestClock
) -> None:
    for moved, is_taken in ((0, True), (3600, False), (1, True)):
        clock.move(seconds=moved)
        with edges.database.write() as transaction:
            assert take_call(transaction, "code:1", "msg_00000001", clock()) is is_taken
            assert take_call(transaction, "code:2", f"msg_{clock()}", clock())


@on_one_database
@pytest.mark.parametrize("call", ["greet", "connect"])
def test_a_desk_at_another_address_cannot_pass_on_what_the_store_told_it(
    plugin: Plugin, edges: Edges, call: str
) -> None:
    """A link that names a foreign desk, followed with a code of ours."""
    code = new_code(edges)
    relayed = replace(plugin, desk="https://desk.example.evil.example")
    answer = getattr(relayed, call)(code)
    assert (answer.status_code, refused(answer)) == (409, "call_for_another_desk")
    assert "webhook-signature" not in answer.headers
    with edges.database.read() as transaction:
        assert stores.list_stores(transaction) == []
    assert getattr(replace(plugin, desk=plugin.desk.upper() + "/"), call)(code).status_code == 200


@on_one_database
def test_a_call_that_was_made_for_one_route_is_worth_nothing_at_another(
    connected: Plugin, edges: Edges
) -> None:
    route = f"/bridge/{connected.connection}"
    for signed_for in (
        f"POST {route}/check",
        f"GET {route}/disconnect",
        f"POST {route}/disconnect/",
    ):
        answer = connected.ask("disconnect", signed_for=signed_for)
        assert (answer.status_code, refused(answer)) == (401, "bridge_not_proven")
    with edges.database.read() as transaction:
        assert stores.get_store(transaction, 1).disconnected_at is None
    code = new_code(edges)
    said = {"code": name_of(code), "desk": connected.desk}
    answer = connected.call("connect", said, key_of(code), signed_for="POST /bridge/greet")
    assert refused(answer) == "code_not_known"


@on_one_database
def test_an_event_is_no_call_and_a_call_no_event(connected: Plugin, edges: Edges) -> None:
    key, said = connected.secret.encode(), {"address": connected.running.url}
    seen = connected.call(f"{connected.connection}/events", said, key).request
    headers = {name: seen.headers[name] for name in _SIGNED}
    client = connected.app.test_client()
    path = f"/bridge/{connected.connection}/disconnect"
    assert client.post(path, data=json.dumps(said), headers=headers).status_code == 401


@on_one_database
def test_a_code_made_for_one_address_connects_no_store_at_another(
    plugin: Plugin, edges: Edges
) -> None:
    answer = plugin.connect(new_code(edges, store_url="https://shop.example/de/"))
    assert (answer.status_code, refused(answer)) == (409, "code_for_another_store")
    right = new_code(edges, store_url=plugin.running.url + "/")
    assert plugin.connect(right).status_code == 200


def test_a_store_that_cannot_be_called_back_is_not_joined_and_its_code_stays_good(
    plugin: Plugin, edges: Edges
) -> None:
    code = new_code(edges)
    plugin.running.store.bridge.installed = False
    answer = plugin.connect(code)
    assert (answer.status_code, refused(answer)) == (502, "store_not_answering")
    plugin.running.store.bridge.installed = True
    answer = plugin.connect(code, consumer_secret="cs_wrong")
    assert (answer.status_code, refused(answer)) == (502, "store_not_answering")
    with edges.database.read() as transaction:
        assert stores.list_stores(transaction) == []
    assert plugin.connect(code).status_code == 200


@on_one_database
@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        pytest.param({"address": ""}, 422, "bridge_call_unusable", id="no address"),
        pytest.param({"consumer_key": ""}, 422, "bridge_call_unusable", id="no key"),
        pytest.param({"name": "x" * 201}, 422, "bridge_call_unusable", id="a very long name"),
        pytest.param({"address": "ftp://shop.example"}, 422, "store_not_valid", id="no https"),
        pytest.param({"country": ""}, 422, "store_not_valid", id="no country"),
        pytest.param({"timezone": "Mars/Base"}, 422, "store_not_valid", id="an unknown zone"),
    ],
)
def test_what_a_store_says_of_itself_is_looked_at_before_anything_is_kept(
    plugin: Plugin, edges: Edges, changes: dict[str, str], status: int, error: str
) -> None:
    answer = plugin.connect(new_code(edges), **changes)
    assert (answer.status_code, refused(answer)) == (status, error)
    with edges.database.read() as transaction:
        assert stores.list_stores(transaction) == []


def test_a_language_we_do_not_write_and_a_zone_that_is_an_offset_are_no_obstacle(
    plugin: Plugin, edges: Edges
) -> None:
    assert plugin.connect(new_code(edges), language="nl", timezone="+02:00").status_code == 200
    with edges.database.read() as transaction:
        (store,) = stores.list_stores(transaction)
    assert (store.language, store.timezone) == ("en", "+02:00")


def test_no_code_key_or_secret_is_kept_readable_or_logged(
    plugin: Plugin,
    edges: Edges,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    code = new_code(edges)
    with caplog.at_level(logging.DEBUG):
        plugin.greet(code)
        plugin.connect(code)
        plugin.ask("check")
    secrets = [code, code.replace("-", ""), key_of(code).hex(), plugin.secret]
    secrets += [plugin.running.consumer_key, plugin.running.consumer_secret]
    secrets += [one["secret"] for one in plugin.webhooks.values()]
    with edges.database.read() as transaction:
        rows = [
            str(list(transaction.execute(text(f"SELECT * FROM {name}"))))
            for name in ("stores", "endpoints", "connect_codes", "history", "inbox")
        ]
    told = "\n".join([*rows, caplog.text, *capfd.readouterr()])
    assert name_of(code) in told  # or it would be looked for in vain
    assert [secret for secret in secrets if secret in told] == []


def test_what_was_promised_for_a_store_that_left_rests_until_it_is_joined_again(
    connected: Plugin, edges: Edges, clock: TestClock
) -> None:
    connected.ask("disconnect")
    with edges.database.write() as transaction:
        outbox.promise(transaction, JobName.RECORD_ORDER, "1:7", due_at=clock())
        due = dict(outbox.list_due(transaction, clock()))
    (promise_id,) = (one for one, job in due.items() if job == JobName.RECORD_ORDER)
    assert not keep(edges, promise_id, JOBS)
    clock.move(days=30)
    (resting,) = still_resting(edges, clock)
    assert (resting.tries, resting.stuck_at) == (0, None)
    assert "disconnected" in (resting.last_error or "")
    assert not keep(edges, promise_id, JOBS)  # a bell that was rung before is not answered
    connected.clock.at = clock.at
    assert connected.connect(new_code(edges, store_id=1)).status_code == 200
    assert still_resting(edges, clock) == []
    assert keep(edges, promise_id, JOBS)


def still_resting(edges: Edges, clock: TestClock) -> list[outbox.OpenPromise]:
    """What is open and not due, however long one waits."""
    with edges.database.read() as transaction:
        due = {one for one, _ in outbox.list_due(transaction, clock())}
        still_open = outbox.list_open(transaction)
    return [one for one in still_open if one.job == JobName.RECORD_ORDER and one.id not in due]


def test_work_that_finds_its_store_gone_as_it_is_joined_again_is_done_at_once(
    connected: Plugin, edges: Edges, clock: TestClock
) -> None:
    with edges.database.write() as transaction:
        outbox.promise(transaction, JobName.RECORD_ORDER, "1:7", due_at=clock())
        (promise_id,) = (one for one, _ in outbox.list_due(transaction, clock()))

    def found_it_gone(_: Edges, subject: str) -> None:
        raise StoreDisconnected(1)  # and before that is noted, somebody joins it again

    assert not keep(edges, promise_id, {JobName.RECORD_ORDER: found_it_gone})
    assert still_resting(edges, clock) == []
    assert keep(edges, promise_id, JOBS)


def test_a_refund_of_a_store_that_left_rests_too(connected: Plugin, edges: Edges) -> None:
    refund = building.grant(edges, building.add_order(edges, 1))
    connected.ask("disconnect")
    with pytest.raises(StoreDisconnected):
        JOBS[JobName.PAY_REFUND](edges, str(refund.id))


@on_one_database
def test_the_link_carries_the_code_where_no_server_sees_it(edges: Edges) -> None:
    made = make_code(edges, by="staff:1", policy="crmjetty", store_url="shop.example")
    link = link_to_store(made, "https://desk.example")
    assert link is not None
    seen, _, kept_by_browser = link.partition("#")
    assert seen == "https://shop.example/wp-admin/admin.php?page=refund-desk"
    assert made.text in kept_by_browser
    assert link_to_store(make_code(edges, by="staff:1", policy="crmjetty"), "https://d") is None


# -- joining again, moving, leaving


def test_a_store_that_left_comes_back_with_its_books_and_is_read_before_anything_is_paid(
    connected: Plugin, edges: Edges
) -> None:
    assert connected.ask("disconnect").status_code == 200
    assert connected.connect(new_code(edges, store_id=1)).status_code == 200
    with edges.database.read() as transaction:
        (store,) = stores.list_stores(transaction)
        assert store.disconnected_at is None
        assert find_block(transaction, store.id) is not None
    assert connected.ask("check").get_json()["reads"] == "ok"


def test_a_store_that_moved_is_known_again_by_a_code_made_for_it(
    connected: Plugin, edges: Edges
) -> None:
    with edges.database.write() as transaction:
        transaction.execute(text("UPDATE stores SET url = 'https://old.example'"))
    answer = connected.ask("check")
    assert (answer.status_code, refused(answer)) == (409, "store_moved")
    assert connected.connect(new_code(edges, store_id=1)).status_code == 200
    with edges.database.read() as transaction:
        assert [one.url for one in stores.list_stores(transaction)] == [connected.running.url]
    assert connected.ask("check").status_code == 200


def test_a_store_that_spells_its_host_in_capitals_is_the_store_it_was_and_no_second_one(
    plugin: Plugin, edges: Edges
) -> None:
    plugin.address = plugin.running.url.replace("127.0.0.1", "localhost")
    assert plugin.connect(new_code(edges)).status_code == 200
    plugin.address = plugin.running.url.replace("127.0.0.1", "LocalHost")
    answer = plugin.connect(new_code(edges))
    assert (answer.status_code, refused(answer)) == (409, "store_known_already")
    assert plugin.connect(new_code(edges, store_id=1)).status_code == 200
    with edges.database.read() as transaction:
        (store,) = stores.list_stores(transaction)
    assert store.url == plugin.running.url.replace("127.0.0.1", "localhost")


def test_a_code_for_a_new_store_takes_no_store_over_that_is_known(
    connected: Plugin, edges: Edges
) -> None:
    """The code was made for another policy, and by somebody who did not think of these books."""
    with edges.database.read() as transaction:
        before = stores.get_sealed_keys(transaction, 1)
    answer = replace(connected, site="another").connect(new_code(edges))
    assert (answer.status_code, refused(answer)) == (409, "store_known_already")
    assert "make a code for that store" in answer.text
    with edges.database.read() as transaction:
        assert stores.get_sealed_keys(transaction, 1) == before
    assert connected.ask("check").status_code == 200


def test_a_code_for_one_store_does_not_take_the_address_of_another(
    connected: Plugin, edges: Edges
) -> None:
    with edges.database.write() as transaction:
        known = stores.get_sealed_keys(transaction, 1)
        other = stores.insert_store(
            transaction,
            name="Other",
            url="https://other.example",
            timezone="Europe/Berlin",
            country="DE",
            policy="crmjetty",
            keys=known,
            now=edges.clock(),
        )
    answer = connected.connect(new_code(edges, store_id=other))
    assert (answer.status_code, refused(answer)) == (409, "store_known_already")


def test_after_disconnecting_nothing_is_taken_from_the_store_asked_of_it_or_paid_for_it(
    connected: Plugin, edges: Edges
) -> None:
    with edges.database.read() as transaction:
        before = {one.id: one for one in endpoints.list_endpoints(transaction, 1)}
    assert connected.ask("disconnect").status_code == 200
    answer = connected.ask("check")
    assert (answer.status_code, refused(answer)) == (401, "bridge_not_proven")
    with pytest.raises(StoreUnreachable, match=r"disconnected. Nothing was sent"):
        open_client(edges, 1)
    with edges.database.read() as transaction:
        after = endpoints.list_endpoints(transaction, 1)
        keys = stores.get_sealed_keys(transaction, 1)
        assert why_held(transaction, 1, edges.clock()) == "the store is disconnected"
    assert edges.sealer.open(keys.consumer_key) == edges.sealer.open(keys.consumer_secret) == ""
    assert {one.id for one in after} == set(before)
    for one in after:
        assert one.previous_secret_sealed is None
        assert edges.sealer.open(one.secret_sealed) != edges.sealer.open(
            before[one.id].secret_sealed
        )


def test_disconnecting_at_the_desk_has_the_bridge_remove_what_it_made(
    connected: Plugin, edges: Edges
) -> None:
    assert disconnect_store(edges, 1, by="staff:1") is None
    assert not connected.running.store.bridge.is_connected
    assert disconnect_store(edges, 1, by="staff:1") is not None  # there is nobody to ask any more


def test_a_store_that_is_away_is_disconnected_all_the_same_and_its_owner_told_what_is_left(
    connected: Plugin, edges: Edges
) -> None:
    connected.running.store.faults.arm(Mode.CLOSES_BEFORE, path_part="/disconnect")
    left = disconnect_store(edges, 1, by="staff:1")
    assert left is not None
    assert "press “Disconnect” in wp-admin" in left
    with edges.database.read() as transaction:
        assert stores.get_store(transaction, 1).disconnected_at is not None


# -- what a copy may do


def test_a_copy_of_the_store_can_report_nothing_and_disconnect_nothing(
    connected: Plugin, edges: Edges
) -> None:
    copy = replace(connected, address="https://staging.example")
    for what in ("check", "events", "disconnect", "webhooks"):
        answer = copy.ask(what, {"type": "order.deleted", "order": 7})
        assert (answer.status_code, refused(answer)) == (409, "store_moved")
    assert kept(edges) == []
    with edges.database.read() as transaction:
        assert stores.get_store(transaction, 1).disconnected_at is None


# -- checking and mending


def test_a_check_tells_that_reports_arrive_and_that_the_desk_reads_and_writes(
    connected: Plugin,
) -> None:
    assert connected.report("msg_hello_0001", type="bridge.hello") == 200
    told = connected.ask("check", {"event": "msg_hello_0001"}).get_json()
    assert told == {"reads": "ok", "writes": "key_only", "event_arrived": True}
    told = connected.ask("check", {"event": "msg_hello_0002"}).get_json()
    assert told["event_arrived"] is False


def test_a_check_saves_the_newest_order_as_it_is_and_tells_whether_it_could(
    connected: Plugin, edges: Edges
) -> None:
    sold = connected.running.store.add_order([{"sku": "LIC-1", "quantity": 1}], at_checkout=True)
    building.add_order(edges, 1, woo_order_id=sold["id"])
    before = connected.running.store.order(sold["id"])
    assert connected.ask("check").get_json()["writes"] == "saved"
    after = connected.running.store.order(sold["id"])
    changing = {"date_modified", "date_modified_gmt"}
    assert before
    assert after
    assert [name for name in before if before[name] != after[name] and name not in changing] == []
    reading = connected.running
    assert (
        connected.connect(
            new_code(edges, store_id=1),
            consumer_key=reading.read_only_key,
            consumer_secret=reading.read_only_secret,
        ).status_code
        == 200
    )
    assert connected.ask("check").get_json()["writes"] == "refused"


def test_an_order_that_the_store_deleted_leaves_the_key_alone_to_be_tried(
    connected: Plugin, edges: Edges
) -> None:
    building.add_order(edges, 1, woo_order_id=4711)
    assert connected.ask("check").get_json()["writes"] == "key_only"


@on_one_database
@pytest.mark.parametrize(
    ("mode", "told"),
    [
        pytest.param(Mode.REDIRECT, "redirected", id="it redirects"),
        pytest.param(Mode.TRAILING_GARBAGE, "garbled", id="messages of PHP stand in the answer"),
        pytest.param(Mode.BAD_GATEWAY, "unreachable", id="its PHP is down"),
    ],
)
def test_a_check_names_what_is_in_the_way_of_the_desks_own_calls(
    connected: Plugin, mode: Mode, told: str
) -> None:
    connected.running.store.faults.arm(mode, times=3, path_part="/orders")
    assert connected.ask("check").get_json()["reads"] == told


@on_one_database
def test_a_check_sees_a_store_whose_bridge_routes_are_blocked(connected: Plugin) -> None:
    connected.running.store.bridge.installed = False
    assert connected.ask("check").get_json()["reads"] == "no_bridge"


def test_a_bridge_that_lost_webhooks_is_told_them_once_more(connected: Plugin) -> None:
    told = connected.ask("webhooks").get_json()["webhooks"]
    assert {one["topic"]: one for one in told} == connected.webhooks


# -- events


def test_each_event_has_its_object_looked_at_again(connected: Plugin, edges: Edges) -> None:
    assert connected.report("msg_00000001", type="order.deleted", order=7) == 200
    assert connected.report("msg_00000002", type="refund.deleted", order=8, refund=9) == 200
    assert connected.report("msg_00000003", type="refund.died", order=10) == 200
    assert connected.report("msg_00000004", type="subscription.created", subscription=11) == 200
    looks = [one for one in promised(edges) if one[0].startswith("record_")]
    assert looks == [
        ("record_order", "1:10"),
        ("record_order", "1:7"),
        ("record_order", "1:8"),
        ("record_subscription", "1:11"),
    ]
    assert [one.delivery_id for one in kept(edges)] == [f"msg_0000000{n}" for n in range(1, 5)]


def test_an_event_that_comes_again_is_acknowledged_and_kept_once(
    connected: Plugin, edges: Edges
) -> None:
    for _ in range(3):
        assert connected.report("msg_00000001", type="order.deleted", order=7) == 200
    assert len(kept(edges)) == 1


def test_two_processes_that_take_the_same_event_at_once_keep_it_once(
    connected: Plugin, edges: Edges
) -> None:
    connected.report("msg_00000001", type="order.deleted", order=7)
    (known,) = kept(edges)
    names = ("store_id", "endpoint_id", "topic", "object_type", "woo_object_id", "body")
    names += ("body_sha", "delivery_id", "received_at")
    again = inbox.NewDelivery(**{name: getattr(known, name) for name in names})
    with edges.database.write() as transaction:  # as one that looked before the other had written
        inbox.insert_deliveries(transaction, [again, replace(again, delivery_id="msg_00000002")])
        inbox.insert_deliveries(transaction, [replace(again, topic="order.updated")])
    assert len(kept(edges)) == 3


@on_one_database
@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        pytest.param(300, 200, id="five minutes ahead"),
        pytest.param(301, 401, id="a second more ahead"),
        pytest.param(-300, 200, id="five minutes behind"),
        pytest.param(-301, 401, id="a second more behind"),
    ],
)
def test_a_clock_may_be_off_by_five_minutes(connected: Plugin, seconds: int, status: int) -> None:
    connected.clock.move(seconds=seconds)
    answer = connected.ask("events", {"type": "order.deleted", "order": 7})
    assert answer.status_code == status
    if status == 401:
        assert refused(answer) == "bridge_clock_off"
        assert "ahead of" in answer.text if seconds > 0 else "behind" in answer.text


@on_one_database
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"webhook_signature": ""}, id="no signature"),
        pytest.param({"webhook_signature": "v1,AAAA"}, id="another signature"),
        pytest.param({"webhook_signature": "v2," + "A" * 43 + "="}, id="another scheme"),
    ],
)
def test_what_the_store_did_not_sign_is_refused_and_nothing_of_it_kept(
    connected: Plugin, edges: Edges, wrong: dict[str, str]
) -> None:
    answer = connected.ask("events", {"type": "order.deleted", "order": 7}, **wrong)
    assert (answer.status_code, refused(answer)) == (401, "bridge_not_proven")
    assert kept(edges) == []


@on_one_database
def test_a_signature_is_of_one_id_one_time_and_one_body(connected: Plugin, edges: Edges) -> None:
    said = {"address": connected.running.url, "type": "order.deleted", "order": 7}
    path, key = f"/bridge/{connected.connection}/events", connected.secret.encode()
    seen = connected.call(f"{connected.connection}/events", said, key).request
    right = {name: seen.headers[name] for name in _SIGNED}
    body = json.dumps(said).encode()
    client = connected.app.test_client()
    assert client.post(path, data=body, headers=right).status_code == 200
    later = stamp(connected.clock() + timedelta(seconds=1))
    for changed in (
        {**right, "webhook-id": "msg_00000009"},
        {**right, "webhook-timestamp": later},
    ):
        assert client.post(path, data=body, headers=changed).status_code == 401
    assert client.post(path, data=body + b" ", headers=right).status_code == 401
    assert len(kept(edges)) == 1


_SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@on_one_database
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param({"type": "order.polished", "order": 7}, "event", id="an unknown kind"),
        pytest.param({"type": "order.deleted"}, "no_id", id="no order named"),
        pytest.param({"type": "order.deleted", "order": "7;"}, "no_id", id="no number"),
    ],
)
def test_a_signed_event_that_names_nothing_waits_for_a_person(
    connected: Plugin, edges: Edges, body: dict[str, object], reason: str
) -> None:
    assert connected.report(**body) == 200  # type: ignore[arg-type]
    assert [one.quarantined_because for one in kept(edges)] == [reason]


@on_one_database
def test_a_signed_call_that_is_no_object_is_refused(connected: Plugin) -> None:
    for body in (b"[]", b"nonsense", b"{}" + b" " * (64 * 1024)):
        answer = connected.call(f"{connected.connection}/events", body, connected.secret.encode())
        assert (answer.status_code, refused(answer)) == (422, "bridge_call_unusable")


@on_one_database
def test_an_endpoint_of_a_webhook_is_no_connection(connected: Plugin) -> None:
    webhook = connected.webhooks["order.updated"]
    other = replace(
        connected, connection=webhook["url"].rpartition("/")[2], secret=webhook["secret"]
    )
    assert refused(other.ask("check")) == "no_such_endpoint"
    assert refused(replace(connected, connection="nobody").ask("check")) == "no_such_endpoint"


@on_one_database
def test_whoever_tries_codes_by_the_dozen_is_told_to_wait(plugin: Plugin) -> None:
    statuses = [plugin.greet("a" * 33).status_code for _ in range(31)]
    assert statuses == [401] * 30 + [429]
