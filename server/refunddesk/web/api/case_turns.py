"""Routes of what is said and decided in a case, and of charged work offered in it."""

from __future__ import annotations

from refunddesk.casework import TurnKind
from refunddesk.services import case_turns, work_quotes
from refunddesk.services.case_turns import Saying
from refunddesk.web.api import ID, WRITERS, api, case_answers
from refunddesk.web.api.case_answers import Answer
from refunddesk.web.api.case_schemas import (
    AnswerBody,
    EndBody,
    FindingBody,
    ReopeningBody,
    TurnBody,
    WorkQuoteBody,
)
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk

_CASE = "/cases/" + ID("case_id")


@api.post(f"{_CASE}/turns")
@guard(By.BEARER, *WRITERS)
def say(case_id: int) -> tuple[Answer, int]:
    body = read_body(TurnBody())
    saying = Saying(
        TurnKind(body["kind"]),
        body["words"],
        tuple(dict.fromkeys(body.get("asks", ()))),
        body.get("said_at"),
    )
    case = case_turns.say(desk().edges, case_id, saying, by=current_caller().actor)
    return case_answers.case(case), 201


@api.post(f"{_CASE}/findings")
@guard(By.BEARER, *WRITERS)
def find(case_id: int) -> tuple[Answer, int]:
    edges, by, body = desk().edges, current_caller().actor, read_body(FindingBody())
    return case_answers.case(case_turns.find(edges, case_id, by=by, **body)), 201


@api.post(f"{_CASE}/end")
@guard(By.BEARER, *WRITERS)
def end(case_id: int) -> tuple[Answer, int]:
    edges, by, body = desk().edges, current_caller().actor, read_body(EndBody())
    kind = TurnKind(body.pop("outcome"))
    return case_answers.case(case_turns.end(edges, case_id, kind, by=by, **body)), 201


@api.post(f"{_CASE}/reopen")
@guard(By.BEARER, *WRITERS)
def reopen(case_id: int) -> tuple[Answer, int]:
    edges, by, body = desk().edges, current_caller().actor, read_body(ReopeningBody())
    return case_answers.case(case_turns.reopen(edges, case_id, by=by, **body)), 201


@api.post(f"{_CASE}/quotes")
@guard(By.BEARER, *WRITERS)
def offer_quote(case_id: int) -> tuple[Answer, int]:
    edges, by, body = desk().edges, current_caller().actor, read_body(WorkQuoteBody())
    return case_answers.quote(work_quotes.offer_quote(edges, case_id, by=by, **body)), 201


@api.post("/quotes/" + ID("quote_id") + "/answer")
@guard(By.BEARER, *WRITERS)
def answer_quote(quote_id: int) -> Answer:
    edges, by, body = desk().edges, current_caller().actor, read_body(AnswerBody())
    return case_answers.quote(work_quotes.answer_quote(edges, quote_id, by=by, **body))
