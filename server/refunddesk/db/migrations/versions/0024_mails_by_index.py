"""The mails of a sender and the links of a login are found by indexes, however many there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_arrivals_sender", "arrivals", [sa.text("lower(sender)")])
    op.create_index("ix_staff_links_login_id", "staff_links", ["login_id"])


def downgrade() -> None:
    op.drop_index("ix_staff_links_login_id", table_name="staff_links")
    op.drop_index("ix_arrivals_sender", table_name="arrivals")
