"""The servers that are measured: the real web process, and the same one that keeps nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import waitress
from flask import Flask, Response

from refunddesk.cli.serve import serving_options
from refunddesk.extension import create_app
from refunddesk.services.inbox import prove
from refunddesk.settings import Settings, read_settings
from refunddesk.web.current import desk
from refunddesk.web.hooks import read_call
from tests.conftest import REPOSITORY
from tests.serving import Address, environment

DURABLE = "durable"
SIGNATURE_ONLY = "signature-only"


@dataclass(frozen=True, slots=True)
class Server:
    """A web process that answers at `address`."""

    process_id: int
    address: Address

    def cpu_seconds(self) -> float | None:
        """What the process has used of the processor so far; None where the system does not say."""
        try:
            fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(settings: Settings, kind: str = DURABLE) -> Iterator[Server]:
    """A server of this kind in a process of its own, as `refunddesk serve` would start it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.serving", kind],
        env=environment(settings),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            yield Server(process.pid, ("127.0.0.1", int(process.stdout.readline())))
        finally:
            process.terminate()


def keep_nothing(app: Flask) -> None:
    """Let the delivery address only prove the signature: the real handler but for its last step."""

    def prove_delivery(endpoint_id: str) -> Response:
        prove(desk().endpoints.get_endpoint(endpoint_id), read_call())
        return Response(status=200)

    app.view_functions["refunddesk.hooks.take_delivery"] = prove_delivery


def main(kind: str) -> None:
    settings = read_settings()
    app = create_app(settings)
    if kind == SIGNATURE_ONLY:
        keep_nothing(app)
    server = waitress.create_server(app, **serving_options(settings))
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main(sys.argv[1])
