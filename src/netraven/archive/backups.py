"""Backups: found, listed, changed, read back and compared."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, update
from sqlalchemy.orm import Session, aliased, contains_eager
from sqlalchemy.orm.attributes import set_committed_value

from netraven.admin.audit import audit
from netraven.admin.visibility import visible_devices
from netraven.archive.codec import corrupt_content
from netraven.archive.diff import diff_texts
from netraven.archive.reading import TextReader, open_contents
from netraven.archive.removal import remove_backups
from netraven.archive.series import lock_series
from netraven.archive.weave_build import weave_accepted
from netraven.db import Id, as_uuid, guarded, operation
from netraven.db.enums import BackupStatus
from netraven.db.paging import Order, Place, check_page
from netraven.db.types import JsonValue
from netraven.errors import Conflict, InUse, Invalid
from netraven.models import Backup, Device
from netraven.schemas.backup import BackupComparison, BackupUpdate

_NOT_COMPLETED = tuple(status for status in BackupStatus if status != BackupStatus.COMPLETED)

NEWEST_FIRST: Order[Backup] = Order(
    (Backup.created_at, Backup.id), lambda row: (row.created_at, row.id), is_descending=True
)


@operation
def get_backup(db: Session, backup_id: Id, *, visible_to: Id | None = None) -> Backup | None:
    """Return the backup with its device loaded, or None."""
    return db.scalar(_backups(visible_to).where(Backup.id == as_uuid(backup_id)))


@operation
def get_backups(  # noqa: PLR0917  the contract's signature
    db: Session,
    skip: int = 0,
    limit: int = 100,
    device_id: Id | None = None,
    status: str | None = None,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    is_automatic: bool | None = None,  # noqa: FBT001  likewise
    *,
    config_type: str | None = None,
    pinned: bool | None = None,
    visible_to: Id | None = None,
    after: Place | None = None,
) -> list[Backup]:
    """Return a page of backups with their devices, newest first; the dates bound `created_at`.

    With `after`, a place in `NEWEST_FIRST`, the page begins behind it.
    """
    check_page(skip, limit)
    wanted = _matching(
        device_id=device_id,
        status=status,
        dates=(start_date, end_date),
        is_automatic=is_automatic,
        config_type=config_type,
        pinned=pinned,
    )
    found = _backups(visible_to).where(*wanted)
    return list(db.scalars(NEWEST_FIRST.page(found, skip=skip, limit=limit, after=after)))


@operation
def count_backups(  # noqa: PLR0917  the contract's signature
    db: Session,
    device_id: Id | None = None,
    status: str | None = None,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    is_automatic: bool | None = None,  # noqa: FBT001  likewise
    *,
    config_type: str | None = None,
    pinned: bool | None = None,
    visible_to: Id | None = None,
) -> int:
    """Return how many backups `get_backups` would list without paging."""
    is_completed = status == BackupStatus.COMPLETED
    wanted = _matching(
        device_id=device_id,
        status=None if is_completed else status,
        dates=(start_date, end_date),
        is_automatic=is_automatic,
        config_type=config_type,
        pinned=pinned,
    )
    counted = select(func.count()).select_from(Backup).where(*wanted)
    if visible_to is not None:
        counted = counted.join(Device, Device.id == Backup.device_id)
        counted = counted.where(visible_devices(visible_to))
    if is_completed:
        # Nearly all are: to count the few others, which an index leads to, costs a tenth.
        others = counted.where(Backup.status.in_(_NOT_COMPLETED))
        counted = select(counted.scalar_subquery() - others.scalar_subquery())
    return db.scalars(counted).one()


@operation
def update_backup(db: Session, backup_id: Id, backup_update: BackupUpdate) -> Backup | None:
    """Change comment and pin, or accept a quarantined backup as completed.

    Raises Conflict("status") for any other change of status. An accepted backup keeps its
    version; where it is the device's newest capture, the device's `last_backup_status` follows.
    """
    given = backup_update.model_fields_set
    backup = _locked(db, backup_id, with_device="status" in given)
    if backup is None:
        return None
    if "status" in given:
        _check_acceptance(backup, backup_update.status)
    changes = {
        field: getattr(backup_update, field)
        for field in ("comment", "pinned", "status")
        if field in given and getattr(backup_update, field) != getattr(backup, field)
    }
    if not changes:
        return backup
    recorded: dict[str, JsonValue] = {
        field: {"before": getattr(backup, field), "after": value}
        for field, value in changes.items()
    }
    for field, value in changes.items():
        setattr(backup, field, value)
    db.flush()
    if "status" in changes:
        recorded["reason"] = backup_update.reason
        weave_accepted(db, backup)
        _follow_on_device(db, backup)
    audit(
        db,
        event_name="backup_accepted" if "status" in changes else "backup_updated",
        target_type="backup",
        target_id=backup.id,
        target_name=backup_name(backup),
        description=f"changed {', '.join(changes)} of {backup_name(backup)}",
        changes=recorded,
    )
    return backup


@operation
def delete_backup(db: Session, backup_id: Id) -> bool:
    """Remove the backup, and its content unless another backup has the same.

    False if there is none. Raises InUse for a pinned one, and Corrupt where a content that
    rests on the removed one cannot be read to be stored again.
    """
    backup = get_backup(db, backup_id)
    if backup is None:
        return False
    name = backup_name(backup)
    with guarded(db):
        lock_series(db, [(backup.device_id, backup.config_type)])
        still = db.execute(
            select(Backup.pinned).where(Backup.id == backup.id).with_for_update()
        ).one_or_none()
        if still is None:
            return False
        if still.pinned:
            raise InUse(f"{name} is pinned; unpin it first")
        remove_backups(db, [backup.id])
    audit(
        db,
        event_name="backup_deleted",
        target_type="backup",
        target_id=backup.id,
        target_name=name,
        description=f"deleted {name}",
        changes={"version": backup.version, "created_at": backup.created_at.isoformat()},
    )
    return True


@operation
def get_backup_content_bytes(
    db: Session, backup_id: Id, *, visible_to: Id | None = None
) -> bytes | None:
    """Return exactly the bytes that were stored; None without row or content.

    Raises Corrupt where hash, size or seal do not fit, and KeyUnavailable.
    """
    backup = get_backup(db, backup_id, visible_to=visible_to)
    if backup is None or backup.content_hash is None:
        return None
    return _checked_text(backup, open_contents(db, [backup.content_hash]))


@operation
def get_backup_content(db: Session, backup_id: Id, *, visible_to: Id | None = None) -> str | None:
    """Return the content's UTF-8 decoding with `surrogateescape`, newlines as they are."""
    content = get_backup_content_bytes(db, backup_id, visible_to=visible_to)
    return None if content is None else content.decode("utf-8", "surrogateescape")


