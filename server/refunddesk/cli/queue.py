"""`refunddesk queue`: runs the embedded queue server in the foreground."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import click

from refunddesk import clock, embedded_queue
from refunddesk.settings import Settings, read_settings

_PR_SET_PDEATHSIG = 1
_LOOK_AGAIN_SECONDS = 1.0
#: How long the server outlives the order to stop, for workers that still take their leave.
_LAST_SECONDS = 3.0


@click.command()
def queue() -> None:
    """Run the queue server of REFUNDDESK_HOME; while one is running already, stand by it."""
    settings = read_settings()
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if embedded_queue.answers(settings.redis_url):
        click.echo("a queue server is running already; using that one")
    while embedded_queue.answers(settings.redis_url):
        if stopping.wait(_LOOK_AGAIN_SECONDS):
            return
    raise SystemExit(_run_own(settings, stopping))


def _run_own(settings: Settings, stopping: threading.Event) -> int:
    """Start the server and wait for its end, or for the order to end it; its exit code."""
    settings.home.mkdir(parents=True, exist_ok=True)
    program = embedded_queue.find_server(settings.valkey_server)
    command = embedded_queue.command_line(program, settings.home)
    # In a session of its own: what stops all processes at once must not stop the queue first.
    server = subprocess.Popen(  # noqa: S603
        command, preexec_fn=_die_with_parent(), start_new_session=True
    )
    click.echo("the queue server is running")
    while server.poll() is None:
        if stopping.wait(_LOOK_AGAIN_SECONDS / 10):
            _wait_for_users(settings.redis_url)
            server.terminate()
            server.wait()
            return 0
    click.echo(f"the queue server stopped by itself; see {settings.home / 'queue.log'}")
    return server.returncode or 1


def _wait_for_users(redis_url: str) -> None:
    deadline = clock.monotonic() + _LAST_SECONDS
    while embedded_queue.count_users(redis_url) and clock.monotonic() < deadline:
        time.sleep(0.1)


def _die_with_parent() -> Callable[[], object] | None:
    """Linux ends the server when this process is killed; elsewhere the next start reuses it."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
