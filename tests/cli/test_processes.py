"""The processes beside the web: the queue server comes and goes as it should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from refunddesk import embedded_queue
from refunddesk.cli.serve import keep_to_one_processor
from refunddesk.sealing import new_key

_SOON = 20.0


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="desk", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `refunddesk …` for the home folder; whatever is left is killed at the end."""
    started: list[subprocess.Popen[bytes]] = []
    kept = {name: value for name, value in os.environ.items() if "REFUNDDESK" not in name}
    settings = {
        "REFUNDDESK_HOME": str(home),
        "REFUNDDESK_SECRET_KEY": "s" * 32,
        "REFUNDDESK_SEALING_KEYS": new_key(),
    }

    def start(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "refunddesk", *words]
        process = subprocess.Popen(command, env=kept | settings, stdout=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def soon(ready: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _SOON
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_the_web_process_keeps_to_one_of_the_processors_it_may_use() -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system keeps no process to a processor")
    before = os.sched_getaffinity(0)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(keep_to_one_processor).result()
        kept_to = threads.submit(os.sched_getaffinity, 0).result()
    assert len(kept_to) == 1
    assert kept_to <= before
    assert os.sched_getaffinity(0) == before, "only those who asked"


def test_the_queue_server_answers_and_leaves_when_told(
    home: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    url = f"unix://{home}/queue.sock"
    server = start("queue")
    assert soon(lambda: embedded_queue.answers(url))
    assert oct((home / "queue.sock").stat().st_mode)[-3:] == "700"
    server.send_signal(signal.SIGTERM)
    assert server.wait(_SOON) == 0
    assert not embedded_queue.answers(url)


def test_a_second_one_stands_by_and_takes_over(
    home: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    url = f"unix://{home}/queue.sock"
    first = start("queue")
    assert soon(lambda: embedded_queue.answers(url))
    second = start("queue")
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1.5)
    first.send_signal(signal.SIGTERM)
    first.wait(_SOON)
    assert soon(lambda: embedded_queue.answers(url))
    second.send_signal(signal.SIGTERM)
    assert second.wait(_SOON) == 0


def test_a_killed_queue_process_leaves_no_server_behind(
    home: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a process that its parent was killed")
    url = f"unix://{home}/queue.sock"
    process = start("queue")
    assert soon(lambda: embedded_queue.answers(url))
    process.kill()
    process.wait()
    assert soon(lambda: not embedded_queue.answers(url))


def test_a_process_ends_when_the_one_it_keeps_company_is_gone(
    home: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    url = f"unix://{home}/queue.sock"
    companion = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    server = start("--while", str(companion.pid), "queue")
    assert soon(lambda: embedded_queue.answers(url))
    companion.kill()
    companion.wait()
    assert server.wait(_SOON) == 0


def test_a_folder_too_deep_for_a_socket_is_named() -> None:
    with pytest.raises(embedded_queue.SocketPathTooLong, match="choose a shorter"):
        embedded_queue.command_line("valkey-server", Path("/" + "deep/" * 20))


def test_a_server_that_is_named_is_the_one_that_is_used() -> None:
    assert embedded_queue.find_server(Path("/opt/valkey-server")) == "/opt/valkey-server"
