"""What a device refers to: that it is there, and may be referred to."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import Id, as_uuid, operation
from netraven.errors import Invalid
from netraven.inventory.platform_hints import platform_hint
from netraven.inventory.platforms import get_platforms
from netraven.models import Credential, Device, Tag, User

MAX_JUMPS = 16


@operation
def checked_platform(db: Session, name: str) -> str:
    """Return the name; raises Invalid("device_type") for what is no platform here."""
    platforms = get_platforms(db)
    # The second is stricter of a bridge's name than what reads those that are kept already.
    if platforms.get(name) is None or platforms.resolve(name) is None:
        hint = platform_hint(name, platforms)
        raise Invalid("device_type", f"{name} is not a platform; {hint}")
    return name


@operation
def checked_owner(db: Session, owner_id: Id | None) -> UUID | None:
    """Return the owner's id; raises Invalid("owner_id") unless that is an active user."""
    if owner_id is None:
        return None
    wanted = select(User.id).where(User.id == as_uuid(owner_id), User.is_active.is_(True))
    owner = db.scalar(wanted)
    if owner is None:
        raise Invalid("owner_id", f"there is no active user {owner_id}")
    return owner


@operation
def checked_credential(db: Session, credential_id: Id | None) -> UUID | None:
    """Return the credential's id; raises Invalid("credential_id") for an absent one."""
    if credential_id is None:
        return None
    found = db.scalar(select(Credential.id).where(Credential.id == as_uuid(credential_id)))
    if found is None:
        raise Invalid("credential_id", f"there is no credential {credential_id}")
    return found


@operation
def checked_tags(db: Session, tag_ids: Iterable[Id]) -> list[Tag]:
    """Return the tags by name, each once; raises Invalid("tag_ids") for an absent one."""
    wanted = {as_uuid(tag_id): tag_id for tag_id in tag_ids}
    known = [tag_id for tag_id in wanted if tag_id is not None]
    ordered = select(Tag).where(Tag.id.in_(known)).order_by(Tag.name_key, Tag.id)
    found = {tag.id: tag for tag in db.scalars(ordered)}
    for tag_id, given in wanted.items():
        if tag_id not in found:
            raise Invalid("tag_ids", f"there is no tag {given}")
    return list(found.values())


@operation
def checked_jump(db: Session, device_id: UUID, jump_id: Id | None) -> UUID | None:
    """Return the jump device's id; raises Invalid("jump_device_id").

    It must be there, must not be the device itself, and the way on from it must neither come
    back to the device nor be longer than `MAX_JUMPS`. The devices on the way are locked, so that
    two changes at a time cannot close a circle.
    """
    if jump_id is None:
        return None
    first = step = as_uuid(jump_id)
    if first is None:
        raise Invalid("jump_device_id", f"there is no device {jump_id}")
    for _ in range(MAX_JUMPS):
        if step == device_id:
            raise Invalid("jump_device_id", "the way to a device cannot lead through itself")
        way = select(Device.jump_device_id).where(Device.id == step)
        found = db.execute(way.with_for_update(key_share=True)).one_or_none()
        if found is None:
            raise Invalid("jump_device_id", f"there is no device {jump_id}")
        step = found.jump_device_id
        if step is None:
            return first
    raise Invalid("jump_device_id", f"the way is longer than {MAX_JUMPS} jump devices")