@operation
def get_two_contents(
    db: Session, a: Id, b: Id, *, visible_to: Id | None = None
) -> tuple[tuple[Backup, bytes], tuple[Backup, bytes]] | None:
    """Return two backups with their contents; None if either has no readable row or content."""
    first, second = (get_backup(db, each, visible_to=visible_to) for each in (a, b))
    if first is None or first.content_hash is None:
        return None
    if second is None or second.content_hash is None:
        return None
    reader = open_contents(db, {first.content_hash, second.content_hash})
    return (first, _checked_text(first, reader)), (second, _checked_text(second, reader))


@operation
def compare_backups(
    db: Session, a: Id, b: Id, *, context: int = 3, visible_to: Id | None = None
) -> BackupComparison | None:
    """Return how the exact bytes of `a` become those of `b`, secrets included.

    None if either has no readable row or content. Doors show `views.redacted_diff` instead.
    """
    both = get_two_contents(db, a, b, visible_to=visible_to)
    if both is None:
        return None
    (first, a_text), (second, b_text) = both
    found = diff_texts(a_text, b_text, context=context)
    return BackupComparison(
        a_id=first.id,
        b_id=second.id,
        identical=a_text == b_text,
        added=found.added,
        removed=found.removed,
        diff=found.diff,
    )


