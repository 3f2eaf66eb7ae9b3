"""Routes of the files of a case: bytes in, and out again only to be saved."""

from __future__ import annotations

from flask import Response

from refunddesk.services import attachments
from refunddesk.web.api import ID, READERS, WRITERS, api, case_answers
from refunddesk.web.api.case_answers import Answer
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_bytes, read_name
from refunddesk.web.current import desk
from refunddesk.web.saving import saved_file


@api.post("/cases/" + ID("case_id") + "/attachments")
@guard(By.BEARER, *WRITERS)
def attach(case_id: int) -> tuple[Answer, int]:
    name = read_name()
    data = read_bytes(attachments.MOST_BYTES)
    kept = attachments.attach(desk().edges, case_id, name, data, by=current_caller().actor)
    return case_answers.attachment(kept), 201


@api.get("/attachments/" + ID("attachment_id"))
@guard(By.BEARER, *READERS)
def download(attachment_id: int) -> Response:
    return saved_file(attachments.open_attachment(desk().edges, attachment_id))
