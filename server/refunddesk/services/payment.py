"""One payment: a refund that is due, with its order, its store, and the call it will be."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from refunddesk.db import orders, stores
from refunddesk.db.orders import Order
from refunddesk.db.refunds import Refund
from refunddesk.db.stores import Store
from refunddesk.services.grounds import find_ground
from refunddesk.woocommerce.refunds import RefundCall, RefundLine


@dataclass(frozen=True, slots=True)
class Payment:
    """A refund that is due, with what it is checked against."""

    refund: Refund
    order: Order
    store: Store
    judged_sha: bytes

    @property
    def has_lost_its_bridge(self) -> bool:
        """Whether only the record of an earlier call lets it be sent again, and that is gone.

        By another way the gateway could not tell the second call from another refund.
        """
        is_elsewhere = self.refund.bridge_record != self.store.bridge_record
        return self.refund.may_have_paid and is_elsewhere

    @property
    def call(self) -> RefundCall:
        return RefundCall(
            woo_order_id=self.order.woo_order_id,
            amount=self.refund.amount,
            marker=self.refund.marker,
            note="refund",
            lines=tuple(
                RefundLine(line.woo_item_id, line.quantity, line.net, line.taxes)
                for line in self.refund.lines
            ),
            # Not the id: after a restore from a backup another refund gets the same one.
            key=self.refund.marker,
            by_bridge=self.store.bridge_record is not None,
            settled_tries=self.refund.settled_tries,
        )


def load_payment(transaction: Connection, refund: Refund) -> Payment:
    order = orders.get_order(transaction, refund.order_id)
    store = stores.get_store(transaction, refund.store_id)
    return Payment(refund, order, store, find_ground(transaction, refund).snapshot_sha)
