"""What a bridge asks of the desk: every call is signed, and its answer is signed back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from refunddesk.db import stores, taken_calls
from refunddesk.db.stores import Store
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import KnownEndpoints, NoSuchEndpoint, OpenEndpoint
from refunddesk.services.refusal import Refusal
from refunddesk.woocommerce import events
from refunddesk.woocommerce.fields import text_of
from refunddesk.woocommerce.standard_webhooks import is_signed, is_timely
from refunddesk.woocommerce.strictjson import IllJson, read_json

log = structlog.get_logger(__name__)

Json = dict[str, Any]


class BridgeNotProven(Refusal):
    """The call is not signed by a bridge that is connected here."""


class BridgeClockOff(Refusal):
    """The call is signed, but its time is too far from ours."""


class BridgeCallRepeated(Refusal):
    """The call came before, and what it does is done once."""


class BridgeCallUnusable(Refusal):
    """The call is signed, but says nothing that is understood here."""


class StoreMoved(Refusal):
    """The bridge is at another address than its store: it may be that of a copy."""


@dataclass(frozen=True, slots=True)
class BridgeCall:
    """What came in. The headers are hints until the signature over them was checked.

    `signed` is what the signature is over: the body, and of all but events the route before it.
    """

    body: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    call_id: str
    timestamp: str
    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BridgeAnswer:
    """What is said to a bridge, and the key by which that proves itself."""

    key: bytes = field(repr=False)
    said: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConnectedCall:
    """A proven call of the bridge of a store that is connected."""

    endpoint: OpenEndpoint
    store: Store
    said: Json = field(repr=False)

    def answer(self, said: Json) -> BridgeAnswer:
        return BridgeAnswer(self.endpoint.secrets[0].encode(), said)


def prove(call: BridgeCall, keys: Sequence[bytes], now: datetime) -> None:
    """Raises BridgeNotProven, or BridgeClockOff where only the clocks differ."""
    if not is_signed(keys, call.call_id, call.timestamp, call.signature, call.signed):
        log.warning("bridge refused", because="signature")
        raise BridgeNotProven("The call is not signed by the bridge of a store here.")
    if not is_timely(call.timestamp, now):
        off = int(int(call.timestamp) - now.timestamp())
        raise BridgeClockOff(
            f"The store's clock is {abs(off)} seconds {'ahead of' if off > 0 else 'behind'} ours. "
            "Nothing was done: have both machines keep their time (NTP)."
        )


def take_once(transaction: Connection, signer: str, call: BridgeCall, now: datetime) -> None:
    """Let what a proven call does be done once; `signer` names whose key it was signed with.

    Raises BridgeCallRepeated for a call that was taken before, such as a recorded one.
    """
    if not taken_calls.take_call(transaction, signer, call.call_id, now):
        log.warning("bridge refused", because="repeated")
        raise BridgeCallRepeated("This call was answered before. Nothing was done: call anew.")


def read_said(call: BridgeCall) -> Json:
    """The object that a call brings. Raises BridgeCallUnusable."""
    try:
        said = read_json(call.body)
    except IllJson as fault:
        raise BridgeCallUnusable(f"{fault} Nothing was done.") from None
    if not isinstance(said, dict):
        raise BridgeCallUnusable("A call brings a JSON object. Nothing was done.")
    return said


def open_connected(
    edges: Edges, known: KnownEndpoints, endpoint_id: str, call: BridgeCall
) -> ConnectedCall:
    """The proven call of a connected store's bridge.

    Raises NoSuchEndpoint, BridgeNotProven, BridgeClockOff, BridgeCallUnusable or StoreMoved.
    """
    endpoint = get_connection(known, endpoint_id)
    prove(call, keys_of(endpoint), edges.clock())
    said = read_said(call)
    with edges.database.read() as transaction:
        store = stores.get_store(transaction, endpoint.store_id)
    check_address(store, said)
    return ConnectedCall(endpoint, store, said)


def get_connection(known: KnownEndpoints, endpoint_id: str) -> OpenEndpoint:
    """The connection of this id. Raises NoSuchEndpoint."""
    endpoint = known.get_endpoint(endpoint_id, fresh=True)
    if endpoint.topic != events.TOPIC:
        raise NoSuchEndpoint("No bridge is connected under this address.")
    return endpoint


def keys_of(endpoint: OpenEndpoint) -> list[bytes]:
    return [secret.encode() for secret in endpoint.secrets]


def check_address(store: Store, said: Json) -> None:
    """A copy of a store has its secrets, but not its address. Raises StoreMoved."""
    if text_of(said.get("address")).rstrip("/").casefold() != store.url.casefold():
        log.warning("bridge refused", store=store.id, because="address")
        raise StoreMoved(
            "The bridge is at another address than its store. Nothing was kept: if the store has "
            "moved, connect it again with a code for it."
        )
