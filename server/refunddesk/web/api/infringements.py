"""Routes of what a customer is suspected of, and of the legal procedures against them."""

from __future__ import annotations

from refunddesk.services import infringements, suspicions
from refunddesk.web.api import ID, READERS, WRITERS, answers, api, case_answers
from refunddesk.web.api.case_answers import Answer
from refunddesk.web.api.schemas import EvidenceBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk


@api.get("/customers/" + ID("customer_id") + "/infringements")
@guard(By.BEARER, *READERS)
def list_infringements(customer_id: int) -> Answer:
    found = infringements.list_of_customer(desk().edges, customer_id)
    return {"infringements": [case_answers.infringement(one) for one in found]}


@api.post("/customers/" + ID("customer_id") + "/suspicions")
@guard(By.BEARER, *WRITERS)
def report_suspicion(customer_id: int) -> tuple[Answer, int]:
    edges, by, body = desk().edges, current_caller().actor, read_body(EvidenceBody())
    reported = suspicions.report(edges, customer_id, evidence=body["evidence"], by=by)
    return answers.suspicion(reported), 201
