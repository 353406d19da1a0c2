"""A run followed live: what happens comes at once, goes on after a break, and ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from netraven.db.enums import ResultStatus
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.results import record_job_result
from netraven.jobs.runs import create_job_log, finish_job_log, start_job_log
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate, JobResultCreate
from tests.api.conftest import BASE, Site
from tests.api.server import running
from tests.conftest import Database


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    kind: str
    id: str
    told: dict[str, Any]


async def events(reply: httpx.Response) -> AsyncIterator[Event]:
    """Yield events as they come."""
    fields: dict[str, str] = {}
    async for line in reply.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield Event(fields["event"], fields["id"], json.loads(fields["data"]))
            fields = {}


def begin(site: Site, *hostnames: str, owner: UUID | None = None) -> tuple[UUID, list[UUID]]:
    """Return a running run over new devices."""
    devices = [site.add_device(name, owner) for name in hostnames]
    create = JobLogCreate.model_validate({"job_type": "backup", "device_ids": devices})
    with site.database.unit() as db:
        run = create_job_log(db, create, owner)
        start_job_log(db, run.id)
    return run.id, devices


def say(site: Site, run_id: UUID, *messages: str, device_id: UUID | None = None) -> None:
    lines = [JobLogEntryCreate(message=message, device_id=device_id) for message in messages]
    with site.database.unit() as db:
        append_job_log_entries(db, run_id, lines)


def succeed(site: Site, run_id: UUID, device_id: UUID) -> None:
    with site.database.unit() as db:
        result = JobResultCreate(status=ResultStatus.SUCCEEDED)
        record_job_result(db, run_id, device_id, result)


def finish(site: Site, run_id: UUID) -> None:
    with site.database.unit() as db:
        finish_job_log(db, run_id)


async def whole(site: Site, run_id: UUID, token: str, **headers: str) -> list[Event]:
    """Return all events of a run that has ended."""
    address = f"{BASE}/runs/{run_id}/events"
    given = {"Authorization": f"Bearer {token}", **headers}
    async with asyncio.timeout(60), site.client.stream("GET", address, headers=given) as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        return [event async for event in events(reply)]


async def test_an_ended_run_is_told_whole_and_ends(site: Site) -> None:
    token = site.token(site.add_user("ana"))
    run_id, (device_id,) = begin(site, "core-1")
    say(site, run_id, "one", "two")
    succeed(site, run_id, device_id)
    finish(site, run_id)

    told = await whole(site, run_id, token)

    assert [event.kind for event in told] == ["entry", "entry", "result", "progress", "end"]
    assert [event.told["message"] for event in told[:2]] == ["one", "two"]
    assert told[2].told["status"] == "succeeded"
    assert told[3].told["by_status"]["succeeded"] == told[3].told["total"] == 1
    assert told[4].told["status"] == "succeeded"


async def test_after_a_break_it_goes_on_behind_what_is_known(site: Site) -> None:
    token = site.token(site.add_user("ana"))
    run_id, devices = begin(site, "core-1", "core-2")
    say(site, run_id, *(f"line {number}" for number in range(250)))
    for device_id in devices:
        succeed(site, run_id, device_id)
    finish(site, run_id)
    told = await whole(site, run_id, token)

    for place in (0, 100, 249, 250, 251):
        rest = await whole(site, run_id, token, **{"Last-Event-ID": told[place].id})
        known = {(event.kind, event.id) for event in told[: place + 1]}
        again = {(event.kind, event.id) for event in rest if event.kind in {"entry", "result"}}
        assert not known & again
        assert len(again) == sum(event.kind in {"entry", "result"} for event in told[place + 1 :])
    nonsense = await whole(site, run_id, token, **{"Last-Event-ID": "x"})
    assert len(nonsense) == len(told)


async def test_others_devices_are_not_told_of(site: Site) -> None:
    owner = site.add_user("owner", "operator")
    run_id, (mine,) = begin(site, "mine", owner=owner)
    theirs = site.add_device("theirs", site.add_user("other", "operator"))
    say(site, run_id, "seen", device_id=mine)
    say(site, run_id, "canary", device_id=theirs)
    succeed(site, run_id, theirs)
    succeed(site, run_id, mine)
    finish(site, run_id)

    told = await whole(site, run_id, site.token(owner))
    stranger = site.token(site.add_user("stranger"))
    hidden = await site.ask("GET", f"/runs/{run_id}/events", stranger)

    assert "canary" not in json.dumps([event.told for event in told])
    assert [event.told["device_id"] for event in told if event.kind == "result"] == [str(mine)]
    assert hidden.status_code == 404


async def test_what_happens_comes_while_it_happens_in_another_process(
    sync_database: Database,
) -> None:
    with running(sync_database) as server:
        assert server.ground is not None
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            site = Site(sync_database, client, server.ground.keys)
            token = site.token(site.add_user("ana"))
            run_id, (device_id,) = begin(site, "core-1")
            headers = {"Authorization": f"Bearer {token}"}
            address = f"{BASE}/runs/{run_id}/events"
            async with asyncio.timeout(90), client.stream("GET", address, headers=headers) as reply:
                stream = events(reply)
                first = await anext(stream)
                say(site, run_id, "now")
                second = await anext(stream)
                succeed(site, run_id, device_id)
                finish(site, run_id)
                rest = [event async for event in stream]

    assert first.kind == "progress"
    assert (second.kind, second.told["message"]) == ("entry", "now")
    assert {event.kind for event in rest} >= {"result", "end"}
    assert rest[-1].kind == "end"


async def test_many_follow_at_once(sqlite_database: Database) -> None:
    many = 20
    with running(sqlite_database) as server:
        assert server.ground is not None
        async with httpx.AsyncClient(
            base_url=server.url, timeout=60, limits=httpx.Limits(max_connections=many)
        ) as client:
            site = Site(sqlite_database, client, server.ground.keys)
            token = site.token(site.add_user("ana"))
            run_id, (device_id,) = begin(site, "core-1")
            following = [asyncio.create_task(whole(site, run_id, token)) for _ in range(many)]
            say(site, run_id, "now")
            succeed(site, run_id, device_id)
            finish(site, run_id)
            told = await asyncio.gather(*following)

    assert all(events_[-1].kind == "end" for events_ in told)
