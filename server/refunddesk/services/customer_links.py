"""Lets a customer in by a link that works once, is bound to one order, and ends by itself."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import customer_links, orders
from refunddesk.db.customer_links import Purpose, Visit
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.mail.notices import NoticeKind
from refunddesk.policy.wording.catalogue import Language
from refunddesk.services.edges import Edges
from refunddesk.services.notices import language_for, tell_customer
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder

#: How long a link waits to be used, and how long whoever used it may stay.
LINK_TIME = timedelta(hours=72)
VISIT_TIME = timedelta(hours=1)
#: What a link may open besides the order's page.
PAGES_BEHIND_LINKS = ("renewal", "credentials")
_TOKEN_BYTES = 32


class LinkNotValid(Refusal):
    """The link is unknown, used or over. It never says which."""


class NoVisit(Refusal):
    """Nobody came here by a link lately."""


class NotForThisVisit(Refusal):
    """The link was made for something else."""


def make_link(
    edges: Edges, order_id: int, purpose: Purpose, *, by: str, until: datetime | None = None
) -> str:
    """The token of a new link to the order's page, told this once. Raises NoSuchOrder.

    It waits until `until` to be used; LINK_TIME where that is None or over.
    """
    now = edges.clock()
    token = _new_token(edges.random_bytes)
    with edges.database.write() as transaction:
        order = _get_order(transaction, order_id)
        customer_links.record_link(
            transaction,
            order.id,
            purpose,
            token_hash=_hash(token),
            made_by=by,
            at=now,
            expires_at=until if until and until > now else now + LINK_TIME,
        )
        _tell(transaction, order.id, now, by, "link_made", purpose=purpose.value)
    return token


def mail_link(edges: Edges, order_id: int, purpose: Purpose, *, by: str) -> bool:
    """Mail a link to whoever bought the order; False where there is no address. Raises NoSuchOrder.

    The link itself is made when the mail leaves: no row ever holds its token.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        order = _get_order(transaction, order_id)
        told = _tell_link(transaction, order, purpose, now, f"{now.isoformat()}:{by}")
        if told:
            _tell(transaction, order.id, now, by, "link_mailed", purpose=purpose.value)
        return told


def ask_for_link(edges: Edges, number: str, email: str) -> None:
    """Mail a link to whoever bought order `number` with this address; silent whatever is so.

    A stranger learns nothing here, neither from an answer nor from a refusal. One mail an hour.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        order = orders.find_order_of(transaction, number.strip().lstrip("#"), email)
        if order is not None:
            _tell_link(transaction, order, Purpose.REFUND, now, f"{now:%Y-%m-%dT%H}")


def _tell_link(
    transaction: Connection, order: Order, purpose: Purpose, now: datetime, once: str
) -> bool:
    notice_id = tell_customer(
        transaction,
        NoticeKind.YOUR_LINK,
        order,
        about=f"order:{order.id}",
        reference=f"link:{order.id}:{once}",
        facts={**link_facts(order, purpose), "hours": LINK_TIME // timedelta(hours=1)},
        now=now,
    )
    return notice_id is not None


def link_facts(
    order: Order, purpose: Purpose, *, page: str = "", until: datetime | None = None
) -> dict[str, object]:
    """What makes a notice bring a link to the order's page: `address` is there for its text.

    `page` names one of PAGES_BEHIND_LINKS to be opened instead; `until` as for `make_link`.
    """
    assert not page or page in PAGES_BEHIND_LINKS, page
    facts: dict[str, object] = {"link_order": order.id, "link_purpose": purpose.value}
    facts |= {"link_page": page} if page else {}
    return facts | ({"link_until": until.isoformat()} if until else {})


def enter(edges: Edges, token: str) -> str:
    """Use the link up and begin a visit; the visit's own token. Raises LinkNotValid."""
    now = edges.clock()
    visit = _new_token(edges.random_bytes)
    with edges.database.write() as transaction:
        link = customer_links.use_link(transaction, _hash(token), at=now)
        if link is None:
            raise LinkNotValid("This link was used before, or its time is over.")
        customer_links.record_visit(
            transaction,
            link.id,
            token_hash=_hash(visit),
            language=language_for(transaction, orders.get_order(transaction, link.order_id)),
            at=now,
            expires_at=now + VISIT_TIME,
        )
        _tell(transaction, link.order_id, now, "customer", "link_used", purpose=link.purpose.value)
    return visit


def find_visit(edges: Edges, token: str) -> Visit | None:
    """Who is here by this token; None when the visit is over or never was."""
    with edges.database.read() as transaction:
        return customer_links.find_visit(transaction, _hash(token), at=edges.clock())


def speak(edges: Edges, token: str, language: Language) -> None:
    """Show the rest of the visit in another language."""
    with edges.database.write() as transaction:
        customer_links.change_language(transaction, _hash(token), language)


def leave(edges: Edges, token: str) -> None:
    with edges.database.write() as transaction:
        customer_links.end_visit(transaction, _hash(token))


def _get_order(transaction: Connection, order_id: int) -> Order:
    try:
        return orders.get_order(transaction, order_id)
    except orders.NoSuchOrder:
        raise NoSuchOrder(f"There is no order {order_id}. No link was made.") from None


def _new_token(random_bytes: Callable[[int], bytes]) -> str:
    return urlsafe_b64encode(random_bytes(_TOKEN_BYTES)).decode("ascii").rstrip("=")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _tell(
    transaction: Connection, order_id: int, now: datetime, by: str, action: str, **data: str
) -> None:
    record_deed(
        transaction, at=now, actor=by, action=action, subject=f"order:{order_id}", data=data
    )
