"""People, settings, the audit log, devices, tags and credentials."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "admin_settings",
        sa.Column("id", _ID, nullable=False),
        sa.Column("key", _key(255), nullable=False),
        sa.Column("value", _JSON, nullable=True),
        sa.Column("sealed_value", sa.LargeBinary(), nullable=True),
        sa.Column("value_type", sa.String(length=20), nullable=False),
        sa.Column("category", _key(64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("display_order", sa.Integer(), nullable=False),
        sa.Column("is_builtin", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_settings")),
        sa.UniqueConstraint("key", name=op.f("uq_admin_settings_key")),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("event_type", sa.String(length=20), nullable=False),
        sa.Column("event_name", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", _ID, nullable=True),
        sa.Column("actor_name", sa.String(length=120), nullable=False),
        sa.Column("target_type", sa.String(length=64), nullable=True),
        sa.Column("target_id", sa.String(length=64), nullable=True),
        sa.Column("target_name", sa.String(length=255), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("ip_address", sa.String(length=64), nullable=True),
        sa.Column("client", sa.String(length=255), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("changes", _JSON, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("prev_hash", sa.String(length=64), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("seq", name=op.f("uq_audit_events_seq")),
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index("ix_audit_events_created_at", ["created_at"], unique=False)
        batch_op.create_index("ix_audit_events_target", ["target_type", "target_id"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_hash", sa.String(length=64), nullable=False),
        sa.Column("anchor_seq", sa.BigInteger(), nullable=False),
        sa.Column("anchor_hash", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "credentials",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_key", _key(255), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("aaa_domain", sa.String(length=100), nullable=True),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        sa.Column("private_key", sa.LargeBinary(), nullable=True),
        sa.Column("private_key_passphrase", sa.LargeBinary(), nullable=True),
        sa.Column("enable_secret", sa.LargeBinary(), nullable=True),
        sa.Column("has_password", sa.Boolean(), nullable=False),
        sa.Column("has_private_key", sa.Boolean(), nullable=False),
        sa.Column("has_private_key_passphrase", sa.Boolean(), nullable=False),
        sa.Column("has_enable_secret", sa.Boolean(), nullable=False),
        sa.Column("success_count", sa.Integer(), nullable=False),
        sa.Column("failure_count", sa.Integer(), nullable=False),
        sa.Column("last_used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failure", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("name_key", name=op.f("uq_credentials_name_key")),
    )
    with op.batch_alter_table("credentials", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credentials_aaa_domain"), ["aaa_domain"], unique=False)
    op.create_table(
        "key_canary",
        sa.Column("id", _ID, nullable=False),
        sa.Column("only", sa.Integer(), nullable=False),
        sa.Column("installation_key", sa.LargeBinary(), nullable=False),
        sa.Column("rotation", _JSON, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_canary")),
        sa.UniqueConstraint("only", name=op.f("uq_key_canary_only")),
    )
    op.create_table(
        "tags",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("name_key", _key(50), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("color", sa.String(length=7), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("name_key", name=op.f("uq_tags_name_key")),
    )
    with op.batch_alter_table("tags", schema=None) as batch_op:
        batch_op.create_index(
            "uq_tags_is_default",
            ["is_default"],
            unique=True,
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        )
    op.create_table(
        "users",
        sa.Column("id", _ID, nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("username_key", _key(64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", _key(254), nullable=False),
        sa.Column("full_name", sa.String(length=120), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("limited_to_tags", sa.Boolean(), nullable=False),
        sa.Column("last_login", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("notification_preferences", _JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_key", name=op.f("uq_users_email_key")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
    )
    op.create_table(
        "credential_tags",
        sa.Column("credential_id", _ID, nullable=False),
        sa.Column("tag_id", _ID, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("success_count", sa.Integer(), nullable=False),
        sa.Column("failure_count", sa.Integer(), nullable=False),
        sa.Column("last_used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failure", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["credentials.id"],
            name=op.f("fk_credential_tags_credential_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name=op.f("fk_credential_tags_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("credential_id", "tag_id", name=op.f("pk_credential_tags")),
    )
    with op.batch_alter_table("credential_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_tags_tag_id"), ["tag_id"], unique=False)
    op.create_table(
        "devices",
        sa.Column("id", _ID, nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("hostname_key", _key(255), nullable=False),
        sa.Column("ip_address", _key(255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("device_type", sa.String(length=64), nullable=False),
        sa.Column("protocol", sa.String(length=20), nullable=False),
        sa.Column("legacy_ssh", sa.Boolean(), nullable=False),
        sa.Column("host_key_policy", sa.String(length=20), nullable=True),
        sa.Column("jump_device_id", _ID, nullable=True),
        sa.Column("jump_key", sa.String(length=36), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("serial_number", sa.String(length=100), nullable=True),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("site", sa.String(length=100), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("is_reachable", sa.Boolean(), nullable=True),
        sa.Column("last_reachability_check", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_backup_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_backup_status", sa.String(length=20), nullable=True),
        sa.Column("owner_id", _ID, nullable=True),
        sa.Column("credential_id", _ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_devices_credential_id")
        ),
        sa.ForeignKeyConstraint(
            ["jump_device_id"], ["devices.id"], name=op.f("fk_devices_jump_device_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_devices_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("hostname_key", name=op.f("uq_devices_hostname_key")),
    )
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_devices_credential_id"), ["credential_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_devices_device_type"), ["device_type"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_devices_jump_device_id"), ["jump_device_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_devices_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_devices_site"), ["site"], unique=False)
        batch_op.create_index("uq_devices_address", ["jump_key", "ip_address", "port"], unique=True)
    op.create_table(
        "tag_rules",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", _key(100), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tag_id", _ID, nullable=False),
        sa.Column("rule_criteria", _JSON, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name=op.f("fk_tag_rules_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_rules")),
        sa.UniqueConstraint("name_key", name=op.f("uq_tag_rules_name_key")),
    )
    with op.batch_alter_table("tag_rules", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tag_rules_tag_id"), ["tag_id"], unique=False)
    op.create_table(
        "user_tags",
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("tag_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name=op.f("fk_user_tags_tag_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_tags_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "tag_id", name=op.f("pk_user_tags")),
    )
    with op.batch_alter_table("user_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_tags_tag_id"), ["tag_id"], unique=False)
    op.create_table(
        "device_tags",
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("tag_id", _ID, nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("rule_key", sa.String(length=36), nullable=False),
        sa.Column("rule_id", _ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_tags_device_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["tag_rules.id"], name=op.f("fk_device_tags_rule_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name=op.f("fk_device_tags_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "device_id", "tag_id", "source", "rule_key", name=op.f("pk_device_tags")
        ),
    )
    with op.batch_alter_table("device_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_tags_rule_id"), ["rule_id"], unique=False)
        batch_op.create_index("ix_device_tags_tag_id", ["tag_id", "device_id"], unique=False)
    op.create_table(
        "host_keys",
        sa.Column("id", _ID, nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("algorithm", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_by", sa.String(length=120), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_host_keys_device_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_keys")),
        sa.UniqueConstraint(
            "device_id", "public_key", name=op.f("uq_host_keys_device_id_public_key")
        ),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("host_keys")
    with op.batch_alter_table("device_tags", schema=None) as batch_op:
        batch_op.drop_index("ix_device_tags_tag_id")
        batch_op.drop_index(batch_op.f("ix_device_tags_rule_id"))
    op.drop_table("device_tags")
    with op.batch_alter_table("user_tags", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_tags_tag_id"))
    op.drop_table("user_tags")
    with op.batch_alter_table("tag_rules", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tag_rules_tag_id"))
    op.drop_table("tag_rules")
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.drop_index("uq_devices_address")
        batch_op.drop_index(batch_op.f("ix_devices_site"))
        batch_op.drop_index(batch_op.f("ix_devices_owner_id"))
        batch_op.drop_index(batch_op.f("ix_devices_jump_device_id"))
        batch_op.drop_index(batch_op.f("ix_devices_device_type"))
        batch_op.drop_index(batch_op.f("ix_devices_credential_id"))
    op.drop_table("devices")
    with op.batch_alter_table("credential_tags", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credential_tags_tag_id"))
    op.drop_table("credential_tags")
    op.drop_table("users")
    with op.batch_alter_table("tags", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_tags_is_default",
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        )
    op.drop_table("tags")
    op.drop_table("key_canary")
    with op.batch_alter_table("credentials", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credentials_aaa_domain"))
    op.drop_table("credentials")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_events_target")
        batch_op.drop_index("ix_audit_events_created_at")
    op.drop_table("audit_events")
    op.drop_table("admin_settings")
