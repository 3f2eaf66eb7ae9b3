"""The processes that are measured: the web process, one that keeps nothing, and one that stores."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response

from refunddesk.cli.serve import answer
from refunddesk.extension import create_app
from refunddesk.services.inbox import drain_journal, prove
from refunddesk.settings import Settings, read_settings
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.hooks import read_call
from refunddesk.wiring import open_edges
from refunddesk.woocommerce.hooks import read_ping
from tests.conftest import REPOSITORY
from tests.serving import Process, WebProcess, environment, web_process

DURABLE = "durable"
SIGNATURE_ONLY = "signature-only"
STORING = "storing"
#: The dispatcher's.
_TICK_SECONDS = 0.25


@contextmanager
def serving(settings: Settings, kind: str = DURABLE) -> Iterator[WebProcess]:
    """A server of this kind in a process of its own, set up as `refunddesk serve` sets it up."""
    with web_process(settings, command=("tests.bench.serving", kind)) as running:
        yield running


@contextmanager
def storing(settings: Settings) -> Iterator[Process]:
    """What stores the deliveries that a web process of these settings keeps, as `schedule` does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.serving", STORING],
        env=environment(settings, ("127.0.0.1", 1)),
        cwd=REPOSITORY,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def cpu_seconds(process: Process) -> float | None:
    """What the process has used of the processor so far; None where the system does not say."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keep_nothing(app: Flask) -> None:
    """Let the delivery address only prove the signature: the real handler without the keeping."""

    @guard(By.SIGNATURE)
    def prove_delivery(endpoint_id: str) -> Response:
        endpoint, call = desk().endpoints.get_endpoint(endpoint_id), read_call()
        if not read_ping(call.content_type, call.body):
            prove(endpoint, call)
        return Response(status=200)

    app.view_functions["refunddesk.hooks.take_delivery"] = prove_delivery


def keep_to_the_same_processor() -> None:
    """Otherwise chance says which one each server keeps to, and one of them works for the disk."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def store_for_ever(settings: Settings) -> None:
    """The dispatcher's part in it, without ringing for what is to be done thereafter."""
    edges = open_edges(settings)
    while True:
        drain_journal(edges)
        time.sleep(_TICK_SECONDS)


def main(kind: str) -> None:
    settings = read_settings()
    if kind == STORING:
        store_for_ever(settings)
    keep_to_the_same_processor()
    app = create_app(settings)
    if kind == SIGNATURE_ONLY:
        keep_nothing(app)
    answer(app, settings)


if __name__ == "__main__":
    main(sys.argv[1])
