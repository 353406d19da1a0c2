"""Tags, and the devices that carry them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field

from netraven.api.access import guarded_router
from netraven.api.replies import READ, WITH_BODY, found, refusals, require_found
from netraven.db.types import Id
from netraven.inventory.device_queries import BY_HOSTNAME
from netraven.inventory.devices import get_device
from netraven.inventory.tags import (
    bulk_add_tags_to_devices,
    bulk_remove_tags_from_devices,
    count_devices_for_tag,
    count_tags,
    create_tag,
    delete_tag,
    get_devices_for_tag,
    get_tag,
    get_tags,
    update_tag,
)
from netraven.request.caller import Caller, Me
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing
from netraven.schemas.device import DeviceRead
from netraven.schemas.tag import BulkTagResult, BulkUntagResult, TagCreate, TagRead, TagUpdate

router = guarded_router("/tags", "Tags")


class Pairs(BaseModel):
    """Devices and tags: each tag is meant for each device."""

    model_config = ConfigDict(extra="forbid")

    device_ids: Annotated[list[Id], Field(min_length=1, max_length=1000)]
    tag_ids: Annotated[list[Id], Field(min_length=1, max_length=50)]


@router.get("", responses=refusals(*READ, 422))
async def list_tags(
    request: Request,
    db: Reading,
    paging: PageAsked,
    search: Annotated[str | None, Query(max_length=50)] = None,
) -> Page[TagRead]:
    """List tags by name, each with the number of its devices."""
    rows = await get_tags(db, paging.skip, paging.limit, search=search)
    total = await paging.count(rows, lambda: count_tags(db, search=search))
    return page_of(request, paging, TagRead, rows, total=total)


@router.post("", status_code=201, responses=refusals(*WITH_BODY, 409))
async def make_tag(db: Writing, tag: TagCreate) -> TagRead:
    """Make a tag."""
    return TagRead.model_validate(await create_tag(db, tag))


@router.post("/attach", responses=refusals(*WITH_BODY, 404))
async def attach_tags(db: Writing, me: Me, pairs: Pairs) -> BulkTagResult:
    """Put each of the tags on each of the devices; what cannot be done is told pair by pair."""
    await _check_seen(db, me, pairs)
    return await bulk_add_tags_to_devices(db, device_ids=pairs.device_ids, tag_ids=pairs.tag_ids)


@router.post("/detach", responses=refusals(*WITH_BODY, 404))
async def detach_tags(db: Writing, me: Me, pairs: Pairs) -> BulkUntagResult:
    """Take each of the tags off each of the devices; what cannot be done is told pair by pair."""
    await _check_seen(db, me, pairs)
    return await bulk_remove_tags_from_devices(
        db, device_ids=pairs.device_ids, tag_ids=pairs.tag_ids
    )


@router.get("/{tag_id}", responses=refusals(*READ, 404))
async def show_tag(db: Reading, tag_id: str) -> TagRead:
    """Show one tag."""
    return TagRead.model_validate(found(await get_tag(db, tag_id), "tag"))


@router.patch("/{tag_id}", responses=refusals(*WITH_BODY, 404, 409))
async def change_tag(db: Writing, tag_id: str, change: TagUpdate) -> TagRead:
    """Change a tag; fields left out stay."""
    return TagRead.model_validate(found(await update_tag(db, tag_id, change), "tag"))


@router.delete("/{tag_id}", status_code=204, responses=refusals(*READ, 404, 409))
async def remove_tag(db: Writing, tag_id: str) -> None:
    """Delete a tag with its rules and links."""
    require_found(await delete_tag(db, tag_id), "tag")


@router.get("/{tag_id}/devices", responses=refusals(*READ, 404, 422))
async def list_devices_of_tag(
    *, request: Request, db: Reading, me: Me, tag_id: str, paging: PageAsked
) -> Page[DeviceRead]:
    """List the devices that carry a tag."""
    found(await get_tag(db, tag_id), "tag")
    seen: dict[str, Any] = {"visible_to": me.viewer}
    rows = await get_devices_for_tag(
        db, tag_id, paging.skip, paging.limit, **seen, after=paging.after
    )
    total = await paging.count(rows, lambda: count_devices_for_tag(db, tag_id, **seen))
    return page_of(request, paging, DeviceRead, rows, total=total, place_of=BY_HOSTNAME.place_of)


async def _check_seen(db: Writing, me: Caller, pairs: Pairs) -> None:
    for device_id in dict.fromkeys(pairs.device_ids):
        found(await get_device(db, device_id, visible_to=me.viewer), f"device {device_id!s:.40}")
