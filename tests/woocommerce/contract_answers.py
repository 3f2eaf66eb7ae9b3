"""The drivers as fixtures, and the comparing of shapes, for the contract tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from refunddesk.sandbox.server import serve
from refunddesk.sandbox.store import SandboxStore
from tests.woocommerce import (
    contract_situations_of_refunds,
    contract_situations_of_refusals,
    contract_situations_of_requests,
    contract_situations_of_subscriptions,
)
from tests.woocommerce.contract_drivers import (
    DATA,
    CannotBeArranged,
    Exchange,
    LiveStore,
    NotRecorded,
    Recordings,
    SandboxControl,
    real_store,
)
from tests.woocommerce.contract_situations import SITUATIONS

# Each module adds its situations to the one table.
_ = (
    contract_situations_of_refunds,
    contract_situations_of_refusals,
    contract_situations_of_requests,
    contract_situations_of_subscriptions,
)

RECORDED, KEPT, SANDBOX, REAL = "all recordings", "kept recordings", "the sandbox", "a real store"
# Without a real store its rows are left out; test_contract.py says so in one line.
_REAL = [pytest.param(REAL, marks=pytest.mark.real_store)] if real_store() else []
LIVE = (SANDBOX, *_REAL)
ALL = (RECORDED, KEPT, *LIVE)

# What differs between any two stores, or between two moments of one: never compared.
# "error" stands in a critical error's data where WordPress has its debug mode on.
_SHAPELESS = {"_links", "image", "meta_data", "error"}


# Under another name than the test's argument, so that a test file can import them.
@pytest.fixture(name="sandbox", scope="module")
def sandbox_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStore]:
    store = SandboxStore()
    with serve(store, tmp_path_factory.mktemp("sandbox")) as running:
        yield LiveStore(
            running.url,
            running.consumer_key,
            running.consumer_secret,
            str(running.ca_file),
            SandboxControl(running),
            (running.read_only_key, running.read_only_secret),
        )
    store.close()


@dataclass(frozen=True)
class Answers:
    """One way to get answers: `live` is None for recordings."""

    name: str
    ask: Callable[[str], Exchange]
    live: LiveStore | None = None
    recordings: Recordings | None = None


@pytest.fixture(name="answers", scope="module")
def answers_fixture(request: pytest.FixtureRequest) -> Answers:
    """The driver this row is about; asks for each situation once."""
    return answers_of(request, request.param)


def answers_of(request: pytest.FixtureRequest, name: str) -> Answers:
    kept: dict[str, Exchange] = {}
    recordings, live = None, None
    if name == RECORDED:
        recordings = Recordings(request.getfixturevalue("recordings"), DATA)
    elif name == KEPT:
        recordings = Recordings(DATA)
    else:
        live = _live(request, name)

    def ask(situation: str) -> Exchange:
        if situation not in kept:
            kept[situation] = _ask(situation, recordings, live)
        return kept[situation]

    return Answers(name, ask, live, recordings)


def _live(request: pytest.FixtureRequest, name: str) -> LiveStore:
    if name == SANDBOX:
        return request.getfixturevalue("sandbox")
    return needed(real_store())


def recorded(request: pytest.FixtureRequest, situation: str) -> Exchange:
    """The recorded answer: of all recordings where they are, else of those kept here."""
    try:
        return answers_of(request, RECORDED).ask(situation)
    except pytest.skip.Exception:
        return answers_of(request, KEPT).ask(situation)


def _ask(situation: str, recordings: Recordings | None, live: LiveStore | None) -> Exchange:
    try:
        if recordings:
            return recordings.exchange(SITUATIONS[situation].capture)
        assert live
        return SITUATIONS[situation].script(live)
    except NotRecorded as missing:
        pytest.skip(f"no recording of {missing} is kept here")
    except CannotBeArranged as missing:
        pytest.skip(str(missing))


def needed(live: LiveStore | None) -> LiveStore:
    assert live is not None
    return live


def break_gateway(live: LiveStore, how: str, order_id: int, seconds: float = 0) -> None:
    """Make the order's next refund fail, or skip where no gateway can be told to."""
    try:
        live.control.break_gateway(how, order_id, seconds)
    except CannotBeArranged as missing:
        pytest.skip(str(missing))


def moved(live: LiveStore, order_id: int) -> list[str]:
    """What the gateway paid back on the order, or skip where no gateway tells."""
    try:
        return live.control.moved(order_id)
    except CannotBeArranged as missing:
        pytest.skip(str(missing))


every_store = pytest.mark.parametrize("answers", ALL, indirect=True)
live_stores = pytest.mark.parametrize("answers", LIVE, indirect=True)


# -- shapes ----------------------------------------------------------------------------------


def shape(body: Any) -> Any:
    """The JSON types of a body: what every element of a list has in common, taken together."""
    if isinstance(body, dict):
        return {key: shape(value) for key, value in body.items() if key not in _SHAPELESS}
    if isinstance(body, list):
        joined: Any = "nothing"
        for element in body:
            joined = _joined(joined, shape(element))
        return [joined]
    if body is None or isinstance(body, bool | str):
        return type(body).__name__
    return "number"


def _joined(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = {**one, **other}
        return {key: _joined(one.get(key, "absent"), other.get(key, "absent")) for key in keys}
    return other if one in ("nothing", "NoneType") else one


def differences(one: Any, other: Any, at: str = "") -> list[str]:
    """Where two shapes differ; null and an empty list agree with anything."""
    if "NoneType" in (one, other) or "nothing" in (one, other):
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        found = [f"{at}.{key} is missing" for key in one.keys() - other.keys()]
        found += [f"{at}.{key} is too much" for key in other.keys() - one.keys()]
        for key in one.keys() & other.keys():
            found += differences(one[key], other[key], f"{at}.{key}")
        return found
    if isinstance(one, list) and isinstance(other, list):
        return differences(one[0], other[0], f"{at}[]")
    return [] if one == other else [f"{at} is {other}, recorded as {one}"]
