"""How the webhook of each of our endpoints stood in its store when it was last looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import endpoints, webhook_states


@dataclass(frozen=True, slots=True)
class WebhookState:
    """`status` is the store's word: active, paused by a person, disabled by failures.

    `switched_on_at`: when we last asked the store to deliver again.
    """

    endpoint_id: str
    woo_webhook_id: int
    status: str
    checked_at: datetime
    switched_on_at: datetime | None


def list_webhook_states(transaction: Connection, store_id: int) -> dict[str, WebhookState]:
    """By endpoint id; endpoints whose webhook was never seen are absent."""
    rows = transaction.execute(
        select(webhook_states)
        .join(endpoints, endpoints.c.id == webhook_states.c.endpoint_id)
        .where(endpoints.c.store_id == store_id)
    )
    return {row.endpoint_id: WebhookState(**row._mapping) for row in rows}


def record_webhook_state(transaction: Connection, state: WebhookState) -> None:
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    told = {
        "woo_webhook_id": state.woo_webhook_id,
        "status": state.status,
        "checked_at": state.checked_at,
        "switched_on_at": state.switched_on_at,
    }
    transaction.execute(
        upsert(webhook_states)
        .values(endpoint_id=state.endpoint_id, **told)
        .on_conflict_do_update(index_elements=[webhook_states.c.endpoint_id], set_=told)
    )
