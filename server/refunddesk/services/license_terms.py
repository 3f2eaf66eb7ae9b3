"""What a paid order means for licences: which there are, for how many sites, and until when.

All of it is derived again each time an order is recorded, so nothing depends on having seen every
step; and nothing is taken away while a refund of ours is still under way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from refunddesk import licensing
from refunddesk.db import customers, extra_sites, licenses, orders, refunds
from refunddesk.db.history import record_deed
from refunddesk.db.licenses import License, NewLicense
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.refunds import OPEN, State
from refunddesk.services import licenses as use_cases
from refunddesk.services.edges import Edges
from refunddesk.services.grounds import find_ground
from refunddesk.services.refunds import LeftOfLine, NothingLeftToRefund, what_is_left

log = structlog.get_logger(__name__)

_KEY_TAIL = 4


def issue_for_order(
    transaction: Connection,
    order: Order,
    items: Sequence[OrderItem],
    now: datetime,
    random_bytes: Callable[[int], bytes],
) -> list[int]:
    """Give every licensed line item of a paid order its licence, once; the new ids.

    Renewals prolong the licence their subscription bought first, and an imported licence that
    waited for this order is taken up. The key itself is kept nowhere: staff make a new one to
    hand out (`licenses.new_key`).
    """
    if order.paid_at is None:
        return []
    held = licenses.list_licenses(transaction, order.id, order.subscription_id)
    waiting = licenses.list_licenses_without_item(transaction, order.store_id, order.woo_order_id)
    issued = []
    for item in items:
        if item.item_kind != "product" or item.sites_limit < 1:
            continue
        known = [license for license in held if _stands_for(license, order, item)]
        imported = next((one for one in waiting if one.product == item.product), None)
        if known:
            for license in known:
                _prolong(transaction, license, order, item, now)
        elif imported is not None:
            waiting.remove(imported)
            _take_up(transaction, imported, order, item, now)
        else:
            issued.append(_issue(transaction, order, item, now, random_bytes))
    return issued


def settle_terms(
    edges: Edges, transaction: Connection, order: Order, items: Sequence[OrderItem], now: datetime
) -> None:
    """Have licences follow what the order gave back, ours and by hand, and what it bought besides.

    A line given back whole ends its licence, or sets back the expiry that a renewal had moved; a
    line of extra domains given back in part leaves so many sites. Where a refund of ours is under
    way nothing is taken yet: its own steps do that once it is paid.
    """
    # Several may end: all are locked before the first of them wakes a request.
    licenses.list_licenses(transaction, order.id, order.subscription_id, lock=True)
    left = left_of_lines(transaction, order)
    settled = left is not None and not _is_refund_under_way(transaction, order)
    for item in items:
        if item.item_kind == "additional_domain":
            share = left[item.woo_item_id] if left is not None and settled else None
            settle_extra_sites(transaction, order, item, share, now)
        elif left is None or not settled or not is_given_back(item, left):
            continue
        elif item.woo_item_id not in _lines_that_keep_their_license(transaction, order):
            _follow_refund(edges, transaction, order, item, now)


def _lines_that_keep_their_license(transaction: Connection, order: Order) -> set[int]:
    """Lines, by the store's id, of refunds by whose decision the licence stays."""
    return {
        line.woo_item_id
        for refund in refunds.list_for_order(transaction, order.id)
        if refund.state == State.PAID
        and "license_stays" in find_ground(transaction, refund).effects
        for line in refund.lines
    }


def settle_extra_sites(
    transaction: Connection,
    order: Order,
    item: OrderItem,
    left: LeftOfLine | None,
    now: datetime,
) -> bool:
    """Give the line's sites to a licence, or leave it those that are still paid for.

    `left` None keeps all of them. False if nothing changed, also where no licence of the customer
    is plainly the one meant: the first time, that is logged.
    """
    license_id = extra_sites.find_license_id(transaction, item.id)
    if license_id is None:
        if order.kind == "renewal":
            return False  # the subscription's first order brought these sites
        license_id = _license_meant(transaction, order, item)
        if license_id is None:
            log.warning("extra site without licence", order=order.id, item=item.id)
            return False
    licenses.lock_license(transaction, license_id)
    sites = _sites_left(item, left)
    if not extra_sites.record_extra_sites(transaction, license_id, item.id, sites):
        return False
    _tell(transaction, license_id, order, now, "extra_sites", item=item.id, sites=sites)
    return True


def set_back_expiry(
    transaction: Connection, license_id: int, order: Order, now: datetime, *, actor: str
) -> bool:
    """Have the licence expire when what was paid before the renewal `order` runs out.

    That may be at once. False if it expires by then already, or has ended.
    """
    license = licenses.lock_license(transaction, license_id)
    if license is None or license.state != "active":
        return False
    until = paid_until(transaction, order) or now
    if license.expires_at is not None and license.expires_at <= until:
        return False
    licenses.change_expiry(transaction, license_id, until)
    record_deed(
        transaction,
        at=now,
        actor=actor,
        action="license_set_back",
        subject=f"license:{license_id}",
        data={"order": order.id, "expires_at": until.isoformat()},
    )
    return True


