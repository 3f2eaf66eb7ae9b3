"""The calls of bridges that were taken, kept as long as a recorded one could be sent again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import taken_calls

#: A call is refused for its time long before: five minutes after it at the latest.
KEPT_FOR = timedelta(hours=1)


def take_call(transaction: Connection, signer: str, call_id: str, now: datetime) -> bool:
    """True the first time. Of two at once one waits for the other, and is told False."""
    transaction.execute(delete(taken_calls).where(taken_calls.c.taken_at < now - KEPT_FOR))
    insert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    taken = transaction.execute(
        insert(taken_calls)
        .values(signer=signer, call_id=call_id, taken_at=now)
        .on_conflict_do_nothing(index_elements=[taken_calls.c.signer, taken_calls.c.call_id])
        .returning(taken_calls.c.call_id)
    )
    return taken.one_or_none() is not None
