"""Builds what a refund request begins with: who bought what, the case about it, and the asking."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier
from time import sleep
from typing import Any, TypeVar

from sqlalchemy import text

from refunddesk.casework import TurnKind
from refunddesk.db import customers, licenses, orders, outbox
from refunddesk.db.cases import Case, Report
from refunddesk.db.orders import ItemFacts, Order, OrderFacts
from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping, requests
from refunddesk.money import Money, total
from refunddesk.services import case_turns, cases, judging, license_terms
from refunddesk.services import licenses as licensing
from refunddesk.services import requests as asking
from refunddesk.services.cases import Intake
from refunddesk.services.edges import Edges
from refunddesk.services.requests import Asking

STAFF = "staff:1"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Bought:
    """One line of an order; `sites` is how many sites its licence is for, 0 for no licence."""

    product: str = "crm-portal"
    paid: str = "199.00"
    tax: str = "37.81"
    item_kind: str = "product"
    sites: int = 1


PORTAL = Bought()
EXTRA_DOMAIN = Bought("extra-domain", "49.00", "9.31", "additional_domain", 0)


def buy(
    edges: Edges,
    store_id: int,
    *lines: Bought,
    woo_order_id: int = 1001,
    email: str = "ada@example.com",
    account: int | None = None,
    paid_at: datetime | None = None,
    **facts: Any,
) -> Order:
    """A paid order, now or at `paid_at`, with its licences issued; `facts` as of OrderFacts.

    Line n has the store's id 10 + n.
    """
    items = [_item(number, line) for number, line in enumerate(lines or (PORTAL,), 11)]
    tax = total((item.tax for item in items), "EUR")
    now = edges.clock()
    told = OrderFacts(
        number=str(woo_order_id),
        status="completed",
        kind="purchase",
        billing="one_time",
        customer_id=None,
        subscription_id=None,
        total=total((item.paid for item in items), "EUR") + tax,
        tax=tax,
        payment_method="sandboxpay",
        transaction_id=None,
        ordered_at=paid_at or now,
        paid_at=paid_at or now,
        modified_at=paid_at or now,
        period_start_at=None,
        period_end_at=None,
        completed_at=None,
        gateway_fee=None,
        promotion=None,
        snapshot_sha=b"as bought",
        remarks=(),
        gone_at=None,
    )
    with edges.database.write() as transaction:
        customer_id = customers.record_customer(
            transaction, store_id, email=email, woo_customer_id=account, country="DE"
        )
        told = replace(told, customer_id=customer_id, **facts)
        orders.insert_order_once(transaction, store_id, woo_order_id, told, now)
        order = orders.find_order(transaction, store_id, woo_order_id)
        assert order
        orders.record_items(transaction, order.id, items, at=now)
        recorded = orders.list_items(transaction, order.id)
        license_terms.issue_for_order(transaction, order, recorded, now, edges.random_bytes)
        license_terms.settle_terms(edges, transaction, order, recorded, now)
    return order


def key_of(edges: Edges, order: Order) -> str:
    """A fresh key of the order's first licence."""
    with edges.database.read() as transaction:
        held = licenses.list_licenses(transaction, order.id, order.subscription_id)
    return licensing.new_key(edges, held[0].id, by=STAFF)


def report(
    edges: Edges,
    order: Order,
    *,
    reason: str = "malfunction",
    finding: str | None = "malfunction",
    gives_up: bool = True,
    opened_at: datetime | None = None,
    **report: Any,
) -> Case:
    """A complete report of a malfunction that support could not mend; `report` as of Report."""
    case = cases.open_case(edges, intake(edges, order, reason, opened_at, **report), by=STAFF)
    if finding:
        case = case_turns.find(edges, case.id, finding, "It was looked into.", by=STAFF)
    if gives_up:
        case = case_turns.end(edges, case.id, TurnKind.GAVE_UP, "It cannot be mended.", by=STAFF)
    return case


def intake(
    edges: Edges,
    order: Order,
    reason: str = "malfunction",
    opened_at: datetime | None = None,
    **report: Any,
) -> Intake:
    """A report that misses nothing, but for what `report` says otherwise."""
    with edges.database.read() as transaction:
        items = orders.list_items(transaction, order.id)
    said: dict[str, Any] = {
        "site_url": "https://ada.example",
        "product": items[0].product if items else None,
        "product_version": "2.1",
        "details": "The form sends nothing.",
        "no_screenshots": True,
        "other_extensions": (),
    }
    return Intake(order.id, reason, report=Report(**said | report), opened_at=opened_at)


def ask(edges: Edges, order: Order, request_key: str = "first", **facts: Any) -> int:
    """The id of a request made on the portal; `facts` as of Asking."""
    said: dict[str, Any] = {"channel": "portal", "from_account_address": True}
    asked = Asking(order.store_id, order.woo_order_id, request_key, **said | facts)
    return asking.ask_refund(edges, asked, asked_by=STAFF)[0].id


def work(edges: Edges) -> int:
    """Judge what is due to be judged, as the workers would; the number of runs."""
    with edges.database.read() as transaction:
        due = outbox.list_due(transaction, edges.clock())
    jobs = {JobName.JUDGE_REQUEST: requests.judge_request}
    mine = [promise_id for promise_id, job in due if job in jobs]
    return sum(keeping.keep(edges, promise_id, jobs) for promise_id in mine)


def until_it_waits(edges: Edges, action: Callable[[], Result]) -> Future[Result]:
    """`action` in a thread of its own, once it is over or waits for a lock (of PostgreSQL)."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    threads = ThreadPoolExecutor(1)
    future = threads.submit(action)
    threads.shutdown(wait=False)
    with edges.database.engine.connect() as connection:
        looking = connection.execution_options(isolation_level="AUTOCOMMIT")
        while not future.done() and not looking.scalar(waiting):
            sleep(0.01)
    return future


def at_once(times: int, action: Callable[[int], Result]) -> list[Result | Exception]:
    """What each of `times` threads got that did `action` at the same moment."""
    start = Barrier(times)

    def run(number: int) -> Result | Exception:
        start.wait()
        try:
            return action(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


def judge(edges: Edges, request_id: int) -> None:
    judging.judge_request(edges, request_id)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def _item(woo_item_id: int, line: Bought) -> ItemFacts:
    tax = Money.parse(line.tax, "EUR")
    return ItemFacts(
        woo_item_id=woo_item_id,
        line_type="line_item",
        woo_product_id=woo_item_id * 10,
        woo_variation_id=None,
        sku=line.product,
        name=line.product.title(),
        product=line.product,
        item_kind=line.item_kind,
        in_programme=True,
        sites_limit=line.sites,
        quantity=Decimal(1),
        paid=Money.parse(line.paid, "EUR"),
        tax=tax,
        taxes=((7, tax),) if tax else (),
    )
