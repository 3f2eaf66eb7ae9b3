"""Routes of what staff say of customers, and of disputes at the bank."""

from __future__ import annotations

from refunddesk.services import customers
from refunddesk.web.api import DECIDERS, ID, WRITERS, answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.api.schemas import CustomerBody, DisputeBody, DisputeChangeBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk


@api.patch("/customers/" + ID("customer_id"))
@guard(By.BEARER, *DECIDERS)
def change_customer(customer_id: int) -> Answer:
    change = customers.CustomerChange(**read_body(CustomerBody()))
    edges, by = desk().edges, current_caller().actor
    return answers.customer(customers.change_customer(edges, customer_id, change, by=by))


@api.post("/orders/" + ID("order_id") + "/disputes")
@guard(By.BEARER, *WRITERS)
def open_dispute(order_id: int) -> tuple[Answer, int]:
    body = read_body(DisputeBody())
    dispute = customers.open_dispute(
        desk().edges,
        order_id,
        status=body["status"],
        opened_at=body.get("opened_at"),
        by=current_caller().actor,
    )
    return answers.dispute(dispute), 201


@api.patch("/disputes/" + ID("dispute_id"))
@guard(By.BEARER, *WRITERS)
def change_dispute(dispute_id: int) -> Answer:
    body = read_body(DisputeChangeBody())
    edges, by = desk().edges, current_caller().actor
    return answers.dispute(customers.change_dispute(edges, dispute_id, **body, by=by))
