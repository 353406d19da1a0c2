"""A run followed live, as server-sent events that go on after a break."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Header, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from typing_extensions import override

from netraven import clock
from netraven.api.access import guarded_router
from netraven.api.replies import READ, found, refusals
from netraven.db import unit_of_work
from netraven.db.enums import ACTIVE_RUN, BackupStatus, ResultStatus
from netraven.errors import NotAuthenticated
from netraven.jobs.entries import get_job_log_entries
from netraven.jobs.listing import get_job_log
from netraven.jobs.marks import get_changed_results
from netraven.jobs.results import Kept, count_results_by_status, get_kept
from netraven.models import JobResult
from netraven.request.authentication import authenticate
from netraven.request.caller import Caller, Me
from netraven.request.ground import Ground, get_ground
from netraven.schemas.job import JobLogEntryRead, JobLogRead, JobResultRead

router = guarded_router("/runs", "Runs")

_MEDIA = "text/event-stream"
_BATCH = 200
# A line now and then keeps proxies from hanging up, and shows who has gone.
_SIGN_OF_LIFE_S = 15.0
# Workers that write results at the same time commit them in any order, but within this time.
_SETTLED_AFTER = timedelta(seconds=2)
_POSITION = re.compile(r"(\d{1,18})-(\d{1,17})-([0-9a-f]{32})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOBODY = UUID(int=0)


class Progress(BaseModel):
    """How far a run has come: its devices by status."""

    by_status: dict[ResultStatus, int]
    total: int


class ResultTold(JobResultRead):
    """What became of a device, and of the backup that was made of it."""

    backup_status: BackupStatus | None = None
    backup_version: int | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class _Position:
    """Up to where a client has it: the last line's number, the last result's change and id."""

    seq: int = 0
    at: datetime = _EPOCH
    row_id: UUID = _NOBODY

    @classmethod
    def read(cls, text: str | None) -> _Position:
        matched = _POSITION.fullmatch(text or "")
        if matched is None:
            return cls()
        at = _EPOCH + timedelta(microseconds=int(matched[2]))
        return cls(int(matched[1]), at, UUID(hex=matched[3]))

    @override
    def __str__(self) -> str:
        microseconds = (self.at - _EPOCH) // timedelta(microseconds=1)
        return f"{self.seq}-{microseconds}-{self.row_id.hex}"


@router.get(
    "/{run_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {_MEDIA: {"schema": {"type": "string"}}}}, **refusals(*READ, 404)},
)
async def follow_run(
    request: Request,
    me: Me,
    run_id: str,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> StreamingResponse:
    """Follow a run: `entry`, `result` and `progress` events as they happen, `end` at its end.

    With `Last-Event-ID` the stream goes on where it broke off, also at another web process.
    """
    ground = get_ground(request)
    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        run = found(await get_job_log(db, run_id, visible_to=me.user_id), "run")
    position = _Position.read(last_event_id)
    stream = _Stream(request, ground, me, run_id=run.id, position=position)
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(stream.events(), headers=headers, media_type=_MEDIA)


class _Stream:
    """What one client is told of one run; between looks it holds nothing of the database."""

    def __init__(
        self, request: Request, ground: Ground, me: Caller, *, run_id: UUID, position: _Position
    ) -> None:
        self._request = request
        self._ground = ground
        self._me = me
        self._run_id = run_id
        self._known = _Known(position)
        # When something happened that may not have settled yet.
        self._woken_at: datetime | None = clock.now()

    async def events(self) -> AsyncIterator[str]:
        """Yield events until the run has ended, is gone, or the caller's login is over."""
        with self._ground.feed.following(self._run_id) as happened:
            is_quiet = False
            while True:
                if not is_quiet:
                    happened.clear()
                    news = await self._look()
                    self._known = news.known
                    if news.told:
                        yield news.told
                    if news.is_over:
                        return
                    if news.told:
                        continue
                is_quiet = False
                try:
                    async with asyncio.timeout(self._patience_s()):
                        await happened.wait()
                    self._woken_at = clock.now()
                except TimeoutError:
                    is_quiet = self._woken_at is None
                    self._woken_at = None
                    if is_quiet:
                        yield ": still here\n\n"
                        if not await self._may_follow():
                            return

    def _patience_s(self) -> float:
        """Return how long to wait: after something happened, until it has settled."""
        is_fresh = self._woken_at is not None
        return _SETTLED_AFTER.total_seconds() if is_fresh else _SIGN_OF_LIFE_S

    async def _look(self) -> _News:
        """Return what is new; a user's clients that have it all up to here look only once."""
        wanted = self._run_id, self._me.user_id, self._known
        return await self._ground.feed.together(
            wanted, lambda: _news(self._ground, self._run_id, self._me.user_id, self._known)
        )

    async def _may_follow(self) -> bool:
        """Tell whether the caller is still let in, and may see the run; all streams ask once."""
        headers, feed = self._request.headers, self._ground.feed
        login = headers.get("authorization"), headers.get("cookie")
        try:
            await feed.for_a_while(login, lambda: authenticate(self._request))
        except NotAuthenticated:
            return False
        run_id, seen = self._run_id, self._me.user_id
        return await feed.for_a_while(
            (run_id, seen), lambda: _is_visible(self._ground, run_id, seen)
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """What a client was told already."""

    position: _Position
    progress: str = ""


@dataclass(frozen=True, slots=True)
class _News:
    """Events as they are sent, what is known with them, and whether these are the last."""

    told: str
    known: _Known
    is_over: bool = False


async def _is_visible(ground: Ground, run_id: UUID, seen: UUID) -> bool:
    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        return await get_job_log(db, run_id, visible_to=seen) is not None


async def _news(ground: Ground, run_id: UUID, seen: UUID, known: _Known) -> _News:
    """Return what this user is to be told of the run beyond what is known."""
    position = known.position
    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        run = await get_job_log(db, run_id, visible_to=seen)
        if run is None:
            return _News("", known, is_over=True)
        has_ended = run.status not in ACTIVE_RUN
        entries = await get_job_log_entries(
            db, run.id, 0, _BATCH, after_seq=position.seq, visible_to=seen
        )
        results = await get_changed_results(
            db,
            run.id,
            after=(position.at, position.row_id),
            until=None if has_ended else clock.now() - _SETTLED_AFTER,
            limit=_BATCH,
            visible_to=seen,
        )
        kept = await get_kept(db, results)
        by_status = await count_results_by_status(db, run.id, visible_to=seen)
    told: list[str] = []
    for entry in entries:
        position = replace(position, seq=entry.seq)
        told.append(_event("entry", position, JobLogEntryRead.model_validate(entry)))
    for row in results:
        position = replace(position, at=row.updated_at, row_id=row.id)
        told.append(_event("result", position, _result(row, kept.get(row.id))))
    progress = Progress(
        by_status={status: by_status.get(status, 0) for status in ResultStatus},
        total=sum(by_status.values()),
    )
    now_known = _Known(position, progress.model_dump_json())
    if now_known.progress != known.progress:
        told.append(_event("progress", position, progress))
    if has_ended and not told:
        told.append(_event("end", position, JobLogRead.model_validate(run)))
        return _News("".join(told), now_known, is_over=True)
    return _News("".join(told), now_known)


def _result(row: JobResult, left: Kept | None) -> ResultTold:
    told = ResultTold.model_validate(row)
    if left is not None:
        told.backup_status, told.backup_version = left.status, left.version
        told.is_new = left.is_new
    return told


def _event(kind: str, position: _Position, told: BaseModel) -> str:
    return f"id: {position}\nevent: {kind}\ndata: {told.model_dump_json()}\n\n"
