"""Routes of a person's data: what is held, and its erasure, which needs a second word."""

from __future__ import annotations

from typing import Any

from flask import Response

from refunddesk.db.staff import Role
from refunddesk.services import erasure, erasure_word, personal_export
from refunddesk.services.erasure import Prospect
from refunddesk.services.persons import Asked
from refunddesk.web.api import answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.api.schemas import ErasureBody, ExportBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk


@api.post("/privacy/export")
@guard(By.BEARER, Role.OWNER)
def export_person() -> Answer | Response:
    body, edges = read_body(ExportBody()), desk().edges
    export = personal_export.export_person(edges, _asked(body), by=current_caller().actor)
    if not body["files"]:
        return export.document()
    packed = personal_export.zip_with_files(edges, export)
    headers = {"Content-Disposition": 'attachment; filename="person.zip"'}
    return Response(packed, content_type="application/zip", headers=headers)


@api.post("/privacy/erase")
@guard(By.BEARER, Role.OWNER)
def erase_person() -> Answer:
    body, edges, by = read_body(ErasureBody()), desk().edges, current_caller().actor
    asked = _asked(body)
    prospect = erasure.look_ahead(edges, asked)
    if "confirmation" not in body:
        return _shown(prospect) | {"confirmation": erasure_word.offer(edges, prospect, by=by)}
    erasure_word.check(edges, body["confirmation"], prospect, by=by)
    erased = erasure.erase(edges, asked, by=by)
    return _shown(prospect) | {"erased": [answers.erasure(one) for one in erased.erasures]}


def _asked(body: dict[str, Any]) -> Asked:
    return Asked(body.get("email", ""), body.get("store"), body.get("woo_customer_id"))


def _shown(prospect: Prospect) -> Answer:
    return {
        "customers": [
            {"id": person.customer_id, "store": person.store_id}
            for person in prospect.known.persons
        ],
        "other_addresses": len(prospect.known.related),
        "open": [{"kind": one.kind.value, "id": one.id} for one in prospect.matters],
        "sites_in_use": prospect.sites_in_use,
    }
