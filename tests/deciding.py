"""Builds requests that people decide: one the policy refuses, one it leaves to a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from refunddesk.db import approvals, notices, overrides, refunds, requests
from refunddesk.db.approvals import Approval
from refunddesk.db.orders import Order
from refunddesk.db.overrides import Override
from refunddesk.db.refunds import Refund
from refunddesk.db.requests import RefundRequest
from refunddesk.db.staff import Role
from refunddesk.services import approval_limits
from refunddesk.services import overrides as deciding
from refunddesk.services.edges import Edges
from refunddesk.services.overrides import Ruling, override
from tests.asking import PORTAL, ask, buy, report, work
from tests.building import add_staff, add_store

ADA, BEN, SUE = "staff:1", "staff:2", "staff:3"
#: A product without a licence: nothing has to be switched off.
BARE = replace(PORTAL, sites=0)
ALL_OF_IT = {11: "199.00"}


def employ_three(edges: Edges) -> None:
    """ADA and BEN decide about money, SUE supports."""
    add_staff(
        edges,
        ("ada@store.test", Role.APPROVER),
        ("ben@store.test", Role.OWNER),
        ("sue@store.test", Role.SUPPORT),
    )


def refused(edges: Edges, *lines: Any, **facts: Any) -> tuple[Order, int]:
    """An order and the request about it that the policy refused: a change of mind (R-1E)."""
    order = buy(edges, add_store(edges), *(lines or (BARE,)), **facts)
    report(edges, order, reason="change_of_mind", finding=None, gives_up=False)
    request_id = ask(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "refused"
    return order, request_id


def left_to_person(edges: Edges) -> tuple[Order, int]:
    """An order and the request that the policy leaves to a person (R-1B)."""
    order = buy(edges, add_store(edges), BARE)
    report(edges, order, finding="third_party_conflict", gives_up=False)
    request_id = ask(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "in_review"
    return order, request_id


def rule(
    edges: Edges,
    request_id: int,
    ruling: str,
    *,
    by: str = ADA,
    seen: str | None = None,
    **more: Any,
) -> RefundRequest:
    """What a person decides; a refund gives all of line 11 back, where `amounts` say no other."""
    if ruling == "refund":
        more.setdefault("amounts", ALL_OF_IT)
    ruled = Ruling(ruling, more.pop("because", "They were right."), **more)
    return override(edges, request_id, ruled, by=by, seen=seen)


def limit(edges: Edges, order: Order, **limits: str | None) -> None:
    approval_limits.set_limits(edges, order.store_id, limits, currency=None, by=BEN)


def request_of(edges: Edges, request_id: int) -> RefundRequest:
    with edges.database.read() as transaction:
        return requests.get_request(transaction, request_id)


def refunds_of(edges: Edges, request_id: int) -> list[Refund]:
    with edges.database.read() as transaction:
        return refunds.list_for_request(transaction, request_id)


def overrides_of(edges: Edges, request_id: int) -> list[Override]:
    with edges.database.read() as transaction:
        return overrides.list_overrides(transaction, request_id)


def waiting(edges: Edges, request_id: int) -> Approval | None:
    with edges.database.read() as transaction:
        return approvals.find_open(transaction, request_id)


def seen(edges: Edges, request_id: int) -> str:
    with edges.database.read() as transaction:
        return deciding.seen_of(transaction, request_id)


def told(edges: Edges, about: str, kind: str) -> list[dict[str, Any]]:
    """The facts of the notices of this kind about one thing, oldest first."""
    with edges.database.read() as transaction:
        found = notices.list_notices(transaction, about)
    return [dict(one.facts) for one in found if one.kind == kind]
