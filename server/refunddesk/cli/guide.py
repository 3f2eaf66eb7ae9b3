"""The guide of `refunddesk run`: joins the sandbox store to the desk and tells where all is."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import requests

from refunddesk import clock
from refunddesk.cli.opening import opened
from refunddesk.cli.run import write_secret
from refunddesk.db import outbox, stores
from refunddesk.db import staff as people
from refunddesk.db.staff import Role
from refunddesk.jobnames import JobName
from refunddesk.services import staff, tokens
from refunddesk.services import stores as joining
from refunddesk.services.edges import Edges
from refunddesk.services.webhooks import connect_webhooks
from refunddesk.settings import Settings, read_file

_OWNER = "owner@refunddesk.example"
_READY_WITHIN = 60.0
_SIGN_IN_FILE = "sign-in.txt"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_PAGES = 50

#: What the sandbox sells: SKU, item kind, and the number of sites a licence of it is for.
_RULES = (
    ("LIC-*", "product", 1),
    ("SUB-*", "product", 1),
    ("DOM-*", "additional_domain", 0),
    ("SUP-*", "support", 0),
    ("CUS-*", "customization", 0),
)


Found = TypeVar("Found")


@click.command(hidden=True)
def guide() -> None:
    """Join the sandbox store at the first start, say where everything is, then stand by."""
    with opened() as (edges, settings):
        access = _wait_for_sandbox(settings)
        sign_in = ensure_owner(edges, settings.home)
        _wait_for_desk(settings)
        store_id = join_sandbox(edges, access)
        connect_webhooks(edges, store_id, f"{settings.public_url}{settings.url_prefix}")
        catch_up(edges, store_id)
    click.echo(_welcome(settings, access, sign_in))
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stopping.wait()


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to sign in, as kept in the home folder; the password is "" where it is not ours."""

    email: str
    password: str
    token: str


def join_sandbox(edges: Edges, access: dict[str, Any]) -> int:
    """The store's id in the desk; whatever an earlier start did not come to is done now."""
    with edges.database.read() as transaction:
        known = stores.find_store_at(transaction, access["url"])
    if known:
        store_id = known.id
    else:
        store_id = joining.add_store(
            edges,
            joining.NewStore("Sandbox Store", access["url"], country="DE", policy="crmjetty"),
            consumer_key=access["consumer_key"],
            consumer_secret=access["consumer_secret"],
        )
    if not joining.list_item_rules(edges, store_id):
        for sku, kind, sites in _RULES:
            joining.add_item_rule(
                edges, store_id, field="sku", value=sku, item_kind=kind, sites_limit=sites
            )
    return store_id


def ensure_owner(edges: Edges, home: Path) -> SignIn:
    """The owner's way in, made at the first start and kept in the home folder.

    The file is written before the person is added: a start that is cut short in between leaves
    a password that the next start uses.
    """
    path = home / _SIGN_IN_FILE
    kept = read_file(path)
    with edges.database.read() as transaction:
        owner = people.find_staff(transaction, _OWNER)
    if owner is not None and "token" in kept:
        return SignIn(_OWNER, kept.get("password", ""), kept["token"])
    password = kept.get("password") or ("" if owner else staff.new_password(edges))
    _keep(path, password, "")
    if owner is None:
        staff.add_staff(edges, email=_OWNER, name="Owner", role=Role.OWNER, password=password)
    with edges.database.read() as transaction:
        owner = staff.get_staff(transaction, _OWNER)
    token = tokens.make_token(edges, owner.id, "first walk", by="command")
    _keep(path, password, token)
    return SignIn(_OWNER, password, token)


def _keep(path: Path, password: str, token: str) -> None:
    lines = [f"email={_OWNER}"]
    lines += [f"password={password}"] if password else []
    lines += [f"token={token}"] if token else []
    write_secret(path, "\n".join(lines) + "\n")


def catch_up(edges: Edges, store_id: int) -> int:
    """Have every order of the store recorded that is there already; how many there are."""
    now = edges.clock()
    found: list[int] = []
    with joining.open_client(edges, store_id) as client:
        for page in range(1, _MOST_PAGES + 1):
            orders = client.list_orders(_LONG_AGO, page)
            found += [order["id"] for order in orders]
            if not orders:
                break
    with edges.database.write() as transaction:
        for woo_order_id in found:
            outbox.promise(
                transaction, JobName.RECORD_ORDER, f"{store_id}:{woo_order_id}", due_at=now
            )
    return len(found)


def _wait_for_sandbox(settings: Settings) -> dict[str, Any]:
    """The sandbox's address and keys, once it answers."""
    path = settings.home / "sandbox" / "access.json"

    def read() -> dict[str, Any] | None:
        if not path.exists():
            return None
        access: dict[str, Any] = json.loads(path.read_text("utf-8"))
        answer = requests.get(f"{access['url']}/wp-json/", verify=access["ca_file"], timeout=2)
        return access if answer.ok else None

    return _wait_for("the sandbox store", read)


def _wait_for_desk(settings: Settings) -> None:
    address = f"http://{settings.listen}{settings.url_prefix}/healthz"
    _wait_for("the desk", lambda: requests.get(address, timeout=2).ok or None)


def _wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    deadline = clock.monotonic() + _READY_WITHIN
    pause = threading.Event()
    while clock.monotonic() < deadline:
        try:
            found = look()
        except requests.RequestException:
            found = None
        if found is not None:
            return found
        pause.wait(0.2)
    raise click.ClickException(f"{what} did not answer within a minute; see the lines above.")


def _welcome(settings: Settings, access: dict[str, Any], sign_in: SignIn) -> str:
    password = sign_in.password or "the one you gave"
    return f"""
Refund Desk is running.

  Desk      {settings.public_url}{settings.url_prefix}/desk/
            sign in as  {sign_in.email}
            password    {password}
  Sandbox   {access["url"]}/sandbox/
            its certificate is its own: let the browser pass
  Mails     {access["url"]}/sandbox/mails
            what customers and staff are written; nothing leaves this machine
  Walk      "Two minutes" in README.md; the API token is in
            {settings.home / _SIGN_IN_FILE}
  Stop      Ctrl-C; all data stays in {settings.home}
"""
