"""The history of all lines: searched, followed, annotated, and told as stories."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, TypeAdapter
from sqlalchemy.orm import Session

from netraven.api.access import guarded_router
from netraven.api.replies import READ, found, refusals, whole
from netraven.archive.history_annotate import Annotation, annotate
from netraven.archive.history_biography import BiographyPage, LineLife, line_biography
from netraven.archive.history_stories import Story, change_stories
from netraven.archive.search_history import (
    MOST_CONTEXT,
    DeviceHits,
    PageEnd,
    SearchPage,
    search_history,
)
from netraven.archive.search_pattern import PatternKind
from netraven.archive.weave_standing import get_history_status
from netraven.request.caller import Me
from netraven.request.moments import Moment
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import reading_in_thread
from netraven.schemas.backup import BackupRead

router = guarded_router("", "History")

_JSON: TypeAdapter[object] = TypeAdapter(object)

# A finding: what it is, and its JSON document.
Told: TypeAlias = tuple[str, str]

Pattern = Annotated[str, Query(min_length=1, max_length=1000)]
Ids = Annotated[list[str] | None, Query(max_length=100)]
ConfigType = Annotated[str | None, Query(max_length=32)]
Cursor = Annotated[str | None, Query(max_length=1024, description="`cursor` of the last answer.")]
Limit = Annotated[int, Query(ge=1, le=1000)]
WithinSeconds = Annotated[
    int, Query(ge=1, le=60, description="After so long the answer ends, and says where to go on.")
]

_LINES, _EVENTS = "application/x-ndjson", "text/event-stream"
_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media: {"schema": {"type": "string"}} for media in (_LINES, _EVENTS)},
        "description": "A JSON document a line, or a server-sent event for whom accepts those: "
        "`device` or `life` for each finding, `end` last.",
    },
    **refusals(*READ, 422, 429),
}
# So long one look takes at most before what it found is sent.
_LOOK_S = 2.0

SomePage = TypeVar("SomePage", SearchPage, BiographyPage)


class StreamEnd(BaseModel):
    """How a stream ended, and what was looked at; `cursor` leads on where it is not the end."""

    ended: PageEnd
    searched: int
    too_young: int
    pruned: int
    unwoven: int
    unreadable: list[str]
    cursor: str | None


class HistoryStanding(BaseModel):
    """How many configurations there are, and of how many the history is complete."""

    series: int
    current: int


class AnnotatedLineRead(BaseModel):
    """A line of a view, and the version since which it stands."""

    model_config = ConfigDict(from_attributes=True)

    text: str
    version: int
    since: datetime
    author: str | None
    is_from_start: bool


class AnnotationRead(BaseModel):
    """A version's redacted view, line by line."""

    backup: BackupRead
    lines: list[AnnotatedLineRead]


class StoryDeviceRead(BaseModel):
    """A device that a story happened to."""

    model_config = ConfigDict(from_attributes=True)

    device_id: UUID
    hostname: str
    config_type: str
    version: int
    at: datetime
    author: str | None


class DeviantRead(BaseModel):
    """A device whose lines are not those of the others."""

    model_config = ConfigDict(from_attributes=True)

    device: StoryDeviceRead
    lines: list[str]


class StoryRead(BaseModel):
    """One change of many devices."""

    model_config = ConfigDict(from_attributes=True)

    began_at: datetime
    ended_at: datetime
    lines: list[str]
    same: list[StoryDeviceRead]
    deviants: list[DeviantRead]
    missing: list[str]


@router.get("/search", response_class=StreamingResponse, responses=_STREAMED)
async def search(
    *,
    request: Request,
    me: Me,
    pattern: Pattern,
    kind: PatternKind = PatternKind.LITERAL,
    case: bool = True,
    at: Moment | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    device_id: Ids = None,
    tag_id: Ids = None,
    platform: Ids = None,
    config_type: ConfigType = None,
    section: Annotated[str | None, Query(max_length=255)] = None,
    context: Annotated[int, Query(ge=0, le=MOST_CONTEXT)] = 0,
    counts_only: bool = False,
    limit: Limit = 100,
    cursor: Cursor = None,
    within_s: WithinSeconds = 20,
) -> StreamingResponse:
    """Search all lines that all devices ever had; findings come as they are found.

    What is searched is the redacted view: a token finds every device that shares the secret.
    """
    look = partial(
        search_history,
        pattern=pattern,
        kind=kind,
        case=case,
        at=at,
        since=since,
        until=until,
        devices=device_id,
        tags=tag_id,
        platforms=platform,
        config_type=config_type,
        section=section,
        context=context,
        counts_only=counts_only,
        visible_to=me.user_id,
    )
    return await _streamed(request, look, _told_hits, limit=limit, cursor=cursor, within_s=within_s)


@router.get("/biography", response_class=StreamingResponse, responses=_STREAMED)
async def tell_lives(
    *,
    request: Request,
    me: Me,
    line: Pattern,
    kind: PatternKind = PatternKind.LINE,
    case: bool = True,
    device_id: Ids = None,
    tag_id: Ids = None,
    platform: Ids = None,
    config_type: ConfigType = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    within_s: WithinSeconds = 20,
) -> StreamingResponse:
    """Tell when a line came and went, on which devices, and who did it."""
    look = partial(
        line_biography,
        line=line,
        kind=kind,
        case=case,
        devices=device_id,
        tags=tag_id,
        platforms=platform,
        config_type=config_type,
        visible_to=me.user_id,
    )
    return await _streamed(
        request, look, _told_lives, limit=limit, cursor=cursor, within_s=within_s
    )


