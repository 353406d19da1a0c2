"""What stories tell of a version stands beside the marks of its change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")


def upgrade() -> None:
    """Make the change."""
    told: list[sa.Column[object]] = [
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("config_type", sa.String(length=32), nullable=False),
        sa.Column("device_type", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=255), nullable=True),
    ]
    backups = sa.table("backups", sa.column("id"), *(sa.column(each.name) for each in told))
    of_backups = _OLD.join(backups, backups.c.id == _OLD.c.backup_id)
    values = [*_OLD.c, *(backups.c[each.name] for each in told)]
    _make_anew(told, sa.select(*values).select_from(of_backups))


def downgrade() -> None:
    """Take it back."""
    _make_anew([], sa.select(*_OLD.c))


_MARKS = ("backup_id", "at", "shape", "exact", "added", "removed")
_OLD = sa.table("backup_change", *(sa.column(name) for name in _MARKS))
_NEW = "new_backup_change"


def _make_anew(told: list[sa.Column[object]], rows: sa.Select[object]) -> None:
    """Put a table of these rows, with these columns behind the marks, in the present one's place.

    It is written once, and its index and references are made behind it: so a million rows take
    seconds, where changing each in its place takes minutes.
    """
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    primary = sa.PrimaryKeyConstraint("backup_id", name=op.f("pk_backup_change"))
    name = op.f("fk_backup_change_backup_id")
    backup = sa.ForeignKeyConstraint(["backup_id"], ["backups.id"], name=name, ondelete="CASCADE")
    new = op.create_table(
        _NEW,
        sa.Column("backup_id", _ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shape", sa.LargeBinary(length=16), nullable=False),
        sa.Column("exact", sa.LargeBinary(length=16), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        *told,
        # SQLite gives constraints to a table only when it is made.
        *(() if is_postgresql else (backup, primary)),
    )
    op.execute(sa.insert(new).from_select([column.name for column in new.c], rows))
    op.drop_table("backup_change")
    op.rename_table(_NEW, "backup_change")
    if is_postgresql:
        op.create_primary_key(op.f("pk_backup_change"), "backup_change", ["backup_id"])
        op.create_foreign_key(
            name, "backup_change", "backups", ["backup_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index("ix_backup_change_at", "backup_change", ["at"])
