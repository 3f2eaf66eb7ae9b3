"""The licence API does what its OpenAPI document says, whatever is sent."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from refunddesk.extension import create_app
from refunddesk.sealing import new_key
from refunddesk.services import licenses
from refunddesk.settings import read_settings
from refunddesk.web.licenses import MISSES_IN_ALL
from refunddesk.wiring import open_edges
from tests.asking import PORTAL, buy, key_of
from tests.building import add_store

#: REFUNDDESK_TEST_EXAMPLES=2000 sends that many bodies to each operation.
EXAMPLES = int(os.environ.get("REFUNDDESK_TEST_EXAMPLES", "25"))

_label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
_address = st.builds(
    "{}{}.{}.example{}".format,
    st.sampled_from(["", "https://", "http://www.", "//"]),
    _label,
    _label,
    st.sampled_from(["", ":8443", "/", "/shop?page=1"]),
)
schemathesis.openapi.format("site-address", _address)


@pytest.fixture(scope="module")
def described(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a desk with a licence in use, and what answers it."""
    home = tmp_path_factory.mktemp("described")
    shutil.copy(sqlite_template, home / "refunddesk.db")
    chosen = read_settings(
        {
            "REFUNDDESK_HOME": str(home),
            "REFUNDDESK_SECRET_KEY": secrets.token_hex(32),
            "REFUNDDESK_SEALING_KEYS": new_key(),
        }
    )
    edges = open_edges(chosen)
    order = buy(edges, add_store(edges), replace(PORTAL, sites=1000))
    key = key_of(edges, order)
    licenses.activate(edges, key, "ada.example")
    app = create_app(chosen, edges=edges)
    app.wsgi_app = _Patient(app)  # type: ignore[method-assign]
    schema = schemathesis.openapi.from_wsgi("/licenses/openapi.json", app)

    yield schema, key
    edges.database.close()


class _Patient:
    """Callers of many addresses: the throttle is held to its word elsewhere."""

    def __init__(self, app: Flask) -> None:
        self._answer = app.wsgi_app
        self._throttle = app.extensions["refunddesk"].throttle
        self._numbers = count()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["REMOTE_ADDR"] = f"caller {next(self._numbers)}"
        self._throttle.forget(MISSES_IN_ALL, "misses")
        return self._answer(environ, start_response)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: f"{mode.value} bodies")
@pytest.mark.parametrize("path", ["activate", "validate", "activations", "deactivate"])
def test_whatever_is_sent_the_answer_is_one_that_is_described(
    described: Any, path: str, mode: GenerationMode
) -> None:
    operation = described[0][f"/licenses/{path}"]["POST"]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def send(case: Any) -> None:
        case.call_and_validate()

    send()


@pytest.mark.parametrize("path", ["activate", "validate", "activations", "deactivate"])
def test_what_opens_something_is_answered_as_described(described: Any, path: str) -> None:
    found, key = described
    operation = found[f"/licenses/{path}"]["POST"]
    bodies: dict[str, Any] = {
        "activate": {"key": key, "site": "ada.example"},
        "validate": {"key": key, "site": "ada.example"},
        "activations": {"key": key},
        "deactivate": {},
    }
    # The activation above renewed the token: ask for a fresh one.
    if path == "deactivate":
        on = found["/licenses/activate"]["POST"].Case(
            body=bodies["activate"], media_type="application/json"
        )
        bodies["deactivate"] = {"token": on.call().json()["token"]}
    answer = operation.Case(body=bodies[path], media_type="application/json").call_and_validate()
    assert answer.status_code == 200
