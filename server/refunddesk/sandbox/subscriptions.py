"""Subscriptions of the sandbox store: started at checkout, renewed, ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from refunddesk.sandbox import catalog, lines, orders
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.schedule import next_payment

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

STATUSES = ("pending", "active", "on-hold", "cancelled", "switched", "expired", "pending-cancel")
# From which statuses `transition_status` reaches a status; anything else is a PHP exception (C3).
_REACHED_FROM = {
    "pending": {"pending"},
    "active": {"pending", "on-hold", "pending-cancel"},
    "on-hold": {"pending", "active", "pending-cancel"},
    "cancelled": {"pending", "active", "on-hold", "pending-cancel"},
    "pending-cancel": {"active", "on-hold", "cancelled"},
    "expired": {"pending", "active", "on-hold", "pending-cancel"},
    "switched": {"active", "on-hold"},
}
_SAMPLE_BILLING = {
    "first_name": "Karla", "last_name": "Kunde", "address_1": "Weg 1", "city": "Berlin",
    "postcode": "10115", "country": "DE", "email": "karla.kunde@example.test",
}  # fmt: skip


class TransitionImpossible(Exception):
    """Subscriptions throws here and does not catch: the answer is a critical error page."""


def check_out(store: SandboxStore, request: Document) -> Document:
    """An order bought in the shop, with the subscriptions it starts.

    WooCommerce announces such an order's update before its creation (B7).
    """
    request = {"billing": _SAMPLE_BILLING, **request}
    with store.documents.locked():
        order = orders.new_order(store, request, "store-api")
        order["meta_data"] = lines.numbered_meta(store, [{"key": "is_vat_exempt", "value": "no"}])
        if request.get("set_paid"):
            orders.pay(store, order, f"ch_sandbox_{order['id']}")
        orders.save(store, order)
        store.webhooks.announce("order.updated", order["id"])
        store.webhooks.announce("order.created", order["id"])
        for subscription in start_for_order(store, order):
            store.webhooks.announce("subscription.updated", subscription["id"])
            store.webhooks.announce("subscription.created", subscription["id"])
            store.webhooks.announce_action("woocommerce_subscription_status_updated", None)
    return order


def start_for_order(store: SandboxStore, order: Document) -> list[Document]:
    """One subscription per subscription product in the order."""
    started = []
    for line in order["line_items"]:
        product = store.documents.find("product", line["product_id"])
        if product and (period := catalog.subscription_period(product)):
            started.append(_start(store, order, line["product_id"], period))
    return started


def _start(store: SandboxStore, order: Document, product_id: int, period: str) -> Document:
    number = store.documents.next_number("post")
    start = datetime.fromisoformat(order["date_created_gmt"]).replace(tzinfo=UTC)
    paid = order["date_paid_gmt"] is not None
    due = next_payment(start, period, store.offset())
    subscription: Document = {
        **order,
        **lines.copy_lines(store, order, {product_id}),
        "id": number,
        "parent_id": order["id"],
        "number": str(number),
        "status": "active" if paid else "pending",
        "refunds": [],
        "date_completed": None,
        "date_completed_gmt": None,
        "meta_data": lines.numbered_meta(
            store,
            [
                {"key": "_subscription_renewal_order_ids_cache", "value": []},
                {"key": "is_vat_exempt", "value": "no"},
            ],
        ),
        "billing_period": period,
        "billing_interval": "1",
        "trial_period": "",
        "suspension_count": 0,
        "requires_manual_renewal": False,
        "start_date_gmt": order["date_created_gmt"],
        "trial_end_date_gmt": "",
        "next_payment_date_gmt": _stamp(due) if paid else "",
        "last_payment_date_gmt": order["date_created_gmt"] if paid else "",
        "cancelled_date_gmt": "",
        "end_date_gmt": "",
        "resubscribed_from": "",
        "resubscribed_subscription": "",
        "removed_line_items": [],
    }
    orders.save(store, subscription)
    return subscription


def of_order(store: SandboxStore, order_id: int) -> list[Document]:
    """The subscriptions this order started, oldest first."""
    return store.documents.list("subscription", order_id)


def renew(store: SandboxStore, subscription_id: int) -> Document:
    """Take the next payment: a renewal order, paid now. Answers the stored order."""
    with store.documents.locked():
        subscription = store.documents.find("subscription", subscription_id)
        if subscription is None:
            raise LookupError(f"there is no subscription {subscription_id} in the sandbox")
        store.webhooks.announce("subscription.updated", subscription_id)
        store.webhooks.announce_action("woocommerce_subscription_status_updated", None)
        product_ids = {line["product_id"] for line in subscription["line_items"]}
        order: Document = {
            **orders.new_order(store, {"billing": subscription["billing"]}, "subscription"),
            **lines.copy_lines(store, subscription, product_ids),
            "customer_id": subscription["customer_id"],
            "payment_method": subscription["payment_method"],
            "payment_method_title": subscription["payment_method_title"],
            "needs_processing": subscription["needs_processing"],
            "meta_data": lines.numbered_meta(
                store, [{"key": "_subscription_renewal", "value": str(subscription_id)}]
            ),
        }
        orders.pay(store, order, f"ch_sandbox_{order['id']}")
        orders.save(store, order)
        # Counted from the payment; from the day that was due if it was taken early.
        since = max(subscription["next_payment_date_gmt"], order["date_created_gmt"])
        next_due = next_payment(
            datetime.fromisoformat(since), subscription["billing_period"], store.offset()
        )
        subscription["status"] = "active"
        subscription["next_payment_date_gmt"] = _stamp(next_due)
        subscription["last_payment_date_gmt"] = order["date_created_gmt"]
        subscription.update(orders.date_pair(store, "date_paid"))
        orders.save(store, subscription)
        store.webhooks.announce("order.created", order["id"])
        store.webhooks.announce("order.updated", order["id"])
    return order


def renewals_of(store: SandboxStore, subscription_id: int) -> list[Document]:
    """The renewal orders of a subscription, newest first."""
    wanted = str(subscription_id)
    found = [
        order
        for order in store.documents.list("order")
        for meta in order.get("meta_data", [])
        if meta["key"] == "_subscription_renewal" and str(meta["value"]) == wanted
    ]
    return sorted(found, key=lambda order: int(order["id"]), reverse=True)


def write_status(store: SandboxStore, subscription_id: int, status: str) -> None:
    """The raw write, `{"status": ...}`: any jump is allowed and every date stays (C2)."""
    _change(store, subscription_id, status, {})


def transition(store: SandboxStore, subscription_id: int, status: str) -> None:
    """The proper way, `{"transition_status": ...}`: dates are set, the next payment is cleared.

    The same status again changes nothing. Raises TransitionImpossible.
    """
    with store.documents.locked():
        subscription = store.documents.find("subscription", subscription_id)
        assert subscription is not None
        before = subscription["status"]
        if status == before:
            orders.save(store, subscription)
            return
        if before not in _REACHED_FROM[status]:
            raise TransitionImpossible(f"a {before} subscription cannot become {status}")
        now = _stamp(store.now())
        dates = {}
        if status in ("cancelled", "expired", "switched"):
            dates = {"next_payment_date_gmt": "", "end_date_gmt": now}
            if status == "cancelled":
                dates["cancelled_date_gmt"] = subscription["cancelled_date_gmt"] or now
        elif status == "pending-cancel":
            paid_until = subscription["next_payment_date_gmt"] or now
            dates = {
                "next_payment_date_gmt": "",
                "end_date_gmt": paid_until,
                "cancelled_date_gmt": now,
            }
        elif status == "active" and before == "pending-cancel":
            dates = {
                "next_payment_date_gmt": subscription["end_date_gmt"],
                "end_date_gmt": "",
                "cancelled_date_gmt": "",
            }
        _change(store, subscription_id, status, dates)


def _change(store: SandboxStore, subscription_id: int, status: str, dates: dict[str, str]) -> None:
    with store.documents.locked():
        subscription = store.documents.find("subscription", subscription_id)
        assert subscription is not None
        changed = subscription["status"] != status
        subscription.update({**dates, "status": status})
        orders.save(store, subscription)
        store.webhooks.announce("subscription.updated", subscription_id)
        if changed:
            if status == "cancelled":
                store.webhooks.announce_action("woocommerce_subscription_status_cancelled", None)
            store.webhooks.announce_action("woocommerce_subscription_status_updated", None)


def end_with_order(store: SandboxStore, order_id: int) -> None:
    """A cancelled parent order makes its subscriptions pending-cancel (C4)."""
    for subscription in of_order(store, order_id):
        if subscription["status"] in ("active", "on-hold"):
            transition(store, subscription["id"], "pending-cancel")


def end_if_last_payment_refunded(store: SandboxStore, order_id: int) -> None:
    """The one case in which a refund cancels: pending-cancel, and its latest payment (C1)."""
    for subscription in store.documents.list("subscription"):
        if subscription["status"] != "pending-cancel":
            continue
        renewals = renewals_of(store, subscription["id"])
        last = renewals[0]["id"] if renewals else subscription["parent_id"]
        if last == order_id:
            transition(store, subscription["id"], "cancelled")


def render(store: SandboxStore, subscription: Document) -> Document:
    """The subscription as the API shows it: an order's fields less a few, plus its schedule."""
    if orders.is_recorded(subscription):
        return {key: value for key, value in subscription.items() if key != "_sandbox"}
    shown = orders.render(store, subscription)
    for key in ("transaction_id", "cart_hash", "refunds", "currency_symbol"):
        del shown[key]
    shown |= {key: subscription[key] for key in ("date_paid", "date_paid_gmt")}
    shown |= {key: subscription[key] for key in _SCHEDULE}
    shown["is_editable"] = True
    shown["_links"] = orders.links(store, "subscriptions", subscription)
    return shown


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}"


_SCHEDULE = (
    "billing_period", "billing_interval", "trial_period", "suspension_count",
    "requires_manual_renewal", "start_date_gmt", "trial_end_date_gmt", "next_payment_date_gmt",
    "last_payment_date_gmt", "cancelled_date_gmt", "end_date_gmt", "resubscribed_from",
    "resubscribed_subscription", "removed_line_items",
)  # fmt: skip
