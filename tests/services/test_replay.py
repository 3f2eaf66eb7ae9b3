"""Every recorded delivery that is replayed is accounted for."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import waitress

from refunddesk.extension import create_app
from refunddesk.services import bookkeeping, replay
from refunddesk.services.replay import NoRecordings, Target
from refunddesk.settings import Settings
from refunddesk.woocommerce.signature import sign
from tests.selling import Shop

SECRET = "a-recorded-secret"


@pytest.fixture
def target(shop: Shop, settings: Settings) -> Iterator[Target]:
    """The running desk and the sandbox that a replay goes to."""
    app = create_app(settings, edges=shop.edges)
    server = waitress.create_server(app, listen="127.0.0.1:0", threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield Target(
        f"http://127.0.0.1:{server.effective_port}", shop.store_id, str(shop.running.ca_file)
    )
    server.trigger.pull_trigger(server.close)
    thread.join(10)
    server.task_dispatcher.shutdown()


def record(
    folder: Path, name: str, topic: str | None, body: bytes, signature: str | None = None
) -> None:
    """A recording as the folder of captures holds them."""
    headers = [["Host", "elsewhere.test"], ["Content-Type", "application/json"]]
    if topic is None:
        headers = [["Content-Type", "application/x-www-form-urlencoded"]]
    else:
        headers.append(["X-WC-Webhook-Topic", topic])
        headers.append(["X-WC-Webhook-Signature", signature or sign(SECRET, body)])
    number = len(list(folder.glob("*.json")))
    (folder / f"{name}.json").write_text(json.dumps({"n": number, "headers": headers}))
    (folder / f"{name}.body").write_bytes(body)


def run(shop: Shop, target: Target, folder: Path) -> tuple[Counter[str], replay.Work]:
    def pause(length: timedelta) -> None:
        shop.clock.at += length

    recordings = replay.read_recordings(folder)
    replay.load_objects(shop.edges, target, recordings)
    addresses = replay.make_endpoints(shop.edges, shop.store_id, recordings, SECRET, pause)
    accounted = list(replay.send_all(shop.edges, target, recordings, addresses))
    for _ in range(3):  # one object is asked for once in ten seconds
        shop.work()
        shop.clock.move(seconds=10)
    work = replay.wait_for_work(
        shop.edges,
        shop.store_id,
        accounted,
        within=timedelta(seconds=1),
        sleep=pause,
    )
    return Counter(one.outcome for one in accounted), work


def test_stored_pings_quarantined_and_refused_add_up(
    shop: Shop, target: Target, tmp_path: Path
) -> None:
    order = json.dumps({**shop.sell("LIC-1"), "id": 35}).encode()
    record(tmp_path, "created", "order.created", order)
    record(tmp_path, "updated", "order.updated", order)
    record(tmp_path, "again", "order.updated", order)
    record(tmp_path, "ping", None, b"webhook_id=3")
    record(tmp_path, "customer", "customer.created", b'{"id":3}')
    record(tmp_path, "error", "order.updated", b'{"code":"woocommerce_rest_cannot_view"}')
    record(tmp_path, "forged", "order.updated", order, signature="AAAA")
    record(tmp_path, "unheard", "subscription.updated", b'{"id":99}')
    counts, work = run(shop, target, tmp_path)
    assert counts == {
        "stored": 4,
        "ping": 1,
        "stored, nothing of it is kept here": 1,
        "quarantined: store_error": 1,
        "refused: signature": 1,
    }
    assert counts.total() == len(replay.read_recordings(tmp_path))
    assert work == replay.Work(1, (("subscription 99", "subscription_gone"),), ())
    assert shop.find(35) is not None


def test_a_second_replay_is_accounted_for_like_the_first(
    shop: Shop, target: Target, tmp_path: Path
) -> None:
    order = json.dumps({**shop.sell("LIC-1"), "id": 35}).encode()
    record(tmp_path, "created", "order.created", order)
    assert run(shop, target, tmp_path) == run(shop, target, tmp_path)


def test_an_object_of_the_sandboxs_own_is_not_replaced(
    shop: Shop, target: Target, tmp_path: Path
) -> None:
    own = shop.sell("LIC-1")
    forged = json.dumps({**own, "total": "1.00"}).encode()
    record(tmp_path, "created", "order.created", forged)
    run(shop, target, tmp_path)
    assert shop.shown(own["id"])["total"] == own["total"]


def test_a_folder_without_recordings_is_said_to_have_none(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{}")
    with pytest.raises(NoRecordings, match="no recorded deliveries"):
        replay.read_recordings(tmp_path)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_shared_recordings_add_up_to_all_of_them(
    shop: Shop, target: Target, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.services.test_replay.SECRET", "rig-webhook-secret")
    counts, work = run(shop, target, shared / "captures")
    assert counts.total() == 392
    assert counts["ping"] == 25
    assert counts["refused: signature"] == 1
    assert not any(outcome.startswith(("LOST", "refused: 5")) for outcome in counts)
    assert not work.waiting
    # Deleted for good before anything was recorded of them, or named by a refund alone.
    assert {reason for _, reason in work.quarantined} <= {
        "order_gone",
        "refund_not_found",
        "subscription_gone",
    }
    assert work.recorded > 80
    assert bookkeeping.find_wrong_books(shop.edges) is None
