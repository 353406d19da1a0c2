"""How devices are found and loaded: conditions and options, without a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from netraven.admin.visibility import visible_devices
from netraven.db import Id, as_uuid
from netraven.db.enums import BackupStatus
from netraven.db.paging import Order, contains
from netraven.errors import Invalid
from netraven.models import Device, DeviceTag

BY_HOSTNAME: Order[Device] = Order(
    (Device.hostname_key, Device.id), lambda device: (device.hostname_key, device.id)
)


def loaded(wanted: Select[Device]) -> Select[Device]:
    """Return the query with the relations that every device carries, read anew."""
    relations = (
        selectinload(Device.tags),
        joinedload(Device.owner),
        joinedload(Device.credential),
    )
    # Links and states are written in SQL, behind the back of rows in hand.
    return wanted.options(*relations).execution_options(populate_existing=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFilter:
    """Which devices to list; None and blank texts mean no condition."""

    search: str | None = None
    device_type: str | None = None
    enabled: bool | None = None
    owner_id: Id | None = None
    tag_ids: Sequence[Id] | None = None
    tag_match: str = "any"
    site: str | None = None
    is_reachable: bool | None = None
    last_backup_status: str | None = None
    visible_to: Id | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield what a listed device fulfils.

        Raises Invalid("tag_match") and Invalid("last_backup_status") for an unknown value.
        """
        if search := _given(self.search):
            yield or_(contains(Device.hostname, search), contains(Device.ip_address, search))
        for column, text in ((Device.device_type, self.device_type), (Device.site, self.site)):
            if wanted := _given(text):
                yield column == wanted
        for flag, fact in (
            (Device.enabled, self.enabled),
            (Device.is_reachable, self.is_reachable),
        ):
            if fact is not None:
                yield flag.is_(fact)
        if self.owner_id is not None and _given(str(self.owner_id)):
            yield owned_by(self.owner_id)
        if status := _given(self.last_backup_status):
            yield Device.last_backup_status == backup_status(status, "last_backup_status")
        yield from self._tagged()
        if self.visible_to is not None:
            yield visible_devices(self.visible_to)

    def _tagged(self) -> Iterator[ColumnElement[bool]]:
        if self.tag_match not in {"any", "all"}:
            raise Invalid("tag_match", f"{self.tag_match!r} is neither any nor all")
        wanted = {as_uuid(tag_id) for tag_id in self.tag_ids or ()}
        if not wanted:
            return
        known = sorted(tag_id for tag_id in wanted if tag_id is not None)
        linked = select(DeviceTag.device_id).where(DeviceTag.tag_id.in_(known))
        if self.tag_match == "any":
            yield Device.id.in_(linked)
        elif None in wanted:
            yield false()
        else:
            distinct = func.count(DeviceTag.tag_id.distinct())
            yield Device.id.in_(linked.group_by(DeviceTag.device_id).having(distinct == len(known)))


def owned_by(owner_id: Id) -> ColumnElement[bool]:
    """Return the condition that the device is this user's; a malformed id owns nothing."""
    owner = as_uuid(owner_id)
    # Compared with a null, the column would fit the devices without an owner.
    return false() if owner is None else Device.owner_id == owner


def backup_status(text: str, field: str) -> BackupStatus:
    """Return the status of that text; raises Invalid(field)."""
    if text not in {status.value for status in BackupStatus}:
        raise Invalid(field, f"{text!r} is not one of {', '.join(BackupStatus)}")
    return BackupStatus(text)


def _given(text: str | None) -> str | None:
    """Return the text without outer blanks, or None where it says nothing."""
    return (text.strip() or None) if text is not None else None
