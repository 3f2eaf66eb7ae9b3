"""Routes of the facts that people record of an order."""

from __future__ import annotations

from typing import get_args

from refunddesk.db.recorded_facts import RecordedFact
from refunddesk.policy import claim
from refunddesk.policy.decision import instant_text
from refunddesk.policy.fields import (
    AmountText,
    Choice,
    Count,
    Flag,
    Instant,
    ListOf,
    Nested,
    StrictSchema,
    Text,
)
from refunddesk.services import recorded_facts
from refunddesk.web.api import ID, READERS, WRITERS, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import MOST_ID, read_body
from refunddesk.web.current import desk

_FACTS = "/orders/" + ID("order_id") + "/facts"


class LinkedOrderBody(StrictSchema):
    id = Text(required=True)
    relation = Choice(get_args(claim.Relation), required=True)
    paid_at = Instant(required=True)


class BegunBody(StrictSchema):
    item = Count(1, MOST_ID, required=True)
    begun = Flag(required=True, allow_none=True)


class FactsBody(StrictSchema):
    """null forgets what was recorded."""

    delivered_at = Instant(allow_none=True)
    list_price = AmountText(allow_none=True)
    gateway_fee = AmountText(allow_none=True)
    promotion = Text(allow_none=True)
    linked_order = Nested(LinkedOrderBody, allow_none=True)
    downloads = Count(allow_none=True)
    uses = Count(allow_none=True)
    uninstalled = Flag(allow_none=True)
    proof_given = Flag(allow_none=True)
    withdrawal_waived_at = Instant(allow_none=True)
    begun = ListOf(Nested(BegunBody))


@api.get(_FACTS)
@guard(By.BEARER, *READERS)
def show_facts(order_id: int) -> Answer:
    return _answer(recorded_facts.show_facts(desk().edges, order_id))


@api.patch(_FACTS)
@guard(By.BEARER, *WRITERS)
def record_facts(order_id: int) -> Answer:
    said, by = read_body(FactsBody()), current_caller().actor
    return _answer(recorded_facts.record_facts(desk().edges, order_id, said, by=by))


def _answer(kept: list[RecordedFact]) -> Answer:
    return {
        "facts": [
            {
                "fact": one.name,
                "item": one.woo_item_id or None,
                "value": one.value,
                "recorded_at": instant_text(one.recorded_at),
                "recorded_by": one.recorded_by,
            }
            for one in kept
        ]
    }
