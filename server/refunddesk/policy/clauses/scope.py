"""Clauses about what can be paid back at all: products, kinds of line, tax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from refunddesk.policy.claim import Claim, ItemKind
from refunddesk.policy.clause import Context, Kind, NoParams
from refunddesk.policy.conditions import matches
from refunddesk.policy.decision import Finding, Why


def judge_programme(claim: Claim, _: NoParams, context: Context) -> Finding:
    """Bars lines whose product the store owner lists as outside the refund programme.

    The judge refuses when no line is left that anything could be paid for.
    """
    outside = [item for item in claim.order.items if not item.in_programme]
    if not outside:
        return context.clear
    products = tuple(dict.fromkeys(item.product for item in outside))
    return context.says(
        "limits",
        Why("outside_programme", {"products": products}),
        bars=frozenset(item.id for item in outside),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedKinds:
    kinds: frozenset[ItemKind]


def judge_excluded_kinds(claim: Claim, params: ExcludedKinds, context: Context) -> Finding:
    """Gives nothing for lines of the kinds listed, whatever was granted."""
    excluded = [
        item
        for item in claim.order.items
        if item.item_kind in params.kinds and context.concerns(item)
    ]
    if not excluded:
        return context.says("does_not_apply")
    kinds = tuple(dict.fromkeys(item.item_kind for item in excluded))
    return context.says(
        "limits",
        Why("kind_not_refundable", {"kinds": kinds}),
        bars=frozenset(item.id for item in excluded),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedProducts:
    """`products` may end in a star: "crm-*" is every product whose name begins so."""

    products: frozenset[str]


def judge_excluded_products(claim: Claim, params: ExcludedProducts, context: Context) -> Finding:
    """Gives nothing for lines of the products listed, whatever was granted."""
    excluded = [
        item
        for item in claim.order.items
        if matches(item.product, params.products) and context.concerns(item)
    ]
    if not excluded:
        return context.says("does_not_apply")
    products = tuple(dict.fromkeys(item.product for item in excluded))
    return context.says(
        "limits",
        Why("product_not_refundable", {"products": products}),
        bars=frozenset(item.id for item in excluded),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunService:
    kinds: frozenset[ItemKind] = frozenset({"service", "customization"})


def judge_begun_service(claim: Claim, params: BegunService, context: Context) -> Finding:
    """Bars lines of work that was begun.

    The judge refuses when no line is left that anything could be paid for.
    """
    begun = []
    for index, item in enumerate(claim.order.items):
        if item.item_kind not in params.kinds:
            continue
        if item.begun is None:
            return context.lacks(f"order.items[{index}].begun")
        if item.begun:
            begun.append(item)
    if not begun:
        return context.clear
    products = tuple(dict.fromkeys(item.product for item in begun))
    bars = frozenset(item.id for item in begun)
    return context.says("limits", Why("service_begun", {"products": products}), bars=bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    tax: Literal["kept", "in_proportion"]


def judge_tax(claim: Claim, params: Tax, context: Context) -> Finding:
    """Keeps the tax, or lets it follow the refunded price of each line."""
    if params.tax == "in_proportion":
        return context.clear
    if not any(item.tax for item in claim.order.items if context.concerns(item)):
        return context.says("does_not_apply", keeps_tax=True)
    return context.says("limits", Why("tax_kept"), keeps_tax=True)


KINDS = (
    Kind("programme", judge_programme, NoParams),
    Kind("excluded_kinds", judge_excluded_kinds, ExcludedKinds, "limit"),
    Kind("excluded_products", judge_excluded_products, ExcludedProducts, "limit"),
    Kind("begun_service", judge_begun_service, BegunService),
    Kind("tax", judge_tax, Tax, "limit"),
)
