"""Turns of a case: questions, answers and replies, findings, its end, and taking it up again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from refunddesk.casework import Turn, TurnKind
from refunddesk.db import orders, turns
from refunddesk.db.cases import Case
from refunddesk.db.history import record_deed
from refunddesk.mail.notices import NoticeKind
from refunddesk.policy.decision import instant_text
from refunddesk.services.case_clock import settle_case
from refunddesk.services.cases import lock_case
from refunddesk.services.edges import Edges
from refunddesk.services.instants import past_instant
from refunddesk.services.notices import SUPPORT, tell_customer, tell_staff
from refunddesk.services.refusal import Refusal

#: What can be said of a case, beside decisions and quotes.
SAYINGS = (TurnKind.QUESTION, TurnKind.ANSWER, TurnKind.REPLY, TurnKind.NOTE)
CUSTOMER = "customer"


class CaseMovedOn(Refusal):
    """Something was said or decided in the case that the decider has not seen."""


class CaseEnded(Refusal):
    """Support has ended its work on the case."""


class CaseNotEnded(Refusal):
    """The case is open: there is nothing to take up again."""


class FindingKnown(Refusal):
    """This is what was found already."""


class SaidTooEarly(Refusal):
    """The turn is dated before the case was opened."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Something said in a case. `asks` are facts of the report that a question wants.

    `said_at` dates a mail that came in earlier; None: it is said now.
    """

    kind: TurnKind
    words: str
    asks: tuple[str, ...] = ()
    said_at: datetime | None = None


def say(edges: Edges, case_id: int, saying: Saying, *, by: str, seen: int | None = None) -> Case:
    """Take a question, an answer, a note, or the customer's reply down, and pass it on.

    A question stops support's clock until the customer replies. `seen` is the last turn the
    writer knew of. Raises NoSuchCase, CaseEnded (of a question), CaseMovedOn, InstantInFuture,
    SaidTooEarly.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        case = lock_case(transaction, case_id)
        check_seen(transaction, case, seen)
        return say_within(edges, transaction, case, saying, by, now)[0]


def say_within(
    edges: Edges, transaction: Connection, case: Case, saying: Saying, by: str, now: datetime
) -> tuple[Case, int]:
    """As `say`, in the transaction that locked the case; the case, and the turn's id.

    Raises CaseEnded (of a question), InstantInFuture, SaidTooEarly.
    """
    if saying.kind is TurnKind.QUESTION:
        _check_open(case)
    said_at = _said_at(case, saying.said_at, now)
    turn = Turn(said_at, saying.kind, asks=saying.asks)
    writer = CUSTOMER if saying.kind is TurnKind.REPLY else by
    case, turn_id = add_turn(edges, transaction, case, turn, saying.words, writer, by, now)
    _pass_on(transaction, case, saying, turn_id, now)
    return case, turn_id


def find(
    edges: Edges, case_id: int, finding: str, why: str, *, by: str, seen: int | None = None
) -> Case:
    """Write down what support concluded, and why; the one made last counts.

    `seen` is the last turn the finder knew of. Raises NoSuchCase, CaseMovedOn, FindingKnown.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        case = lock_case(transaction, case_id)
        check_seen(transaction, case, seen)
        if case.facts.finding == finding:
            raise FindingKnown(
                f"Case {case_id} has the finding {finding} already. Nothing was changed."
            )
        turn = Turn(now, TurnKind.FINDING, finding=finding)
        case, turn_id = add_turn(edges, transaction, case, turn, why, by, by, now)
        facts = {"finding": finding, "ended": None, "text": why}
        _tell_customer(transaction, case, NoticeKind.FINDING, turn_id, facts, now)
    return case


def end(
    edges: Edges,
    case_id: int,
    kind: TurnKind,
    why: str,
    *,
    by: str,
    seen: int | None = None,
    at: datetime | None = None,
) -> Case:
    """End support's work: RESOLVED, or GAVE_UP where the fault cannot be mended.

    `at` dates what was decided earlier. Raises NoSuchCase, CaseEnded, CaseMovedOn,
    InstantInFuture, SaidTooEarly.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        case = lock_case(transaction, case_id)
        _check_open(case)
        check_seen(transaction, case, seen)
        turn = Turn(_said_at(case, at, now), kind)
        case, turn_id = add_turn(edges, transaction, case, turn, why, by, by, now)
        facts = {"finding": case.facts.finding, "ended": kind.value, "text": why}
        _tell_customer(transaction, case, NoticeKind.FINDING, turn_id, facts, now)
    return case


