"""The lists of a store that reconciliation reads: its changed orders, all orders, all refunds.

Every list is sorted by id and read by offset, each page beginning at the last object of the one
before. Sorted by the date of change, an order that changes while the list is read would move to
its end, and the order that moves up in its stead would fall between two pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from refunddesk.woocommerce.client import PER_PAGE, Json, StoreClient
from refunddesk.woocommerce.fields import Notes, id_of, instant_of, text_of
from refunddesk.woocommerce.payloads import DRAFTS
from refunddesk.woocommerce.refunds import marker_in

#: An order of 40 lines has 60 KB, and an answer may have 5 MiB.
BODIES_PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Change:
    """An order of the list, and when the store says that it was changed last."""

    woo_id: int
    modified_at: datetime | None
    is_draft: bool


@dataclass(frozen=True, slots=True)
class OrderListed:
    """An order of the list with its body."""

    woo_id: int
    body: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefundListed:
    """A refund row of the list; `refunded_payment` None: the store does not say."""

    woo_id: int
    woo_order_id: int | None
    marker: str | None
    refunded_payment: bool | None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as the store has it: "active", "paused" by a person or "disabled" by failures."""

    woo_webhook_id: int
    status: str
    delivery_url: str
    topic: str


def find_newest_change(client: StoreClient) -> datetime | None:
    """When the order that was changed last was changed, by the store's own clock."""
    wanted = {"orderby": "modified", "order": "desc", "per_page": "1", "_fields": _CHANGE}
    newest = [_change(entry) for entry in client.list_page("orders", wanted)]
    return newest[0].modified_at if newest else None


def list_changes(client: StoreClient, since: datetime, position: int) -> list[Change]:
    """The next orders changed after `since`."""
    wanted = {"modified_after": _gmt(since), "_fields": _CHANGE}
    entries = client.list_page("orders", {**_from(position, PER_PAGE), **wanted})
    return [_change(entry) for entry in entries]


def list_orders_made(client: StoreClient, since: datetime, position: int) -> list[OrderListed]:
    """The next orders made after `since`; those in the trash are left out."""
    wanted = {"after": _gmt(since)}
    entries = client.list_page("orders", {**_from(position, BODIES_PER_PAGE), **wanted})
    return [OrderListed(id_of(entry.get("id")) or 0, entry) for entry in entries]


def list_refunds_made(client: StoreClient, since: datetime, position: int) -> list[RefundListed]:
    """The next refund rows made after `since` (WooCommerce 9.0 and later)."""
    wanted = {"after": _gmt(since), "_fields": "id,parent_id,reason,refunded_payment"}
    entries = client.list_page("refunds", {**_from(position, PER_PAGE), **wanted})
    return [_refund(entry) for entry in entries]


def list_webhooks(client: StoreClient) -> list[Webhook]:
    return [
        Webhook(
            woo_id,
            text_of(entry.get("status")),
            text_of(entry.get("delivery_url")),
            text_of(entry.get("topic")),
        )
        for entry in client.list_webhooks()
        if (woo_id := id_of(entry.get("id")))
    ]


_CHANGE = "id,status,date_modified_gmt"


def _from(position: int, per_page: int) -> Mapping[str, str]:
    """The page that begins with the last object before `position`, to see whether it is there."""
    return {
        "dates_are_gmt": "true",  # else the store's local time, with holes at DST
        "orderby": "id",
        "order": "asc",
        "offset": str(max(position - 1, 0)),
        "per_page": str(per_page),
    }


def _change(entry: Json) -> Change:
    return Change(
        id_of(entry.get("id")) or 0,
        instant_of(entry, "date_modified", None, Notes()),
        text_of(entry.get("status")) in DRAFTS,
    )


def _refund(entry: Json) -> RefundListed:
    paid = entry.get("refunded_payment")
    return RefundListed(
        id_of(entry.get("id")) or 0,
        id_of(entry.get("parent_id")),
        marker_in(text_of(entry.get("reason"))),
        paid if isinstance(paid, bool) else None,
    )


def _gmt(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
