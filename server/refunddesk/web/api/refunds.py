"""Routes of refund requests and refunds."""

from __future__ import annotations

from typing import cast

from refunddesk.policy.wording import LANGUAGES, Audience, Language
from refunddesk.services import desk as pages
from refunddesk.services import requests
from refunddesk.services.requests import Asking
from refunddesk.web.api import ID, READERS, WRITERS, answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.api.schemas import AskingBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body, read_choices
from refunddesk.web.current import desk

#: For whom an explanation is written; these are staff's programs, so staff come first.
_EXPLAINED_FOR = ("staff", "customer")
_REQUEST = "/refund-requests/" + ID("request_id")


@api.post("/refund-requests")
@guard(By.BEARER, *WRITERS)
def ask_refund() -> tuple[Answer, int]:
    body = read_body(AskingBody())
    asking = Asking(
        store_id=body["store"],
        woo_order_id=body["woo_order_id"],
        request_key=body["request_key"],
        channel=body["channel"],
        from_account_address=body["from_account_address"],
        case_id=body.get("case"),
        asked_at=body.get("asked_at"),
    )
    request, is_new = requests.ask_refund(desk().edges, asking, asked_by=current_caller().actor)
    return answers.request(request), 201 if is_new else 200


@api.get(_REQUEST)
@guard(By.BEARER, *READERS)
def show_request(request_id: int) -> Answer:
    asked = read_choices(lang=LANGUAGES, reader=_EXPLAINED_FOR)
    language, audience = cast(Language, asked["lang"]), cast(Audience, asked["reader"])
    page = pages.show_request(desk().edges, request_id, language, audience)
    return answers.request_page(page)


@api.post(f"{_REQUEST}/withdraw")
@guard(By.BEARER, *WRITERS)
def withdraw_request(request_id: int) -> Answer:
    edges, by = desk().edges, current_caller().actor
    return answers.request(requests.withdraw(edges, request_id, by=by))


@api.post(f"{_REQUEST}/destruction")
@guard(By.BEARER, *WRITERS)
def confirm_destruction(request_id: int) -> Answer:
    edges, by = desk().edges, current_caller().actor
    return answers.request(requests.confirm_destruction(edges, request_id, by=by))


@api.get("/refunds/" + ID("refund_id"))
@guard(By.BEARER, *READERS)
def show_refund(refund_id: int) -> Answer:
    return answers.refund_page(pages.show_refund(desk().edges, refund_id))
