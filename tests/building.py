"""Builds the rows a test begins with: a store, a paid order, a request, a decision, a refund."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from sqlalchemy import Connection

from refunddesk.compat.surface import WORDPRESS
from refunddesk.compat.verdict import Verdict
from refunddesk.db import (
    checks,
    decisions,
    inbox,
    orders,
    overrides,
    plugins,
    refunds,
    releases,
    requests,
    staff,
    stores,
)
from refunddesk.db.checks import RecordedCheck
from refunddesk.db.inbox import NewDelivery
from refunddesk.db.orders import ItemFacts, Order, OrderFacts
from refunddesk.db.overrides import NewOverride
from refunddesk.db.plugins import NewVersion
from refunddesk.db.refunds import Refund
from refunddesk.db.releases import Channel
from refunddesk.db.requests import NewRequest
from refunddesk.db.staff import Role
from refunddesk.money import Money, total
from refunddesk.services import refunds as granting
from refunddesk.services.edges import Edges

_numbers = count(1)


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order to build: net and tax as text, all at tax rate 7."""

    net: str
    tax: str = "0.00"
    item_kind: str = "product"
    quantity: int = 1


def add_store(
    edges: Edges,
    *,
    url: str = "https://store.test",
    consumer_key: str = "ck_test",
    consumer_secret: str = "cs_test",
    policy: str = "crmjetty",
) -> int:
    """A store in Berlin; its id."""
    keys = stores.SealedKeys(edges.sealer.seal(consumer_key), edges.sealer.seal(consumer_secret))
    with edges.database.write() as transaction:
        return stores.insert_store(
            transaction,
            name="Store",
            url=url,
            timezone="Europe/Berlin",
            country="DE",
            policy=policy,
            keys=keys,
            now=edges.clock(),
        )


def add_delivery(transaction: Connection, delivery: NewDelivery) -> int:
    """A kept delivery, nothing promised of it; its id."""
    inbox.insert_deliveries(transaction, [delivery])
    return inbox.find_newest_id(transaction)


def add_order(
    edges: Edges,
    store_id: int,
    *lines: Line,
    woo_order_id: int = 1001,
    paid_at: datetime | None = None,
    subscription_id: int | None = None,
    snapshot_sha: bytes = b"as judged",
) -> Order:
    """An order of these lines, paid an hour ago by card; line n has the store's id 10 + n."""
    items = [_item(number, line) for number, line in enumerate(lines or [Line("199.00")], 11)]
    net = total((item.paid for item in items), "EUR")
    tax = total((item.tax for item in items), "EUR")
    now = edges.clock()
    facts = OrderFacts(
        number=str(woo_order_id),
        status="completed",
        kind="purchase",
        billing="one_time",
        customer_id=None,
        subscription_id=subscription_id,
        total=net + tax,
        tax=tax,
        payment_method="sandboxpay",
        transaction_id=None,
        ordered_at=now - timedelta(hours=1),
        paid_at=paid_at or now - timedelta(hours=1),
        modified_at=now - timedelta(hours=1),
        period_start_at=None,
        period_end_at=None,
        completed_at=None,
        gateway_fee=None,
        promotion=None,
        snapshot_sha=snapshot_sha,
        remarks=(),
        gone_at=None,
    )
    with edges.database.write() as transaction:
        orders.insert_order_once(transaction, store_id, woo_order_id, facts, now)
        order = orders.find_order(transaction, store_id, woo_order_id)
        assert order
        orders.record_items(transaction, order.id, items, at=now)
    return order


def add_request(transaction: Connection, order: Order, now: datetime) -> int:
    """A request granted already: its refund follows."""
    request = requests.record_request(
        transaction,
        NewRequest(
            store_id=order.store_id,
            order_id=order.id,
            case_id=None,
            request_key=f"request-{next(_numbers)}",
            request_sha=b"",
            channel="portal",
            from_account_address=True,
            asked_by="staff:1",
            asked_at=now,
        ),
    )
    requests.change_state(transaction, request, "granted")
    return request.id


def add_decision(
    transaction: Connection,
    request_id: int,
    amount: Money,
    now: datetime,
    *,
    effects: Sequence[str] = (),
    snapshot_sha: bytes = b"as judged",
    claim: str = "{}",
) -> int:
    return decisions.record_decision(
        transaction,
        request_id=request_id,
        judged_at=now,
        policy="crmjetty",
        policy_version="1",
        outcome="refund",
        settled_by="R-3A",
        amount=amount,
        claim=claim,
        decision=json.dumps({"awaits": [], "effects": list(effects)}),
        snapshot_sha=snapshot_sha,
    )


