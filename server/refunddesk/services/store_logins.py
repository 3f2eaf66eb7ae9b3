"""Lets people of a store come in at the desk from its administration, as whom an owner allowed.

Whoever administers a store can be any of its users, and give them any address. So an address alone
lets nobody in: the first asking is only noted, and an owner says at the desk who it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk import licensing
from refunddesk.db import orders, staff, stores
from refunddesk.db import store_logins as rows
from refunddesk.db.history import record_deed
from refunddesk.db.staff import Staff
from refunddesk.db.store_logins import StoreLogin
from refunddesk.services.bridge_calls import BridgeCall, ConnectedCall, take_once
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.services.staff import SESSION_TIME

#: Long enough for a browser to be led on and a button to be pressed.
LINK_TIME = timedelta(seconds=60)
#: A store that asks for more people than it has would fill the owner's page.
MOST_WAITING = 20


class StoreLoginNotAllowed(Refusal):
    """No owner has said who at the desk this person of the store is."""


class StaffLinkNotValid(Refusal):
    """The link is unknown, used, over, or of somebody who may not come in any more."""


class NoSuchStoreLogin(Refusal):
    """Nobody of a store asks under this number."""


class NoSuchColleague(Refusal):
    """Nobody who works at the desk has this number."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who of a store wants in, as its bridge says; to the store's order `woo_order_id` if given."""

    wp_user_id: int
    email: str
    name: str
    woo_order_id: int | None = None


@dataclass(frozen=True, slots=True)
class Entrance:
    """Who is about to come in by a link, and from where."""

    person: Staff
    store_name: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that was begun: its token, told this once, and the order to show first."""

    token: str
    order_id: int | None


def ask_in(edges: Edges, call: BridgeCall, connected: ConnectedCall, asking: Asking) -> str:
    """The token of a link for this person, which works once within a minute.

    Raises BridgeCallRepeated, or StoreLoginNotAllowed: an owner then finds the asking at the desk.
    """
    now, store_id = edges.clock(), connected.store.id
    token = licensing.new_token(edges.random_bytes)
    with edges.database.write() as transaction:
        take_once(transaction, connected.endpoint.id, call, now)
        login = _note(transaction, store_id, asking, now)
        person = _person(transaction, login) if login else None
        if login and person:
            order = (
                orders.find_order(transaction, store_id, asking.woo_order_id)
                if asking.woo_order_id
                else None
            )
            rows.record_link(
                transaction,
                login.id,
                token_hash=licensing.token_hash(token),
                order_id=order.id if order else None,
                at=now,
                expires_at=now + LINK_TIME,
            )
    if person is None:
        raise StoreLoginNotAllowed(
            "An owner of the desk has to say first who this person is: at the desk, under Stores."
        )
    return token


def see_link(edges: Edges, token: str) -> Entrance:
    """Who would come in by the link, which stays good. Raises StaffLinkNotValid."""
    with edges.database.read() as transaction:
        link = rows.find_link(transaction, licensing.token_hash(token), at=edges.clock())
        login = rows.find_login(transaction, link.login_id) if link else None
        login, person = _who(transaction, login)
        return Entrance(person, stores.get_store(transaction, login.store_id).name)


def enter(edges: Edges, token: str) -> Entered:
    """Use the link up and begin a session. Raises StaffLinkNotValid."""
    now = edges.clock()
    session = licensing.new_token(edges.random_bytes)
    with edges.database.write() as transaction:
        link = rows.use_link(transaction, licensing.token_hash(token), at=now)
        # Locked: who withdraws it just now ends the session after us, or has done so before.
        login = rows.lock_login(transaction, link.login_id) if link else None
        login, person = _who(transaction, login)
        staff.drop_ended_sessions(transaction, now)
        staff.add_session(
            transaction,
            token_hash=licensing.token_hash(session),
            staff_id=person.id,
            at=now,
            until=now + SESSION_TIME,
            login_id=login.id,
        )
        record_deed(
            transaction,
            at=now,
            actor=f"staff:{person.id}",
            action="signed_in_from_store",
            subject=f"staff:{person.id}",
            data={"store": login.store_id, "wp_user": login.wp_user_id},
        )
    return Entered(session, link.order_id if link else None)


def allow(edges: Edges, login_id: int, staff_id: int, *, by: str) -> None:
    """Say that this person of a store is that colleague.

    Raises NoSuchStoreLogin, NoSuchColleague.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        login = _get(transaction, login_id)
        person = staff.find_by_id(transaction, staff_id)
        if person is None or person.disabled_at is not None:
            raise NoSuchColleague("Nobody who works here has this number. Nothing was allowed.")
        if login.staff_id not in (None, staff_id):
            rows.drop_sessions(transaction, login_id)
        rows.record_allowed(transaction, login_id, staff_id=staff_id, by=by)
        _record(transaction, login, now, by, "store_login_allowed", staff=staff_id)


def withdraw(edges: Edges, login_id: int, *, by: str) -> None:
    """Let this person of a store in no more, and end what they began. Raises NoSuchStoreLogin."""
    now = edges.clock()
    with edges.database.write() as transaction:
        login = _get(transaction, login_id)
        rows.remove_login(transaction, login_id)
        _record(transaction, login, now, by, "store_login_withdrawn")


def _note(
    transaction: Connection, store_id: int, asking: Asking, now: datetime
) -> StoreLogin | None:
    """The login that asks; None where it is new and too many wait."""
    known = rows.find_login_of(transaction, store_id, asking.wp_user_id)
    if known is None and rows.count_waiting(transaction, store_id) >= MOST_WAITING:
        return None
    return rows.record_asked(
        transaction, store_id, asking.wp_user_id, email=asking.email, name=asking.name, at=now
    )


def _who(transaction: Connection, login: StoreLogin | None) -> tuple[StoreLogin, Staff]:
    person = _person(transaction, login) if login else None
    if login is None or person is None:
        raise StaffLinkNotValid(
            "This link was used before, or its minute is over. Go back to the store and press the "
            "button there once more."
        )
    return login, person


def _person(transaction: Connection, login: StoreLogin) -> Staff | None:
    """Who of the desk this is; None while nobody allowed it, or if they left or their store did."""
    if login.staff_id is None:
        return None
    if stores.get_store(transaction, login.store_id).disconnected_at is not None:
        return None
    person = staff.find_by_id(transaction, login.staff_id)
    return person if person and person.disabled_at is None else None


def _get(transaction: Connection, login_id: int) -> StoreLogin:
    login = rows.lock_login(transaction, login_id)
    if login is None:
        raise NoSuchStoreLogin("Nobody of a store asks under this number. Nothing was changed.")
    return login


def _record(
    transaction: Connection, login: StoreLogin, now: datetime, by: str, action: str, **data: int
) -> None:
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=action,
        subject=f"store:{login.store_id}",
        data={"wp_user": login.wp_user_id, **data},
    )