@router.get("/devices/{device_id}/annotation", responses=refusals(*READ, 404, 422))
async def annotate_version(
    *,
    request: Request,
    me: Me,
    device_id: str,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    config_type: Annotated[str, Query(max_length=32)] = "running",
) -> AnnotationRead:
    """Show since when each line of a version stands; without a number, of the newest."""

    def take(db: Session) -> Annotation | None:
        return annotate(db, device_id, version, config_type=config_type, visible_to=me.user_id)

    told = found(await reading_in_thread(request, take), "completed version")
    return AnnotationRead(
        backup=BackupRead.model_validate(told.backup),
        lines=[AnnotatedLineRead.model_validate(whole(line._asdict())) for line in told.lines],
    )


@router.get("/stories", responses=refusals(*READ, 422))
async def tell_stories(
    *,
    request: Request,
    me: Me,
    paging: PageAsked,
    since: Moment,
    until: Moment | None = None,
    tag_id: Ids = None,
) -> Page[StoryRead]:
    """Tell what changed across the fleet: equal changes of many devices as one story.

    Those of most devices come first.
    """
    told = await reading_in_thread(
        request,
        lambda db: change_stories(
            db,
            since,
            until,
            tags=tag_id,
            visible_to=me.user_id,
            skip=paging.skip,
            limit=paging.limit,
        ),
    )
    stories = [_story(story) for story in told.stories]
    return page_of(request, paging, StoryRead, stories, total=told.total)


@router.get("/history", responses=refusals(*READ))
async def tell_standing(request: Request) -> HistoryStanding:
    """Tell of how many devices' configurations the history is complete."""
    status = await reading_in_thread(request, get_history_status)
    return HistoryStanding(series=status.series, current=status.current)


def _story(story: Story) -> StoryRead:
    """Return a story as doors show it; only its lines come from devices as they were sent."""
    return StoryRead(
        began_at=story.began_at,
        ended_at=story.ended_at,
        lines=whole(story.lines),
        same=[StoryDeviceRead.model_validate(each) for each in story.same],
        deviants=[
            DeviantRead(device=StoryDeviceRead.model_validate(each.device), lines=whole(each.lines))
            for each in story.deviants
        ],
        missing=[*story.missing],
    )


async def _streamed(
    request: Request,
    look: Callable[..., SomePage],
    told: Callable[[SomePage], list[Told]],
    *,
    limit: int,
    cursor: str | None,
    within_s: int,
) -> StreamingResponse:
    """Return a stream of pages; what is wrong with the question is said before it begins."""
    end_s = time.monotonic() + within_s

    async def next_page(cursor: str | None, limit: int) -> SomePage:
        look_s = max(0.05, min(_LOOK_S, end_s - time.monotonic()))
        return await reading_in_thread(
            request, lambda db: look(db, limit=limit, cursor=cursor, within_s=look_s)
        )

    first = await next_page(cursor, limit)

    async def findings() -> AsyncIterator[Told]:
        page, left, searched, unwoven = first, limit, 0, 0
        too_young = pruned = 0
        unreadable: list[str] = []
        while True:
            for finding in told(page):
                yield finding
            searched, unwoven = searched + page.searched, unwoven + page.unwoven
            unreadable += page.unreadable
            if isinstance(page, SearchPage):
                too_young, pruned = too_young + page.too_young, pruned + page.pruned
            left -= _size(page)
            is_late = time.monotonic() >= end_s
            if page.ended is not PageEnd.TIME or left <= 0 or is_late:
                break
            page = await next_page(page.cursor, left)
        ended = StreamEnd(
            ended=page.ended,
            searched=searched,
            too_young=too_young,
            pruned=pruned,
            unwoven=unwoven,
            unreadable=unreadable,
            cursor=page.cursor,
        )
        yield "end", ended.model_dump_json()

    media = _EVENTS if _EVENTS in request.headers.get("accept", "") else _LINES
    headers = {"Vary": "Accept", "X-Accel-Buffering": "no"}
    written = (_written(media, *finding) async for finding in findings())
    return StreamingResponse(written, headers=headers, media_type=media)


def _written(media: str, kind: str, document: str) -> str:
    if media == _EVENTS:
        return f"event: {kind}\ndata: {document}\n\n"
    return f'{{"{kind}":{document}}}\n'


def _size(page: SearchPage | BiographyPage) -> int:
    if isinstance(page, SearchPage):
        return sum(len(device.hits) for device in page.devices)
    return len(page.lives)


def _told_hits(page: SearchPage) -> list[Told]:
    return [("device", _document(device)) for device in page.devices]


def _told_lives(page: BiographyPage) -> list[Told]:
    return [("life", _document(life)) for life in page.lives]


def _document(told: DeviceHits | LineLife) -> str:
    return _JSON.dump_json(whole(asdict(told))).decode()
