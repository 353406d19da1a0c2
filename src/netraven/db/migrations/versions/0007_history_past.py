"""Parts of the past of series whose weaves have become too large."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "history_past",
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("config_type", sa.String(length=32), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("format", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_history_past_device_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "device_id", "config_type", "last_version", name=op.f("pk_history_past")
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Sealed bytes do not shrink.
        op.execute("ALTER TABLE history_past ALTER COLUMN data SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Take it back."""
    op.drop_table("history_past")
