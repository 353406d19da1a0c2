"""Runs, schedules, black-outs and the status of a server."""

from __future__ import annotations

from types import MappingProxyType
from typing import cast
from uuid import UUID

from netraven.cli.remote.asking import (
    Asked,
    Table,
    changed,
    counted,
    deleted,
    every,
    found_by,
    listed,
    made,
    or_none,
    shown,
)
from netraven.cli.remote.server import Server
from netraven.db import name_key
from netraven.db.enums import ResultStatus
from netraven.jobs import (
    blackouts,
    entries,
    explaining,
    listing,
    results,
    runs,
    schedule_listing,
    schedules,
    status,
)
from netraven.jobs.blackouts import HeldBack
from netraven.jobs.explaining import Explanation
from netraven.schemas.blackout import BlackoutRead
from netraven.schemas.job import JobLogCreate, JobLogEntryRead, JobLogRead, JobResultRead
from netraven.schemas.schedule import ScheduledJobRead
from netraven.schemas.status import Status

_RUNS, _SCHEDULES, _BLACKOUTS = "/runs", "/schedules", "/blackouts"


class _Blackout(BlackoutRead):
    """A black-out that also bears its tag's id under the name that its row has."""

    @property
    def tag_id(self) -> UUID:
        """Whose devices are left alone."""
        return self.tag.id


def _begin(server: Server, asked: Asked) -> JobLogRead:
    wanted = cast("JobLogCreate", asked["log"])
    body = {
        "job_type": wanted.job_type,
        "device_ids": wanted.device_ids,
        "job_data": wanted.job_data,
    }
    return server.read(JobLogRead, server.send("POST", _RUNS, body=body))


def _cancel(server: Server, asked: Asked) -> JobLogRead | None:
    told = or_none(lambda: server.send("POST", f"{_RUNS}/{asked['log_id']}/cancel"))
    return None if told is None else server.read(JobLogRead, told)


def _by_status(server: Server, asked: Asked) -> dict[ResultStatus, int]:
    counts = {
        each: cast("int", _count(server, {**asked, "status": each}))
        for each in sorted(ResultStatus)
    }
    return {each: number for each, number in counts.items() if number}


def _unsuccessful(server: Server, asked: Asked) -> tuple[list[UUID], bool]:
    rows = every(server, f"{_RUNS}/{asked['job_log_id']}/results", {}, JobResultRead)
    left = [row.device_id for row in rows if row.status is not ResultStatus.SUCCEEDED]
    return [device_id for device_id in left if device_id is not None], bool(rows)


def _held_back(server: Server, asked: Asked) -> dict[UUID, HeldBack]:
    told = server.send("POST", f"{_BLACKOUTS}/held-back", body=asked)
    return server.read(dict[UUID, HeldBack], told)


def _toggle(server: Server, asked: Asked) -> ScheduledJobRead | None:
    place, body = f"{_SCHEDULES}/{asked['job_id']}", {"enabled": asked["enabled"]}
    told = or_none(lambda: server.send("PATCH", place, body=body))
    return None if told is None else server.read(ScheduledJobRead, told)


def _schedules_by_name(server: Server, asked: Asked) -> list[ScheduledJobRead]:
    rows = every(server, _SCHEDULES, {}, ScheduledJobRead)
    wanted = str(asked["name"]).strip()
    return sorted((row for row in rows if row.name == wanted), key=lambda row: row.id)


def _explain(server: Server, asked: Asked) -> Explanation | None:
    place = f"{_SCHEDULES}/{asked['job_id']}"
    told = or_none(lambda: server.get(f"{place}/explanation"))
    if not isinstance(told, dict):
        return None
    job = server.read(ScheduledJobRead, server.get(place))
    return server.read(Explanation, {**told, "job_id": job.id, "name": job.name})


def _status(server: Server, _asked: Asked) -> Status:
    return server.read(Status, server.get("/status"))


def _entries(server: Server, asked: Asked) -> object:
    level = asked.get("level")
    return _list_entries(server, {**asked, "level": level and str(level).upper()})


_list_entries = listed(f"{_RUNS}/{{job_log_id}}/entries", JobLogEntryRead)
_count = counted(f"{_RUNS}/{{job_log_id}}/results")

TABLE: Table = MappingProxyType(
    {
        listing.get_job_logs: listed(_RUNS, JobLogRead),
        listing.count_job_logs: counted(_RUNS),
        listing.get_job_log: shown(_RUNS, JobLogRead),
        results.get_job_results: listed(f"{_RUNS}/{{job_log_id}}/results", JobResultRead),
        results.count_job_results: _count,
        results.count_results_by_status: _by_status,
        results.get_unsuccessful_devices: _unsuccessful,
        entries.get_job_log_entries: _entries,
        runs.create_job_log: _begin,
        runs.cancel_job_log: _cancel,
        blackouts.get_blackouts: listed(_BLACKOUTS, _Blackout),
        blackouts.count_blackouts: counted(_BLACKOUTS),
        blackouts.get_blackout: shown(_BLACKOUTS, _Blackout),
        blackouts.get_blackout_by_name: found_by(
            _BLACKOUTS,
            _Blackout,
            lambda row, name: name_key(row.name) == name_key(name),
            search=None,
        ),
        blackouts.create_blackout: made(_BLACKOUTS, _Blackout),
        blackouts.delete_blackout: deleted(_BLACKOUTS),
        blackouts.get_held_back: _held_back,
        schedule_listing.get_scheduled_jobs: listed(_SCHEDULES, ScheduledJobRead),
        schedule_listing.count_scheduled_jobs: counted(_SCHEDULES),
        schedule_listing.get_scheduled_job: shown(_SCHEDULES, ScheduledJobRead),
        schedule_listing.get_scheduled_jobs_by_name: _schedules_by_name,
        schedules.create_scheduled_job: made(_SCHEDULES, ScheduledJobRead),
        schedules.update_scheduled_job: changed(_SCHEDULES, ScheduledJobRead),
        schedules.toggle_scheduled_job: _toggle,
        schedules.delete_scheduled_job: deleted(_SCHEDULES),
        explaining.explain_schedule: _explain,
        status.get_status: _status,
    }
)
"""How each operation is asked for."""
