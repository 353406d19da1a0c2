"""Verification: stored contents are read again, and every one that fails its check is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from netraven import clock
from netraven.archive.verify import verify_backups, verify_share
from netraven.db.enums import LogLevel, ResultStatus
from netraven.errors import Corrupt, KeyUnavailable
from netraven.models import Backup, Content, Device
from netraven.schemas.backup import VerifyReport
from netraven.schemas.job import JobLogEntryCreate, JobResultCreate
from netraven.tasks.steps import say, step
from netraven.tasks.task import Work
from netraven.tasks.weaving import (
    WeaveUnits,
    find_series_to_weave,
    find_wrong_weaves,
    weave_anew,
)
from netraven.tasks.words import counted

_PER_UNIT: Final = 200
_TOLD_AFTER: Final = 20_000
_MOST_NAMED: Final = 10
_TOLD_AFTER_HISTORIES: Final = 1_000
_END: Final = object()


@dataclass(slots=True)
class _Findings:
    """What was read so far, and the backups that cannot be read as they were stored."""

    checked: int = 0
    corrupt: set[UUID] = field(default_factory=set)
    unavailable: set[UUID] = field(default_factory=set)

    def add(self, report: VerifyReport) -> None:
        self.checked += report.checked
        self.corrupt.update(report.corrupt_ids)
        self.unavailable.update(report.unavailable_ids)


async def verify(work: Work) -> str:
    """Read all contents again, or, with the option `limit`, about as many as it says.

    Histories that are missing or out of date are made; those that do not fit what was read anew.

    With a limit, contents take turns from day to day. A device with a damaged backup has a failed
    result. Raises Corrupt or KeyUnavailable at the end where something could not be read.
    """
    share = await step(_share, work)
    findings, after_id, turn = _Findings(), None, clock.now().toordinal()
    while not work.stop.is_set():
        report = await step(_read, work, share, turn, after_id)
        findings.add(report)
        if report.corrupt_ids or report.unavailable_ids:
            await step(_keep, work, report)
        if findings.checked // _TOLD_AFTER > (findings.checked - report.checked) // _TOLD_AFTER:
            await say(work, f"{findings.checked} contents read")
        after_id = report.last_id
        if report.checked < _PER_UNIT or after_id is None:
            break
    # Without its key nothing can be made of anything.
    histories = [] if findings.unavailable else await _see_to_histories(work, is_whole=share == 1)
    return "; ".join((_concluded(findings), *histories))


async def _see_to_histories(work: Work, *, is_whole: bool) -> list[str]:
    """Make histories that are missing or out of date, of a whole run also those that do not fit."""
    units, made = WeaveUnits(work.reading, work.writing), 0
    wanting = find_series_to_weave(units)
    while not work.stop.is_set() and (series := await step(next, wanting, None)) is not None:
        made += await step(weave_anew, units, series) > 0
        if made and made % _TOLD_AFTER_HISTORIES == 0:
            await say(work, f"{made} histories made")
    told = [f"{counted(made, 'history', 'histories')} made"] if made else []
    wrong, compared = 0, find_wrong_weaves(units)
    while is_whole and not work.stop.is_set():
        found = await step(next, compared, _END)
        if found is _END:
            break
        if isinstance(found, tuple):
            wrong += 1
            await step(weave_anew, units, found)
    if wrong:
        sentence = f"{counted(wrong, 'history', 'histories')} did not fit what is stored, made anew"
        await say(work, sentence, level=LogLevel.WARNING)
        told.append(sentence)
    return told


def _share(work: Work) -> float:
    limit = work.options.get("limit")
    if not isinstance(limit, int):
        return 1.0
    with work.reading() as db:
        contents = db.scalars(select(func.count()).select_from(Content)).one()
    return min(1.0, limit / max(1, contents))


def _read(work: Work, share: float, turn: int, after_id: UUID | None) -> VerifyReport:
    with work.reading() as db:
        if share < 1:
            return verify_share(db, share=share, turn=turn, after_id=after_id, limit=_PER_UNIT)
        return verify_backups(db, after_id=after_id, limit=_PER_UNIT)


def _keep(work: Work, report: VerifyReport) -> None:
    """Keep a failed result for each device that has a backup which cannot be read."""
    found = {**dict.fromkeys(report.unavailable_ids, "key_unavailable")}
    found |= dict.fromkeys(report.corrupt_ids, "corrupt")
    wanted = select(Backup.id, Backup.version, Backup.device_id, Device.hostname)
    joined = wanted.join(Device, Device.id == Backup.device_id).where(Backup.id.in_(found))
    named: defaultdict[tuple[UUID, str], list[str]] = defaultdict(list)
    with work.reading() as db:
        for backup_id, version, device_id, hostname in db.execute(joined.order_by(Backup.id)):
            named[device_id, found[backup_id]].append(f"{hostname}@{version}")
    results = {
        device_id: JobResultCreate(
            status=ResultStatus.FAILED, reason=reason, message=_sentence(reason, names)
        )
        for (device_id, reason), names in named.items()
    }
    entries = [
        JobLogEntryCreate(
            level=LogLevel.ERROR,
            category="verify",
            device_id=device_id,
            message=_sentence(reason, names),
        )
        for (device_id, reason), names in named.items()
    ]
    work.record(results, entries)


def _sentence(reason: str, names: Iterable[str]) -> str:
    told = list(names)
    more = f" and {len(told) - _MOST_NAMED} more" if len(told) > _MOST_NAMED else ""
    listed = ", ".join(told[:_MOST_NAMED]) + more
    if reason == "corrupt":
        return f"fails its integrity check: {listed}"
    return f"is sealed with a key that is not here: {listed}"


def _concluded(findings: _Findings) -> str:
    read = f"{counted(findings.checked, 'content')} read"
    if findings.corrupt:
        number = len(findings.corrupt)
        message = (
            f"{read}; {counted(number, 'backup fails', 'backups fail')} the integrity check; "
            "restore the database from a copy, then verify again"
        )
        raise Corrupt("the archive", message)
    if findings.unavailable:
        number = len(findings.unavailable)
        message = (
            f"{read}; {counted(number, 'backup is', 'backups are')} sealed with a key that is not "
            "here; put the whole key ring back"
        )
        raise KeyUnavailable("ring", message)
    return f"{read}; every one is exactly as it was stored"
