"""Made-up orders by the thousand, with the requests, decisions and refunds about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import TextClause, insert, text

from refunddesk.db import tables
from refunddesk.db.session import Database
from refunddesk.policy.decision import instant_text

_FIRST = datetime(2025, 1, 6, 10, tzinfo=UTC)
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Sale:
    """What is sold and what happens then, in days from the payment; None: it does not.

    `got` is what the built-in policy paid back, in cents. `site` is one still active.
    """

    billing: str
    paid: int
    tax: int
    opened: int | None = None
    asked: int | None = None
    got: int = 0
    site: str | None = None


FAULT_IN_TIME = Sale("one_time", 19900, 3781, opened=8, asked=16, got=19900)
FAULT_ON_DAY_40 = Sale("one_time", 19900, 3781, opened=40, asked=44)
STILL_SWITCHED_ON = Sale("one_time", 19900, 3781, opened=8, asked=16, site="https://a.example")
YEARLY_IN_TIME = Sale("yearly", 12000, 2400, opened=8, asked=16, got=12000)
NOBODY_ASKED = Sale("one_time", 19900, 3781)
#: In turn, so that any number of orders has the same mixture.
SALES = (
    FAULT_IN_TIME, FAULT_ON_DAY_40, NOBODY_ASKED, YEARLY_IN_TIME, STILL_SWITCHED_ON,
)  # fmt: skip


def sell(database: Database, store_id: int, count: int, sales: tuple[Sale, ...] = SALES) -> None:
    """`count` orders, one an hour, each of one line and of a customer of its own.

    Ids run from 1, so the tables must be empty.
    """
    for start in range(0, count, _BATCH):
        numbers = range(start + 1, min(start + _BATCH, count) + 1)
        rows: dict[Any, list[dict[str, Any]]] = {}
        for number in numbers:
            for table, row in _rows(store_id, number, sales[(number - 1) % len(sales)]):
                rows.setdefault(table, []).append(row)
        with database.engine.begin() as transaction:
            for table in _TABLES:
                if rows.get(table):
                    transaction.execute(insert(table), rows[table])
    if not database.is_sqlite:
        with database.engine.begin() as transaction:
            for table in _TABLES:
                transaction.execute(_go_on_counting(table.name))


def _go_on_counting(table: str) -> TextClause:
    # PostgreSQL does not count rows that came with their ids.
    return text(
        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
        f"(SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"
    )


_TABLES = (
    tables.customers, tables.orders, tables.order_items, tables.refund_requests,
    tables.decisions, tables.refunds,
)  # fmt: skip


def _rows(store_id: int, number: int, sale: Sale) -> Iterator[tuple[Any, dict[str, Any]]]:
    paid_at = _FIRST + timedelta(hours=number)
    yield tables.customers, {
        "id": number, "store_id": store_id, "email": f"c{number}@example.com",
        "email_key": f"c{number}@example.com", "country": "DE",
    }  # fmt: skip
    yield tables.orders, _order(store_id, number, sale, paid_at)
    yield tables.order_items, {
        "id": number, "order_id": number, "woo_item_id": 1, "line_type": "line_item",
        "sku": "LIC-1", "name": "Portal", "product": "crm-portal", "item_kind": "product",
        "in_programme": True, "sites_limit": 1, "quantity": "1", "paid_minor": sale.paid,
        "tax_minor": sale.tax, "taxes": [[7, sale.tax]],
    }  # fmt: skip
    if sale.asked is None:
        return
    asked_at = paid_at + timedelta(days=sale.asked)
    yield tables.refund_requests, {
        "id": number, "store_id": store_id, "order_id": number, "request_key": str(number),
        "request_sha": b"", "channel": "portal", "from_account_address": True,
        "asked_by": "staff:1", "asked_at": asked_at, "state": "refused",
    }  # fmt: skip
    money = {"currency": "EUR", "decimals": 2, "amount_minor": sale.got}
    yield tables.decisions, money | {
        "id": number, "request_id": number, "judged_at": asked_at, "policy": "crmjetty",
        "policy_version": "1", "outcome": "refund" if sale.got else "refuse", "decision": "{}",
        "claim": json.dumps(_claim(number, sale, paid_at, asked_at)), "snapshot_sha": b"",
    }  # fmt: skip
    if sale.got:
        yield tables.refunds, money | {
            "id": number, "store_id": store_id, "order_id": number, "request_id": number,
            "decision_id": number, "marker": f"RD-{number:08}", "state": "paid",
            "lines": [[1, "1", sale.got, []]], "approved_by": "policy",
            "created_at": asked_at, "settled_at": asked_at,
        }  # fmt: skip


def _order(store_id: int, number: int, sale: Sale, paid_at: datetime) -> dict[str, Any]:
    yearly = sale.billing == "yearly"
    return {
        "id": number, "store_id": store_id, "woo_order_id": number, "number": str(number),
        "status": "completed", "kind": "purchase", "billing": sale.billing,
        "customer_id": number, "currency": "EUR", "decimals": 2,
        "total_minor": sale.paid + sale.tax, "tax_minor": sale.tax,
        "payment_method": "sandboxpay", "paid_at": paid_at,
        "period_start_at": paid_at if yearly else None,
        "period_end_at": paid_at + timedelta(days=365) if yearly else None,
        "snapshot_sha": b"", "remarks": [], "recorded_at": paid_at,
    }  # fmt: skip


def _claim(number: int, sale: Sale, paid_at: datetime, asked_at: datetime) -> dict[str, Any]:
    """The frozen facts of the request, in the interchange form."""
    assert sale.opened is not None, "who asks has reported a fault"
    opened = instant_text(paid_at + timedelta(days=sale.opened))
    period = {"start": instant_text(paid_at), "end": instant_text(paid_at + timedelta(days=365))}
    return {
        "policy": "crmjetty",
        "store": {"timezone": "Europe/Berlin", "country": "DE"},
        "order": {
            "id": str(number), "kind": "purchase", "billing": sale.billing,
            "paid_at": instant_text(paid_at), "currency": "EUR", "refunded": "0.00",
            "items": [{
                "id": "1", "product": "crm-portal", "item_kind": "product", "quantity": 1,
                "paid": _text(sale.paid), "tax": _text(sale.tax),
            }],
            "period": period if sale.billing == "yearly" else None,
        },
        "customer": {"infringement": None, "earlier_refunds": [], "country": "DE"},
        "case": {
            "opened_at": opened, "complete_at": opened, "missing": [], "reason": "malfunction",
            "finding": "malfunction", "resolved": False, "gave_up_at": None,
            "last_customer_reply_at": opened, "materials_offered": False,
        },
        "request": {
            "at": instant_text(asked_at), "channel": "portal", "from_account_address": True,
        },
        "license": {
            "active_sites": [sale.site] if sale.site else [],
            "destruction_confirmed_at": instant_text(asked_at),
        },
        "disputes": [],
        "judged_at": instant_text(asked_at),
    }  # fmt: skip


def _text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
