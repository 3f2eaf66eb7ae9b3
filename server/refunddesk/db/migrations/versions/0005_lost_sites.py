"""Probes of lost sites, and suspicions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_probes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("activation_id", Id, nullable=False),
        sa.Column("probed_at", Instant, nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "result IN ('answers', 'gone', 'unclear')", name=op.f("ck_site_probes_result")
        ),
        sa.ForeignKeyConstraint(
            ["activation_id"], ["activations.id"], name=op.f("fk_site_probes_activation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_probes")),
    )
    op.create_index("ix_site_probes_activation_id", "site_probes", ["activation_id"])
    op.create_table(
        "suspicions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("license_id", Id, nullable=False),
        sa.Column("customer_id", Id, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raised_at", Instant, nullable=False),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("settled_as", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('use_after_refund', 'update_after_refund', 'use_after_statement')",
            name=op.f("ck_suspicions_kind"),
        ),
        sa.CheckConstraint(
            "settled_as IN ('confirmed', 'dropped')", name=op.f("ck_suspicions_settled_as")
        ),
        sa.ForeignKeyConstraint(
            ["license_id"], ["licenses.id"], name=op.f("fk_suspicions_license_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_suspicions_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspicions")),
        sa.UniqueConstraint("license_id", "kind", name=op.f("uq_suspicions_license_id_kind")),
    )
    op.create_index("ix_suspicions_customer_id", "suspicions", ["customer_id"])


def downgrade() -> None:
    op.drop_index("ix_suspicions_customer_id", "suspicions")
    op.drop_table("suspicions")
    op.drop_index("ix_site_probes_activation_id", "site_probes")
    op.drop_table("site_probes")
