"""`refunddesk queue`: runs the embedded queue server in the foreground."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import click

from refunddesk import embedded_queue
from refunddesk.settings import read_settings

_PR_SET_PDEATHSIG = 1
_LOOK_AGAIN_SECONDS = 5


@click.command()
def queue() -> None:
    """Run the queue server of REFUNDDESK_HOME; with one running already, stand by it."""
    settings = read_settings()
    if embedded_queue.answers(settings.redis_url):
        click.echo("A queue server is running already; using that one.")
        _stand_by(settings.redis_url)
        return
    settings.home.mkdir(parents=True, exist_ok=True)
    server = embedded_queue.find_server(settings.valkey_server)
    command = embedded_queue.command_line(server, settings.home)
    running = subprocess.Popen(command, preexec_fn=_die_with_parent())  # noqa: S603
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: running.terminate())
    click.echo("The queue server is running.")
    raise SystemExit(max(0, running.wait()))


def _stand_by(redis_url: str) -> None:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.wait(_LOOK_AGAIN_SECONDS):
        if not embedded_queue.answers(redis_url):
            raise click.ClickException("The queue server that was running has stopped.")


def _die_with_parent() -> Callable[[], object] | None:
    """Linux ends the server when this process is killed; elsewhere the next start reuses it."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
