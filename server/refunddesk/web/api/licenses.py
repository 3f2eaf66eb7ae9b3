"""Routes by which staff help with licences, and settle suspicions about their use."""

from __future__ import annotations

from refunddesk.services import customized, licenses, receipts, suspicions
from refunddesk.web.api import DECIDERS, ID, READERS, WRITERS, answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.api.case_schemas import CustomizedBody
from refunddesk.web.api.schemas import BecauseBody, EvidenceBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk


@api.post("/licenses/" + ID("license_id") + "/new-key")
@guard(By.BEARER, *WRITERS)
def make_key(license_id: int) -> Answer:
    return {"key": licenses.new_key(desk().edges, license_id, by=current_caller().actor)}


@api.post("/activations/" + ID("activation_id") + "/deactivate")
@guard(By.BEARER, *WRITERS)
def deactivate(activation_id: int) -> Answer:
    because = read_body(BecauseBody())["because"]
    edges, by = desk().edges, current_caller().actor
    off = licenses.deactivate_by_staff(edges, activation_id, because=because, by=by)
    return answers.activation(off)


@api.get("/activations/" + ID("activation_id") + "/receipt")
@guard(By.BEARER, *READERS)
def show_receipt(activation_id: int) -> Answer:
    return receipts.show_receipt(desk().edges, activation_id)


@api.get("/suspicions")
@guard(By.BEARER, *READERS)
def list_suspicions() -> Answer:
    found = suspicions.list_open(desk().edges)
    return {"suspicions": [answers.suspicion(one) for one in found]}


@api.post("/suspicions/" + ID("suspicion_id") + "/confirm")
@guard(By.BEARER, *DECIDERS)
def confirm_suspicion(suspicion_id: int) -> Answer:
    evidence = read_body(EvidenceBody())["evidence"]
    edges, by = desk().edges, current_caller().actor
    return answers.suspicion(suspicions.confirm(edges, suspicion_id, evidence=evidence, by=by))


@api.post("/suspicions/" + ID("suspicion_id") + "/drop")
@guard(By.BEARER, *DECIDERS)
def drop_suspicion(suspicion_id: int) -> Answer:
    because = read_body(BecauseBody())["because"]
    edges, by = desk().edges, current_caller().actor
    return answers.suspicion(suspicions.drop(edges, suspicion_id, because=because, by=by))


@api.patch("/licenses/" + ID("license_id"))
@guard(By.BEARER, *WRITERS)
def mark_customized(license_id: int) -> Answer:
    edges, by, body = desk().edges, current_caller().actor, read_body(CustomizedBody())
    license = customized.mark_customized(edges, license_id, by=by, **body)
    return {"id": license.id, "customized": license.customized}