def reopen(edges: Edges, case_id: int, why: str, *, by: str, seen: int | None = None) -> Case:
    """Take an ended case up again; support's clock goes on where it stood.

    Raises NoSuchCase, CaseNotEnded, CaseMovedOn.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        case = lock_case(transaction, case_id)
        if case.facts.ended_at is None:
            raise CaseNotEnded(f"Case {case_id} is open already. Nothing was changed.")
        check_seen(transaction, case, seen)
        turn = Turn(now, TurnKind.REOPENED)
        case, _ = add_turn(edges, transaction, case, turn, why, by, by, now)
    return case


def add_turn(
    edges: Edges,
    transaction: Connection,
    case: Case,
    turn: Turn,
    words: str,
    written_by: str,
    by: str,
    now: datetime,
    *,
    quote_id: int | None = None,
) -> tuple[Case, int]:
    """Take one turn down and let all that follows from it follow; the case, and the turn's id."""
    turn_id = turns.record_turn(
        transaction, case.id, turn, written_by=written_by, words=words, now=now, quote_id=quote_id
    )
    case = settle_case(edges, transaction, case, now)
    # The words themselves are about people and stay out of the trail.
    data = {"turn": turn_id, "finding": turn.finding, "asks": list(turn.asks)}
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=f"case_{turn.kind.value}",
        subject=f"case:{case.id}",
        data={name: value for name, value in data.items() if value},
    )
    return case, turn_id


def _pass_on(
    transaction: Connection, case: Case, saying: Saying, turn_id: int, now: datetime
) -> None:
    if saying.kind is TurnKind.QUESTION:
        until = case.customer_due_at
        facts = {
            "text": saying.words,
            "missing": list(saying.asks),
            "until": instant_text(until) if until else None,
        }
        _tell_customer(transaction, case, NoticeKind.QUESTION, turn_id, facts, now)
    elif saying.kind is TurnKind.ANSWER:
        facts = {"text": saying.words}
        _tell_customer(transaction, case, NoticeKind.ANSWER, turn_id, facts, now)
    elif saying.kind is TurnKind.REPLY:
        tell_staff(
            transaction,
            "customer_replied",
            case.store_id,
            about=f"case:{case.id}",
            reference=f"staff:turn:{turn_id}",
            path=f"/desk/cases/{case.id}",
            to=SUPPORT,
            now=now,
        )


def _tell_customer(
    transaction: Connection,
    case: Case,
    kind: NoticeKind,
    turn_id: int,
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    tell_customer(
        transaction,
        kind,
        orders.get_order(transaction, case.order_id),
        about=f"case:{case.id}",
        reference=f"turn:{turn_id}",
        facts={"case": case.id, **facts},
        now=now,
    )


def _said_at(case: Case, said_at: datetime | None, now: datetime) -> datetime:
    at = past_instant("said_at", said_at, now) if said_at else now
    if at < case.facts.opened_at:
        raise SaidTooEarly(
            f"Case {case.id} was opened at {case.facts.opened_at.isoformat()}, later than this "
            "was said. Nothing was taken down: check the date."
        )
    return at


def _check_open(case: Case) -> None:
    if case.facts.ended_at is not None:
        raise CaseEnded(
            f"Support ended its work on case {case.id} already. Nothing was changed: take it up "
            "again first."
        )


def check_seen(transaction: Connection, case: Case, seen: int | None) -> None:
    """Raises CaseMovedOn where `seen` is not the last turn; None: nobody looked."""
    said = turns.list_turns(transaction, case.id)
    last = said[-1].id if said else 0
    if seen is not None and seen != last:
        raise CaseMovedOn(
            f"Something was said in case {case.id} meanwhile (turn {last}). Nothing was changed: "
            "read it, and decide again."
        )
