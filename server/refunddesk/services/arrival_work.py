"""What staff see of the mails that came in, and what they decide about those that wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from refunddesk.db import arrivals, cases, customers, orders, staff, stores
from refunddesk.db.arrivals import Arrival, ArrivalState
from refunddesk.db.history import Deed, list_deeds, record_deed
from refunddesk.db.orders import Order
from refunddesk.mail.reading import MailUnreadable, ReadMail, read_mail
from refunddesk.services.cases import NoSuchCase, lock_case
from refunddesk.services.edges import Edges
from refunddesk.services.landing import attach_files, say_reply
from refunddesk.services.refusal import Refusal
from refunddesk.services.reply_addresses import (
    Thread,
    is_account_address,
    thread_of_case,
    thread_of_order,
)
from refunddesk.services.requests import Asking, NoSuchOrder, ask_refund


class NoSuchMail(Refusal):
    """No mail that came in has this number."""


class MailGone(Refusal):
    """The bytes of the mail were not taken, or are kept no longer."""


class MailSettled(Refusal):
    """The mail does not wait for a person any more."""


class MailNotLed(Refusal):
    """The mail belongs to no order or case yet."""


class MailAskedAlready(Refusal):
    """The mail was taken down as a refund request before."""


@dataclass(frozen=True, slots=True)
class MailPage:
    """One mail for people: what was read of it, whose it may be, and what happened to it.

    `store` and `order` are None where it belongs to none; `email` is the order's customer's.
    """

    arrival: Arrival
    order: Order | None
    store: str | None
    email: str | None
    has_raw: bool
    deeds: list[Deed]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class MailLists:
    """What waits, oldest first, and what came last, newest first."""

    waiting: list[Arrival]
    last: list[Arrival]


def list_mails(edges: Edges) -> MailLists:
    with edges.database.read() as transaction:
        return MailLists(arrivals.list_waiting(transaction), arrivals.list_last(transaction))


def show_mail(edges: Edges, arrival_id: int) -> MailPage:
    """Raises NoSuchMail."""
    with edges.database.read() as transaction:
        arrival = _find(transaction, arrival_id)
        order = orders.get_order(transaction, arrival.order_id) if arrival.order_id else None
        whose = order.customer_id if order else None
        customer = customers.find_customer(transaction, whose) if whose else None
        return MailPage(
            arrival=arrival,
            order=order,
            store=stores.get_store(transaction, order.store_id).name if order else None,
            email=customer.email if customer else None,
            has_raw=arrivals.find_raw(transaction, arrival_id) is not None,
            deeds=list_deeds(transaction, f"mail:{arrival_id}"),
            names={f"staff:{one.id}": one.name for one in staff.list_staff(transaction)},
        )


def open_raw(edges: Edges, arrival_id: int) -> bytes:
    """The mail as it came. Raises NoSuchMail, MailGone."""
    with edges.database.read() as transaction:
        _find(transaction, arrival_id)
        raw = arrivals.find_raw(transaction, arrival_id)
    if raw is None:
        raise MailGone(
            f"The bytes of mail {arrival_id} are not here: it was too large, or its 30 days are "
            "over. Your mailbox may still have it."
        )
    return raw


def take_as_reply(edges: Edges, arrival_id: int, *, by: str) -> Arrival:
    """Take a mail that waits down as the customer's reply: a person vouches for its sender.

    It counts from when it came. Raises NoSuchMail, MailSettled, MailNotLed.
    """
    with edges.database.read() as transaction:
        arrival = _find(transaction, arrival_id)
    case_id = _case_id(arrival)
    mail = _read_again(edges, arrival)
    received_at = arrival.received_at or arrival.kept_at
    left_out = attach_files(edges, case_id, mail, received_at) if mail else []
    now = edges.clock()
    with edges.database.write() as transaction:
        case = lock_case(transaction, case_id)
        arrival = _lock_waiting(transaction, arrival_id)
        _case_id(arrival)
        words = arrival.words or arrival.subject or f"Mail {arrival_id}"
        turn_id = say_reply(edges, transaction, case, arrival, words, received_at, by)
        files = [*map(list, arrival.files), *map(list, left_out)]
        _settle(transaction, arrival, now, by, "mail_taken_as_reply", turn_id=turn_id, files=files)
    return show_mail(edges, arrival_id).arrival


def ask_money_back(edges: Edges, arrival_id: int, *, by: str) -> int:
    """Take the mail down as a written refund request of the time it came; the request's id.

    Whether it came from the account's own address goes into the request, where the policy asks for
    it (R-2C, R-3C.2). Raises NoSuchMail, MailNotLed, MailAskedAlready and what ask_refund raises.
    """
    with edges.database.read() as transaction:
        arrival = _find(transaction, arrival_id)
        if arrival.order_id is None or arrival.state is ArrivalState.IGNORED:
            raise _not_led(arrival)
        order = orders.get_order(transaction, arrival.order_id)
    if arrival.request_id is not None:
        raise MailAskedAlready(
            f"Mail {arrival_id} is request {arrival.request_id} already. Nothing was changed."
        )
    asking = Asking(
        store_id=order.store_id,
        woo_order_id=order.woo_order_id,
        request_key=f"mail-{arrival_id}",
        channel="email",
        from_account_address=arrival.from_account,
        case_id=arrival.case_id,
        asked_at=arrival.received_at or arrival.kept_at,
    )
    # Killed behind this, the same key finds the same request again.
    request, _ = ask_refund(edges, asking, asked_by=by)
    now = edges.clock()
    with edges.database.write() as transaction:
        arrival = _lock(transaction, arrival_id)
        _settle(transaction, arrival, now, by, "mail_taken_as_request", request_id=request.id)
    return request.id


def lead_to(
    edges: Edges, arrival_id: int, *, case_id: int | None, order_id: int | None, by: str
) -> None:
    """Say which case, or else which order, a stranger's mail belongs to. It waits on.

    Raises NoSuchMail, MailSettled, NoSuchCase, NoSuchOrder.
    """
    with edges.database.read() as transaction:
        arrival = _find(transaction, arrival_id)
    mail = _read_again(edges, arrival)
    now = edges.clock()
    with edges.database.write() as transaction:
        arrival = _lock_waiting(transaction, arrival_id)
        thread = _thread(transaction, case_id, order_id)
        is_own = is_account_address(transaction, thread.customer_id, arrival.sender)
        from_account = is_own and mail is not None and mail.is_proven
        case = thread.case
        arrivals.change_arrival(
            transaction,
            arrival_id,
            order_id=thread.order.id,
            case_id=case.id if case else None,
            from_account=from_account,
            because="led_by_staff" if from_account else "sender_not_proven",
        )
        led = {"case": case.id if case else None, "order": thread.order.id}
        _tell(transaction, arrival, now, by, "mail_led", led)


def set_aside(edges: Edges, arrival_id: int, *, by: str) -> None:
    """A person has looked, and nothing is to be done. Raises NoSuchMail, MailSettled."""
    now = edges.clock()
    with edges.database.write() as transaction:
        arrival = _lock_waiting(transaction, arrival_id)
        _settle(transaction, arrival, now, by, "mail_set_aside")


def _thread(transaction: Connection, case_id: int | None, order_id: int | None) -> Thread:
    if case_id is not None:
        if cases.find_case(transaction, case_id) is None:
            raise NoSuchCase(f"There is no case {case_id}. Nothing was changed.")
        thread = thread_of_case(transaction, case_id)
    else:
        thread = thread_of_order(transaction, order_id) if order_id is not None else None
    if thread is None:
        raise NoSuchOrder(
            "There is no such order, or its customer has no address. Nothing was changed."
        )
    return thread


def _read_again(edges: Edges, arrival: Arrival) -> ReadMail | None:
    with edges.database.read() as transaction:
        raw = arrivals.find_raw(transaction, arrival.id)
    try:
        return read_mail(raw, edges.mail_in.receiver) if raw is not None else None
    except MailUnreadable:
        return None


def _find(transaction: Connection, arrival_id: int) -> Arrival:
    arrival = arrivals.find_arrival(transaction, arrival_id)
    if arrival is None:
        raise NoSuchMail(f"No mail {arrival_id} came in.")
    return arrival


def _lock(transaction: Connection, arrival_id: int) -> Arrival:
    arrival = arrivals.lock_arrival(transaction, arrival_id)
    if arrival is None:
        raise NoSuchMail(f"No mail {arrival_id} came in.")
    return arrival


def _lock_waiting(transaction: Connection, arrival_id: int) -> Arrival:
    arrival = _lock(transaction, arrival_id)
    if arrival.state is not ArrivalState.WAITING:
        raise MailSettled(
            f"Mail {arrival_id} is {arrival.state} already. Nothing was changed: load its page."
        )
    return arrival


def _case_id(arrival: Arrival) -> int:
    if arrival.state is not ArrivalState.WAITING or arrival.turn_id is not None:
        raise MailSettled(f"Mail {arrival.id} is taken down already. Nothing was changed.")
    if arrival.case_id is None:
        raise _not_led(arrival)
    return arrival.case_id


def _not_led(arrival: Arrival) -> MailNotLed:
    return MailNotLed(
        f"Mail {arrival.id} belongs to no case or order yet. Nothing was changed: say first which."
    )


def _settle(
    transaction: Connection, arrival: Arrival, now: datetime, by: str, action: str, **values: Any
) -> None:
    if arrival.state is ArrivalState.WAITING:
        values |= {"state": ArrivalState.HANDLED.value, "settled_at": now, "settled_by": by}
    if values:
        arrivals.change_arrival(transaction, arrival.id, **values)
    said = {name[:-3]: values[name] for name in ("turn_id", "request_id") if name in values}
    _tell(transaction, arrival, now, by, action, said)


def _tell(
    transaction: Connection,
    arrival: Arrival,
    now: datetime,
    by: str,
    action: str,
    said: dict[str, Any],
) -> None:
    data = {name: value for name, value in said.items() if value is not None}
    record_deed(
        transaction, at=now, actor=by, action=action, subject=f"mail:{arrival.id}", data=data
    )
