"""Connects a store that its owner gave a code to: its bridge brings the keys, and gets addresses.

Neither side tells anything before the other has proven that it knows the code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection

from refunddesk.db import connect_codes, endpoints, outbox, stores
from refunddesk.db.connect_codes import ConnectCode
from refunddesk.db.history import record_deed
from refunddesk.db.stores import SealedKeys, Store
from refunddesk.mail.notices import LANGUAGES
from refunddesk.services.bridge_calls import (
    BridgeAnswer,
    BridgeCall,
    BridgeCallUnusable,
    BridgeNotProven,
    Json,
    prove,
    read_said,
    take_once,
)
from refunddesk.services.connect_codes import (
    CodeForAnotherStore,
    CodeNotKnown,
    check_usable,
    get_code,
    open_key,
)
from refunddesk.services.edges import Edges
from refunddesk.services.payment_blocks import block_payments
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import (
    ENDPOINT_LENGTH,
    ENDPOINT_LETTERS,
    NewStore,
    StoreKnownAlready,
    StoreNotAnswering,
    StoreNotValid,
    check_zone,
    checked,
    new_secret,
    random_text,
)
from refunddesk.services.webhooks import TOPICS, delivery_url
from refunddesk.version import __version__
from refunddesk.woocommerce import events
from refunddesk.woocommerce.access import StoreAccess, StoreAccessUnusable, usable_address
from refunddesk.woocommerce.bridge import Bridge, find_bridge
from refunddesk.woocommerce.client import StoreCallFailed
from refunddesk.woocommerce.fields import text_of

_LONGEST = 200


class CallForAnotherDesk(Refusal):
    """The call is signed with a code of ours, but was made to another address than ours."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a bridge says of its store. `site` names the installation, wherever it is."""

    site: str
    address: str
    name: str
    country: str
    language: str
    timezone: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)


def greet(edges: Edges, call: BridgeCall, base_url: str) -> BridgeAnswer:
    """Prove to a bridge, before it says anything, that the code was made here.

    Raises CodeNotKnown, CodeExpired, CodeUsed, BridgeClockOff or CallForAnotherDesk.
    """
    code, key, _ = _open(edges, call, base_url)
    # Who comes again with a code that was used says who it is only in the next call.
    check_usable(code, edges.clock(), used_by=code.used_by)
    return BridgeAnswer(key, {"desk": __version__})


def connect(edges: Edges, call: BridgeCall, base_url: str) -> BridgeAnswer:
    """Join the store that the call introduces, or have it join again; `base_url` is the desk's own.

    The store is asked first whether its keys work. A bridge that calls anew because an answer was
    lost gets the same connection with new secrets; the very call that was answered is not answered
    again: it may have been recorded. Raises a Refusal; nothing was changed then.
    """
    code, key, said = _open(edges, call, base_url)
    told = _introduction(said)
    check_usable(code, edges.clock(), used_by=told.site)
    url = _check_address(code, told)
    bridge = _probe(edges, told)
    now = edges.clock()
    with edges.database.write() as transaction:
        code = connect_codes.lock_connect_code(transaction, code.id)
        check_usable(code, now, used_by=told.site)
        take_once(transaction, f"code:{code.id}", call, now)
        store = _join(transaction, edges, code, told, url, now)
        stores.record_bridge(transaction, store.id, bridge.record)
        connect_codes.record_code_used(
            transaction, code.id, used_by=told.site, store_id=store.id, at=now
        )
        # Its old secret may be known to a copy of the store: it is worth nothing from now on.
        connection, secret = _ensure_endpoint(transaction, edges, store.id, events.TOPIC, now)
        made = [(one, _ensure_endpoint(transaction, edges, store.id, one, now)) for one in TOPICS]
    webhooks = [webhook_for(base_url, topic, *endpoint) for topic, endpoint in made]
    answer = {"store": store.id, "connection": connection, "secret": secret, "webhooks": webhooks}
    return BridgeAnswer(key, answer)


def webhook_for(base_url: str, topic: str, endpoint_id: str, secret: str) -> Json:
    """What a bridge is told of one webhook that it is to make."""
    return {"topic": topic, "url": delivery_url(base_url, endpoint_id), "secret": secret}


def _open(edges: Edges, call: BridgeCall, base_url: str) -> tuple[ConnectCode, bytes, Json]:
    """The code that a call names, after the call was proven by it and to be meant for this desk.

    The bridge signs the address it calls. Else a link that names another desk, followed with a code
    of ours, would let that desk pass every call on and read the keys on their way.
    """
    said = read_said(call)
    code = get_code(edges, text_of(said.get("code")))
    key = open_key(edges, code)
    try:
        prove(call, [key], edges.clock())
    except BridgeNotProven:
        # Who has a wrong code learns nothing of whether half of it is right.
        raise CodeNotKnown("This code is not known here. Nothing was changed.") from None
    if _spelled(text_of(said.get("desk"))) != _spelled(base_url):
        raise CallForAnotherDesk(
            f"The store calls another address than this desk's, {base_url}. Nothing was changed: "
            "give it this one, and look who gave it the other."
        )
    return code, key, said


