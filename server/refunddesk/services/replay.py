"""Replays a folder of recorded deliveries to a running desk, and accounts for every one."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from refunddesk.db import endpoints, inbox, outbox
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import JOBS, drain_journal, subject_of
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import add_endpoint, get_store, rotate_endpoint
from refunddesk.services.webhooks import delivery_url
from refunddesk.woocommerce.hooks import ObjectChanged, read_delivery, read_ping

# Kept by no proxy, or made anew for this connection.
_HOP_HEADERS = frozenset({"host", "connection", "content-length", "accept-encoding", "expect"})
_TIMEOUT = (5, 30)
#: So long an endpoint's old secrets may still be remembered by the web process.
_SECRETS_KNOWN_AFTER = timedelta(seconds=6)
_LOOK_EVERY = timedelta(milliseconds=500)

Sleep = Callable[[timedelta], None]


class NoRecordings(Refusal):
    """The folder holds no recorded deliveries."""


class DeskNotAnswering(Refusal):
    """The desk or the sandbox does not answer at its address."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded delivery: its headers as received, and the raw body."""

    name: str
    number: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def topic(self) -> str | None:
        return self.header("X-WC-Webhook-Topic")

    @property
    def names(self) -> ObjectChanged | None:
        """The object it is about, if it is about one that we keep."""
        reading = read_delivery(self.topic, self.header("Content-Type"), self.body)
        return reading if isinstance(reading, ObjectChanged) else None


@dataclass(frozen=True, slots=True)
class Accounted:
    """What became of one recording: `outcome` is a word for counting, the same for all alike."""

    recording: Recording
    outcome: str


@dataclass(frozen=True, slots=True)
class Work:
    """What became of the objects that the stored deliveries named."""

    recorded: int
    quarantined: tuple[tuple[str, str], ...]  # object, reason
    waiting: tuple[tuple[str, str], ...]  # object, last error


@dataclass(frozen=True, slots=True)
class Target:
    """Where a replay goes: the desk's address, the sandbox with its certificate, our store."""

    desk_url: str
    store_id: int
    ca_file: str | None


