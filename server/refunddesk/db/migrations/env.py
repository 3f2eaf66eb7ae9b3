"""Runs migrations on the connection that refunddesk.db.schema hands over."""

from __future__ import annotations

from alembic import context

from refunddesk.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
