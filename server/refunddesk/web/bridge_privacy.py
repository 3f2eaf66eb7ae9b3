"""`/bridge/<connection>/privacy`: WordPress' own tools for a person's data, asked of the desk.

WordPress has proven by a mail whose address it is, and an administrator has let it through.
"""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response

from refunddesk.policy.wording.catalogue import LANGUAGES, Language
from refunddesk.services import privacy_in_store
from refunddesk.services.bridge_calls import BridgeCallUnusable, ConnectedCall
from refunddesk.services.persons import Asked
from refunddesk.web.auth import By, guard
from refunddesk.web.bodies import MOST_ID
from refunddesk.web.bridge import connected, read_bridge_call, signed
from refunddesk.web.current import desk
from refunddesk.web.errors import answer_in_json

privacy = Blueprint("bridge_privacy", __name__)
answer_in_json(privacy)

_BASE = "/<string(maxlength=64):connection>/privacy"
_LONGEST_ADDRESS = 320
_MOST_PAGES = 100_000


@privacy.post(f"{_BASE}/export")
@guard(By.SIGNATURE)
def export(connection: str) -> Response:
    call = read_bridge_call()
    store = connected(connection, call)
    page = _number(store, "page", 1, _MOST_PAGES)
    told = privacy_in_store.export_page(
        desk().edges, _asked(store), page, _language(store), by=f"store:{store.store.id}"
    )
    return signed(call, store.answer(told))


@privacy.post(f"{_BASE}/erase")
@guard(By.SIGNATURE)
def erase(connection: str) -> Response:
    call = read_bridge_call()
    store = connected(connection, call)
    told = privacy_in_store.erase_in_store(
        desk().edges, _asked(store), _language(store), by=f"store:{store.store.id}"
    )
    return signed(call, store.answer(told))


def _asked(call: ConnectedCall) -> Asked:
    email = call.said.get("email")
    if not isinstance(email, str) or not 3 <= len(email.strip()) <= _LONGEST_ADDRESS:
        raise _unusable("email")
    if not email.isprintable():
        raise _unusable("email")
    account = _number(call, "woo_customer_id", 0, MOST_ID)
    return Asked(email.strip(), call.store.id, account or None)


def _number(call: ConnectedCall, name: str, least: int, most: int) -> int:
    value = call.said.get(name, least)
    if type(value) is not int or not least <= value <= most:
        raise _unusable(name)
    return value


def _language(call: ConnectedCall) -> Language:
    said = call.said.get("language", call.store.language)
    return cast(Language, said if said in LANGUAGES else "en")


def _unusable(name: str) -> BridgeCallUnusable:
    return BridgeCallUnusable(f"Missing or not usable: {name}. Nothing was done.")
