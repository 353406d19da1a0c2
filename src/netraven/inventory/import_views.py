"""What the database holds about the rows of an import, read in few statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import as_uuid, name_key
from netraven.db.chunks import in_chunks
from netraven.db.enums import LinkSource
from netraven.errors import Invalid
from netraven.inventory.addresses import canonical_address
from netraven.models import Credential, Device, DeviceTag, Tag
from netraven.schemas.imports import DeviceRow

# Where a device is reached: the jump device's key, the address, the port.
Address: TypeAlias = tuple[str, str, int]
Values: TypeAlias = dict[str, Any]

COLUMNS = (
    *("hostname", "ip_address", "device_type", "port", "protocol", "legacy_ssh"),
    *("host_key_policy", "jump_device_id", "jump_key", "description", "serial_number", "model"),
    *("site", "notes", "enabled", "credential_id"),
)


class RefusedRow(Exception):
    """One sentence about a row that is not imported."""


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A stored device: its id and the columns that an import may change."""

    id: UUID
    values: Values


def address_of(values: Values) -> Address:
    """Return what no two devices may share."""
    return values["jump_key"], values["ip_address"], values["port"]


class NameIndex:
    """Ids by name or id, asked for many names at once and remembered."""

    def __init__(self, db: Session, table: type[Tag | Credential], remedy: str) -> None:
        self._db = db
        self._table = table
        self._remedy = remedy
        self._ids: dict[str, UUID] = {}

    def look_up(self, names: Iterable[str]) -> None:
        """Find what these names or ids belong to; the absent ones are asked for again."""
        unknown = [name for name in names if name not in self._ids]
        for chunk in in_chunks(unknown):
            keys: dict[str, list[str]] = {}
            for name in chunk:
                keys.setdefault(name_key(name), []).append(name)
            ids = {known: name for name in chunk if (known := as_uuid(name)) is not None}
            by_id = select(self._table.id).where(self._table.id.in_(ids))
            self._ids |= {ids[found]: found for found in self._db.scalars(by_id)}
            by_name = select(self._table.name_key, self._table.id)
            for key, found in self._db.execute(by_name.where(self._table.name_key.in_(keys))):
                self._ids |= dict.fromkeys(keys[key], found)

    def found(self, name: str) -> UUID:
        """Return the id; raises RefusedRow naming the remedy."""
        if name not in self._ids:
            kind = self._table.__name__.lower()
            raise RefusedRow(f"there is no {kind} {name!r}; {self._remedy}")
        return self._ids[name]


class StoredDevices:
    """What is stored about one piece of an import; decided rows are noted in it."""

    def __init__(self, db: Session, rows: Sequence[DeviceRow]) -> None:
        self._db = db
        self._addresses = sorted({ip for row in rows if (ip := _canonical(row)) is not None})
        self._holders: dict[Address, str | None] = {}
        self._read_keys: set[str] = set()
        self.by_name = self._named({name_key(row.device.hostname) for row in rows})
        self.links = self._linked() if any(row.tags for row in rows) else set()

    def holder(self, address: Address) -> str | None:
        """Return the host name of the device that has this address now, if any."""
        key = address[0]
        if key not in self._read_keys:
            self._read_keys.add(key)
            columns = (Device.jump_key, Device.ip_address, Device.port, Device.hostname)
            held = select(*columns).where(Device.jump_key == key)
            for row in self._db.execute(held.where(Device.ip_address.in_(self._addresses))):
                self._holders.setdefault((row[0], row[1], row[2]), row[3])
        return self._holders.get(address)

    def move(self, before: Address | None, after: Address, hostname: str) -> None:
        """Note that the device of this name leaves one address for another."""
        if before is not None:
            self._holders[before] = None
        self._holders[after] = hostname

    def _named(self, keys: set[str]) -> dict[str, KnownDevice]:
        columns = [getattr(Device, name) for name in COLUMNS]
        wanted = select(Device.hostname_key, Device.id, *columns)
        return {
            row[0]: KnownDevice(row[1], dict(zip(COLUMNS, row[2:], strict=True)))
            for row in self._db.execute(wanted.where(Device.hostname_key.in_(keys)))
        }

    def _linked(self) -> set[tuple[UUID, UUID]]:
        """Return the pairs of device and tag that do not rest on a rule alone."""
        devices = [known.id for known in self.by_name.values()]
        pairs = select(DeviceTag.device_id, DeviceTag.tag_id)
        lasting = pairs.where(DeviceTag.source != LinkSource.RULE)
        found = self._db.execute(lasting.where(DeviceTag.device_id.in_(devices)))
        return {(row[0], row[1]) for row in found}


def _canonical(row: DeviceRow) -> str | None:
    try:
        return canonical_address(row.device.ip_address)
    except Invalid:
        # The row itself is refused for it later.
        return None
