"""The doctor finds nothing where all is well, and names each thing that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from redis import Redis
from rq import Worker
from sqlalchemy import text

from refunddesk import queue
from refunddesk.db import append_only, outbox, stores, tables
from refunddesk.jobnames import JobName, QueueName
from refunddesk.jobs import registry, schedule
from refunddesk.mail.letter import Sender
from refunddesk.mail.mailbox import MailboxAccess, MailIn, open_mailbox
from refunddesk.mail.sending import Mail, MailServerUnavailable
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import audit
from refunddesk.services.desk_checkup import look_without_database
from refunddesk.services.doctor import examine
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_journal
from refunddesk.services.observation import Grade, Observation, Place
from refunddesk.services.store_checkup import compare_clocks, look_at_stores
from refunddesk.settings import Settings
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from tests.building import add_order
from tests.conftest import TestClock
from tests.keeping import delivery, keep_in_journal
from tests.selling import Shop
from tests.services.delivering import Connected, connect


@pytest.fixture
def clock() -> TestClock:
    """The time it is: the store's web server tells its own."""
    return TestClock(datetime.now(UTC))


@dataclass(slots=True)
class Deployment:
    """A desk at work, with its queue, its workers and a store that delivers to it."""

    connected: Connected
    redis: Redis
    place: Place
    edges: Edges

    def look(self) -> dict[str, Observation]:
        """What is not well, by part; the last finding of each."""
        found = examine(self.edges, self.place)
        return {one.part: one for one in found if one.grade is not Grade.OK and is_told(one)}

    @property
    def clock(self) -> TestClock:
        return self.connected.shop.clock


def send_nothing(message: EmailMessage) -> None:
    raise AssertionError("a mail was sent")


def is_told(one: Observation) -> bool:
    """Not this machine's disk, and not what the tests' own PostgreSQL server leaves out."""
    return one.part != "disk" and "fsync is off" not in one.says


@pytest.fixture
def deployment(shop: Shop, settings: Settings, queue_url: str) -> Iterator[Deployment]:
    settings.home.chmod(0o700)
    redis = queue.connect(queue_url)
    for name in QueueName:
        Worker([name.value], connection=redis).register_birth()
    with connect(shop, settings) as connected:
        shop.sell("LIC-1")
        shop.sandbox.run_queue()
        schedule.lead(shop.edges, "here")
        drain_journal(shop.edges)
        schedule.run_rounds(shop.edges, registry.ROUNDS)
        connected.keep_promises()
        place = Place(connected.front.url, lambda: queue.measure(queue_url))
        sender = Sender("support@store.test")
        mail = Mail(sender, send_nothing, "https://desk.test", lambda: "Well.")
        yield Deployment(connected, redis, place, replace(shop.edges, mail=mail))
    redis.close()


def test_where_all_is_well_nothing_is_to_mend(deployment: Deployment) -> None:
    assert deployment.look() == {}
    told = examine(deployment.edges, deployment.place)
    assert {one.part for one in told} >= {
        "disk",
        "queue",
        "queue desk",
        "queue money",
        "database",
        "dispatcher",
        "work",
        "deliveries",
        "journal",
        "audit log",
        "books",
        "address",
        "store 1",
        "store 1 key",
        "store 1 clock",
        "store 1 webhooks",
        "store 1 delivery",
        "store 1 deliveries",
    }


def test_looking_changes_nothing(deployment: Deployment) -> None:
    documents = deployment.connected.shop.sandbox.documents
    before = [documents.list(kind) for kind in ("order", "refund", "webhook")]
    for _ in range(2):
        deployment.look()
    assert [documents.list(kind) for kind in ("order", "refund", "webhook")] == before


# ---------------------------------------------------------------- our side


def lose_the_dispatcher(deployment: Deployment) -> None:
    deployment.clock.move(seconds=30)


def lose_a_worker(deployment: Deployment) -> None:
    for worker in Worker.all(connection=deployment.redis):
        if worker.queue_names() == ["money"]:
            worker.register_death()