def grant(
    edges: Edges,
    order: Order,
    shares: Mapping[int, tuple[str, str]] | None = None,
    *,
    effects: Sequence[str] = (),
    claim: str = "{}",
) -> Refund:
    """A refund of these lines (woo item id -> net, tax), by default of everything."""
    now = edges.clock()
    with edges.database.write() as transaction:
        request_id = add_request(transaction, order, now)
        refund_id = grant_by(
            transaction, edges, order, request_id, shares, effects=effects, claim=claim
        )
        return refunds.get_refund(transaction, refund_id)


def grant_by(
    transaction: Connection,
    edges: Edges,
    order: Order,
    request_id: int,
    shares: Mapping[int, tuple[str, str]] | None = None,
    *,
    effects: Sequence[str] = (),
    claim: str = "{}",
) -> int:
    """Grant a request that is there already; the refund's id."""
    items = orders.list_items(transaction, order.id)
    wanted = {
        item.id: (item.paid, item.tax)
        if shares is None
        else tuple(
            Money.parse(text, order.currency, order.decimals)
            for text in shares.get(item.woo_item_id, ("0.00", "0.00"))
        )
        for item in items
    }
    amount = total(
        (part for share in wanted.values() for part in share), order.currency, order.decimals
    )
    now = edges.clock()
    decision_id = add_decision(
        transaction,
        request_id,
        amount,
        now,
        effects=effects,
        claim=claim,
        snapshot_sha=order.snapshot_sha,
    )
    return granting.grant(
        transaction,
        now=now,
        request_id=request_id,
        decision_id=decision_id,
        order=order,
        lines=granting.lines_for(items, wanted),
        amount=amount,
        approved_by="policy",
        random_bytes=edges.random_bytes,
    )


def add_check(
    edges: Edges,
    verdict: Verdict = Verdict.BROKEN,
    *,
    slug: str = "mine",
    version: str = "1.0",
    product: str = WORDPRESS,
    release: str = "8.1",
) -> RecordedCheck:
    """A check of a plugin version on a release, both recorded and neither ever read."""
    now = edges.clock()
    with edges.database.write() as transaction:
        plugin = plugins.keep_plugin(transaction, slug, slug.title(), [], now)
        new = NewVersion(plugin.id, version, secrets.token_hex(32), 1000, f"{slug}.zip", "staff:1")
        version_id = plugins.insert_version(transaction, new, now)
        release_id = releases.insert_release_once(
            transaction,
            product,
            release,
            channel=Channel.STABLE,
            php_floor="7.4",
            zip_url=None,
            now=now,
        )
        if release_id is None:
            known = releases.find_release(transaction, product, release)
            assert known
            release_id = known.id
        return checks.insert_check(
            transaction,
            plugin_version_id=version_id,
            release_id=release_id,
            checker_version=1,
            verdict=verdict,
            record={"verdict": verdict.value, "evidence": [], "unread": []},
            now=now,
        )


def add_override(edges: Edges) -> None:
    """A ruling of a person, which made the first decision."""
    with edges.database.write() as transaction:
        decision = decisions.get_decision(transaction, 1)
        made = overrides.record_override(
            transaction,
            NewOverride(
                decision.request_id, None, "judge", "Look again.", "staff:1", edges.clock()
            ),
        )
        overrides.link_decision(transaction, decision.id, made.id)


def add_staff(edges: Edges, *people: tuple[str, Role]) -> None:
    """Staff by e-mail address and role; nobody can sign in as them."""
    with edges.database.write() as transaction:
        for email, role in people:
            staff.add_staff(
                transaction,
                email=email,
                name=email.partition("@")[0],
                role=role,
                password_hash="none",
                at=edges.clock(),
            )


def balances(edges: Edges, accounts: Collection[str] = ()) -> dict[str, str]:
    """What stands on each account of the books, as text."""
    from refunddesk.db import books

    with edges.database.read() as transaction:
        found = books.balances(transaction)
    return {
        posting.account: str(posting.amount)
        for posting in found
        if not accounts or posting.account in accounts
    }


def _item(woo_item_id: int, line: Line) -> ItemFacts:
    tax = eur(line.tax)
    return ItemFacts(
        woo_item_id=woo_item_id,
        line_type="line_item",
        woo_product_id=woo_item_id * 10,
        woo_variation_id=None,
        sku=f"SKU-{woo_item_id}",
        name="A thing",
        product=f"product-{woo_item_id}",
        item_kind=line.item_kind,
        in_programme=True,
        sites_limit=1,
        quantity=Decimal(line.quantity),
        paid=eur(line.net),
        tax=tax,
        taxes=((7, tax),) if tax else (),
    )
