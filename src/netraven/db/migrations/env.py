"""Alembic's entry: runs the steps on the connection that `netraven.db.schema` opened."""

from __future__ import annotations

from alembic import context

from netraven.db.base import Base

config = context.config

context.configure(
    connection=config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
