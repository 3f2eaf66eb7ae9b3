"""The page of one case, what staff do there, and its files to be saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from refunddesk.casework import CATEGORIES, TurnKind
from refunddesk.db.staff import Role
from refunddesk.policy.claim import CaseFinding, MissingFact, Reason
from refunddesk.services import attachments, case_turns
from refunddesk.services.case_pages import show_staff_case
from refunddesk.services.case_turns import SAYINGS, Saying
from refunddesk.services.cases import fingerprint
from refunddesk.services.refusal import Refusal
from refunddesk.web.auth import EVERY_ROLE, By, current_caller, guard
from refunddesk.web.current import desk
from refunddesk.web.desk.blueprint import desk_pages
from refunddesk.web.errors import STATUSES
from refunddesk.web.forms import MOST_FORM_BYTES, FormNotUnderstood
from refunddesk.web.saving import saved_file

_ID = "int(max=9223372036854775807)"
CASE = f"/cases/<{_ID}:case_id>"
WORKERS = (Role.OWNER, Role.APPROVER, Role.SUPPORT)
MOST_WORDS = 20_000
_FINDINGS: tuple[str, ...] = get_args(CaseFinding)
REASONS: tuple[str, ...] = get_args(Reason)
#: What a question can want; which order it is about is known here.
_ASKS = tuple(fact for fact in get_args(MissingFact) if fact != "order_id")


class Words(fields.String):
    """Text of a person that is not blank; browsers end its lines as no one else does."""

    def _deserialize(self, value: Any, *rest: Any, **named: Any) -> str:
        text = str(super()._deserialize(value, *rest, **named)).replace("\r\n", "\n").strip()
        if not text:
            raise ValidationError("Write down a few words first.")
        if len(text) > MOST_WORDS:
            raise ValidationError(f"This is longer than {MOST_WORDS} characters.")
        if "\0" in text:
            raise ValidationError("This holds a character that is not text.")
        return text


class CaseForm(Schema):
    """What every form of the page posts: words, and the last turn its writer had seen."""

    class Meta:
        unknown = EXCLUDE

    words = Words(required=True)
    seen = fields.Integer(required=True, validate=validate.Range(0, 2**63 - 1))


class _SayingForm(CaseForm):
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in SAYINGS]))
    asks = fields.List(fields.String(validate=validate.OneOf(_ASKS)), load_default=list)


class _FindingForm(CaseForm):
    finding = fields.String(required=True, validate=validate.OneOf(_FINDINGS))


class _EndForm(CaseForm):
    outcome = fields.String(required=True, validate=validate.OneOf(("resolved", "gave_up")))


@desk_pages.get(CASE)
@guard(By.SESSION, *EVERY_ROLE)
def case(case_id: int) -> ResponseReturnValue:
    return _page(case_id)


@desk_pages.post(f"{CASE}/say")
@guard(By.SESSION, *WORKERS)
def say_in_case(case_id: int) -> ResponseReturnValue:
    def say(form: dict[str, Any]) -> None:
        kind = TurnKind(form["kind"])
        asks = tuple(dict.fromkeys(form["asks"])) if kind is TurnKind.QUESTION else ()
        saying = Saying(kind, form["words"], asks)
        case_turns.say(desk().edges, case_id, saying, by=actor(), seen=form["seen"])

    return take(case_id, "say", _SayingForm(), say)


@desk_pages.post(f"{CASE}/find")
@guard(By.SESSION, *WORKERS)
def find_in_case(case_id: int) -> ResponseReturnValue:
    def find(form: dict[str, Any]) -> None:
        found, why = form["finding"], form["words"]
        case_turns.find(desk().edges, case_id, found, why, by=actor(), seen=form["seen"])

    return take(case_id, "find", _FindingForm(), find)


@desk_pages.post(f"{CASE}/end")
@guard(By.SESSION, *WORKERS)
def end_case(case_id: int) -> ResponseReturnValue:
    def end(form: dict[str, Any]) -> None:
        kind, why = TurnKind(form["outcome"]), form["words"]
        case_turns.end(desk().edges, case_id, kind, why, by=actor(), seen=form["seen"])

    return take(case_id, "end", _EndForm(), end)


@desk_pages.post(f"{CASE}/reopen")
@guard(By.SESSION, *WORKERS)
def reopen_case(case_id: int) -> ResponseReturnValue:
    def reopen(form: dict[str, Any]) -> None:
        case_turns.reopen(desk().edges, case_id, form["words"], by=actor(), seen=form["seen"])

    return take(case_id, "reopen", CaseForm(), reopen)


@desk_pages.get(f"/attachments/<{_ID}:attachment_id>")
@guard(By.SESSION, *EVERY_ROLE)
def attachment(attachment_id: int) -> Response:
    return saved_file(attachments.open_attachment(desk().edges, attachment_id))


def take(
    case_id: int,
    form_name: str,
    schema: Schema,
    act: Callable[[dict[str, Any]], ResponseReturnValue | None],
) -> ResponseReturnValue:
    """Do what the form asks; where it is refused, the page comes back with what was written.

    What `act` answers is the answer; where it answers nothing, the page is shown anew.
    """
    try:
        answer = act(read_form(schema))
    except Refusal as refusal:
        return _page(case_id, refusal, form_name), STATUSES[type(refusal)]
    if answer is not None:
        return answer
    return redirect(url_for(".case", case_id=case_id), code=303)


def read_form(schema: Schema) -> dict[str, Any]:
    posted: dict[str, Any] = request.form.to_dict()
    if "asks" in posted:
        posted["asks"] = request.form.getlist("asks")
    try:
        form: dict[str, Any] = schema.load(posted)
    except ValidationError as error:
        said = error.messages.get("words") if isinstance(error.messages, dict) else None
        why = said[0] if isinstance(said, list) else "Choose what it is on the page."
        raise FormNotUnderstood(f"Nothing was taken down. {why}") from None
    return form


def _page(case_id: int, refusal: Refusal | None = None, form_name: str = "") -> str:
    edges = desk().edges
    page = show_staff_case(edges, case_id)
    return render_template(
        "desk/case.html",
        page=page,
        fingerprint=fingerprint(page.held.case),
        categories=CATEGORIES,
        reasons=REASONS,
        most_bytes=MOST_FORM_BYTES,
        now=edges.clock(),
        may_work=current_caller().role in WORKERS,
        findings=_FINDINGS,
        asks=_ASKS,
        most_words=MOST_WORDS,
        refusal=refusal,
        refused=form_name,
        written=request.form if refusal else {},
        asked=request.form.getlist("asks"),
    )


def actor() -> str:
    return current_caller().actor
