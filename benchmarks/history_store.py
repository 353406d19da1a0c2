"""The past of a fleet, stored on both databases: weaves directly, as storing texts takes hours.

Kept in a folder it is made once, batch by batch: what is there already stays, so a run that was
stopped goes on, and a small fleet grows into a large one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.databases import DATABASES, database, kept_database
from benchmarks.history_fleet import KINDS, PastDevice
from netraven.admin.installation import get_installation_key
from netraven.archive.weave import Weave
from netraven.archive.weave_change import ChangeMark, mark_change
from netraven.archive.weave_keep import keep_marks
from netraven.archive.weave_store import FreshWeave, keep_weaves, view_rev
from netraven.db import get_keyring, new_id, unit_of_work
from netraven.db.enums import BackupStatus
from netraven.models import Backup, BackupCounter, Device, History
from netraven.platforms.registry import get_platform

BATCH = 100


@contextmanager
def past_fleet(
    devices: int, versions: int, kept: Path | None = None
) -> Iterator[Mapping[str, sessionmaker[Session]]]:
    """Give the databases by name, each with the fleet; `kept` is the folder it is kept in."""
    with ExitStack() as stack:
        factories = {
            name: stack.enter_context(kept_database(name, kept) if kept else database(name))
            for name in DATABASES
        }
        make_fleet([*factories.values()], devices, versions)
        yield factories


def make_fleet(factories: Sequence[sessionmaker[Session]], devices: int, versions: int) -> None:
    """Store what is missing of so many devices, with so many versions each, on each of them."""
    keys = []
    for sessions in factories:
        with unit_of_work(sessions) as db:
            keys.append(get_installation_key(db))
    there = [_count(sessions, versions) for sessions in factories]
    if max(there) > devices:
        raise SystemExit(f"the folder keeps {max(there)} devices; ask for as many, or another one")
    for begin in range(min(there), devices, BATCH):
        numbers = range(begin, min(begin + BATCH, devices))
        past = [_past(PastDevice(number), versions, keys) for number in numbers]
        for place, sessions in enumerate(factories):
            if there[place] <= begin:
                with unit_of_work(sessions) as db:
                    _insert(db, past, place)
    for sessions in factories:
        _renew_rules(sessions)
        if min(there) < devices:
            _analyze(sessions)


@dataclass(frozen=True, slots=True)
class _Past:
    device: PastDevice
    device_id: UUID
    weave: Weave
    backup_ids: tuple[UUID, ...]
    marks: tuple[ChangeMark | None, ...]


def _renew_rules(sessions: sessionmaker[Session]) -> None:
    """Call kept weaves up to date: secrets never stood in them, whatever rules find them now."""
    with unit_of_work(sessions) as db:
        for kind in KINDS:
            rev = view_rev(get_platform(kind))
            of_kind = History.device_id.in_(select(Device.id).where(Device.device_type == kind))
            db.execute(update(History).where(of_kind, History.view_rev != rev).values(view_rev=rev))


def _analyze(sessions: sessionmaker[Session]) -> None:
    """Do what autovacuum would do soon; SQLite knows no statistics in an installation either."""
    with unit_of_work(sessions) as db:
        if db.get_bind().dialect.name == "postgresql":
            db.execute(text("ANALYZE"))


def _count(sessions: sessionmaker[Session], versions: int) -> int:
    """Return how many devices there are; a fleet of another number of versions is refused."""
    with unit_of_work(sessions, read_only=True) as db:
        newest = db.scalar(select(func.max(History.last_version)))
        if newest not in {None, versions}:
            raise SystemExit(f"the folder keeps {newest} versions of each device, not {versions}")
        return db.scalars(select(func.count()).select_from(History)).one()


def _past(device: PastDevice, versions: int, keys: Sequence[bytes]) -> _Past:
    weave = Weave()
    marks: list[ChangeMark | None] = []
    platform = get_platform(device.kind)
    for version, lines in device.versions(versions):
        change = weave.append(version, device.moment(version), [line.encode() for line in lines])
        if version == versions:
            marks = [mark_change(change, platform, key) for key in keys]
    return _Past(device, new_id(), weave, tuple(new_id() for _ in range(versions)), tuple(marks))


def _insert(db: Session, past: Sequence[_Past], place: int) -> None:
    keyring = get_keyring(db)
    assert keyring is not None
    db.execute(insert(Device), [_device_row(each) for each in past])
    db.execute(
        insert(BackupCounter),
        [
            {
                "device_id": each.device_id,
                "config_type": "running",
                "last_version": each.weave.last_version,
            }
            for each in past
        ],
    )
    db.execute(insert(Backup), [row for each in past for row in _backup_rows(each)])
    fresh = [FreshWeave((each.device_id, "running"), each.weave, _rev(each)) for each in past]
    keep_weaves(db, keyring, fresh)
    marks = []
    for each in past:
        mark = each.marks[place]
        if mark is not None:
            *_, newest = _backup_rows(each)
            marks.append((Backup(**newest), mark))
    keep_marks(db, marks)


def _rev(past: _Past) -> str:
    return view_rev(get_platform(past.device.kind))


def _device_row(past: _Past) -> dict[str, object]:
    number = past.device.number
    return {
        "id": past.device_id,
        "hostname": past.device.hostname,
        "hostname_key": past.device.hostname,
        "ip_address": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        "device_type": past.device.kind,
    }


def _backup_rows(past: _Past) -> Iterator[dict[str, object]]:
    for backup_id, version in zip(past.backup_ids, past.weave.versions, strict=True):
        yield {
            "id": backup_id,
            "device_id": past.device_id,
            "status": BackupStatus.COMPLETED,
            "config_type": "running",
            "device_type": past.device.kind,
            "version": version.number,
            "created_at": version.at,
            "last_seen_at": version.at,
        }
