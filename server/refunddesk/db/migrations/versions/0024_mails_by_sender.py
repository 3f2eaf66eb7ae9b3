"""The mails of a sender are found by an index, however many came in."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_arrivals_sender", "arrivals", ["sender"])


def downgrade() -> None:
    op.drop_index("ix_arrivals_sender", table_name="arrivals")
