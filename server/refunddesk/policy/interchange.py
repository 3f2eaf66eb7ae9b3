"""Claims in their interchange form: strict JSON in, the same JSON out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args

from marshmallow import Schema, ValidationError

from refunddesk.money import Money, NotMoney, decimals_of, is_currency
from refunddesk.policy import claim as facts
from refunddesk.policy.claim import Claim, ClaimNotValid
from refunddesk.policy.claimtext import MOST_BYTES, read_strictly
from refunddesk.policy.decision import instant_text
from refunddesk.policy.fields import (
    AmountText,
    Choice,
    Count,
    Country,
    Flag,
    Instant,
    ListOf,
    Nested,
    Quantity,
    StrictSchema,
    Text,
    first_problem,
)

__all__ = ["MOST_BYTES", "ClaimNotValid", "dump_claim", "load_claim", "parse_claim_text"]

_NULLABLE: dict[str, Any] = {"required": True, "allow_none": True}
_FURTHER: dict[str, Any] = {"allow_none": True, "load_default": None}


def _schema(**keys: Any) -> type[Schema]:
    return StrictSchema.from_dict(keys)


_STORE = _schema(timezone=Text(required=True), country=Country(**_FURTHER))
_ITEM = _schema(
    id=Text(required=True),
    product=Text(required=True),
    item_kind=Choice(get_args(facts.ItemKind), required=True),
    quantity=Quantity(load_default=Decimal(1)),
    paid=AmountText(required=True),
    tax=AmountText(required=True),
    refunded=AmountText(**_FURTHER),
    in_programme=Flag(load_default=True),
    begun=Flag(**_FURTHER),
)
_PERIOD = _schema(start=Instant(required=True), end=Instant(required=True))
_LINKED_ORDER = _schema(
    id=Text(required=True),
    relation=Choice(get_args(facts.Relation), required=True),
    paid_at=Instant(required=True),
)
_ORDER = _schema(
    id=Text(required=True),
    kind=Choice(get_args(facts.OrderKind), required=True),
    billing=Choice(get_args(facts.Billing), required=True),
    paid_at=Instant(required=True),
    currency=Text(required=True),
    decimals=Count(most=6, **_FURTHER),
    items=ListOf(Nested(_ITEM), required=True),
    refunded=AmountText(required=True),
    period=Nested(_PERIOD, **_FURTHER),
    delivered_at=Instant(**_FURTHER),
    activated_at=Instant(**_FURTHER),
    first_used_at=Instant(**_FURTHER),
    trial_ends_at=Instant(**_FURTHER),
    list_price=AmountText(**_FURTHER),
    gateway_fee=AmountText(**_FURTHER),
    payment_method=Text(**_FURTHER),
    linked_order=Nested(_LINKED_ORDER, **_FURTHER),
    promotion=Text(**_FURTHER),
)
_INFRINGEMENT = _schema(
    opened_at=Instant(required=True),
    opened_by=Text(required=True),
    evidence=Text(required=True),
    settled_at=Instant(**_FURTHER),
)
_EARLIER_REFUND = _schema(
    id=Text(required=True),
    order_id=Text(required=True),
    product=Text(required=True),
    refunded_at=Instant(required=True),
)
_CUSTOMER = _schema(
    infringement=Nested(_INFRINGEMENT, **_NULLABLE),
    earlier_refunds=ListOf(Nested(_EARLIER_REFUND), required=True),
    country=Country(**_FURTHER),
    is_consumer=Flag(**_FURTHER),
    refunds_ever=Count(**_FURTHER),
    accounts=ListOf(Text(), **_FURTHER),
    breaches=ListOf(Choice(get_args(facts.Breach)), **_FURTHER),
)
_PAUSE = _schema(**{"from": Instant(required=True), "to": Instant(required=True)})
_CASE = _schema(
    opened_at=Instant(required=True),
    complete_at=Instant(**_NULLABLE),
    missing=ListOf(Choice(get_args(facts.MissingFact)), required=True),
    reason=Choice(get_args(facts.Reason), required=True),
    finding=Choice(get_args(facts.CaseFinding), **_NULLABLE),
    resolved=Flag(required=True),
    gave_up_at=Instant(**_NULLABLE),
    last_customer_reply_at=Instant(**_NULLABLE),
    materials_offered=Flag(required=True),
    pauses=ListOf(Nested(_PAUSE), load_default=[]),
    awaited_since=Instant(**_FURTHER),
    proof_given=Flag(**_FURTHER),
)
_REQUEST = _schema(
    at=Instant(required=True),
    channel=Choice(get_args(facts.Channel), required=True),
    from_account_address=Flag(required=True),
    withdrawal_waived_at=Instant(**_FURTHER),
)
_LICENSE = _schema(
    active_sites=ListOf(Text(), required=True),
    destruction_confirmed_at=Instant(**_NULLABLE),
    downloads=Count(**_FURTHER),
    uses=Count(**_FURTHER),
    activations=Count(**_FURTHER),
    last_used_at=Instant(**_FURTHER),
    uninstalled=Flag(**_FURTHER),
)
_DISPUTE = _schema(
    id=Text(required=True),
    opened_at=Instant(required=True),
    status=Choice(get_args(facts.DisputeStatus), required=True),
    closed_at=Instant(**_FURTHER),
)
_NOTICE = _schema(
    kind=Choice(get_args(facts.NoticeKind), required=True), sent_at=Instant(required=True)
)
_COMPAT = _schema(
    verdict=Choice(get_args(facts.CompatVerdict), required=True), release=Text(required=True)
)
_CLAIM = _schema(
    policy=Text(required=True),
    store=Nested(_STORE, required=True),
    order=Nested(_ORDER, required=True),
    customer=Nested(_CUSTOMER, required=True),
    case=Nested(_CASE, **_NULLABLE),
    request=Nested(_REQUEST, **_NULLABLE),
    license=Nested(_LICENSE, **_NULLABLE),
    disputes=ListOf(Nested(_DISPUTE), required=True),
    judged_at=Instant(required=True),
    notices=ListOf(Nested(_NOTICE), **_FURTHER),
    compat=Nested(_COMPAT, **_FURTHER),
)()


def parse_claim_text(text: str | bytes) -> Claim:
    """A claim from JSON text. Raises ClaimNotValid, also for NaN and for a key given twice."""
    return load_claim(read_strictly(text))


def load_claim(data: object) -> Claim:
    """A claim from the interchange form, already parsed. Raises ClaimNotValid."""
    try:
        loaded: dict[str, Any] = _CLAIM.load(data)  # type: ignore[arg-type]
    except ValidationError as error:
        path, problem = first_problem(error.messages)
        raise ClaimNotValid(path, problem) from error
    return Claim(
        **loaded
        | {
            "store": facts.Store(**loaded["store"]),
            "order": _load_order(loaded["order"]),
            "customer": _load_customer(loaded["customer"]),
            "case": _load_case(loaded["case"]),
            "request": _one(facts.Request, loaded["request"]),
            "license": _load_license(loaded["license"]),
            "disputes": _many(facts.Dispute, loaded["disputes"]),
            "notices": _many(facts.Notice, loaded["notices"]),
            "compat": _one(facts.Compat, loaded["compat"]),
        }
    )


def dump_claim(claim: Claim) -> dict[str, object]:
    """The interchange form of a claim: `load_claim` gives the same claim back.

    Further facts that the claim does not have are left out.
    """
    dumped: dict[str, Any] = _dump(claim)
    order = claim.order
    usual = decimals_of(order.currency) if is_currency(order.currency) else None
    if order.refunded.decimals != usual:
        dumped["order"]["decimals"] = order.refunded.decimals
    if claim.case:
        dumped["case"]["pauses"] = [
            {"from": instant_text(pause.start), "to": instant_text(pause.end)}
            for pause in claim.case.pauses
        ]
    return dumped


def _load_order(loaded: dict[str, Any]) -> facts.Order:
    decimals = loaded.pop("decimals")
    currency = loaded["currency"]
    places = -1 if decimals is None else decimals

    def money(path: str, text: str | None) -> Money | None:
        if text is None:
            return None
        try:
            amount = Money.parse(text, currency, places)
        except NotMoney as error:
            raise ClaimNotValid(path, str(error)) from error
        if text.startswith("-"):  # also "-0.00"
            raise ClaimNotValid(path, "an amount is not below zero")
        return amount

    _check_currency(currency, decimals)
    items = []
    for index, item in enumerate(loaded["items"]):
        amounts = {
            key: money(f"order.items[{index}].{key}", item[key])
            for key in ("paid", "tax", "refunded")
        }
        items.append(facts.Item(**item | amounts))
    amounts = {
        key: money(f"order.{key}", loaded[key]) for key in ("refunded", "list_price", "gateway_fee")
    }
    return facts.Order(
        **loaded
        | amounts
        | {
            "items": tuple(items),
            "period": _one(facts.Period, loaded["period"]),
            "linked_order": _one(facts.LinkedOrder, loaded["linked_order"]),
        }
    )


def _check_currency(currency: str, decimals: int | None) -> None:
    """A currency of the world's, or one of a store's own that says how many decimals it has."""
    try:
        Money.zero(currency)
    except NotMoney as error:
        raise ClaimNotValid("order.currency", str(error)) from error
    if decimals is None and not is_currency(currency):
        problem = f"{currency!r} is no currency of ISO 4217; a store's own needs order.decimals"
        raise ClaimNotValid("order.currency", problem)


def _load_customer(loaded: dict[str, Any]) -> facts.Customer:
    accounts, breaches = loaded["accounts"], loaded["breaches"]
    return facts.Customer(
        **loaded
        | {
            "infringement": _one(facts.Infringement, loaded["infringement"]),
            "earlier_refunds": _many(facts.EarlierRefund, loaded["earlier_refunds"]),
            "accounts": None if accounts is None else tuple(accounts),
            "breaches": None if breaches is None else tuple(breaches),
        }
    )


def _load_case(loaded: dict[str, Any] | None) -> facts.Case | None:
    if loaded is None:
        return None
    pauses = tuple(facts.Pause(start=pause["from"], end=pause["to"]) for pause in loaded["pauses"])
    return facts.Case(**loaded | {"missing": tuple(loaded["missing"]), "pauses": pauses})


def _load_license(loaded: dict[str, Any] | None) -> facts.License | None:
    if loaded is None:
        return None
    return facts.License(**loaded | {"active_sites": tuple(loaded["active_sites"])})


def _one(shape: type[Any], loaded: dict[str, Any] | None) -> Any:
    return None if loaded is None else shape(**loaded)


def _many(shape: type[Any], loaded: list[dict[str, Any]] | None) -> tuple[Any, ...] | None:
    return None if loaded is None else tuple(shape(**entry) for entry in loaded)


#: Keys that the interchange form always has, though they may be null.
_ALWAYS: Mapping[type[Any], frozenset[str]] = {
    Claim: frozenset({"case", "request", "license"}),
    facts.Order: frozenset({"period"}),
    facts.Customer: frozenset({"infringement"}),
    facts.Case: frozenset({"complete_at", "finding", "gave_up_at", "last_customer_reply_at"}),
    facts.License: frozenset({"destruction_confirmed_at"}),
}


def _dump(value: Any) -> Any:
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else f"{value.normalize():f}"
    if isinstance(value, tuple):
        return [_dump(entry) for entry in value]
    if hasattr(value, "__dataclass_fields__"):
        always = _ALWAYS.get(type(value), frozenset())
        pairs = ((field.name, getattr(value, field.name)) for field in dataclass_fields(value))
        return {key: _dump(fact) for key, fact in pairs if fact is not None or key in always}
    return value
