"""The weaves of series and the shapes of changes; both are filled from the contents later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "history",
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("config_type", sa.String(length=32), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("view_rev", sa.String(length=32), nullable=False),
        sa.Column("format", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_history_device_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", "config_type", name=op.f("pk_history")),
    )
    op.create_table(
        "backup_change",
        sa.Column("backup_id", _ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shape", sa.LargeBinary(length=16), nullable=False),
        sa.Column("exact", sa.LargeBinary(length=16), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["backup_id"],
            ["backups.id"],
            name=op.f("fk_backup_change_backup_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("backup_id", name=op.f("pk_backup_change")),
    )
    with op.batch_alter_table("backup_change", schema=None) as batch_op:
        batch_op.create_index("ix_backup_change_at", ["at"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        # Sealed bytes do not shrink; and each change of a device rewrites the whole row, so that
        # what is left of the rows before must be freed soon.
        op.execute("ALTER TABLE history ALTER COLUMN data SET STORAGE EXTERNAL")
        op.execute(
            "ALTER TABLE history SET (autovacuum_vacuum_scale_factor = 0.02,"
            " toast.autovacuum_vacuum_scale_factor = 0.02)"
        )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("backup_change")
    op.drop_table("history")