def lose_the_queue(deployment: Deployment) -> None:
    nowhere = f"unix://{deployment.edges.home}/nobody.sock"
    deployment.place = replace(deployment.place, measure_queues=lambda: queue.measure(nowhere))


def open_the_folder(deployment: Deployment) -> None:
    deployment.edges.home.chmod(0o750)


def fail_for_ever(deployment: Deployment) -> None:
    now = deployment.clock()
    with deployment.edges.database.write() as transaction:
        outbox.promise(transaction, JobName.RECORD_ORDER, "1:9", due_at=now)
        transaction.execute(tables.outbox.update().values(stuck_at=now))


def put_aside(deployment: Deployment) -> None:
    folder = deployment.edges.home / "journal"
    folder.mkdir(exist_ok=True)
    (folder / "one.aside").touch()


def leave_in_the_journal(deployment: Deployment) -> None:
    keep_in_journal(deployment.edges, delivery(deployment.clock()))
    deployment.clock.move(seconds=16)


def keep_in_a_journal_of_another_key(deployment: Deployment) -> None:
    other = replace(deployment.edges, sealer=Sealer([new_key()]))
    keep_in_journal(other, delivery(deployment.clock()))


def rewrite_the_log(deployment: Deployment) -> None:
    with deployment.edges.database.write() as transaction:
        for statement in append_only.allow_changes(transaction.dialect.name, "history"):
            transaction.execute(text(statement))
        transaction.execute(text("UPDATE history SET actor = 'nobody' WHERE seq = 1"))


def keep_no_heads(deployment: Deployment) -> None:
    deployment.clock.move(hours=2, seconds=1)
    schedule.lead(deployment.edges, "here")
    others = [work for work in registry.ROUNDS if work.run is not audit.keep_head]
    schedule.run_rounds(deployment.edges, others)
    deployment.connected.keep_promises()


def garble_the_anchor(deployment: Deployment) -> None:
    with audit.anchor_file(deployment.edges).open("a") as anchors:
        anchors.write("nonsense\n")


def book_nothing(deployment: Deployment) -> None:
    add_order(deployment.edges, deployment.connected.shop.store_id, woo_order_id=99)


def forget_the_schema(deployment: Deployment) -> None:
    with deployment.edges.database.write() as transaction:
        transaction.execute(text("UPDATE alembic_version SET version_num = '0000'"))


def lose_the_tables(deployment: Deployment) -> None:
    with deployment.edges.database.write() as transaction:
        transaction.execute(text("DROP TABLE rounds"))


def stop_the_web(deployment: Deployment) -> None:
    deployment.place = replace(deployment.place, base_url="http://127.0.0.1:9")


def redirect(deployment: Deployment) -> None:
    deployment.connected.front.status = "301 Moved"


def answer_by_another(deployment: Deployment) -> None:
    deployment.connected.front.status = "200 OK"


@pytest.mark.parametrize(
    ("spoil", "part", "grade", "told"),
    [
        (lose_the_dispatcher, "dispatcher", "bad", "Nobody wakes the workers since"),
        (lose_a_worker, "queue money", "bad", "0 workers listen"),
        (lose_the_queue, "queue", "bad", "did not answer"),
        (open_the_folder, "home", "warn", "Others on this machine"),
        (fail_for_ever, "work", "warn", "1 of them keep failing"),
        (put_aside, "journal", "bad", "1 of its files could not be stored"),
        (leave_in_the_journal, "journal", "warn", "1 deliveries in"),
        (keep_in_a_journal_of_another_key, "journal", "warn", "1 deliveries in"),
        (rewrite_the_log, "audit log", "bad", "Line 1 of the audit log was changed"),
        (garble_the_anchor, "audit log", "bad", "is not a kept head"),
        (keep_no_heads, "audit head", "warn", "not noted outside the database"),
        (book_nothing, "books", "bad", "paid_in is off by 199.00 EUR"),
        (forget_the_schema, "database", "bad", "The database is at schema 0000"),
        (lose_the_tables, "database", "bad", "takes no writes"),
        (stop_the_web, "address", "bad", "does not answer"),
        (answer_by_another, "address", "bad", "answered by another program (200)"),
    ],
    ids=[
        "the dispatcher was killed",
        "no worker for the money",
        "no queue",
        "a folder open to others",
        "work that keeps failing",
        "a delivery put aside",
        "a delivery that was not stored",
        "a delivery of another key",
        "a changed audit log",
        "a strange anchor",
        "an anchor not kept",
        "an order not booked",
        "an old schema",
        "a broken database",
        "no web process",
        "another program at the address",
    ],
)
def test_what_is_not_well_here_is_named(
    deployment: Deployment,
    spoil: Callable[[Deployment], None],
    part: str,
    grade: str,
    told: str,
) -> None:
    spoil(deployment)
    found = deployment.look()
    assert found[part].grade == grade
    assert told in found[part].says
    assert found[part].mend


