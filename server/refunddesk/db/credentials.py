"""What customers hand over for a case, sealed, what became of it, and who was shown it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, insert, or_, select, update

from refunddesk.db.tables import cases, credentials, reveals, turns


class CredentialState(StrEnum):
    ASKED = "asked"
    WITHDRAWN = "withdrawn"  # the asking: nothing was given
    GIVEN = "given"
    ENDING = "ending"  # shown to nobody any more; its key is still to be destroyed
    DESTROYED = "destroyed"


class Because(StrEnum):
    """Why nobody is shown it any more."""

    CASE_ENDED = "case_ended"
    TIME_OVER = "time_over"
    CUSTOMER = "customer"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Credential:
    """One way into a customer's site. `words` are what they were asked for.

    `destroy_at` is the first instant at which nobody is shown it any more. `key_name` names what
    opens `sealed`, which is None once it has ended.
    """

    id: int
    case_id: int
    state: CredentialState
    asked_by: str
    asked_at: datetime
    words: str = field(repr=False)
    given_at: datetime | None
    destroy_at: datetime | None
    key_name: str | None = field(repr=False)
    sealed: bytes | None = field(repr=False)
    ended_at: datetime | None
    ended_by: str | None
    because: Because | None
    destroyed_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether its time has run out, however late anybody comes to destroy it."""
        return self.destroy_at is not None and now >= self.destroy_at


@dataclass(frozen=True, slots=True)
class Reveal:
    """One showing of a credential to one of the staff, with the reason they wrote."""

    id: int
    credential_id: int
    revealed_by: str
    because: str
    revealed_at: datetime


def record_asking(
    transaction: Connection, case_id: int, turn_id: int, *, by: str, now: datetime
) -> int:
    """The id of the new row. Raises IntegrityError where one is open in the case."""
    new_id: int = transaction.execute(
        insert(credentials)
        .values(
            case_id=case_id,
            turn_id=turn_id,
            state=CredentialState.ASKED.value,
            asked_by=by,
            asked_at=now,
        )
        .returning(credentials.c.id)
    ).scalar_one()
    return new_id


def find_credential(transaction: Connection, credential_id: int) -> Credential | None:
    return _one(transaction, _all().where(credentials.c.id == credential_id))


def find_of_order(transaction: Connection, order_id: int, credential_id: int) -> Credential | None:
    """None where it belongs to a case of another order, too."""
    query = _all().join(cases, cases.c.id == credentials.c.case_id)
    return _one(
        transaction, query.where(credentials.c.id == credential_id, cases.c.order_id == order_id)
    )


def list_of_case(transaction: Connection, case_id: int) -> list[Credential]:
    """In the order in which they were asked for."""
    rows = transaction.execute(
        _all().where(credentials.c.case_id == case_id).order_by(credentials.c.id)
    )
    return [_credential(row) for row in rows]


def list_of_order(transaction: Connection, order_id: int) -> list[Credential]:
    rows = transaction.execute(
        _all()
        .join(cases, cases.c.id == credentials.c.case_id)
        .where(cases.c.order_id == order_id)
        .order_by(credentials.c.id)
    )
    return [_credential(row) for row in rows]


def has_any(transaction: Connection, order_id: int) -> bool:
    """Whether the customer was ever asked for access because of this order."""
    query = (
        select(credentials.c.id)
        .join(cases, cases.c.id == credentials.c.case_id)
        .where(cases.c.order_id == order_id)
    )
    return bool(transaction.scalar(select(exists(query))))


def record_given(
    transaction: Connection,
    credential_id: int,
    *,
    key_name: str,
    sealed: bytes,
    now: datetime,
    destroy_at: datetime,
) -> bool:
    """False if it is not asked for any more."""
    return _move(
        transaction,
        credential_id,
        CredentialState.ASKED,
        CredentialState.GIVEN,
        key_name=key_name,
        sealed=sealed,
        given_at=now,
        destroy_at=destroy_at,
    )


def record_withdrawn(
    transaction: Connection, credential_id: int, because: Because, *, by: str, now: datetime
) -> bool:
    """False if it is not asked for any more."""
    return _move(
        transaction,
        credential_id,
        CredentialState.ASKED,
        CredentialState.WITHDRAWN,
        ended_at=now,
        ended_by=by,
        because=because.value,
    )


def record_ending(
    transaction: Connection, credential_id: int, because: Because, *, by: str, now: datetime
) -> bool:
    """Forget what was sealed; its key is still to be destroyed. False if it is not there."""
    return _move(
        transaction,
        credential_id,
        CredentialState.GIVEN,
        CredentialState.ENDING,
        sealed=None,
        ended_at=now,
        ended_by=by,
        because=because.value,
    )


def record_destroyed(transaction: Connection, credential_id: int, *, now: datetime) -> bool:
    """False if somebody else did so before."""
    return _move(
        transaction,
        credential_id,
        CredentialState.ENDING,
        CredentialState.DESTROYED,
        destroyed_at=now,
    )


def list_to_destroy(transaction: Connection, now: datetime, limit: int = 100) -> list[int]:
    """Those whose time is over or that have ended, and whose key nobody has destroyed yet."""
    rows = transaction.scalars(
        select(credentials.c.id)
        .where(
            credentials.c.state.in_((CredentialState.GIVEN.value, CredentialState.ENDING.value)),
            or_(
                credentials.c.state == CredentialState.ENDING.value,
                credentials.c.destroy_at <= now,
            ),
        )
        .order_by(credentials.c.destroy_at, credentials.c.id)
        .limit(limit)
    )
    return list(rows)


def list_alive(transaction: Connection) -> list[Credential]:
    """All whose key is not known to be destroyed."""
    alive = (CredentialState.GIVEN.value, CredentialState.ENDING.value)
    rows = transaction.execute(
        _all().where(credentials.c.state.in_(alive)).order_by(credentials.c.id)
    )
    return [_credential(row) for row in rows]


def record_reveal(
    transaction: Connection, credential_id: int, because: str, *, by: str, now: datetime
) -> int:
    """The id of the new row."""
    new_id: int = transaction.execute(
        insert(reveals)
        .values(credential_id=credential_id, revealed_by=by, because=because, revealed_at=now)
        .returning(reveals.c.id)
    ).scalar_one()
    return new_id


def list_reveals(transaction: Connection, credential_ids: Collection[int]) -> list[Reveal]:
    """Oldest first."""
    rows = transaction.execute(
        select(reveals).where(reveals.c.credential_id.in_(credential_ids)).order_by(reveals.c.id)
    )
    return [Reveal(**row._mapping) for row in rows]


def _move(
    transaction: Connection,
    credential_id: int,
    old: CredentialState,
    new: CredentialState,
    **values: object,
) -> bool:
    result = transaction.execute(
        update(credentials)
        .where(credentials.c.id == credential_id, credentials.c.state == old.value)
        .values(state=new.value, **values)
    )
    return result.rowcount == 1


def _all() -> Select[Any]:
    columns = [column for column in credentials.c if column.name != "turn_id"]
    return select(*columns, turns.c.words).join(turns, turns.c.id == credentials.c.turn_id)


def _one(transaction: Connection, query: Select[Any]) -> Credential | None:
    row = transaction.execute(query).one_or_none()
    return _credential(row) if row else None


def _credential(row: Row[Any]) -> Credential:
    held = {**row._mapping, "state": CredentialState(row.state)}
    return Credential(**held | {"because": Because(row.because) if row.because else None})
