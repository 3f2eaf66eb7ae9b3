"""Facts of an order that people record: what a policy asks for and nobody else can know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

from refunddesk.db import licenses, orders, recorded_facts
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.db.recorded_facts import RecordedFact
from refunddesk.money import Money, NotMoney
from refunddesk.policy import claim as facts
from refunddesk.policy.claim import ClaimNotValid
from refunddesk.policy.decision import instant_text
from refunddesk.services.edges import Edges
from refunddesk.services.instants import past_instant
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder, order_changed

#: Which part of the claim a fact belongs to.
_OF_ORDER = frozenset({"delivered_at", "list_price", "gateway_fee", "promotion", "linked_order"})
_OF_LICENSE = frozenset({"downloads", "uses", "uninstalled"})
_OF_CASE = frozenset({"proof_given"})
_OF_REQUEST = frozenset({"withdrawal_waived_at"})
_AMOUNTS = frozenset({"list_price", "gateway_fee"})
_INSTANTS = frozenset({"delivered_at", "withdrawal_waived_at"})
_Part = TypeVar("_Part", facts.License, facts.Case, facts.Request)


class FactNotOfOrder(Refusal):
    """The order has no such line, or no licence, to say this of."""


class AmountNotOfOrder(Refusal):
    """An amount is not in the form of the order's currency."""


class Told(NamedTuple):
    """What people said of one order: by the fact's name, and which lines were begun."""

    by_name: Mapping[str, Any]
    begun: Mapping[int, bool]

    def in_order(self, order: facts.Order) -> facts.Order:
        """The order with what people said of it, which goes before what the store says."""
        said = {name: self.by_name[name] for name in _OF_ORDER & self.by_name.keys()}
        if self.begun:
            said["items"] = tuple(
                replace(item, begun=self.begun.get(int(item.id), item.begun))
                for item in order.items
            )
        return replace(order, **said) if said else order

    def in_part(self, part: _Part | None) -> _Part | None:
        """The same for the claim's licence, case or request; what is not there stays away."""
        if part is None:
            return None
        names = {facts.License: _OF_LICENSE, facts.Case: _OF_CASE, facts.Request: _OF_REQUEST}
        said = {name: self.by_name[name] for name in names[type(part)] & self.by_name.keys()}
        return replace(part, **said) if said else part


def told_of(transaction: Connection, order: Order) -> Told:
    """What people recorded of the order, as a claim has it."""
    kept = recorded_facts.list_of_order(transaction, order.id)
    return Told(
        {one.name: _read(one, order) for one in kept if not one.woo_item_id},
        {one.woo_item_id: one.value for one in kept if one.woo_item_id},
    )


def show_facts(edges: Edges, order_id: int) -> list[RecordedFact]:
    """What people recorded of the order. Raises NoSuchOrder."""
    with edges.database.read() as transaction:
        try:
            orders.get_order(transaction, order_id)
        except orders.NoSuchOrder:
            raise NoSuchOrder(f"There is no order {order_id}.") from None
        return recorded_facts.list_of_order(transaction, order_id)


def record_facts(
    edges: Edges, order_id: int, said: Mapping[str, Any], *, by: str
) -> list[RecordedFact]:
    """Take down what is said of the order, None to forget it, and judge its open request anew.

    `said` has facts by name: instants, amounts as texts, counts, truths; `begun` a list of
    {"item": the store's id of a line, "begun": true, false or None}. Answers all that is recorded
    now. Raises NoSuchOrder, FactNotOfOrder, AmountNotOfOrder, InstantInFuture.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        try:
            order = orders.lock_order(transaction, order_id)
        except orders.NoSuchOrder:
            raise NoSuchOrder(f"There is no order {order_id}. Nothing was kept.") from None
        written = [
            RecordedFact(name, 0, _written(name, value, order, now), now, by)
            for name, value in said.items()
            if name != "begun"
        ]
        for line in said.get("begun", ()):
            written.append(RecordedFact("begun", line["item"], line["begun"], now, by))
        _check_there(transaction, order, written)
        for fact in written:
            if fact.value is None:
                recorded_facts.drop_fact(transaction, order.id, fact.name, fact.woo_item_id)
            else:
                recorded_facts.put_fact(transaction, order.id, fact)
            data = {"fact": fact.name, "value": fact.value, "item": fact.woo_item_id or None}
            record_deed(
                transaction,
                at=now,
                actor=by,
                action="fact_recorded",
                subject=f"order:{order.id}",
                data=data,
            )
        order_changed(transaction, order.id, now)
        return recorded_facts.list_of_order(transaction, order.id)


def _check_there(transaction: Connection, order: Order, written: Sequence[RecordedFact]) -> None:
    known = {item.woo_item_id for item in orders.list_items(transaction, order.id)}
    for fact in written:
        if fact.woo_item_id and fact.woo_item_id not in known:
            raise FactNotOfOrder(
                f"Order {order.woo_order_id} has no line {fact.woo_item_id}. Nothing was kept."
            )
    # A claim without a licence passes the gate; one made up for a count of downloads would not.
    of_license = [fact.name for fact in written if fact.name in _OF_LICENSE]
    if of_license and not licenses.list_licenses(transaction, order.id, order.subscription_id):
        raise FactNotOfOrder(
            f"Order {order.woo_order_id} bought no licence that {of_license[0]} could be said of. "
            "Nothing was kept."
        )


def _written(name: str, value: Any, order: Order, now: datetime) -> Any:
    """The fact as it is kept."""
    if value is None:
        return None
    if name in _INSTANTS:
        return instant_text(past_instant(name, value, now))
    if name in _AMOUNTS:
        return str(_amount(name, value, order))
    if name == "linked_order":
        paid_at = past_instant("linked_order.paid_at", value["paid_at"], now)
        return {**value, "paid_at": instant_text(paid_at)}
    return value


def _amount(name: str, text: str, order: Order) -> Money:
    try:
        amount = Money.parse(text, order.currency, order.decimals)
    except NotMoney as problem:
        raise AmountNotOfOrder(f"{name}: {problem}. Nothing was kept.") from problem
    if amount.minor < 0:
        raise AmountNotOfOrder(f"{name} is below zero. Nothing was kept.")
    return amount


def _read(fact: RecordedFact, order: Order) -> Any:
    if fact.name in _INSTANTS:
        return datetime.fromisoformat(fact.value)
    if fact.name in _AMOUNTS:
        try:
            return Money.parse(fact.value, order.currency, order.decimals)
        except NotMoney as problem:
            # The store counts with other decimals since: what the amount is now, nobody said.
            raise ClaimNotValid(f"order.{fact.name}", f"was recorded as {fact.value}") from problem
    if fact.name == "linked_order":
        paid_at = datetime.fromisoformat(fact.value["paid_at"])
        return facts.LinkedOrder(**{**fact.value, "paid_at": paid_at})
    return fact.value
