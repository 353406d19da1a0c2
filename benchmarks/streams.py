"""A run followed by many clients of one web process: what each costs, and how long news take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from benchmarks.cores import raise_file_limit
from benchmarks.serving import HOST, Serving
from netraven.db import unit_of_work
from netraven.db.enums import ResultStatus
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.results import record_job_result
from netraven.jobs.runs import create_job_log, finish_job_log, start_job_log
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate, JobResultCreate

_SETTLING_S = 5.0
# As long as a stream goes without a sign of life, which is when its login is looked at.
_IDLE_S = 15.0
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """What the streams of one process cost; times in seconds, memory in MB."""

    opened_s: float
    memory_mb: float
    idle_cpu_share: float
    line_s: float
    line_cpu_s: float
    end_s: float

    def told(self) -> dict[str, str]:
        """Return each figure by its name."""
        return {
            "all open and told the progress, s": f"{self.opened_s:.1f}",
            "memory they take, MB": f"{self.memory_mb:.0f}",
            "CPU while nothing happens, % of a core": f"{self.idle_cpu_share * 100:.1f}",
            "a line of the log is with all of them after, s": f"{self.line_s:.2f}",
            "CPU for that, s": f"{self.line_cpu_s:.2f}",
            "the run's end is with all of them after, s": f"{self.end_s:.1f}",
        }


async def follow(
    server: Serving,
    sessions: sessionmaker[Session],
    devices: Sequence[UUID],
    *,
    token: str,
    clients: int,
) -> StreamFigures:
    """Open so many streams of a run over these devices, let things happen, and end it."""
    raise_file_limit()
    run_id = _begin(sessions, devices)
    memory_mb = server.memory_mb()
    followers = [_Follower() for _ in range(clients)]
    began = time.perf_counter()
    reading = [asyncio.create_task(follower.read(server, run_id, token)) for follower in followers]
    await _all(followers, "progress")
    opened_s = time.perf_counter() - began
    # A look after everything has settled belongs to the beginning.
    await asyncio.sleep(_SETTLING_S)
    memory_mb = server.memory_mb() - memory_mb
    cpu_s = server.cpu_s()
    await asyncio.sleep(_IDLE_S)
    idle_cpu_share = (server.cpu_s() - cpu_s) / _IDLE_S

    cpu_s, began = server.cpu_s(), time.perf_counter()
    await asyncio.to_thread(_say, sessions, run_id)
    await _all(followers, "entry")
    line_s, line_cpu_s = time.perf_counter() - began, server.cpu_s() - cpu_s

    began = time.perf_counter()
    await asyncio.to_thread(_finish, sessions, run_id, devices)
    await _all(followers, "end")
    end_s = time.perf_counter() - began
    await asyncio.gather(*reading)
    return StreamFigures(opened_s, memory_mb, idle_cpu_share, line_s, line_cpu_s, end_s)


class _Follower:
    """One client, which notes what kinds of events it was told."""

    def __init__(self) -> None:
        self.told = {kind: asyncio.Event() for kind in ("progress", "entry", "result", "end")}

    async def read(self, server: Serving, run_id: UUID, token: str) -> None:
        """Read the stream to its end."""
        reader, writer = await asyncio.open_connection(HOST, server.port)
        address = f"/api/v1/runs/{run_id}/events"
        asked = f"GET {address} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(asked.encode())
        while not self.told["end"].is_set():
            line = await reader.readline()
            assert line, "the server ended the stream before the run"
            if line.startswith(b"event: "):
                self.told[line[7:].decode().strip()].set()
        writer.close()
        await writer.wait_closed()


async def _all(followers: Sequence[_Follower], kind: str) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        for follower in followers:
            await follower.told[kind].wait()


def _begin(sessions: sessionmaker[Session], devices: Sequence[UUID]) -> UUID:
    wanted = {"job_type": "backup", "device_ids": list(devices)}
    with unit_of_work(sessions) as db:
        run = create_job_log(db, JobLogCreate.model_validate(wanted))
        start_job_log(db, run.id)
        return run.id


def _say(sessions: sessionmaker[Session], run_id: UUID) -> None:
    with unit_of_work(sessions) as db:
        append_job_log_entries(db, run_id, [JobLogEntryCreate(message="backed up a device")])


def _finish(sessions: sessionmaker[Session], run_id: UUID, devices: Sequence[UUID]) -> None:
    with unit_of_work(sessions) as db:
        for device_id in devices:
            done = JobResultCreate(status=ResultStatus.SUCCEEDED)
            record_job_result(db, run_id, device_id, done)
        finish_job_log(db, run_id)
