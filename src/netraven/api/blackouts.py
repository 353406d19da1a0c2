"""Black-outs: times at which schedules leave a tag's devices alone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from netraven.api.access import guarded_router
from netraven.api.replies import READ, WITH_BODY, found, refusals, require_found
from netraven.db.enums import HoldBack
from netraven.inventory.devices import keep_visible_ids
from netraven.jobs.blackouts import (
    count_blackouts,
    create_blackout,
    delete_blackout,
    get_blackout,
    get_blackouts,
    get_held_back,
)
from netraven.request.caller import Caller, get_caller
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing
from netraven.schemas.blackout import BlackoutCreate, BlackoutRead

router = guarded_router("/blackouts", "Schedules")


class DevicesMeant(BaseModel):
    """Devices that somebody means to touch."""

    model_config = ConfigDict(extra="forbid")

    device_ids: Annotated[list[UUID], Field(min_length=1, max_length=100_000)]


class HeldBackRead(BaseModel):
    """Why a device is left alone: by which black-out, how, and until when it is in one."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    hold_back: HoldBack
    until: datetime


@router.get("", responses=refusals(*READ, 422))
async def list_blackouts(request: Request, db: Reading, paging: PageAsked) -> Page[BlackoutRead]:
    """List black-outs by name."""
    rows = await get_blackouts(db, paging.skip, paging.limit)
    return page_of(request, paging, BlackoutRead, rows, total=await count_blackouts(db))


@router.post("", status_code=201, responses=refusals(*WITH_BODY, 409))
async def make_blackout(db: Writing, given: BlackoutCreate) -> BlackoutRead:
    """Keep a black-out."""
    return BlackoutRead.model_validate(await create_blackout(db, given))


@router.post("/held-back", responses=refusals(*WITH_BODY))
async def tell_held_back(
    db: Reading, me: Annotated[Caller, Depends(get_caller)], given: DevicesMeant
) -> dict[UUID, HeldBackRead]:
    """Tell which of these devices are in a black-out now, each with the one that decides."""
    seen = await keep_visible_ids(db, given.device_ids, visible_to=me.user_id)
    held = await get_held_back(db, seen)
    return {device_id: HeldBackRead.model_validate(why) for device_id, why in held.items()}


@router.get("/{blackout_id}", responses=refusals(*READ, 404))
async def show_blackout(db: Reading, blackout_id: str) -> BlackoutRead:
    """Show one black-out."""
    return BlackoutRead.model_validate(found(await get_blackout(db, blackout_id), "black-out"))


@router.delete("/{blackout_id}", status_code=204, responses=refusals(*READ, 404))
async def remove_blackout(db: Writing, blackout_id: str) -> None:
    """Delete a black-out; who waits for its end waits no longer."""
    require_found(await delete_blackout(db, blackout_id), "black-out")
