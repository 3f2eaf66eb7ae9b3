"""Reads a decision back from the interchange form in which it was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from refunddesk.money import Money, NotMoney
from refunddesk.policy.decision import (
    Await,
    Decision,
    Fact,
    Finding,
    LineShare,
    TaxShare,
    Why,
)


class DecisionNotValid(ValueError):
    """A document that is no decision; the message is one line."""


def load_decision(data: Mapping[str, Any], decimals: int = -1) -> Decision:
    """The decision that `to_json` gave, in a currency of `decimals` (otherwise the usual number).

    What the interchange form leaves out stays empty: what a finding offered or barred. The facts
    of a reason stay texts, numbers and lists of texts. Raises DecisionNotValid.
    """
    try:
        return _decision(data, decimals)
    except (KeyError, TypeError, ValueError, AttributeError, NotMoney) as error:
        raise DecisionNotValid(f"this is not a decision: {error!r}") from error


def _decision(data: Mapping[str, Any], decimals: int) -> Decision:
    currency = data["currency"]

    def money(text: object) -> Money:
        return Money.parse(text, currency, decimals)

    nothing = Money.zero(currency, decimals)
    return Decision(
        policy=data["policy"],
        version=data["version"],
        outcome=data["outcome"],
        amount=money(data["amount"]),
        settled_by=data["settled_by"],
        lines=tuple(
            LineShare(
                line["item"],
                money(line["refund"]),
                money(line["tax"]) if "tax" in line else nothing,
                tuple(line["because"]),
                line.get("outcome"),
            )
            for line in data["lines"]
        ),
        tax=TaxShare(money(data["tax"]["refund"]), tuple(data["tax"]["because"])),
        awaits=tuple(_await(each) for each in data["awaits"]),
        effects=tuple(data["effects"]),
        findings=tuple(
            Finding(
                each["clause"],
                each["says"],
                _why(each["why"]) if "why" in each else None,
                took=tuple((item, money(text)) for item, text in each.get("took", {}).items()),
                items=tuple(each.get("items", ())),
            )
            for each in data["findings"]
        ),
        until=_instant(data["until"]),
        held=money(data["held"]) if "held" in data else None,
    )


def _await(data: Mapping[str, Any]) -> Await:
    # "deactivate shop.example": no name of what is awaited has a space in it.
    what, names, about = data["what"].partition(" ")
    return Await(data["who"], what, _instant(data["until"]), about if names else None)


def _why(data: Mapping[str, Any]) -> Why:
    facts = {name: _fact(value) for name, value in data.items() if name != "code"}
    return Why(data["code"], facts)


def _fact(value: str | int | Sequence[str]) -> Fact:
    return value if isinstance(value, str | int) else tuple(value)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
