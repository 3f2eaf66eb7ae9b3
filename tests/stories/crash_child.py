"""Runs pieces of the money's story in processes that die at a chosen moment.

Started as a program it reads one job per line from standard input, forks, and lets the child do
it: the real web application and the real jobs, on the database and store the job names. For each
child it writes one line with what the child told and how it ended.

Whatever is the same in every life is there before the fork: the application, which nobody has asked
anything yet, and the statements, which a rehearsal of the story had compiled. The program keeps
nothing else from one request or job to the next, so the child is as new as a process can be.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from urllib3.connection import HTTPConnection

from refunddesk.db import outbox, tables
from refunddesk.db.refunds import State
from refunddesk.db.session import DriverTransaction, open_database
from refunddesk.extension import create_app
from refunddesk.jobs import keeping, registry, schedule
from refunddesk.journal.reader import JournalReader
from refunddesk.journal.segment import OpenSegment
from refunddesk.policy.document import load_policy
from refunddesk.sealing import Sealer
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_journal
from refunddesk.settings import read_settings
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from refunddesk.woocommerce.signature import sign
from refunddesk.woocommerce.transport import Waits
from tests import compiled
from tests.conftest import TestClock

KILLED = 137
#: How far the clock is moved while something is on its way: past every lease and the moment at
#: which a person is asked.
_PATIENCE = timedelta(minutes=40)
#: The path's own: what looks through whole stores is killed in tests/services/test_reconcile.py.
_ROUNDS = [work for work in registry.ROUNDS if work.name == "sweep_refunds"]


class Moments:
    """Counts the moments at which a process may be killed, and kills it at the chosen one."""

    def __init__(self, kill_at: int | None) -> None:
        self._kill_at = kill_at
        self.passed: list[str] = []

    def pass_by(self, name: str) -> None:
        self.passed.append(name)
        if len(self.passed) == self._kill_at:
            os._exit(KILLED)


def watch_commits(engine: Engine, moments: Moments) -> None:
    """Before and after every commit, in whichever thread it happens."""
    commit = engine.dialect.do_commit

    def watched(connection: Any) -> None:
        moments.pass_by("before a commit")
        commit(connection)
        moments.pass_by("after a commit")

    engine.dialect.do_commit = watched  # type: ignore[method-assign]


def watch_calls(moments: Moments) -> None:
    """Before a request leaves, when all of it has left, and when its answer begins to come."""
    request, getresponse = HTTPConnection.request, HTTPConnection.getresponse

    def watched_request(self: HTTPConnection, method: str, *also: Any, **more: Any) -> Any:
        moments.pass_by(f"before {method}")
        result = request(self, method, *also, **more)
        moments.pass_by(f"{method} sent")
        return result

    def watched_getresponse(self: HTTPConnection) -> Any:
        response = getresponse(self)
        moments.pass_by("answer came")
        return response

    HTTPConnection.request = watched_request  # type: ignore[method-assign]
    HTTPConnection.getresponse = watched_getresponse  # type: ignore[method-assign]


def watch_journal(moments: Moments) -> None:
    """Before and after a delivery is on the disk, and on both sides of its commit and its mark."""
    for owner, name in (
        (OpenSegment, "append"),
        (DriverTransaction, "exec_driver_sql"),
        (JournalReader, "mark"),
    ):
        setattr(owner, name, _watched(getattr(owner, name), name, moments))


def _watched(done: Callable[..., None], name: str, moments: Moments) -> Callable[..., None]:
    def watched(*given: Any) -> None:
        moments.pass_by(f"before {name}")
        done(*given)
        moments.pass_by(f"after {name}")

    return watched


@dataclass(slots=True)
class Address:
    """Where the store is found in this life."""

    url: str = ""
    ca_file: str = ""


@dataclass(slots=True)
class World:
    """One life of the program. `known` is what those outside it know: keys, tokens, ids."""

    edges: Edges
    clock: TestClock
    client: FlaskClient
    store: Address = field(default_factory=Address)
    known: dict[str, Any] = field(default_factory=dict)
    tell: Callable[[dict[str, Any]], None] = lambda _: None

    def begin(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.clock.at = datetime.fromisoformat(job["at"])
        self.store.url, self.store.ca_file = job["store_url"], job["ca_file"]
        self.known = job["known"]
        self.tell = tell

    def call(self, method: str, path: str, body: object, status: int | tuple[int, ...]) -> Any:
        """The answer of the staff API, which must have one of these statuses."""
        headers = {"Authorization": f"Bearer {self.known['staff_token']}"}
        answer = self.client.open(path, method=method, json=body, headers=headers)
        expected = (status,) if isinstance(status, int) else status
        assert answer.status_code in expected, (path, answer.status_code, answer.text)
        return answer.get_json()


# ---------------------------------------------------------------- the pieces of the story


def deliver(world: World) -> None:
    body = world.known["delivery"].encode()
    answer = world.client.post(
        f"/hooks/{world.known['endpoint_id']}",
        data=body,
        headers={
            "Content-Type": "application/json",
            "X-WC-Webhook-Topic": "order.updated",
            "X-WC-Webhook-Signature": sign(world.known["endpoint_secret"], body),
        },
    )
    assert answer.status_code == 200, answer.text
    world.known["acknowledged"] = world.known.get("acknowledged", 0) + 1


def work(world: World) -> None:
    """Keep promises and run the rounds until nothing is on its way, moving the clock along."""
    patience = world.clock() + _PATIENCE
    while True:
        _work_now(world)
        at = _next_moment(world.edges)
        if at is None or at > patience:
            return
        world.clock.at = max(at, world.clock.at) + timedelta(seconds=1)
        world.tell({"at": world.clock().isoformat()})  # the next life must not begin before it


def _work_now(world: World) -> None:
    drain_journal(world.edges)
    schedule.run_rounds(world.edges, _ROUNDS)
    while True:
        with world.edges.database.read() as transaction:
            due = outbox.list_due(transaction, world.clock())
        if not due:
            return
        for promise_id, _job in due:
            keeping.keep(world.edges, promise_id, registry.JOBS)


def _next_moment(edges: Edges) -> datetime | None:
    """When something that is under way can go on, were nobody to touch it."""
    box, refunds = tables.outbox.c, tables.refunds.c
    with edges.database.read() as transaction:
        waiting = transaction.execute(
            select(box.due_at, box.claimed_until).where(box.asked > box.done)
        ).all()
        leases = transaction.scalars(
            select(refunds.lease_until).where(refunds.state == State.SENDING.value)
        ).all()
    moments = [claimed_until or due_at for due_at, claimed_until in waiting]
    # The sweep comes by once a minute.
    moments += [lease + timedelta(seconds=60) for lease in leases if lease]
    return min(moments, default=None)


def switch_on(world: World) -> None:
    known = world.known
    order = world.call(
        "GET",
        f"/api/orders?store={known['store_id']}&woo_order_id={known['woo_order_id']}",
        None,
        200,
    )
    known["order_id"] = order["id"]
    (license_held,) = order["licenses"]
    key = world.call("POST", f"/api/licenses/{license_held['id']}/new-key", {}, 200)["key"]
    answer = world.client.post("/licenses/activate", json={"key": key, "site": "shop.example"})
    assert answer.status_code == 200, answer.text
    known["site_token"] = answer.get_json()["token"]


def report(world: World) -> None:
    reported = {
        "order": world.known["order_id"],
        "reason": "malfunction",
        "site_url": "https://shop.example",
        "product_version": "2.1",
        "details": "The form sends nothing.",
        "no_screenshots": True,
        "other_extensions": [],
    }
    case = world.call("POST", "/api/cases", reported, 201)["id"]
    found = {"finding": "malfunction", "why": "The form's address is gone."}
    world.call("POST", f"/api/cases/{case}/findings", found, 201)
    ended = {"outcome": "gave_up", "why": "It cannot be mended."}
    world.call("POST", f"/api/cases/{case}/end", ended, 201)


def ask(world: World) -> None:
    body = {
        "store": world.known["store_id"],
        "woo_order_id": world.known["woo_order_id"],
        "request_key": "the customer's form",
        "channel": "portal",
        "from_account_address": True,
    }
    world.known["request_id"] = world.call("POST", "/api/refund-requests", body, (200, 201))["id"]


def destroy(world: World) -> None:
    world.call("POST", f"/api/refund-requests/{world.known['request_id']}/destruction", {}, 200)


def switch_off(world: World) -> None:
    body = {"token": world.known["site_token"]}
    answer = world.client.post("/licenses/deactivate", json=body)
    assert answer.status_code == 200, answer.text


#: The path from the delivery to the last step after the payment.
STORY: tuple[tuple[str, Callable[[World], None]], ...] = (
    ("the store tells of an order", deliver),
    ("the order is recorded", work),
    ("the customer switches the licence on", switch_on),
    ("support takes down a case", report),
    ("the customer asks for a refund", ask),
    ("the request is judged and waits", work),
    ("the customer says that all copies are gone", destroy),
    ("the customer switches the licence off", switch_off),
    ("the money goes back", work),
)


# ---------------------------------------------------------------- one child


def make_world(own: dict[str, str]) -> World:
    """The program with these settings, before its first request or job; no connection is open."""
    settings = read_settings(own)
    store = Address()

    def connect(access: StoreAccess) -> StoreClient:
        reachable = replace(access, url=store.url, ca_file=store.ca_file, allow_private=True)
        waits = Waits(connect=2.0, read=5.0)
        return StoreClient(reachable, waits=waits, refund_waits=waits, sleep=lambda _: None)

    clock = TestClock()
    database = open_database(settings.database_url)
    compiled.share_statements(database.engine)
    edges = Edges(
        database, clock, Sealer(settings.sealing_keys), connect, os.urandom, settings.home
    )
    client = create_app(settings, edges=edges).test_client()
    database.close()
    return World(edges, clock, client, store)


def live(world: World, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """Do the pieces `begin` to `end` of the story; told as it goes: what is known, and when."""
    world.begin(job, tell)
    moments = Moments(job["kill_at"])
    watch_commits(world.edges.database.engine, moments)
    watch_calls(moments)
    watch_journal(moments)
    for number in range(job["begin"], job["end"]):
        STORY[number][1](world)
        tell({"done": number, "known": world.known, "at": world.clock().isoformat()})
    tell({"moments": moments.passed})


def rehearse(job: dict[str, Any]) -> dict[str, Any]:
    """Do the pieces in this process, for what the libraries compile then and keep for the lives.

    None is watched, and none may begin a thread or take in a delivery: all that would stay, too.
    """
    world = make_world(job["settings"])
    world.begin(job, lambda _: None)
    for number in range(job["begin"], job["end"]):
        STORY[number][1](world)
    world.edges.database.close()
    _be_ready_to_fork()
    return {"status": 0, "told": []}


def _fork(world: World, job: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1

        def tell(said: dict[str, Any]) -> None:
            os.write(writing, json.dumps(said).encode() + b"\n")

        try:
            live(world, job, tell)
            status = 0
        except BaseException:
            with suppress(OSError):
                tell({"error": traceback.format_exc()})
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = [json.loads(line) for line in pipe]
    _, ending = os.waitpid(child, 0)
    return {"status": os.waitstatus_to_exitcode(ending), "told": told}


def _be_ready_to_fork() -> None:
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):  # `limits` begins one of ten milliseconds each time
            thread.join(1)
    assert threading.active_count() == 1, "a process with threads must not be forked"
    # What is here stays: a collection in a child would copy all of it by walking through.
    gc.collect()
    gc.freeze()


def main() -> None:
    compiled.share_routes()
    load_policy("crmjetty")
    # The program's log lines must not run into the lines told to whoever started us.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    worlds: dict[str, World] = {}
    for line in sys.stdin:
        job = json.loads(line)
        place = job["settings"]["DATABASE_URL"]
        if place not in worlds:
            worlds[place] = make_world(job["settings"])
            _be_ready_to_fork()
        lived = rehearse(job) if job["rehearsal"] else _fork(worlds[place], job)
        print(json.dumps(lived), file=answers, flush=True)


if __name__ == "__main__":
    assert Path("tests/stories").is_dir(), "started from the project's folder"
    main()
