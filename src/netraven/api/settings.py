"""Settings that administrators edit while NetRaven runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from netraven.admin.settings import (
    count_admin_settings,
    create_admin_setting,
    delete_admin_setting,
    get_admin_setting_by_key,
    get_admin_settings,
    reset_admin_settings,
    update_admin_setting,
)
from netraven.api.access import guarded_router
from netraven.api.replies import READ, WITH_BODY, found, refusals, require_found
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing
from netraven.schemas.setting import AdminSettingCreate, AdminSettingRead, AdminSettingUpdate

router = guarded_router("/settings", "Settings")


class ResetRequest(BaseModel):
    """Which built-in settings to put back to their defaults; without keys all of them."""

    model_config = ConfigDict(extra="forbid")

    keys: Annotated[list[str], Field(min_length=1, max_length=100)] | None = None


class ChangeRequest(BaseModel):
    """A new value."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    value: Annotated[JsonValue, Field(repr=False)]


@router.get("", responses=refusals(*READ, 422))
async def list_settings(
    *,
    request: Request,
    db: Reading,
    paging: PageAsked,
    category: Annotated[str | None, Query(max_length=64)] = None,
    search: Annotated[str | None, Query(max_length=255)] = None,
) -> Page[AdminSettingRead]:
    """List settings by category and place; secrets are masked."""
    rows = await get_admin_settings(db, paging.skip, paging.limit, category, search)
    total = await count_admin_settings(db, category, search)
    return page_of(request, paging, AdminSettingRead, rows, total=total)


@router.post("", status_code=201, responses=refusals(*WITH_BODY, 409))
async def make_setting(db: Writing, given: AdminSettingCreate) -> AdminSettingRead:
    """Keep a setting of an own key."""
    return AdminSettingRead.model_validate(await create_admin_setting(db, given))


@router.post("/reset", responses=refusals(*WITH_BODY))
async def reset_settings(db: Writing, given: ResetRequest) -> list[AdminSettingRead]:
    """Put built-in settings back to their defaults, and return those that changed."""
    rows = await reset_admin_settings(db, given.keys)
    return [AdminSettingRead.model_validate(row) for row in rows]


@router.get("/{key}", responses=refusals(*READ, 404))
async def show_setting(db: Reading, key: str) -> AdminSettingRead:
    """Show one setting; a secret is masked."""
    return AdminSettingRead.model_validate(
        found(await get_admin_setting_by_key(db, key), "setting")
    )


@router.put("/{key}", responses=refusals(*WITH_BODY, 404))
async def change_setting(db: Writing, key: str, given: ChangeRequest) -> AdminSettingRead:
    """Set a value; every process works with it at its next use."""
    row = found(await get_admin_setting_by_key(db, key), "setting")
    change = AdminSettingUpdate(value=given.value)
    return AdminSettingRead.model_validate(
        found(await update_admin_setting(db, row.id, change), "setting")
    )


@router.delete("/{key}", status_code=204, responses=refusals(*READ, 404, 409))
async def remove_setting(db: Writing, key: str) -> None:
    """Delete a setting of an own key."""
    row = found(await get_admin_setting_by_key(db, key), "setting")
    require_found(await delete_admin_setting(db, row.id), "setting")
