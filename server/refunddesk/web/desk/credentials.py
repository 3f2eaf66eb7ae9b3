"""What staff do about access to a customer's site: ask, see it with a reason, have it destroyed."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema

from refunddesk.services import credentials
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.desk.cases import CASE, WORKERS, CaseForm, Words, actor, take

_CREDENTIAL = f"{CASE}/credentials/<int(max=9223372036854775807):credential_id>"
#: A session in the wrong hands must not empty the vault at once.
_REVEALING = "30/hour"


class _RevealForm(Schema):
    class Meta:
        unknown = EXCLUDE

    words = Words(required=True)


class _NoFields(Schema):
    class Meta:
        unknown = EXCLUDE


@desk_pages.post(f"{CASE}/credentials")
@guard(By.SESSION, *WORKERS)
def ask_for_access(case_id: int) -> ResponseReturnValue:
    def ask(form: dict[str, Any]) -> None:
        edges, words = desk().edges, form["words"]
        credentials.ask_access(edges, case_id, words, by=actor(), seen=form["seen"])

    return take(case_id, "access", CaseForm(), ask)


@desk_pages.post(f"{_CREDENTIAL}/withdraw")
@guard(By.SESSION, *WORKERS)
def withdraw_asking(case_id: int, credential_id: int) -> ResponseReturnValue:
    def withdraw(_: dict[str, Any]) -> None:
        credentials.withdraw_asking(desk().edges, case_id, credential_id, by=actor())

    return take(case_id, f"credential-{credential_id}", _NoFields(), withdraw)


@desk_pages.post(f"{_CREDENTIAL}/reveal")
@guard(By.SESSION, *WORKERS)
def reveal_credential(case_id: int, credential_id: int) -> ResponseReturnValue:
    """Answered with the page itself: what it shows has no address that could be kept."""

    def reveal(form: dict[str, Any]) -> ResponseReturnValue:
        desk().throttle.attempt(_REVEALING, "reveal by", actor())
        edges, why = desk().edges, form["words"]
        revealed = credentials.reveal(edges, case_id, credential_id, why, by=actor())
        return render_template("desk/credential.html", revealed=revealed, now=edges.clock())

    return take(case_id, f"credential-{credential_id}", _RevealForm(), reveal)


@desk_pages.post(f"{_CREDENTIAL}/destroy")
@guard(By.SESSION, *WORKERS)
def destroy_credential(case_id: int, credential_id: int) -> ResponseReturnValue:
    def destroy(_: dict[str, Any]) -> None:
        credentials.end_by_staff(desk().edges, case_id, credential_id, by=actor())

    return take(case_id, f"credential-{credential_id}", _NoFields(), destroy)
