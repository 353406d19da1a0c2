"""Contents, backups, runs, schedules and workers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "contents",
        sa.Column("hash", _key(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("base_hash", _key(64), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_hash"], ["contents.hash"], name=op.f("fk_contents_base_hash")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_contents")),
    )
    with op.batch_alter_table("contents", schema=None) as batch_op:
        batch_op.create_index(
            "ix_contents_base_hash", ["base_hash"], unique=False, postgresql_using="hash"
        )
    op.create_table(
        "workers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("queues", _JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.create_index("ix_workers_state", ["state", "heartbeat_at"], unique=False)
    op.create_table(
        "scheduled_jobs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("job_type", sa.String(length=20), nullable=False),
        sa.Column("schedule_type", sa.String(length=20), nullable=False),
        sa.Column("schedule_time", sa.String(length=5), nullable=True),
        sa.Column("schedule_day", sa.String(length=20), nullable=True),
        sa.Column("schedule_interval", sa.Integer(), nullable=True),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("month", sa.Integer(), nullable=True),
        sa.Column("cron", sa.String(length=255), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("targets", sa.String(length=20), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("is_system", sa.Boolean(), nullable=False),
        sa.Column("overlap", sa.String(length=20), nullable=False),
        sa.Column("jitter_seconds", sa.Integer(), nullable=False),
        sa.Column("job_data", _JSON, nullable=False),
        sa.Column("next_run", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.String(length=20), nullable=True),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.Column("missed_runs", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", _ID, nullable=True),
        sa.Column("created_by_name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
            name=op.f("fk_scheduled_jobs_created_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_jobs")),
    )
    with op.batch_alter_table("scheduled_jobs", schema=None) as batch_op:
        batch_op.create_index("ix_scheduled_jobs_due", ["enabled", "next_run"], unique=False)
        batch_op.create_index(
            "uq_scheduled_jobs_system_type",
            ["job_type"],
            unique=True,
            sqlite_where=sa.text("is_system"),
            postgresql_where=sa.text("is_system"),
        )
    op.create_table(
        "backup_counters",
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("config_type", sa.String(length=32), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_backup_counters_device_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("device_id", "config_type", name=op.f("pk_backup_counters")),
    )
    op.create_table(
        "device_leases",
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_device_leases_device_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_leases")),
    )
    op.create_table(
        "job_logs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("job_type", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("session_id", sa.String(length=64), nullable=True),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_message", sa.Text(), nullable=True),
        sa.Column("job_data", _JSON, nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("device_id", _ID, nullable=True),
        sa.Column("device_hostname", sa.String(length=255), nullable=True),
        sa.Column("scheduled_job_id", _ID, nullable=True),
        sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", _ID, nullable=True),
        sa.Column("actor_name", sa.String(length=120), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_job_logs_created_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_job_logs_device_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_job_id"],
            ["scheduled_jobs.id"],
            name=op.f("fk_job_logs_scheduled_job_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_logs")),
        sa.UniqueConstraint(
            "scheduled_job_id",
            "scheduled_for",
            name=op.f("uq_job_logs_scheduled_job_id_scheduled_for"),
        ),
    )
    with op.batch_alter_table("job_logs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_logs_created_by"), ["created_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_logs_device_id"), ["device_id"], unique=False)
        batch_op.create_index("ix_job_logs_start_time", ["start_time", "id"], unique=False)
        batch_op.create_index("ix_job_logs_status", ["status"], unique=False)
    op.create_table(
        "scheduled_job_devices",
        sa.Column("scheduled_job_id", _ID, nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_scheduled_job_devices_device_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_job_id"],
            ["scheduled_jobs.id"],
            name=op.f("fk_scheduled_job_devices_scheduled_job_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "scheduled_job_id", "device_id", name=op.f("pk_scheduled_job_devices")
        ),
    )
    with op.batch_alter_table("scheduled_job_devices", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_scheduled_job_devices_device_id"), ["device_id"], unique=False
        )
    op.create_table(
        "scheduled_job_tags",
        sa.Column("scheduled_job_id", _ID, nullable=False),
        sa.Column("tag_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["scheduled_job_id"],
            ["scheduled_jobs.id"],
            name=op.f("fk_scheduled_job_tags_scheduled_job_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name=op.f("fk_scheduled_job_tags_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scheduled_job_id", "tag_id", name=op.f("pk_scheduled_job_tags")),
    )
    with op.batch_alter_table("scheduled_job_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scheduled_job_tags_tag_id"), ["tag_id"], unique=False)
    op.create_table(
        "backups",
        sa.Column("id", _ID, nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("config_type", sa.String(length=32), nullable=False),
        sa.Column("device_type", sa.String(length=64), nullable=False),
        sa.Column("content_hash", _key(64), nullable=True),
        sa.Column("normal_hash", sa.String(length=80), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("grade", sa.String(length=20), nullable=True),
        sa.Column("evidence", _JSON, nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(length=255), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("job_log_id", _ID, nullable=True),
        sa.Column("serial_number", sa.String(length=100), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_hash"], ["contents.hash"], name=op.f("fk_backups_content_hash")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_backups_device_id")),
        sa.ForeignKeyConstraint(
            ["job_log_id"], ["job_logs.id"], name=op.f("fk_backups_job_log_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backups")),
        sa.UniqueConstraint(
            "device_id",
            "config_type",
            "version",
            name=op.f("uq_backups_device_id_config_type_version"),
        ),
    )
    with op.batch_alter_table("backups", schema=None) as batch_op:
        batch_op.create_index(
            "ix_backups_content_hash", ["content_hash"], unique=False, postgresql_using="hash"
        )
        batch_op.create_index("ix_backups_created_at", ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_backups_job_log_id"), ["job_log_id"], unique=False)
        batch_op.create_index(
            "ix_backups_pinned",
            ["created_at"],
            unique=False,
            sqlite_where=sa.text("pinned IS 1"),
            postgresql_where=sa.text("pinned IS true"),
        )
        batch_op.create_index("ix_backups_status", ["status", "created_at"], unique=False)
    op.create_table(
        "job_log_entries",
        sa.Column("id", _ID, nullable=False),
        sa.Column("job_log_id", _ID, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("device_id", _ID, nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("details", _JSON, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_job_log_entries_device_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["job_log_id"],
            ["job_logs.id"],
            name=op.f("fk_job_log_entries_job_log_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_log_entries")),
        sa.UniqueConstraint("job_log_id", "seq", name=op.f("uq_job_log_entries_job_log_id_seq")),
    )
    with op.batch_alter_table("job_log_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_job_log_entries_device_id"), ["device_id"], unique=False
        )
    op.create_table(
        "job_shards",
        sa.Column("id", _ID, nullable=False),
        sa.Column("job_log_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("worker_id", _ID, nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_log_id"],
            ["job_logs.id"],
            name=op.f("fk_job_shards_job_log_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"],
            ["workers.id"],
            name=op.f("fk_job_shards_worker_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_shards")),
        sa.UniqueConstraint("job_log_id", "number", name=op.f("uq_job_shards_job_log_id_number")),
    )
    with op.batch_alter_table("job_shards", schema=None) as batch_op:
        batch_op.create_index("ix_job_shards_status", ["status", "updated_at"], unique=False)
        batch_op.create_index("ix_job_shards_worker_id", ["worker_id"], unique=False)
    op.create_table(
        "job_results",
        sa.Column("id", _ID, nullable=False),
        sa.Column("job_log_id", _ID, nullable=False),
        sa.Column("shard_number", sa.Integer(), nullable=True),
        sa.Column("device_id", _ID, nullable=True),
        sa.Column("device_hostname", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("backup_id", _ID, nullable=True),
        sa.Column("credential_name", sa.String(length=255), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["backup_id"],
            ["backups.id"],
            name=op.f("fk_job_results_backup_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_job_results_device_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["job_log_id"],
            ["job_logs.id"],
            name=op.f("fk_job_results_job_log_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_results")),
        sa.UniqueConstraint(
            "job_log_id", "device_id", name=op.f("uq_job_results_job_log_id_device_id")
        ),
    )
    with op.batch_alter_table("job_results", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_results_backup_id"), ["backup_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_results_device_id"), ["device_id"], unique=False)
    op.create_table(
        "transcripts",
        sa.Column("backup_id", _ID, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["backup_id"], ["backups.id"], name=op.f("fk_transcripts_backup_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("backup_id", name=op.f("pk_transcripts")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("transcripts")
    with op.batch_alter_table("job_results", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_results_device_id"))
        batch_op.drop_index(batch_op.f("ix_job_results_backup_id"))
    op.drop_table("job_results")
    op.drop_table("job_shards")
    with op.batch_alter_table("job_log_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_log_entries_device_id"))
    op.drop_table("job_log_entries")
    with op.batch_alter_table("backups", schema=None) as batch_op:
        batch_op.drop_index("ix_backups_status")
        batch_op.drop_index(
            "ix_backups_pinned",
            sqlite_where=sa.text("pinned IS 1"),
            postgresql_where=sa.text("pinned IS true"),
        )
        batch_op.drop_index(batch_op.f("ix_backups_job_log_id"))
        batch_op.drop_index("ix_backups_created_at")
        batch_op.drop_index("ix_backups_content_hash", postgresql_using="hash")
    op.drop_table("backups")
    with op.batch_alter_table("scheduled_job_tags", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scheduled_job_tags_tag_id"))
    op.drop_table("scheduled_job_tags")
    with op.batch_alter_table("scheduled_job_devices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scheduled_job_devices_device_id"))
    op.drop_table("scheduled_job_devices")
    with op.batch_alter_table("job_logs", schema=None) as batch_op:
        batch_op.drop_index("ix_job_logs_status")
        batch_op.drop_index("ix_job_logs_start_time")
        batch_op.drop_index(batch_op.f("ix_job_logs_device_id"))
        batch_op.drop_index(batch_op.f("ix_job_logs_created_by"))
    op.drop_table("job_logs")
    op.drop_table("device_leases")
    op.drop_table("backup_counters")
    with op.batch_alter_table("scheduled_jobs", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_scheduled_jobs_system_type",
            sqlite_where=sa.text("is_system"),
            postgresql_where=sa.text("is_system"),
        )
        batch_op.drop_index("ix_scheduled_jobs_due")
    op.drop_table("scheduled_jobs")
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.drop_index("ix_workers_state")
    op.drop_table("workers")
    with op.batch_alter_table("contents", schema=None) as batch_op:
        batch_op.drop_index("ix_contents_base_hash", postgresql_using="hash")
    op.drop_table("contents")
