"""From the names that people type to rows: devices, tags, rules, credentials, versions."""

from __future__ import annotations

from typing import Protocol, TypeVar

from netraven.admin.users import get_user, get_user_by_email, get_user_by_username
from netraven.archive.backups import get_backup, get_backups
from netraven.archive.versions import get_newest_versions, get_version
from netraven.db import Unit, as_uuid
from netraven.db.enums import BackupStatus
from netraven.errors import Invalid, NotFound
from netraven.inventory.devices import get_device, get_device_by_hostname
from netraven.inventory.tag_rules import get_tag_rule, get_tag_rule_by_name
from netraven.inventory.tags import get_tag, get_tag_by_name
from netraven.jobs.listing import get_job_log, get_job_logs
from netraven.models import Backup, Credential, Device, JobLog, Tag, TagRule, User
from netraven.schemas.texts import whole_number
from netraven.vault.credentials import get_credential, get_credential_by_name

Row = TypeVar("Row")

_BY_STATUS = {
    "latest": BackupStatus.COMPLETED,
    "quarantined": BackupStatus.QUARANTINED,
}
_BAD = (BackupStatus.FAILED, BackupStatus.QUARANTINED)


def named_device(db: Unit, name: str) -> Device:
    """Return the device of that hostname (case ignored) or id; raises NotFound."""
    found = get_device_by_hostname(db, name) or get_device(db, name)
    return _there(found, f"device {name}; see `netraven device list`")


def named_tag(db: Unit, name: str) -> Tag:
    """Return the tag of that name (case ignored) or id; raises NotFound."""
    found = get_tag_by_name(db, name) or get_tag(db, name)
    return _there(found, f"tag {name}; make it with `netraven tag add {name}`")


def named_credential(db: Unit, name: str) -> Credential:
    """Return the credential of that name (case ignored) or id; raises NotFound."""
    found = get_credential_by_name(db, name) or get_credential(db, name)
    return _there(found, f"credential {name}; see `netraven credential list`")


def named_rule(db: Unit, name: str) -> TagRule:
    """Return the tag rule of that name (case ignored) or id; raises NotFound."""
    found = get_tag_rule_by_name(db, name) or get_tag_rule(db, name)
    return _there(found, f"tag rule {name}; see `netraven rule list`")


def named_user(db: Unit, name: str) -> User:
    """Return the user of that name or address (case ignored) or id; raises NotFound."""
    found = get_user_by_username(db, name) or get_user_by_email(db, name) or get_user(db, name)
    return _there(found, f"user {name}; see `netraven user list`")


class Platforms(Protocol):
    """What knows platforms by all their names, here or at a server."""

    def resolve(self, name: str) -> NamedPlatform | None:
        """Return the platform that any tool calls so, or None."""
        ...

    def close_names(self, name: str, *, at_most: int = 3) -> list[str]:
        """Return the names that were perhaps meant, the nearest first."""
        ...


class NamedPlatform(Protocol):
    """A platform, of which its name is wanted."""

    @property
    def name(self) -> str:
        """NetRaven's name for it."""
        ...


def platform_name(name: str, platforms: Platforms) -> str:
    """Return NetRaven's name for the platform that any tool calls so; raises Invalid."""
    platform = platforms.resolve(name)
    if platform is None:
        close = platforms.close_names(name, at_most=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise Invalid(
            "platform",
            f"{name} is not a known platform; {meant}`netraven platform list` names all",
        )
    return platform.name


def named_backup(db: Unit, name: str, *, config_type: str = "running") -> Backup:
    """Return the backup of `HOST`, `HOST@latest`, `@quarantined`, `@failed`, `@3`, or an id.

    `HOST` alone and `latest` mean the newest completed version, `quarantined` the newest one in
    quarantine, `failed` the newest capture that gave none. Raises NotFound, or Invalid for
    another word behind the `@`.
    """
    if as_uuid(name) is not None and (found := get_backup(db, name)) is not None:
        return found
    host, at, which = name.rpartition("@") if "@" in name else (name, "", "latest")
    device = named_device(db, host)
    if which.isdecimal():
        version = whole_number(which) or 0
        backup = get_version(db, device.id, version, config_type=config_type)
    elif (status := _BY_STATUS.get(which.lower())) is not None:
        newest = get_newest_versions(db, device.id, status, config_type=config_type)
        backup = next(iter(newest), None)
    elif which.lower() == "failed":
        backup = _newest_of(db, device, BackupStatus.FAILED, config_type)
    else:
        reason = f"{which} is no version; write {host}{at}3, {host}@latest or {host}@quarantined"
        raise Invalid("backup", reason)
    if backup is None:
        raise NotFound(_no_backup(device, which, config_type))
    return backup


def named_run(db: Unit, name: str) -> JobLog:
    """Return the run of that id, or the newest one for `latest`; raises NotFound."""
    if name.lower() == "latest":
        run = next(iter(get_job_logs(db, limit=1)), None)
        message = "there are no runs yet; `netraven backup run --all` makes the first"
    else:
        run = get_job_log(db, name)
        message = f"there is no run {name}; see `netraven run list`"
    if run is None:
        raise NotFound(message)
    return run


def newest_bad_backup(db: Unit, name: str, *, config_type: str = "running") -> Backup:
    """Return the device's newest failed or quarantined backup; raises NotFound without one."""
    device = named_device(db, name)
    found = (_newest_of(db, device, status, config_type) for status in _BAD)
    newest = max(filter(None, found), key=lambda backup: backup.last_seen_at, default=None)
    if newest is None:
        message = f"{device.hostname} has no failed and no quarantined {config_type} backup"
        raise NotFound(message)
    return newest


def last_two_versions(
    db: Unit, name: str, *, config_type: str = "running"
) -> tuple[Backup, Backup]:
    """Return the device's last two completed versions, the older first; raises NotFound."""
    device = named_device(db, name)
    newest = get_newest_versions(
        db, device.id, BackupStatus.COMPLETED, config_type=config_type, limit=2
    )
    if not newest:
        raise NotFound(_no_backup(device, "latest", config_type))
    if len(newest) == 1:
        message = (
            f"{device.hostname} has one completed {config_type} version; "
            "there is nothing to compare it with yet"
        )
        raise NotFound(message)
    return newest[1], newest[0]


def _there(found: Row | None, what: str) -> Row:
    if found is None:
        message = f"there is no {what}"
        raise NotFound(message)
    return found


def _newest_of(db: Unit, device: Device, status: BackupStatus, config_type: str) -> Backup | None:
    found = get_backups(db, 0, 1, device.id, status.value, config_type=config_type)
    return next(iter(found), None)


def _no_backup(device: Device, which: str, config_type: str) -> str:
    host = device.hostname
    if which.lower() == "latest":
        return f"{host} has no completed {config_type} backup yet; run `netraven backup run {host}`"
    state = f"version {which}" if which.isdecimal() else f"{which} version"
    return f"{host} has no {config_type} {state}; see `netraven backup list {host}`"
