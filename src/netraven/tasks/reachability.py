"""Reachability: which devices answer, found out without logging in, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import select

from netraven.admin.settings import get_number
from netraven.collect.gate import SweepGate
from netraven.collect.reach import Knocked, ReachLimits, knock_at
from netraven.collect.target import Protocol, Target
from netraven.db import as_uuid
from netraven.db.chunks import in_chunks
from netraven.db.enums import LogLevel, ResultStatus
from netraven.inventory.reachability import record_reachability
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.results import record_job_results
from netraven.models import Device
from netraven.schemas.job import JobLogEntryCreate, JobResultCreate
from netraven.tasks.batches import BATCH, batches
from netraven.tasks.login_check import check_login
from netraven.tasks.plan import Terms, read_terms, session_limits
from netraven.tasks.progress import DeviceDone
from netraven.tasks.shards import PassedOver, ShardLoader
from netraven.tasks.steps import step
from netraven.tasks.task import Work
from netraven.tasks.words import counted

_AT_ONCE: Final = 200
"""Knocking takes a file and no more, but a process has only so many."""


async def check_reachability(work: Work) -> None:
    """Knock at a shard's devices and note who answers.

    A device behind a jump host is reached through it, which takes a login there. With the option
    `credential_id` that credential is tried on the devices, too. Raises StorageFailed where the
    results cannot be kept.
    """
    credential_id = as_uuid(str(work.options.get("credential_id", "")))
    if credential_id is not None:
        await check_login(work, credential_id)
        return
    asked = await step(_load, work)
    finished: asyncio.Queue[_Finished | None] = asyncio.Queue(maxsize=2 * BATCH)
    try:
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(_keep(work, asked, finished))
            for passed_over in asked.passed_over:
                await finished.put(passed_over)
            await _knock(work, asked, finished)
            await finished.put(None)
            await keeping
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


def answering(results: Mapping[ResultStatus, int]) -> str:
    """Return how a run ended, in one sentence."""
    good = results.get(ResultStatus.SUCCEEDED, 0)
    answer = "answers" if good == 1 else "answer"
    return f"{good} of {counted(sum(results.values()), 'device')} {answer}"


_Finished: TypeAlias = Knocked | PassedOver


@dataclass(frozen=True, slots=True)
class _Asked:
    """The devices of a shard: where they are, their names, and whom there is no way to."""

    targets: Sequence[Target]
    hostnames: Mapping[UUID, str]
    passed_over: Sequence[PassedOver]
    limits: ReachLimits

    @property
    def needs_logins(self) -> bool:
        """Some are behind jump hosts."""
        return any(target.jump for target in self.targets)


def _load(work: Work) -> _Asked:
    """Return where the devices are; only those behind jump hosts are leased and need secrets."""
    targets: list[Target] = []
    behind: list[UUID] = []
    hostnames: dict[UUID, str] = {}
    with work.reading() as db:
        at_once = min(_AT_ONCE, get_number(db, "system.jobs.max_concurrent_devices"))
        limits = session_limits(db)
        for chunk in in_chunks(work.device_ids):
            for device in db.scalars(select(Device).where(Device.id.in_(chunk))):
                hostnames[device.id] = device.hostname
                if device.jump_device_id is not None:
                    behind.append(device.id)
                    continue
                targets.append(_target(device))
    loader = ShardLoader(work.writing, work.owner, limits=limits)
    found = loader.load(behind) if behind else None
    if found is not None:
        targets += [one.request.target for one in found.planned]
    return _Asked(
        targets, hostnames, found.passed_over if found else (), ReachLimits(at_once=at_once)
    )


def _target(device: Device) -> Target:
    return Target(
        device_id=str(device.id),
        hostname=device.hostname,
        address=device.ip_address,
        port=device.port,
        protocol=Protocol(device.protocol),
    )


async def _knock(work: Work, asked: _Asked, finished: asyncio.Queue[_Finished | None]) -> None:
    with ExitStack() as stack:
        gate: SweepGate | None = None
        if asked.needs_logins:
            terms = await step(_terms, work)
            joined = work.collector.joined(terms, is_interactive=work.is_interactive)
            gate = stack.enter_context(joined).gate
        knocking = knock_at(asked.targets, asked.limits, gate=gate, stop=work.stop)
        async with aclosing(knocking) as found:
            async for knocked in found:
                await finished.put(knocked)


async def _keep(work: Work, asked: _Asked, finished: asyncio.Queue[_Finished | None]) -> None:
    async with aclosing(batches(finished)) as gathered:
        async for batch in gathered:
            told = [_done(one, asked) for one in batch]
            await step(_store, work, batch, told)
            if work.tell is not None:
                for done in told:
                    work.tell(done)


def _store(work: Work, batch: Sequence[_Finished], told: Sequence[DeviceDone]) -> None:
    """Keep who answers, the results, and a line for each device of which it is news."""
    found = {UUID(one.device_id): one.is_reachable for one in batch if isinstance(one, Knocked)}
    results = {done.device_id: _result(done) for done in told}
    with work.writing() as db:
        news = record_reachability(db, found)
        record_job_results(db, work.run_id, results)
        entries = list(_entries(told, news))
        if entries:
            append_job_log_entries(db, work.run_id, entries)


def _entries(told: Sequence[DeviceDone], news: Mapping[UUID, bool]) -> Iterator[JobLogEntryCreate]:
    for done in told:
        answers = news.get(done.device_id)
        if answers is None:
            continue
        again = f"{done.hostname} answers again"
        yield JobLogEntryCreate(
            level=LogLevel.INFO if answers else LogLevel.WARNING,
            category="reachability",
            device_id=done.device_id,
            message=again if answers else done.message,
        )


def _result(done: DeviceDone) -> JobResultCreate:
    return JobResultCreate(
        status=done.status,
        reason=done.reason,
        message=done.message or None,
        attempts=1,
        duration_ms=done.duration_ms,
    )


def _done(one: _Finished, asked: _Asked) -> DeviceDone:
    if isinstance(one, PassedOver):
        return DeviceDone(
            device_id=one.device_id,
            hostname=one.hostname,
            status=one.status,
            reason=one.reason,
            message=one.message,
        )
    device_id = UUID(one.device_id)
    return DeviceDone(
        device_id=device_id,
        hostname=asked.hostnames[device_id],
        status=ResultStatus.SUCCEEDED if one.is_reachable else ResultStatus.FAILED,
        reason=None if one.error is None else one.error.code,
        message="" if one.error is None else f"{one.error}{_PINGED[one.is_pinged]}",
        duration_ms=round(one.took_s * 1000),
    )


_PINGED: Final[Mapping[bool | None, str]] = {
    True: " (the host answers a ping)",
    False: " (nor does the host answer a ping)",
    None: "",
}


def _terms(work: Work) -> Terms:
    with work.reading() as db:
        return read_terms(db)
