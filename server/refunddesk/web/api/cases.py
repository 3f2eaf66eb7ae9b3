"""Routes of support cases."""

from __future__ import annotations

from typing import Any

from refunddesk.db.cases import CaseFacts
from refunddesk.services import cases
from refunddesk.web.api import ID, READERS, WRITERS, answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.api.schemas import CaseBody, CaseChangeBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk

_CASE = "/cases/" + ID("case_id")


@api.post("/cases")
@guard(By.BEARER, *WRITERS)
def open_case() -> tuple[Answer, int]:
    edges = desk().edges
    body = {"opened_at": edges.clock(), "complete_at": None, **_facts(read_body(CaseBody()))}
    order_id = body.pop("order")
    case = cases.open_case(edges, order_id, CaseFacts(**body), by=current_caller().actor)
    return answers.case(case), 201


@api.get(_CASE)
@guard(By.BEARER, *READERS)
def show_case(case_id: int) -> Answer:
    return answers.case(cases.show_case(desk().edges, case_id))


@api.patch(_CASE)
@guard(By.BEARER, *WRITERS)
def change_case(case_id: int) -> Answer:
    changes = _facts(read_body(CaseChangeBody()))
    edges, by = desk().edges, current_caller().actor
    return answers.case(cases.change_case(edges, case_id, changes, by=by))


def _facts(body: dict[str, Any]) -> dict[str, Any]:
    """The body with its lists in the form that facts are kept in."""
    if "missing" in body:
        body["missing"] = tuple(dict.fromkeys(body["missing"]))
    if "pauses" in body:
        body["pauses"] = tuple((pause["start"], pause["end"]) for pause in body["pauses"])
    return body
