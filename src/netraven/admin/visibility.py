"""Which devices a user may see, as a condition that any query can carry."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Exists, and_, exists, false, or_, select

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
    tagged = (
        select(DeviceTag.device_id)
        .join(UserTag, UserTag.tag_id == DeviceTag.tag_id)
        .where(UserTag.user_id == viewer)
    )
    return or_(
        _is_active(viewer, User.role == Role.ADMIN),
        and_(_is_active(viewer), Device.owner_id == viewer),
        and_(_is_active(viewer, User.limited_to_tags.is_(False)), Device.owner_id.is_(None)),
        and_(_is_active(viewer, User.limited_to_tags.is_(True)), Device.id.in_(tagged)),
    )


def sees_everything(user_id: Id) -> ColumnElement[bool]:
    """Return the condition that holds for an active admin."""
    viewer = as_uuid(user_id)
    return false() if viewer is None else _is_active(viewer, User.role == Role.ADMIN)


def sees_own(user_id: Id) -> ColumnElement[bool]:
    """Return the condition that holds for an active user, who sees what is theirs."""
    viewer = as_uuid(user_id)
    return false() if viewer is None else _is_active(viewer)


def _is_active(viewer: UUID, *conditions: ColumnElement[bool]) -> Exists:
    active = exists().where(User.id == viewer, User.is_active.is_(True), *conditions)
    # A query that has users of its own, such as creators, asks about the viewer all the same.
    return active.correlate(None)