# ---------------------------------------------------------------- the store's side

#: What a store says is the same whatever our database is.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def close_the_store(deployment: Deployment) -> None:
    def nowhere(access: StoreAccess) -> StoreClient:
        moved = replace(access, url="https://127.0.0.1:9", allow_private=True)
        return StoreClient(moved, sleep=lambda _: None)

    deployment.edges = replace(deployment.edges, connect=nowhere)


def with_keys(deployment: Deployment, key: str, secret: str) -> None:
    connect = deployment.edges.connect

    def changed(access: StoreAccess) -> StoreClient:
        return connect(replace(access, consumer_key=key, consumer_secret=secret))

    deployment.edges = replace(deployment.edges, connect=changed)


def revoke_the_key(deployment: Deployment) -> None:
    with_keys(deployment, "ck_gone", "cs_gone")


def make_the_key_read_only(deployment: Deployment) -> None:
    running = deployment.connected.shop.running
    with_keys(deployment, running.read_only_key, running.read_only_secret)


def put_the_clock_forward(deployment: Deployment) -> None:
    ahead = deployment.clock() + timedelta(seconds=75)
    deployment.edges = replace(deployment.edges, clock=lambda: ahead)
    schedule.lead(deployment.edges, "here")


def pause_a_webhook(deployment: Deployment) -> None:
    deployment.connected.set_webhook(status="paused")


def delete_a_webhook(deployment: Deployment) -> None:
    documents = deployment.connected.shop.sandbox.documents
    documents.delete("webhook", deployment.connected.webhook()["id"])


def move_the_desk(deployment: Deployment) -> None:
    webhook = deployment.connected.webhook()
    elsewhere = webhook["delivery_url"].replace("127.0.0.1", "127.0.0.2")
    deployment.connected.set_webhook(delivery_url=elsewhere)


def change_a_topic(deployment: Deployment) -> None:
    deployment.connected.set_webhook(topic="order.created")


def hold_payments(deployment: Deployment) -> None:
    with deployment.edges.database.write() as transaction:
        stores.record_payments_held(transaction, 1, "gateway move")


def forget_deliveries(deployment: Deployment) -> None:
    with deployment.edges.database.write() as transaction:
        transaction.execute(tables.inbox.delete())


def lose_the_sealing_key(deployment: Deployment) -> None:
    deployment.edges = replace(deployment.edges, sealer=Sealer([new_key()]))


