"""Importing devices: many rows in few statements, one verdict each.

A row belongs to the device of its hostname, case ignored. What a row does not give stays as it is,
and its tags are added to those that the device has, so importing rows again that were taken
changes nothing. Rows are taken in their order: one whose address a later row frees is refused, and
taken when the file is imported again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.db import Id, as_uuid, guarded, name_key, new_id, operation
from netraven.db.chunks import in_chunks
from netraven.errors import Invalid
from netraven.inventory.addresses import canonical_address
from netraven.inventory.criteria import RULE_FIELDS, Facts
from netraven.inventory.import_views import (
    COLUMNS,
    Address,
    KnownDevice,
    NameIndex,
    RefusedRow,
    StoredDevices,
    Values,
    address_of,
)
from netraven.inventory.references import checked_jump, checked_owner, checked_platform
from netraven.inventory.rule_links import get_active_rules, links_by_rules, replace_rule_links
from netraven.inventory.tag_links import (
    Link,
    add_links,
    default_link,
    ensure_default_tag,
    manual_link,
)
from netraven.models import Credential, Device, Tag
from netraven.schemas.imports import DeviceRow, RowAction, RowFault, RowVerdict

# What a row says by names, not by the ids that a request holds.
_NAMED = {"tag_ids", "jump_device_id", "credential_id"}

_UPDATE = (
    update(Device)
    .where(Device.id == bindparam("of_device"))
    .values({name: bindparam(f"new_{name}") for name in (*COLUMNS, "updated_at")})
)


@operation
def import_devices(
    db: Session,
    rows: Iterable[DeviceRow | RowFault],
    *,
    owner_id: Id | None = None,
    now: datetime | None = None,
) -> list[RowVerdict]:
    """Add and change devices, and return one verdict a row, in order; refused rows change nothing.

    The rows are read once, in pieces; an error that they raise undoes the whole import. For a dry
    run the caller rolls back. New devices get `owner_id`. Raises Invalid("owner_id"), and Conflict
    where somebody else takes a name or an address meanwhile.
    """
    verdicts: list[RowVerdict] = []
    with guarded(db):
        run = _Import(db, checked_owner(db, owner_id), clock.moment(now))
        for chunk in in_chunks(rows):
            verdicts += run.take(chunk)
    counts = Counter(verdict.action for verdict in verdicts)
    created, updated = counts[RowAction.CREATE], counts[RowAction.UPDATE]
    if created or updated:
        audit(
            db,
            event_name="devices_imported",
            target_type="device",
            target_id=None,
            target_name=f"{created + updated} devices",
            description=f"imported devices: {created} created, {updated} updated",
            changes={action.value: counts[action] for action in RowAction},
        )
    return verdicts


@dataclass(slots=True)
class _Pending:
    """What is decided and not written yet."""

    created: list[Values] = field(default_factory=list)
    updated: list[Values] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    # What rules look at: of new devices, and of those where it changed.
    new_facts: dict[UUID, Facts] = field(default_factory=dict)
    changed_facts: dict[UUID, Facts] = field(default_factory=dict)


class _Import:
    """One import: what was seen of the file so far, and the rows waiting to be written."""

    def __init__(self, db: Session, owner_id: UUID | None, moment: datetime) -> None:
        self._db = db
        self._owner_id = owner_id
        self._moment = moment
        self._default_tag = ensure_default_tag(db).id
        self._rules = get_active_rules(db)
        self._tags = NameIndex(db, Tag, "make it with `netraven tag add`")
        self._credentials = NameIndex(db, Credential, "add it with `netraven credential add`")
        self._jumps: dict[str, UUID] = {}
        self._rows_by_name: dict[str, int] = {}
        self._rows_by_address: dict[Address, int] = {}
        self._pending = _Pending()

    def take(self, rows: Sequence[DeviceRow | RowFault]) -> list[RowVerdict]:
        """Return a verdict for each row; what they change is written when this returns."""
        whole = [row for row in rows if isinstance(row, DeviceRow)]
        self._tags.look_up({tag for row in whole for tag in row.tags})
        self._credentials.look_up({row.credential for row in whole if row.credential})
        stored = StoredDevices(self._db, whole)
        verdicts = [self._verdict(row, stored) for row in rows]
        self._write()
        return verdicts

    def _verdict(self, row: DeviceRow | RowFault, stored: StoredDevices) -> RowVerdict:
        if isinstance(row, RowFault):
            return RowVerdict(
                number=row.number,
                line=row.line,
                hostname=row.hostname,
                action=RowAction.REFUSE,
                reason=row.reason,
            )
        verdict = RowVerdict(
            number=row.number,
            line=row.line,
            hostname=row.device.hostname,
            action=RowAction.REFUSE,
        )
        try:
            action, changed = self._decided(row, stored)
        except RefusedRow as refusal:
            return replace(verdict, reason=str(refusal))
        except Invalid as error:
            return replace(verdict, reason=error.reason)
        return replace(verdict, action=action, changed=changed)

    def _decided(self, row: DeviceRow, stored: StoredDevices) -> tuple[RowAction, tuple[str, ...]]:
        key = name_key(row.device.hostname)
        if key in self._rows_by_name:
            number = self._rows_by_name[key]
            raise RefusedRow(f"row {number} has the same hostname; keep one of them")
        known = stored.by_name.get(key)
        device_id = known.id if known else new_id()
        tags = [tag for tag in map(self._tags.found, row.tags) if tag != self._default_tag]
        after = self._values(row, device_id, known)
        self._check_address(address_of(after), key, stored)
        if known is None:
            self._create(device_id, key, after, tags)
            action, changed = RowAction.CREATE, tuple[str, ...]()
        else:
            missing = [tag for tag in tags if (device_id, tag) not in stored.links]
            changed = self._change(known, after, missing)
            action = RowAction.UPDATE if changed else RowAction.SAME
        stored.move(
            address_of(known.values) if known else None, address_of(after), after["hostname"]
        )
        self._rows_by_name[key] = self._rows_by_address[address_of(after)] = row.number
        return action, changed

    def _values(self, row: DeviceRow, device_id: UUID, known: KnownDevice | None) -> Values:
        """Return all columns as they will be: given ones over those stored or the defaults."""
        if known is None:
            values = {**dict.fromkeys(COLUMNS), **row.device.model_dump(exclude=_NAMED)}
            values["jump_key"] = ""
        else:
            given = row.device.model_fields_set - _NAMED
            # The name finds the device; only a person renames it.
            values = {**known.values, **row.device.model_dump(include=given - {"hostname"})}
        values["ip_address"] = canonical_address(row.device.ip_address)
        values["device_type"] = checked_platform(self._db, values["device_type"])
        if row.credential:
            values["credential_id"] = self._credentials.found(row.credential)
        if row.jump_device:
            jump = self._jump(row.jump_device, device_id, known)
            values |= {"jump_device_id": jump, "jump_key": str(jump)}
        return values

    def _jump(self, name: str, device_id: UUID, known: KnownDevice | None) -> UUID:
        """Return the id of the jump device; it may be one of an earlier row."""
        jump = self._jumps.get(name)
        if jump is not None and (known is None or known.values["jump_device_id"] == jump):
            return jump
        self._write()
        named = select(Device.id).where(Device.hostname_key == name_key(name))
        found = self._db.scalar(named) or as_uuid(name)
        if found is None:
            raise RefusedRow(
                f"there is no device {name!r} to jump over; put its row before this one"
            )
        try:
            checked_jump(self._db, device_id, found)
        except Invalid as error:
            raise RefusedRow(f"jump_device {name!r}: {error.reason}") from None
        self._jumps[name] = found
        return found

    def _check_address(self, address: Address, key: str, stored: StoredDevices) -> None:
        shown = f"{address[1]} port {address[2]}"
        if address in self._rows_by_address:
            number = self._rows_by_address[address]
            raise RefusedRow(f"row {number} has the same address, {shown}; keep one of them")
        holder = stored.holder(address)
        if holder is not None and name_key(holder) != key:
            raise RefusedRow(f"the address {shown} belongs to the device {holder} already")

    def _create(self, device_id: UUID, key: str, after: Values, tags: Sequence[UUID]) -> None:
        stamps = {"created_at": self._moment, "updated_at": self._moment}
        ids = {"id": device_id, "hostname_key": key, "owner_id": self._owner_id}
        self._pending.created.append({**ids, **after, **stamps})
        self._pending.links.append(default_link(device_id, self._default_tag))
        self._pending.links += [manual_link(device_id, tag) for tag in tags]
        self._pending.new_facts[device_id] = after

    def _change(
        self, known: KnownDevice, after: Values, missing: Sequence[UUID]
    ) -> tuple[str, ...]:
        """Note what changes of a stored device, and return the names of it."""
        changed = [name for name in COLUMNS if after[name] != known.values[name]]
        if changed:
            new = {f"new_{name}": value for name, value in after.items()}
            stamps = {"of_device": known.id, "new_updated_at": self._moment}
            self._pending.updated.append({**new, **stamps})
        if set(changed) & set(RULE_FIELDS):
            self._pending.changed_facts[known.id] = after
        self._pending.links += [manual_link(known.id, tag) for tag in missing]
        named = [name.removesuffix("_id") for name in changed if name != "jump_key"]
        return (*named, *(["tags"] if missing else []))

    def _write(self) -> None:
        """Write what is pending: changes first, since they may free the addresses of new ones."""
        pending, self._pending = self._pending, _Pending()
        # The connection sends plain rows; the session would make objects of them.
        connection = self._db.connection()
        if pending.updated:
            connection.execute(_UPDATE, pending.updated)
        if pending.created:
            connection.execute(insert(Device), pending.created)
        add_links(self._db, [*pending.links, *links_by_rules(self._rules, pending.new_facts)])
        if pending.changed_facts:
            replace_rule_links(self._db, self._rules, pending.changed_facts)