def _spelled(address: str) -> str:
    """An address of a desk in one spelling."""
    parts = urlsplit(address)
    default = {"https": ":443", "http": ":80"}.get(parts.scheme.lower(), "")
    host = parts.netloc.lower().removesuffix(default) if default else parts.netloc.lower()
    return f"{parts.scheme.lower()}://{host}{parts.path.rstrip('/')}"


def _introduction(said: Json) -> Introduction:
    told = {one.name: text_of(said.get(one.name)).strip() for one in fields(Introduction)}
    if not all(told[name] for name in ("site", "address", "consumer_key", "consumer_secret")):
        raise BridgeCallUnusable("The call does not introduce a store. Nothing was changed.")
    if any(len(value) > _LONGEST for value in told.values()):
        raise BridgeCallUnusable("The call says something too long. Nothing was changed.")
    return Introduction(**told)


def _check_address(code: ConnectCode, told: Introduction) -> str:
    """The store's address in one spelling. Raises StoreNotValid or CodeForAnotherStore."""
    access = StoreAccess(told.address, told.consumer_key, told.consumer_secret, allow_private=True)
    try:
        url = usable_address(access)
    except StoreAccessUnusable as error:
        raise StoreNotValid(f"{error} Nothing was changed.") from None
    if code.store_url is not None and code.store_url.casefold() != url.casefold():
        raise CodeForAnotherStore(
            f"This code was made for {code.store_url}, and the store is at {url}. Nothing was "
            "changed: make a code for it."
        )
    return url


def _probe(edges: Edges, told: Introduction) -> Bridge:
    """The store's bridge, reached from here with the keys that it brought."""
    access = StoreAccess(told.address, told.consumer_key, told.consumer_secret)
    try:
        with edges.connect(access) as client:
            client.list_orders(edges.clock())
            bridge = find_bridge(client)
    except (StoreCallFailed, StoreAccessUnusable) as failure:
        raise StoreNotAnswering(f"{told.address}: {failure} The store was not connected.") from None
    if bridge is None:
        raise StoreNotAnswering(
            f"{told.address} answers, but not with the bridge's own routes. The store was not "
            "connected."
        )
    return bridge


def _join(
    transaction: Connection,
    edges: Edges,
    code: ConnectCode,
    told: Introduction,
    url: str,
    now: datetime,
) -> Store:
    keys = SealedKeys(edges.sealer.seal(told.consumer_key), edges.sealer.seal(told.consumer_secret))
    there = stores.find_store_at(transaction, url)
    if code.store_id is not None and there is not None and there.id != code.store_id:
        raise StoreKnownAlready(
            f"Store {there.id} ({there.name}) is at {url}; the code is for store {code.store_id}. "
            "Nothing was changed."
        )
    if code.store_id is None and there is not None:
        raise StoreKnownAlready(
            f"{url} is store {there.id} ({there.name}) here, and the code is for a new one. "
            "Nothing was changed: make a code for that store."
        )
    known = there or (stores.get_store(transaction, code.store_id) if code.store_id else None)
    if known is None:
        return _add(transaction, edges, code, told, url, keys, now)
    stores.record_connected(transaction, known.id, url=url, keys=keys)
    outbox.wake(transaction, known.id, now)
    # What happened while it was away is read first.
    block_payments(transaction, known.id, "the store was connected again", now)
    _record(transaction, known.id, now, "store_connected_again", {"url": url, "was_at": known.url})
    return stores.get_store(transaction, known.id)


def _add(
    transaction: Connection,
    edges: Edges,
    code: ConnectCode,
    told: Introduction,
    url: str,
    keys: SealedKeys,
    now: datetime,
) -> Store:
    language = told.language if told.language in LANGUAGES else "en"
    new = checked(
        edges,
        NewStore(told.name or url, url, told.country, code.policy or "", told.timezone, language),
    )
    check_zone(new.timezone)
    store_id = stores.insert_store(
        transaction,
        name=new.name,
        url=url,
        timezone=new.timezone,
        country=new.country,
        policy=new.policy,
        keys=keys,
        now=now,
        language=new.language,
    )
    data = {"url": url, "timezone": new.timezone, "policy": new.policy}
    _record(transaction, store_id, now, "store_added", data)
    return stores.get_store(transaction, store_id)


def _ensure_endpoint(
    transaction: Connection, edges: Edges, store_id: int, topic: str, now: datetime
) -> tuple[str, str]:
    """The endpoint's id and its secret, which is new: the one before is worth nothing any more."""
    secret = new_secret(edges)
    known = endpoints.find_endpoint_for(transaction, store_id, topic)
    if known is not None:
        endpoints.replace_secret(transaction, known.id, edges.sealer.seal(secret))
        return known.id, secret
    endpoint_id = random_text(edges, ENDPOINT_LETTERS, ENDPOINT_LENGTH)
    endpoints.insert_endpoint(
        transaction,
        endpoint_id=endpoint_id,
        store_id=store_id,
        topic=topic,
        secret_sealed=edges.sealer.seal(secret),
        now=now,
    )
    return endpoint_id, secret


def _record(
    transaction: Connection, store_id: int, now: datetime, action: str, data: dict[str, str]
) -> None:
    record_deed(
        transaction,
        at=now,
        actor=f"store:{store_id}",
        action=action,
        subject=f"store:{store_id}",
        data=data,
    )
