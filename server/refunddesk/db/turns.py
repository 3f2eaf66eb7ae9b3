"""What was said and decided in cases, turn by turn, and the quotes among it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from refunddesk.casework import Turn, TurnKind
from refunddesk.db.tables import turns, work_quotes
from refunddesk.money import Money


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """One turn as it was taken down. `said_at` may lie before `recorded_at`: mails wait."""

    id: int
    case_id: int
    kind: TurnKind
    written_by: str
    words: str = field(repr=False)
    finding: str | None
    asks: tuple[str, ...]
    quote_id: int | None
    said_at: datetime
    recorded_at: datetime
    until: datetime | None = None

    @property
    def turn(self) -> Turn:
        return Turn(self.said_at, self.kind, self.finding, self.asks, self.until)


@dataclass(frozen=True, slots=True)
class WorkQuote:
    """Charged work offered; `state` is offered, accepted or declined."""

    id: int
    case_id: int
    work: str = field(repr=False)
    amount: Money
    state: str
    offered_by: str
    offered_at: datetime
    valid_until: datetime
    answered_at: datetime | None
    answered_by: str | None
    withdrawn_at: datetime | None

    @property
    def standing(self) -> str:
        """How it stands for people: one that we withdrew was not declined by the customer."""
        return "withdrawn" if self.withdrawn_at else self.state


def record_turn(
    transaction: Connection,
    case_id: int,
    turn: Turn,
    *,
    written_by: str,
    words: str,
    now: datetime,
    quote_id: int | None = None,
) -> int:
    """The id of the new turn."""
    new_id: int = transaction.execute(
        insert(turns)
        .values(
            case_id=case_id,
            kind=turn.kind.value,
            written_by=written_by,
            words=words,
            finding=turn.finding,
            asks=list(turn.asks),
            quote_id=quote_id,
            said_at=turn.said_at,
            recorded_at=now,
        )
        .returning(turns.c.id)
    ).scalar_one()
    return new_id


def list_turns(transaction: Connection, case_id: int) -> list[RecordedTurn]:
    """All turns of the case in the order in which they were taken down."""
    rows = transaction.execute(
        select(turns, work_quotes.c.valid_until)
        .outerjoin(work_quotes, work_quotes.c.id == turns.c.quote_id)
        .where(turns.c.case_id == case_id)
        .order_by(turns.c.id)
    )
    return [_turn(row) for row in rows]


def record_quote(
    transaction: Connection,
    case_id: int,
    *,
    work: str,
    amount: Money,
    offered_by: str,
    offered_at: datetime,
    valid_until: datetime,
) -> int:
    """The id of the new quote."""
    new_id: int = transaction.execute(
        insert(work_quotes)
        .values(
            case_id=case_id,
            work=work,
            amount_minor=amount.minor,
            currency=amount.currency,
            decimals=amount.decimals,
            state="offered",
            offered_by=offered_by,
            offered_at=offered_at,
            valid_until=valid_until,
        )
        .returning(work_quotes.c.id)
    ).scalar_one()
    return new_id


def answer_quote(
    transaction: Connection, quote_id: int, state: str, *, at: datetime, by: str
) -> bool:
    """False if it was answered before."""
    result = transaction.execute(
        update(work_quotes)
        .where(work_quotes.c.id == quote_id, work_quotes.c.state == "offered")
        .values(state=state, answered_at=at, answered_by=by)
    )
    return result.rowcount == 1


def withdraw_quote(transaction: Connection, quote_id: int, *, at: datetime, by: str) -> bool:
    """False if it was answered or withdrawn before."""
    result = transaction.execute(
        update(work_quotes)
        .where(work_quotes.c.id == quote_id, work_quotes.c.state == "offered")
        .values(state="declined", answered_at=at, answered_by=by, withdrawn_at=at)
    )
    return result.rowcount == 1


def find_quote(transaction: Connection, quote_id: int) -> WorkQuote | None:
    row = transaction.execute(select(work_quotes).where(work_quotes.c.id == quote_id)).one_or_none()
    return _quote(row) if row else None


def list_quotes(transaction: Connection, case_id: int) -> list[WorkQuote]:
    rows = transaction.execute(
        select(work_quotes).where(work_quotes.c.case_id == case_id).order_by(work_quotes.c.id)
    )
    return [_quote(row) for row in rows]


def _turn(row: Row[Any]) -> RecordedTurn:
    kind = TurnKind(row.kind)
    return RecordedTurn(
        id=row.id,
        case_id=row.case_id,
        kind=kind,
        written_by=row.written_by,
        words=row.words,
        finding=row.finding,
        asks=tuple(row.asks),
        quote_id=row.quote_id,
        said_at=row.said_at,
        recorded_at=row.recorded_at,
        until=row.valid_until if kind is TurnKind.QUOTE_OFFERED else None,
    )


def _quote(row: Row[Any]) -> WorkQuote:
    return WorkQuote(
        row.id,
        row.case_id,
        row.work,
        Money(row.amount_minor, row.currency, row.decimals),
        row.state,
        row.offered_by,
        row.offered_at,
        row.valid_until,
        row.answered_at,
        row.answered_by,
        row.withdrawn_at,
    )