@on_one_database
@pytest.mark.parametrize(
    ("spoil", "part", "grade", "told"),
    [
        (close_the_store, "store 1", "bad", "refused the connection"),
        (revoke_the_key, "store 1", "bad", "was refused with 401"),
        (make_the_key_read_only, "store 1 key", "bad", "no refund can be paid"),
        (put_the_clock_forward, "store 1 clock", "warn", "seconds behind ours"),
        (pause_a_webhook, "store 1 webhooks", "bad", "to paused"),
        (delete_a_webhook, "store 1 webhooks", "bad", "no webhook for order.updated"),
        (move_the_desk, "store 1 webhooks", "bad", "delivers elsewhere"),
        (change_a_topic, "store 1 webhooks", "bad", "was changed to order.created"),
        (redirect, "store 1 delivery", "bad", "answers 301"),
        (stop_the_web, "store 1 delivery", "bad", "does not answer"),
        (forget_deliveries, "store 1 deliveries", "warn", "never delivered"),
        (hold_payments, "store 1 payments", "warn", "gateway move"),
        (lose_the_sealing_key, "store 1", "bad", "does not open"),
    ],
    ids=[
        "the store is away",
        "its key was revoked",
        "its key may only read",
        "a clock that is wrong",
        "a webhook paused",
        "a webhook deleted",
        "a webhook to an old address",
        "a webhook of another topic",
        "a redirect in front of us",
        "nobody takes deliveries",
        "nothing was ever delivered",
        "payments are held",
        "the key that seals is lost",
    ],
)
def test_what_is_not_well_with_a_store_is_named(
    deployment: Deployment,
    spoil: Callable[[Deployment], None],
    part: str,
    grade: str,
    told: str,
) -> None:
    spoil(deployment)
    found = deployment.look()
    assert found[part].grade == grade
    assert told in found[part].says
    assert found[part].mend


@on_one_database
def test_a_redirect_in_front_of_us_is_told_with_where_it_leads(
    deployment: Deployment,
) -> None:
    def to_https(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("301 Moved", [("Location", "https://desk.test/"), ("Content-Length", "0")])
        return [b""]

    deployment.connected.front.app = to_https
    found = deployment.look()["address"]
    assert found.grade is Grade.BAD
    assert found.says.endswith("redirects to https://desk.test/.")


@pytest.mark.parametrize(
    ("apart", "well"), [(60, True), (61, False)], ids=["a minute apart", "more than a minute"]
)
def test_clocks_agree_within_a_minute(clock: TestClock, apart: int, well: bool) -> None:
    for sign in (1, -1):
        found = compare_clocks(clock() + timedelta(seconds=sign * apart), clock(), "store 1")
        assert (found.grade is Grade.OK) is well


def test_a_mail_server_that_does_not_let_us_in_is_named_and_a_missing_one_too(
    edges: Edges, settings: Settings
) -> None:
    def closed() -> str:
        raise MailServerUnavailable("The mail server mail.test:587 does not let us in.")

    place = Place("http://127.0.0.1:9", dict)
    mail = Mail(Sender("support@store.test"), send_nothing, "https://desk.test", closed)
    found = {}
    for name, edges_of in (("closed", replace(edges, mail=mail)), ("none", edges)):
        (found[name],) = [
            one for one in look_without_database(edges_of, place) if one.part == "mail"
        ]
    assert (found["closed"].grade, found["none"].grade) == (Grade.BAD, Grade.WARN)
    assert "mail.test:587" in found["closed"].says


def test_a_mailbox_that_does_not_let_us_in_is_named_and_a_receiver_that_is_missing(
    edges: Edges,
) -> None:
    place = Place("http://127.0.0.1:9", dict)
    away = open_mailbox(MailboxAccess("127.0.0.1", 9, "tls", "desk", "secret"), 5)
    for way, expected in (
        (MailIn("reply@store.test", "", away), {"mail in": Grade.WARN, "mailbox": Grade.BAD}),
        (MailIn("reply@store.test", "mx.store.test"), {}),
        (MailIn(), {"mail in": Grade.OK}),
    ):
        looked = look_without_database(replace(edges, mail_in=way), place)
        found = {one.part: one for one in looked if one.part in ("mail in", "mailbox")}
        assert {part: one.grade for part, one in found.items()} == expected
        if "mailbox" in found:
            assert "desk@127.0.0.1:9/INBOX" in found["mailbox"].says


def test_a_desk_without_a_store_says_so(edges: Edges) -> None:
    (found,) = look_at_stores(edges, "http://127.0.0.1:9")
    assert (found.part, found.grade) == ("stores", Grade.WARN)
