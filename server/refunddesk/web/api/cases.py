"""Routes of support cases: opened, completed, shown and listed."""

from __future__ import annotations

from typing import Any

from flask import abort

from refunddesk.db.cases import Case, Report
from refunddesk.services import cases
from refunddesk.services.cases import Intake
from refunddesk.web.api import ID, READERS, WRITERS, api, case_answers
from refunddesk.web.api.case_answers import Answer
from refunddesk.web.api.case_schemas import MOST_BYTES_OF_REPORT, CaseBody, CaseChangeBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body, read_query
from refunddesk.web.current import desk

_CASE = "/cases/" + ID("case_id")
_SIDES = ("support", "customer")
_OF_INTAKE = ("reason", "category", "concerns_platform", "opened_at", "site_health")


@api.post("/cases")
@guard(By.BEARER, *WRITERS)
def open_case() -> tuple[Answer, int]:
    body = _facts(read_body(CaseBody(), most_bytes=MOST_BYTES_OF_REPORT))
    order_id = body.pop("order")
    of_intake = {name: body.pop(name) for name in _OF_INTAKE if name in body}
    intake = Intake(order_id, report=Report(**body), **of_intake)
    case = cases.open_case(desk().edges, intake, by=current_caller().actor)
    return case_answers.case(case), 201


@api.get("/cases")
@guard(By.BEARER, *READERS)
def list_cases() -> Answer:
    (after,) = read_query("after")
    return _listed(cases.list_open_cases(desk().edges, after=after))


@api.get("/cases/due/<side>")
@guard(By.BEARER, *READERS)
def list_due(side: str) -> Answer:
    return _listed(cases.list_open_cases(desk().edges, side=_one_of_two(side)))


@api.get("/cases/overdue/<side>")
@guard(By.BEARER, *READERS)
def list_overdue(side: str) -> Answer:
    return _listed(cases.list_open_cases(desk().edges, side=_one_of_two(side), overdue=True))


@api.get(_CASE)
@guard(By.BEARER, *READERS)
def show_case(case_id: int) -> Answer:
    edges = desk().edges
    return case_answers.case_page(cases.show_case(edges, case_id), edges.clock())


@api.patch(_CASE)
@guard(By.BEARER, *WRITERS)
def change_case(case_id: int) -> Answer:
    changes = _facts(read_body(CaseChangeBody(), most_bytes=MOST_BYTES_OF_REPORT))
    came = {name: changes.pop(name, None) for name in ("received_at", "site_health")}
    by = current_caller().actor
    return case_answers.case(cases.change_report(desk().edges, case_id, changes, by=by, **came))


def _one_of_two(side: str) -> str:
    return side if side in _SIDES else abort(404)


def _facts(body: dict[str, Any]) -> dict[str, Any]:
    """The body with its list in the form that reports are kept in."""
    if body.get("other_extensions") is not None:
        body["other_extensions"] = tuple(body["other_extensions"])
    return body


def _listed(found: list[Case]) -> Answer:
    return {"cases": [case_answers.case(one) for one in found]}
