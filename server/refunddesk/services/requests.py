"""Refund requests: taken down once, and woken whenever a fact about them changes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from refunddesk.db import approvals, cases, orders, outbox, requests, subscriptions
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.db.requests import NewRequest, RefundRequest
from refunddesk.jobnames import JobName
from refunddesk.mail.notices import NoticeKind
from refunddesk.services.edges import Edges
from refunddesk.services.instants import past_instant
from refunddesk.services.notices import tell_customer
from refunddesk.services.refusal import Refusal


class NoSuchRequest(Refusal):
    """No refund request has this id."""


class NoSuchOrder(Refusal):
    """We have heard of no such order."""


class SubscriptionIsNotAnOrder(Refusal):
    """The number is a subscription's. Money goes back on the order that was paid."""


class OrderNotPaid(Refusal):
    """Nothing was paid on the order, so nothing can go back."""


class OrderGone(Refusal):
    """The order was deleted in the store."""


class RequestAlreadyOpen(Refusal):
    """The order has a request already that is not settled."""


class RequestKeyReused(Refusal):
    """The key names another asking than this one."""


class RequestSettled(Refusal):
    """The request is granted, refused or withdrawn: it can no longer be changed."""


class CaseOfAnotherOrder(Refusal):
    """The case named is not one about this order."""


class AskedBeforePayment(Refusal):
    """The asking is dated before the order was paid."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody asks for. `request_key` is the asker's own name for it, to ask once.

    `asked_at` dates a request that came by e-mail earlier; None: it is asked now. `is_withdrawal`:
    it declares that the customer withdraws, which the law wants receipted with the time of it.
    """

    store_id: int
    woo_order_id: int
    request_key: str
    channel: str
    from_account_address: bool
    case_id: int | None = None
    asked_at: datetime | None = None
    is_withdrawal: bool = False

    def sha(self) -> bytes:
        """Tells this asking from another one under the same key."""
        content = [
            self.store_id,
            self.woo_order_id,
            self.channel,
            self.from_account_address,
            self.case_id,
            self.asked_at.isoformat() if self.asked_at else None,
            *(["withdrawal"] if self.is_withdrawal else []),
        ]
        return hashlib.sha256(json.dumps(content).encode()).digest()


def ask_refund(edges: Edges, asking: Asking, *, asked_by: str) -> tuple[RefundRequest, bool]:
    """Take the request down and promise to judge it; the request, and whether it is new.

    The same key with the same content answers the request there is. Raises NoSuchOrder,
    SubscriptionIsNotAnOrder, OrderNotPaid, OrderGone, RequestAlreadyOpen, RequestKeyReused,
    CaseOfAnotherOrder, InstantInFuture, AskedBeforePayment.
    """
    now = edges.clock()
    try:
        with edges.database.write() as transaction:
            order = _lock_order(transaction, asking)
            earlier = requests.find_by_key(transaction, asking.store_id, asking.request_key)
            if earlier:
                if earlier.request_sha != asking.sha():
                    raise _key_reused(asking)
                return earlier, False
            return _take_down(transaction, order, asking, asked_by, now), True
    except IntegrityError:
        # The order is locked, so only a request about another order can have taken the key.
        raise _key_reused(asking) from None


def withdraw(edges: Edges, request_id: int, *, by: str) -> RefundRequest:
    """Take the request back at the asker's wish; once more changes nothing.

    A grant that waits for a second person is void then. Raises NoSuchRequest, RequestSettled.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        request = _lock(transaction, request_id)
        if request.state != "withdrawn":
            _check_open(request)
            requests.change_state(transaction, request, "withdrawn")
            if waiting := approvals.find_open(transaction, request_id):
                because = "the request was withdrawn"
                approvals.settle(
                    transaction, waiting.id, settled_as="void", by=by, because=because, at=now
                )
            _tell(transaction, request, now, by, "request_withdrawn")
        return requests.get_request(transaction, request_id)


def confirm_destruction(edges: Edges, request_id: int, *, by: str) -> RefundRequest:
    """Keep the customer's statement that all copies are destroyed; the first one counts.

    Raises NoSuchRequest, RequestSettled.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        request = _lock(transaction, request_id)
        if request.destruction_confirmed_at is None:
            _check_open(request)
            requests.record_destruction(transaction, request_id, at=now, confirmed_by=by)
            _tell(transaction, request, now, by, "destruction_confirmed")
            wake(transaction, [request], now)
        return requests.get_request(transaction, request_id)


def order_changed(transaction: Connection, order_id: int, now: datetime) -> None:
    """Have the order's open request, if there is one, judged by the facts as they are now."""
    request = requests.find_open(transaction, order_id)
    if request:
        wake(transaction, [request], now)


def judge_anew(transaction: Connection, request_id: int, now: datetime, because: str) -> None:
    """Put a granted request back to be judged: its refund was dropped before any money moved.

    `because` is a short reason without personal data. A request that is not granted stays.
    """
    request = requests.get_request(transaction, request_id)
    if request.state == "granted" and requests.change_state(transaction, request, "asked"):
        _tell(transaction, request, now, "policy", "request_judged_anew", because=because)
        wake(transaction, [request], now)


def put_in_review(
    transaction: Connection, request_id: int, now: datetime, because: str
) -> RefundRequest | None:
    """Leave a granted request to a person: its refund failed, and would only fail again.

    The request, or None where it is not granted and stays as it is.
    """
    request = requests.get_request(transaction, request_id)
    if request.state != "granted" or not requests.change_state(transaction, request, "in_review"):
        return None
    _tell(transaction, request, now, "policy", "request_in_review", because=because)
    return request