def paid_until(transaction: Connection, order: Order) -> datetime | None:
    """When the time runs out that was paid for before the renewal `order`, and not given back."""
    if order.subscription_id is None or order.paid_at is None:
        return None
    ends = []
    for other in orders.list_orders_of_subscription(transaction, order.subscription_id):
        if not other.period_end_at or not other.paid_at or other.paid_at >= order.paid_at:
            continue
        left = left_of_lines(transaction, other)
        items = [item for item in orders.list_items(transaction, other.id) if item.paid]
        if left is None or not items or not all(is_given_back(item, left) for item in items):
            ends.append(other.period_end_at)
    return max(ends, default=None)


def left_of_lines(transaction: Connection, order: Order) -> dict[int, LeftOfLine] | None:
    """What each line (by the store's id) can still give; None where that cannot be told."""
    try:
        return dict(what_is_left(transaction, order).lines)
    except NothingLeftToRefund:
        return None


def is_given_back(item: OrderItem, left: dict[int, LeftOfLine]) -> bool:
    """Was the whole price of the line given back? The tax may stay with the store."""
    return item.paid.minor > 0 and left[item.woo_item_id].net.minor <= 0


def _stands_for(license: License, order: Order, item: OrderItem) -> bool:
    if license.order_id == order.id:
        return license.order_item_id == item.id
    return license.product == item.product


def _prolong(
    transaction: Connection, license: License, order: Order, item: OrderItem, now: datetime
) -> None:
    until = order.period_end_at
    if not until or not license.expires_at or until <= license.expires_at:
        return
    left = left_of_lines(transaction, order)
    if license.state != "active" or (left is not None and is_given_back(item, left)):
        return
    licenses.change_expiry(transaction, license.id, until)
    _tell(transaction, license.id, order, now, "license_prolonged", expires_at=until.isoformat())


def _take_up(
    transaction: Connection, imported: License, order: Order, item: OrderItem, now: datetime
) -> None:
    licenses.link_license(transaction, imported.id, order_id=order.id, order_item_id=item.id)
    _tell(transaction, imported.id, order, now, "license_taken_up", item=item.id)


def _issue(
    transaction: Connection,
    order: Order,
    item: OrderItem,
    now: datetime,
    random_bytes: Callable[[int], bytes],
) -> int:
    key = licensing.new_key(random_bytes)
    license_id = licenses.record_license(
        transaction,
        NewLicense(
            store_id=order.store_id,
            order_id=order.id,
            order_item_id=item.id,
            product=item.product,
            key_hash=licensing.key_hash(key),
            key_ends_with=key[-_KEY_TAIL:],
            sites_limit=item.sites_limit,
            expires_at=order.period_end_at,
        ),
        at=now,
    )
    _tell(transaction, license_id, order, now, "license_issued")
    return license_id


def _follow_refund(
    edges: Edges, transaction: Connection, order: Order, item: OrderItem, now: datetime
) -> None:
    own = licenses.find_license_of_item(transaction, item.id)
    actor = f"store:{order.store_id}"
    if own is not None:
        because = f"line {item.woo_item_id} of order {order.woo_order_id} was given back whole"
        use_cases.end(edges, transaction, own.id, because, now, actor)
    elif order.kind == "renewal":
        for license in licenses.list_licenses(transaction, order.id, order.subscription_id):
            if license.product == item.product and license.expires_at == order.period_end_at:
                set_back_expiry(transaction, license.id, order, now, actor=actor)


def _license_meant(transaction: Connection, order: Order, item: OrderItem) -> int | None:
    """The licence that an extra domain is for: of its own order, else the customer's only one."""
    beside = [
        license
        for license in licenses.list_licenses(transaction, order.id, order.subscription_id)
        if license.state == "active"
    ]
    if beside:
        same = [license for license in beside if license.product == item.product]
        return (same or beside)[0].id
    if order.customer_id is None:
        return None
    person = [row.id for row in customers.list_same_person(transaction, order.customer_id)]
    owned = [
        license
        for license in licenses.list_licenses_of_customer(transaction, order.store_id, person)
        if license.state == "active"
    ]
    same = [license for license in owned if license.product == item.product]
    meant = same or owned
    return meant[0].id if len(meant) == 1 else None


def _sites_left(item: OrderItem, left: LeftOfLine | None) -> int:
    """The sites of the line that are still paid for; a site paid for in part stays."""
    # A rule that names no sites means one for each piece.
    sites = item.sites_limit or max(1, int(item.quantity))
    if left is None or item.paid.minor <= 0:
        return sites
    kept = min(max(left.net.minor, 0), item.paid.minor)
    return -(-sites * kept // item.paid.minor)


def _is_refund_under_way(transaction: Connection, order: Order) -> bool:
    return any(refund.state in OPEN for refund in refunds.list_for_order(transaction, order.id))


def _tell(
    transaction: Connection,
    license_id: int,
    order: Order,
    now: datetime,
    action: str,
    **data: str | int,
) -> None:
    record_deed(
        transaction,
        at=now,
        actor=f"store:{order.store_id}",
        action=action,
        subject=f"license:{license_id}",
        data={"order": order.id, **data},
    )
