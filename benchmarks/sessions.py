"""T7: operations on an AsyncSession beside the same queries written by hand for one.

Both take turns on the same data in one event loop, each call in a unit of its own, so the ratio
holds on a noisy machine: the median of many pairs.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from operator import truediv
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from benchmarks.databases import DATABASES, database
from benchmarks.estate import NOON, SMALL, Estate, Size, build
from benchmarks.outcomes import Outcome, Target, as_table
from netraven import crud
from netraven.db import KeyRing, get_keyring, make_async_sessions, unit_of_work
from netraven.models import Backup, Device, JobLogEntry

MOST_TIMES: Final = 1.1

Call = Callable[[AsyncSession, Estate, int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Effort:
    """On how much data, and how many pairs of calls."""

    size: Size = field(default_factory=lambda: SMALL)
    pairs: int = 400


SMALL_EFFORT = Effort(pairs=20)


def measure(effort: Effort) -> Outcome:
    """Time each operation against its hand-written twin on both databases."""
    rows: list[list[str]] = []
    targets: list[Target] = []
    figures: dict[str, object] = {}
    for name in DATABASES:
        with database(name) as sessions:
            estate = build(sessions, effort.size)
            url = sessions.kw["bind"].url.render_as_string(hide_password=False)
            with unit_of_work(sessions, read_only=True) as db:
                keyring = get_keyring(db)
            readings = asyncio.run(_compare(url, keyring, estate, effort.pairs))
        for question, (ours_ms, theirs_ms, ratio) in readings.items():
            rows.append([name, question, f"{ours_ms:.2f}", f"{theirs_ms:.2f}", f"{ratio:.2f}"])
        worst = max(ratio for _, _, ratio in readings.values())
        targets.append(Target(f"T7 times by hand on {name}, the worst", worst, MOST_TIMES))
        figures[f"{name.lower()}_ratios"] = {
            question: round(ratio, 3) for question, (_, _, ratio) in readings.items()
        }
    columns = ["database", "operation", "operation ms", "by hand ms", "ratio"]
    table = as_table("T7: operations on AsyncSession beside queries by hand", columns, rows)
    return Outcome("sessions", table, figures, targets)


async def _compare(
    url: str, keyring: KeyRing | None, estate: Estate, pairs: int
) -> dict[str, tuple[float, float, float]]:
    sessions = make_async_sessions(url, keyring)
    try:
        return {
            question: await _pair(sessions, estate, (ours, theirs), pairs)
            for question, (ours, theirs) in TWINS.items()
        }
    finally:
        await sessions.kw["bind"].dispose()


async def _pair(
    sessions: async_sessionmaker[AsyncSession],
    estate: Estate,
    calls: tuple[Call, Call],
    pairs: int,
) -> tuple[float, float, float]:
    took: tuple[list[float], list[float]] = ([], [])
    chance = random.Random(1)
    for turn in range(pairs + 5):
        number = chance.randrange(1_000_000)
        order = (0, 1) if turn % 2 else (1, 0)
        for side in order:
            started = time.perf_counter()
            async with unit_of_work(sessions) as db:
                await calls[side](db, estate, number)
            if turn >= 5:
                took[side].append((time.perf_counter() - started) * 1000)
    ours, theirs = (statistics.median(side) for side in took)
    # Of each pair, so that what else the machine does meets both.
    return ours, theirs, statistics.median(map(truediv, *took))


def _device_id(estate: Estate, number: int) -> UUID:
    return estate.devices[number % len(estate.devices)]


async def _get_device(db: AsyncSession, estate: Estate, number: int) -> object:
    wanted = select(Device).where(Device.id == _device_id(estate, number))
    relations = (joinedload(Device.owner), joinedload(Device.credential), selectinload(Device.tags))
    return (await db.scalars(wanted.options(*relations))).one_or_none()


async def _get_devices(db: AsyncSession, _: Estate, __: int) -> object:
    relations = (joinedload(Device.owner), joinedload(Device.credential), selectinload(Device.tags))
    page = select(Device).order_by(Device.hostname_key, Device.id).offset(0).limit(100)
    return list(await db.scalars(page.options(*relations)))


async def _get_backups(db: AsyncSession, estate: Estate, number: int) -> object:
    wanted = (
        select(Backup)
        .join(Backup.device)
        .options(contains_eager(Backup.device))
        .where(Backup.device_id == _device_id(estate, number))
        .order_by(Backup.created_at.desc(), Backup.id.desc())
    )
    return list(await db.scalars(wanted.offset(0).limit(100)))


async def _get_entries(db: AsyncSession, estate: Estate, number: int) -> object:
    run_id = estate.runs[number % len(estate.runs)]
    wanted = select(JobLogEntry).where(JobLogEntry.job_log_id == run_id)
    return list(await db.scalars(wanted.order_by(JobLogEntry.seq).offset(0).limit(100)))


async def _reach(db: AsyncSession, estate: Estate, number: int) -> object:
    device_id = _device_id(estate, number)
    at = NOON + timedelta(seconds=number)
    await db.execute(
        update(Device)
        .where(
            Device.id == device_id,
            (Device.last_reachability_check.is_(None)) | (Device.last_reachability_check <= at),
        )
        .values(is_reachable=True, last_reachability_check=at, updated_at=Device.updated_at)
        .execution_options(synchronize_session=False)
    )
    return await _get_device(db, estate, number)


TWINS: dict[str, tuple[Call, Call]] = {
    "get_device": (
        lambda db, estate, number: crud.get_device(db, _device_id(estate, number)),
        _get_device,
    ),
    "get_devices, 100": (lambda db, _, __: crud.get_devices(db), _get_devices),
    "get_backups of a device": (
        lambda db, estate, number: crud.get_backups(db, device_id=_device_id(estate, number)),
        _get_backups,
    ),
    "get_job_log_entries": (
        lambda db, estate, number: crud.get_job_log_entries(
            db, estate.runs[number % len(estate.runs)]
        ),
        _get_entries,
    ),
    "update_device_reachability": (
        lambda db, estate, number: crud.update_device_reachability(
            db,
            _device_id(estate, number),
            is_reachable=True,
            timestamp=NOON + timedelta(seconds=number),
        ),
        _reach,
    ),
}