def backup_name(backup: Backup) -> str:
    """Return what people call a backup: device, configuration type and version."""
    version = "without content" if backup.version is None else f"version {backup.version}"
    return f"{backup.device.hostname} {backup.config_type} {version}"


def _backups(visible_to: Id | None) -> Select[Backup]:
    backups = select(Backup).join(Backup.device).options(contains_eager(Backup.device))
    return backups if visible_to is None else backups.where(visible_devices(visible_to))


def _matching(
    *,
    device_id: Id | None,
    status: str | None,
    dates: tuple[datetime | None, datetime | None],
    is_automatic: bool | None,
    config_type: str | None,
    pinned: bool | None,
) -> list[ColumnElement[bool]]:
    start_date, end_date = dates
    wanted: list[ColumnElement[bool]] = []
    if device_id is not None:
        device = as_uuid(device_id)
        wanted.append(false() if device is None else Backup.device_id == device)
    if status:
        wanted.append(Backup.status == _status(status))
    if start_date is not None:
        wanted.append(Backup.created_at >= start_date)
    if end_date is not None:
        wanted.append(Backup.created_at <= end_date)
    if is_automatic is not None:
        wanted.append(Backup.is_automatic.is_(is_automatic))
    if config_type:
        wanted.append(Backup.config_type == config_type)
    if pinned is not None:
        wanted.append(Backup.pinned.is_(pinned))
    return wanted


def _status(status: str) -> BackupStatus:
    try:
        return BackupStatus(status)
    except ValueError:
        known = ", ".join(BackupStatus)
        raise Invalid("status", f"is none of {known}") from None


def _locked(db: Session, backup_id: Id, *, with_device: bool) -> Backup | None:
    backup = get_backup(db, backup_id)
    if backup is None:
        return None
    if with_device:
        # Before the backup, as storing does; what is accepted changes all of them.
        device = select(Device.id).where(Device.id == backup.device_id)
        db.execute(device.with_for_update(key_share=True))
        lock_series(db, [(backup.device_id, backup.config_type)])
    row = select(Backup.id).where(Backup.id == backup.id).with_for_update()
    if db.scalar(row) is None:
        return None
    db.refresh(backup, ["status", "comment", "pinned", "last_seen_at"])
    return backup


def _check_acceptance(backup: Backup, status: BackupStatus) -> None:
    if (backup.status, status) != (BackupStatus.QUARANTINED, BackupStatus.COMPLETED):
        message = f"a {backup.status} backup cannot become {status}; a quarantined one is accepted"
        raise Conflict("status", message)


def _follow_on_device(db: Session, backup: Backup) -> None:
    """Give the device the new status, if no other capture of it is newer."""
    other = aliased(Backup)
    newer = or_(
        other.last_seen_at > backup.last_seen_at,
        and_(other.last_seen_at == backup.last_seen_at, other.id > backup.id),
    )
    others = select(other.id).where(other.device_id == backup.device_id, newer)
    if db.scalar(others.limit(1)) is not None:
        return
    followed = update(Device).where(Device.id == backup.device_id)
    # Named, so that its default for updates does not move it.
    unmoved = {"updated_at": Device.updated_at}
    db.connection().execute(followed.values(last_backup_status=backup.status, **unmoved))
    set_committed_value(backup.device, "last_backup_status", backup.status)


def _checked_text(backup: Backup, reader: TextReader) -> bytes:
    address = backup.content_hash or ""
    text = reader.text(address)
    if backup.size != len(text):
        raise corrupt_content(address)
    return text