def read_recordings(folder: Path) -> list[Recording]:
    """All deliveries below `folder` in the sequence in which they were recorded."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        body = path.with_suffix(".body")
        if not body.is_file():
            continue
        told = json.loads(path.read_text("utf-8"))
        headers = tuple((str(name), str(value)) for name, value in told["headers"])
        found.append(Recording(path.stem, int(told.get("n", 0)), headers, body.read_bytes()))
    if not found:
        raise NoRecordings(f"There are no recorded deliveries below {folder}. Nothing was sent.")
    return sorted(found, key=lambda one: (one.number, one.name))


def load_objects(edges: Edges, target: Target, recordings: Sequence[Recording]) -> Counter[str]:
    """Put every object as last recorded into the sandbox; how many of each kind."""
    last: dict[tuple[str, int], dict[str, Any]] = {}
    for recording in recordings:
        named = recording.names
        body = json.loads(recording.body) if named else {}
        # A deletion and an action only name their object.
        if named and "currency" in body:
            last[named.object_type, named.object_id] = body
    url = f"{get_store(edges, target.store_id).url}/sandbox/objects"
    loaded: Counter[str] = Counter()
    for (kind, _), body in sorted(last.items()):
        asked = {"kind": kind, "body": body}
        answer = _post(url, json=asked, verify=target.ca_file or True)
        # 409: an object of the sandbox's own making has this id, and stays.
        loaded[kind if answer.status_code == 201 else f"{kind} (not loaded)"] += 1
    return loaded


def make_endpoints(
    edges: Edges,
    store_id: int,
    recordings: Sequence[Recording],
    secret: str,
    sleep: Sleep,
) -> dict[str, str]:
    """An endpoint that knows `secret` for each topic recorded: topic -> endpoint id."""
    found: dict[str, str] = {}
    rotated = False
    for topic in sorted({recording.topic for recording in recordings if recording.topic}):
        with edges.database.read() as transaction:
            known = endpoints.find_endpoint_for(transaction, store_id, topic)
        if known is None:
            found[topic] = add_endpoint(edges, store_id, topic, secret=secret).endpoint_id
            continue
        found[topic] = known.id
        sealed = (known.secret_sealed, known.previous_secret_sealed)
        if secret not in [edges.sealer.open(one) for one in sealed if one]:
            # The secret that the store itself signs with stays valid as the previous one.
            rotate_endpoint(edges, store_id, topic, secret=secret)
            rotated = True
    if rotated:
        sleep(_SECRETS_KNOWN_AFTER)
    return found


def send_all(
    edges: Edges, target: Target, recordings: Sequence[Recording], addresses: dict[str, str]
) -> Iterator[Accounted]:
    """Post each body with its recorded headers, and see in the inbox what became of it."""
    if not addresses:
        raise NoRecordings("No recorded delivery names a topic. Nothing was sent.")
    for recording in recordings:
        # A ping names no topic; it may go to any address.
        endpoint_id = addresses.get(recording.topic or "", next(iter(addresses.values())))
        with edges.database.read() as transaction:
            newest = inbox.find_newest_id(transaction)
        headers = {
            name: value for name, value in recording.headers if name.lower() not in _HOP_HEADERS
        }
        url = delivery_url(target.desk_url, endpoint_id)
        answer = _post(url, data=recording.body, headers=headers)
        drain_journal(edges, wait=True)
        yield Accounted(
            recording, _outcome(edges, recording, endpoint_id, newest, answer.status_code)
        )


def wait_for_work(
    edges: Edges,
    store_id: int,
    accounted: Sequence[Accounted],
    *,
    within: timedelta,
    sleep: Sleep,
) -> Work:
    """What the jobs made of every object, once they are done or the time is over."""
    until = edges.clock() + within
    named = {
        (one.recording.names.object_type, one.recording.names.object_id)
        for one in accounted
        if one.outcome == "stored" and one.recording.names
    }
    subjects = {
        (JOBS[kind], subject_of(store_id, number)): (kind, number) for kind, number in named
    }
    while True:
        with edges.database.read() as transaction:
            open_now = {
                (row.job, row.subject): row.last_error or "not begun"
                for row in outbox.list_open(transaction, limit=10_000)
                if (row.job, row.subject) in subjects
            }
            held = inbox.list_quarantined(transaction, limit=10_000)
        if not open_now or edges.clock() >= until:
            break
        sleep(_LOOK_EVERY)
    quarantined = {
        (row.object_type, row.woo_object_id): row.quarantined_because or ""
        for row in held
        if row.store_id == store_id and (row.object_type, row.woo_object_id) in named
    }
    return Work(
        len(named) - len(quarantined) - len(open_now),
        tuple(sorted((f"{kind} {number}", why) for (kind, number), why in quarantined.items())),
        tuple(sorted((_words(subjects[key]), error) for key, error in open_now.items())),
    )


def _words(named: tuple[str, int]) -> str:
    return f"{named[0]} {named[1]}"


def _outcome(edges: Edges, recording: Recording, endpoint_id: str, newest: int, status: int) -> str:
    if status == 401:
        return "refused: signature"
    if status != 200:
        return f"refused: {status}"
    sha = hashlib.sha256(recording.body).digest()
    with edges.database.read() as transaction:
        kept = inbox.find_since(transaction, endpoint_id, sha, above=newest)
    if kept is None:
        is_ping = read_ping(recording.header("Content-Type"), recording.body)
        return "ping" if is_ping else "LOST: acknowledged and not stored"
    if kept.object_type is not None:
        return "stored"
    if kept.quarantined_because:
        return f"quarantined: {kept.quarantined_because}"
    return "stored, nothing of it is kept here"


def _post(url: str, **request: Any) -> requests.Response:
    try:
        return requests.post(url, timeout=_TIMEOUT, allow_redirects=False, **request)
    except requests.RequestException as error:
        raise DeskNotAnswering(
            f"{url.split('/hooks/')[0]} does not answer ({type(error).__name__}). What was sent "
            "before is stored; start the desk and the sandbox (make run), then replay again."
        ) from error
