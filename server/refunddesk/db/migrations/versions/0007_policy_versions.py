"""What each version of a policy said when it first judged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_versions",
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("first_judged_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("policy", "version", name=op.f("pk_policy_versions")),
    )


def downgrade() -> None:
    op.drop_table("policy_versions")
