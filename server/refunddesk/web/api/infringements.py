"""The route of the legal procedures against a customer."""

from __future__ import annotations

from refunddesk.services import infringements
from refunddesk.web.api import ID, READERS, api, case_answers
from refunddesk.web.api.case_answers import Answer
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk


@api.get("/customers/" + ID("customer_id") + "/infringements")
@guard(By.BEARER, *READERS)
def list_infringements(customer_id: int) -> Answer:
    found = infringements.list_of_customer(desk().edges, customer_id)
    return {"infringements": [case_answers.infringement(one) for one in found]}
