"""The route by which a person decides a refund request in place of the policy."""

from __future__ import annotations

from typing import Any

from refunddesk.services import overrides
from refunddesk.services.overrides import OverrideNotValid, Ruling
from refunddesk.web.api import DECIDERS, ID, answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.api.schemas import OverrideBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk


@api.post("/refund-requests/" + ID("request_id") + "/override")
@guard(By.BEARER, *DECIDERS)
def override_request(request_id: int) -> Answer:
    body = read_body(OverrideBody())
    by, seen = current_caller().actor, body.pop("seen", None)
    ruled = overrides.override(desk().edges, request_id, _ruling(body), by=by, seen=seen)
    return answers.request(ruled)


def _ruling(body: dict[str, Any]) -> Ruling:
    lines = body.pop("lines")
    amounts = {line["item"]: line["amount"] for line in lines}
    if len(amounts) < len(lines):
        raise OverrideNotValid("A line is named twice. The request was left as it is.")
    return Ruling(**body, amounts=amounts)
