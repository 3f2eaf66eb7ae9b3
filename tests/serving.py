"""Runs the real web process, `refunddesk serve`, for tests that kill it or look inside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from refunddesk.settings import Settings
from tests.conftest import REPOSITORY

Address = tuple[str, int]

_SERVE = ("refunddesk", "serve")
_STARTS_WITHIN_SECONDS = 60.0


def environment(settings: Settings, address: Address) -> dict[str, str]:
    """What a process of ours needs to run with these settings."""
    return {
        **os.environ,
        "REFUNDDESK_HOME": str(settings.home),
        "REFUNDDESK_SECRET_KEY": settings.secret_key,
        "REFUNDDESK_SEALING_KEYS": ",".join(settings.sealing_keys),
        "DATABASE_URL": settings.database_url,
        "REFUNDDESK_LOG_FORMAT": settings.log_format,
        "REFUNDDESK_LISTEN": f"{address[0]}:{address[1]}",
        "REFUNDDESK_TRUSTED_PROXIES": str(settings.trusted_proxies),
    }


@dataclass(frozen=True, slots=True)
class WebProcess:
    """A web process that answers at `address`."""

    process: subprocess.Popen[bytes]
    address: Address

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)

    def kill(self) -> None:
        """End it at once, with all it runs under, whatever it was doing."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def web_process(
    settings: Settings, *, under: Sequence[str] = (), command: Sequence[str] = _SERVE
) -> Iterator[WebProcess]:
    """The web process once it answers, `under` another program such as strace if one is named."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = ("127.0.0.1", int(probe.getsockname()[1]))
    process = subprocess.Popen(
        [*under, sys.executable, "-m", *command],
        env=environment(settings, address),
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    running = WebProcess(process, address)
    try:
        _wait_for(running)
        yield running
    finally:
        if process.poll() is None:
            running.kill()


def _wait_for(running: WebProcess) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while True:
        assert running.process.poll() is None, "the web process ended before it listened"
        try:
            socket.create_connection(running.address).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the web process does not listen"
            time.sleep(0.02)
