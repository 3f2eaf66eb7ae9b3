"""The servers that are measured: the real web process, and the same one that keeps nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response

from refunddesk.cli.serve import answer
from refunddesk.extension import create_app
from refunddesk.services.inbox import prove
from refunddesk.settings import Settings, read_settings
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.hooks import read_call
from refunddesk.woocommerce.hooks import read_ping
from tests.serving import WebProcess, web_process

DURABLE = "durable"
SIGNATURE_ONLY = "signature-only"


@contextmanager
def serving(settings: Settings, kind: str = DURABLE) -> Iterator[WebProcess]:
    """A server of this kind in a process of its own, set up as `refunddesk serve` sets it up."""
    with web_process(settings, command=("tests.bench.serving", kind)) as running:
        yield running


def cpu_seconds(running: WebProcess) -> float | None:
    """What the process has used of the processor so far; None where the system does not say."""
    try:
        fields = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
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


def main(kind: str) -> None:
    settings = read_settings()
    app = create_app(settings)
    if kind == SIGNATURE_ONLY:
        keep_nothing(app)
    answer(app, settings)


if __name__ == "__main__":
    main(sys.argv[1])