def wake(transaction: Connection, sleeping: list[RefundRequest], now: datetime) -> None:
    """Have these requests judged after the commit."""
    for request in sleeping:
        outbox.promise(transaction, JobName.JUDGE_REQUEST, request.id, due_at=now)


def find(transaction: Connection, request_id: int) -> RefundRequest:
    """Raises NoSuchRequest."""
    request = requests.find_request(transaction, request_id)
    if request is None:
        raise NoSuchRequest(f"There is no refund request {request_id}.")
    return request


def _lock(transaction: Connection, request_id: int) -> RefundRequest:
    """The request as it stands, while its order keeps everybody else from changing it."""
    orders.lock_order(transaction, find(transaction, request_id).order_id)
    return requests.get_request(transaction, request_id)


def _check_open(request: RefundRequest) -> None:
    if not request.is_open:
        raise RequestSettled(
            f"Refund request {request.id} is {request.state} already; nothing was changed."
        )


def _lock_order(transaction: Connection, asking: Asking) -> Order:
    order = orders.find_order(transaction, asking.store_id, asking.woo_order_id)
    if order:
        return orders.lock_order(transaction, order.id)
    number = asking.woo_order_id
    if subscriptions.find_subscription(transaction, asking.store_id, number):
        raise SubscriptionIsNotAnOrder(
            f"{number} is a subscription. Nothing was taken down: ask for the order that was "
            "paid, the subscription's first one or a renewal."
        )
    raise NoSuchOrder(
        f"Store {asking.store_id} has sent no order {number}. Nothing was taken down: check the "
        "number, or have the store send the order again."
    )


def _take_down(
    transaction: Connection, order: Order, asking: Asking, asked_by: str, now: datetime
) -> RefundRequest:
    if order.gone_at is not None:
        raise OrderGone(
            f"Order {asking.woo_order_id} was deleted in the store. Nothing was taken down: "
            "money can only go back through the order."
        )
    if order.paid_at is None:
        raise OrderNotPaid(
            f"The store names no date at which order {asking.woo_order_id} was paid (it is "
            f"{order.status}). Nothing was taken down: see the order in the store."
        )
    unsettled = requests.find_open(transaction, order.id) or requests.find_unsettled(
        transaction, order.id
    )
    if unsettled:
        raise RequestAlreadyOpen(
            f"Order {asking.woo_order_id} has refund request {unsettled.id} already "
            f"({unsettled.state}). No second one was taken down."
        )
    request = requests.record_request(
        transaction,
        NewRequest(
            store_id=asking.store_id,
            order_id=order.id,
            case_id=_case_id(transaction, order, asking),
            request_key=asking.request_key,
            request_sha=asking.sha(),
            channel=asking.channel,
            from_account_address=asking.from_account_address,
            asked_by=asked_by,
            asked_at=_asked_at(order.paid_at, asking, now),
        ),
    )
    _tell(transaction, request, now, asked_by, "request_asked", channel=asking.channel)
    if asking.is_withdrawal:
        _receipt_withdrawal(transaction, order, request, asked_by, now)
    wake(transaction, [request], now)
    return request


def _receipt_withdrawal(
    transaction: Connection, order: Order, request: RefundRequest, asked_by: str, now: datetime
) -> None:
    """Confirm the declaration by mail, with its time and what it is about: a durable medium."""
    _tell(transaction, request, now, asked_by, "withdrawal_declared")
    tell_customer(
        transaction,
        NoticeKind.WITHDRAWAL_RECEIVED,
        order,
        about=f"request:{request.id}",
        reference=f"withdrawal:{request.id}",
        facts={
            "declared_at": now.isoformat(),
            "items": [item.name for item in orders.list_items(transaction, order.id)],
        },
        now=now,
    )


def _asked_at(paid_at: datetime, asking: Asking, now: datetime) -> datetime:
    if asking.asked_at is None:
        # The store's clock may run ahead of ours; nobody asks before having paid.
        return max(now, paid_at)
    asked_at = past_instant("asked_at", asking.asked_at, now)
    if asked_at < paid_at:
        raise AskedBeforePayment(
            f"Order {asking.woo_order_id} was paid at {paid_at.isoformat()}, after asked_at. "
            "Nothing was taken down: check the date, or the number of the order."
        )
    return asked_at


def _case_id(transaction: Connection, order: Order, asking: Asking) -> int | None:
    """The case the asker names, else the one opened last about the order."""
    known = [case.id for case in cases.list_cases(transaction, order.id)]
    if asking.case_id is None:
        return known[-1] if known else None
    if asking.case_id not in known:
        raise CaseOfAnotherOrder(
            f"Case {asking.case_id} is not about order {asking.woo_order_id}. Nothing was taken "
            "down: name one of the order's cases, or none."
        )
    return asking.case_id


def _key_reused(asking: Asking) -> RequestKeyReused:
    return RequestKeyReused(
        f"The request key {asking.request_key!r} was used for another asking. Nothing was taken "
        "down: give every new request its own key."
    )


def _tell(
    transaction: Connection,
    request: RefundRequest,
    now: datetime,
    actor: str,
    action: str,
    **data: str,
) -> None:
    record_deed(
        transaction,
        at=now,
        actor=actor,
        action=action,
        subject=f"request:{request.id}",
        data={"order": request.order_id, **data},
    )
