"""Whose an order is, as it comes in: a customer's, or somebody's who was erased since."""

from __future__ import annotations

from sqlalchemy import Connection

from refunddesk.db import customers, erasures, inbox, orders
from refunddesk.policy.countries import is_country
from refunddesk.services.edges import Edges
from refunddesk.woocommerce.payloads import OrderBody, is_anonymized


def record_buyer(
    transaction: Connection, edges: Edges, store_id: int, body: OrderBody
) -> int | None:
    """The id of the customer who bought it; None for a guest without an address.

    An order of somebody erased stays theirs, and so does one from before then that is seen only
    now. What they buy afterwards is a new customer's, who has nothing to do with the old one.
    """
    known = orders.find_order(transaction, store_id, body.woo_order_id)
    before = None
    if known and known.customer_id:
        before = customers.find_customer(transaction, known.customer_id)
    if before and before.erased_at:
        return before.id
    if is_anonymized(body.customer_email):
        # All whom the store has erased would be one customer under that address.
        return before.id if before else None
    if body.created_at and (body.customer_email or body.customer_id):
        hashes = edges.sealer.hashes(customers.key_of(body.customer_email, body.customer_id))
        erased = erasures.find_tombstone(transaction, store_id, hashes, body.created_at)
        if erased is not None:
            return erased
    return customers.record_customer(
        transaction,
        store_id,
        email=body.customer_email,
        woo_customer_id=body.customer_id,
        # Programs can write anything there; what is no country is not known.
        country=body.customer_country if is_country(body.customer_country) else None,
        language=body.language,
    )


def forget_bodies(
    transaction: Connection, store_id: int, customer_id: int | None, woo_order_id: int
) -> None:
    """Drop what was delivered about an order of somebody erased: it names them once more."""
    customer = customers.find_customer(transaction, customer_id) if customer_id else None
    if customer and customer.erased_at:
        inbox.drop_bodies(transaction, store_id, "order", woo_order_id)
