"""Black-outs, and devices that wait until one is over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
_KEY = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "blackouts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", _KEY, nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tag_id", _ID, nullable=False),
        sa.Column("hold_back", sa.String(length=20), nullable=False),
        sa.Column("from_time", sa.String(length=5), nullable=True),
        sa.Column("until_time", sa.String(length=5), nullable=True),
        sa.Column("weekdays", sa.String(length=20), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("created_by_name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name=op.f("fk_blackouts_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blackouts")),
        sa.UniqueConstraint("name_key", name=op.f("uq_blackouts_name_key")),
    )
    with op.batch_alter_table("blackouts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blackouts_tag_id"), ["tag_id"], unique=False)
    op.create_table(
        "schedule_waits",
        sa.Column("scheduled_job_id", _ID, nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_schedule_waits_device_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_job_id"],
            ["scheduled_jobs.id"],
            name=op.f("fk_schedule_waits_scheduled_job_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("scheduled_job_id", "device_id", name=op.f("pk_schedule_waits")),
    )
    with op.batch_alter_table("schedule_waits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_schedule_waits_device_id"), ["device_id"])
        batch_op.create_index("ix_schedule_waits_until", ["scheduled_job_id", "until"])


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("schedule_waits", schema=None) as batch_op:
        batch_op.drop_index("ix_schedule_waits_until")
        batch_op.drop_index(batch_op.f("ix_schedule_waits_device_id"))
    op.drop_table("schedule_waits")
    with op.batch_alter_table("blackouts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_blackouts_tag_id"))
    op.drop_table("blackouts")
