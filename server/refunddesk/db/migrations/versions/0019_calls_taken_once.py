"""Calls that are taken once, work that rests with its store, and hosts in small letters."""

from __future__ import annotations

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "taken_calls",
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("taken_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("signer", "call_id", name=op.f("pk_taken_calls")),
    )
    op.add_column("outbox", sa.Column("rests_for_store", Id, nullable=True))
    _spell_hosts_small()


def downgrade() -> None:
    # Small letters name the same store: they stay.
    op.execute("UPDATE outbox SET due_at = CURRENT_TIMESTAMP WHERE rests_for_store IS NOT NULL")
    # Not as a batch, which would copy and drop the table.
    op.drop_column("outbox", "rests_for_store")
    op.drop_table("taken_calls")


def _spell_hosts_small() -> None:
    """A store that was joined under capitals is found when it joins again.

    One whose address in small letters is another store's stays as it is: which of the two is the
    store only a person can say.
    """
    connection = op.get_bind()
    stores = sa.table("stores", sa.column("id"), sa.column("url"))
    known = {row.url: row.id for row in connection.execute(sa.select(stores))}
    for url, store_id in sorted(known.items()):
        parts = urlsplit(url)
        small = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()
        if small not in known:
            known[small] = store_id
            connection.execute(sa.update(stores).where(stores.c.id == store_id).values(url=small))
