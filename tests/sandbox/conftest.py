"""A sandbox store for each test, in this process or served over https."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from refunddesk.sandbox.server import RunningSandbox, serve
from refunddesk.sandbox.store import SandboxStore


@pytest.fixture
def store() -> Iterator[SandboxStore]:
    sandbox = SandboxStore()
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
def running(store: SandboxStore, certificates: Path) -> Iterator[RunningSandbox]:
    with serve(store, certificates) as served:
        yield served


Call = Callable[..., requests.Response]


@pytest.fixture
def call(running: RunningSandbox) -> Call:
    """One request to the served store's API, as a client with the read/write key."""

    def send(method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            defaults = {
                "verify": str(running.ca_file),
                "allow_redirects": False,
                "timeout": 10,
            }
            return session.request(
                method,
                f"{running.url}/wp-json/wc/v3{path}",
                json=body,
                auth=(running.consumer_key, running.consumer_secret),
                **{**defaults, **options},
            )

    return send


@pytest.fixture
def soon() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds; fails after five seconds."""

    def wait(holds: Callable[[], bool]) -> None:
        until = time.monotonic() + 5
        while not holds():
            assert time.monotonic() < until, "did not happen within five seconds"
            time.sleep(0.01)

    return wait
