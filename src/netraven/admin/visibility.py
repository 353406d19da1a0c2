"""Which devices a user may see, as a condition that any query can carry."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Exists,
    Select,
    and_,
    exists,
    false,
    or_,
    select,
    union_all,
)

from netraven.db import Id, as_uuid
from netraven.db.enums import Role
from netraven.models import Device, DeviceTag, User, UserTag


def visible_devices(user_id: Id) -> ColumnElement[bool]:
    """Return the condition on `Device` that holds for what this user may see.

    An active admin sees every device; other active users see those without owner and their own,
    or, when limited to tags, their own and those with one of their tags. An unknown or inactive
    user sees none.
    """
    viewer = as_uuid(user_id)
    if viewer is None:
        return false()
    # No subquery looks at the device's row, so that a database works each out only once.
    return or_(
        _is_active(viewer, User.role == Role.ADMIN),
        and_(_is_active(viewer), Device.owner_id == viewer),
        and_(sees_unowned(viewer), Device.owner_id.is_(None)),
        and_(_is_limited(viewer), Device.id.in_(_tagged(viewer))),
    )


def named_devices(user_id: UUID) -> CompoundSelect[UUID]:
    """Return the ids of the devices that are this user's, or have one of a limited user's tags.

    With those that `sees_unowned` speaks of they are the visible ones of who is no admin. They
    are few, so what refers to them is found by them.
    """
    own = select(Device.id).where(Device.owner_id == user_id, _is_active(user_id))
    return union_all(own, _tagged(user_id).where(_is_limited(user_id)))


def sees_unowned(user_id: UUID) -> ColumnElement[bool]:
    """Return the condition that holds for an active user who sees the devices without owner."""
    return _is_active(user_id, User.limited_to_tags.is_(False))


def sees_everything(user_id: Id) -> ColumnElement[bool]:
    """Return the condition that holds for an active admin."""
    viewer = as_uuid(user_id)
    return false() if viewer is None else _is_active(viewer, User.role == Role.ADMIN)


def sees_own(user_id: Id) -> ColumnElement[bool]:
    """Return the condition that holds for an active user, who sees what is theirs."""
    viewer = as_uuid(user_id)
    return false() if viewer is None else _is_active(viewer)


def _tagged(viewer: UUID) -> Select[UUID]:
    tagged = select(DeviceTag.device_id).join(UserTag, UserTag.tag_id == DeviceTag.tag_id)
    return tagged.where(UserTag.user_id == viewer)


def _is_limited(viewer: UUID) -> Exists:
    return _is_active(viewer, User.limited_to_tags.is_(True))


def _is_active(viewer: UUID, *conditions: ColumnElement[bool]) -> Exists:
    active = exists().where(User.id == viewer, User.is_active.is_(True), *conditions)
    # A query that has users of its own, such as creators, asks about the viewer all the same.
    return active.correlate(None)
