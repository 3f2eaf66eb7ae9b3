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
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Protocol

from refunddesk.cli.serve import serve
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


class Process(Protocol):
    """A process that leads its own group."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> object: ...


@dataclass(frozen=True, slots=True)
class WebProcess:
    """A web process that answers at `address`."""

    process: Process
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
    address = _free_address()
    process = subprocess.Popen(
        [*under, sys.executable, "-m", *command],
        env=environment(settings, address),
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    with _running(WebProcess(process, address)) as running:
        yield running


@contextmanager
def forked_web_process(settings: Settings) -> Iterator[WebProcess]:
    """The same, by a fork of a process that has read the program already.

    For tests that need hundreds: reading the program takes a web process seconds.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    address = _free_address()
    process = context.Process(target=_serve, args=(environment(settings, address),), daemon=True)
    process.start()
    with _running(WebProcess(_Forked(process), address)) as running:
        yield running


@dataclass(frozen=True, slots=True)
class _Forked:
    process: BaseProcess

    @property
    def pid(self) -> int:
        pid = self.process.pid
        assert pid is not None
        return pid

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> None:
        self.process.join(timeout)


def _serve(surroundings: dict[str, str]) -> None:
    """What the command line does, in a group of its own and without a voice."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.environ.clear()
    os.environ.update(surroundings)
    os.chdir(REPOSITORY)
    serve([])


def _free_address() -> Address:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1", int(probe.getsockname()[1])


@contextmanager
def _running(running: WebProcess) -> Iterator[WebProcess]:
    try:
        _wait_for(running)
        yield running
    finally:
        if running.process.poll() is None:
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
