"""Routes of double and stuck payments."""

from __future__ import annotations

from refunddesk.services import calling_off, duplicates, payment_pages
from refunddesk.web.api import DECIDERS, ID, READERS, WRITERS, api
from refunddesk.web.api import payment_answers as answers
from refunddesk.web.api.answers import Answer
from refunddesk.web.api.schemas import ReasonBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk

_PAIR = "/duplicates/" + ID("duplicate_id")


@api.get("/payments")
@guard(By.BEARER, *READERS)
def show_payments() -> Answer:
    return answers.payments(payment_pages.show_payments(desk().edges))


@api.post(f"{_PAIR}/return")
@guard(By.BEARER, *DECIDERS)
def return_duplicate(duplicate_id: int) -> Answer:
    edges, by = desk().edges, current_caller().actor
    return answers.duplicate(duplicates.return_extra(edges, duplicate_id, by=by))


@api.post(f"{_PAIR}/drop")
@guard(By.BEARER, *DECIDERS)
def drop_duplicate(duplicate_id: int) -> Answer:
    edges, by, body = desk().edges, current_caller().actor, read_body(ReasonBody())
    return answers.duplicate(duplicates.drop(edges, duplicate_id, body["because"], by=by))


@api.post("/orders/" + ID("order_id") + "/close")
@guard(By.BEARER, *WRITERS)
def close_payment(order_id: int) -> tuple[Answer, int]:
    calling_off.ask_to_close(desk().edges, order_id, by=current_caller().actor)
    return {"order": order_id, "closing": True}, 202
