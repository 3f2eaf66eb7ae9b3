"""What a person's erasure leaves behind, and when what was written is removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_PARTIAL = (
    ("ix_customers_erased", "customers", ["id"], "erased_at IS NOT NULL"),
    ("ix_cases_with_texts", "cases", ["ended_at"], "texts_gone_at IS NULL"),
    ("ix_notices_with_texts", "notices", ["written_at"], "texts_gone_at IS NULL"),
)
_PLAIN = (
    ("ix_customers_email_key", "customers", ["email_key"]),
    ("ix_notices_recipient", "notices", ["recipient"]),
)
_COLUMNS = (
    ("customers", "erased_at"),
    ("cases", "texts_gone_at"),
    ("notices", "texts_gone_at"),
)


def upgrade() -> None:
    for table, column in _COLUMNS:
        op.add_column(table, sa.Column(column, Instant, nullable=True))
    for name, table, columns in _PLAIN:
        op.create_index(name, table, columns)
    for name, table, columns, where in _PARTIAL:
        condition = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
    op.create_table(
        "erasures",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("customer_id", Id, nullable=False),
        sa.Column("person_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address_sealed", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("begun_at", Instant, nullable=False),
        sa.Column("done_at", Instant, nullable=True),
        sa.CheckConstraint("state IN ('begun', 'done')", name=op.f("ck_erasures_state")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_erasures_store_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_erasures_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("reference", name=op.f("uq_erasures_reference")),
    )
    op.create_index("ix_erasures_person_hash", "erasures", ["store_id", "person_hash"])
    op.create_index("ix_erasures_customer_id", "erasures", ["customer_id"])
    begun = sa.text("state = 'begun'")
    op.create_index(
        "ix_erasures_begun", "erasures", ["id"], sqlite_where=begun, postgresql_where=begun
    )
    op.create_table(
        "retention_marks",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("up_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_retention_marks")),
    )


def downgrade() -> None:
    op.drop_table("retention_marks")
    op.drop_table("erasures")
    for name, table, *_ in (*_PARTIAL, *_PLAIN):
        op.drop_index(name, table_name=table)
    # Not as a batch, which would copy and drop the tables that others refer to.
    for table, column in _COLUMNS:
        op.drop_column(table, column)
