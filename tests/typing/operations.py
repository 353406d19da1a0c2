"""What users' type checkers say about operations: never run, read by mypy and by pyright.

Each line that must be refused carries the refusal of both; a checker that no longer refuses one
reports the mark as unused, and `make lint` fails.
"""

from __future__ import annotations

from typing import assert_type
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from netraven.inventory.devices import get_device
from netraven.inventory.tags import bulk_add_tags_to_devices, bulk_remove_tags_from_devices
from netraven.models import Device
from netraven.schemas.tag import BulkTagResult
from netraven.vault.links import (
    bulk_associate_credentials_with_tags,
    bulk_remove_credentials_from_tags,
)


def show(device: Device | None) -> str:
    return device.hostname if device else "none"


def a_session_gives_the_value(db: Session, device_id: UUID) -> None:
    assert_type(get_device(db, device_id), Device | None)
    assert_type(get_device(db, str(device_id), visible_to=device_id), Device | None)


async def an_async_session_is_awaited(db: AsyncSession, device_id: UUID) -> None:
    assert_type(await get_device(db, device_id), Device | None)
    assert_type(await get_device(db, str(device_id), visible_to=device_id), Device | None)


def wrong_arguments_are_refused(db: Session, device_id: UUID) -> None:
    get_device(db, 7)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType]
    get_device(db)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    get_device(db, device_id, colour="red")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]


def lists_are_given_to_bulk_calls_by_name(db: Session, ids: list[UUID]) -> None:
    assert_type(bulk_add_tags_to_devices(db, device_ids=ids, tag_ids=ids), BulkTagResult)
    bulk_add_tags_to_devices(db, ids, ids)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    bulk_remove_tags_from_devices(db, ids, ids)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    bulk_associate_credentials_with_tags(db, ids, ids)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    bulk_remove_credentials_from_tags(db, ids, ids)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]


async def a_forgotten_await_is_refused(db: AsyncSession, device_id: UUID) -> None:
    show(get_device(db, device_id))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    get_device(db, device_id)  # type: ignore[unused-coroutine] # pyright: ignore[reportUnusedCoroutine]


async def awaiting_the_plain_value_is_refused(db: Session, device_id: UUID) -> None:
    await get_device(db, device_id)  # type: ignore[misc] # pyright: ignore[reportGeneralTypeIssues]
