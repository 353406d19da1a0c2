"""Who sees which devices."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.admin.visibility import visible_devices
from netraven.db import Id, new_id
from netraven.db.enums import LinkSource, Role
from netraven.models import Device, DeviceTag, Tag, User, UserTag
from tests.conftest import Database


class Fleet:
    """Four devices (nobody's, alice's, bob's, bob's tagged `core`) and users to look at them."""

    def __init__(self, db: Session) -> None:
        self.alice = _user(db, "alice")
        self.bob = _user(db, "bob")
        self.admin = _user(db, "admin", role=Role.ADMIN)
        self.retired = _user(db, "retired", role=Role.ADMIN, is_active=False)
        self.limited = _user(db, "limited", limited_to_tags=True)
        core = _tag(db, "core")
        _device(db, "nobodys")
        _device(db, "alices", owner=self.alice)
        _device(db, "bobs", owner=self.bob)
        _device(db, "bobs-core", owner=self.bob, tag=core)
        _device(db, "limiteds", owner=self.limited)
        db.add(UserTag(user_id=self.limited, tag_id=core))


def seen_by(database: Database, user_id: Id) -> list[str]:
    query = select(Device.hostname).where(visible_devices(user_id)).order_by(Device.hostname)
    return database.run_body(lambda db: list(db.scalars(query)))


@pytest.fixture
def fleet(database: Database) -> Fleet:
    with database.unit() as db:
        return Fleet(db)


def test_an_admin_sees_everything(database: Database, fleet: Fleet) -> None:
    seen = seen_by(database, fleet.admin)

    assert seen == ["alices", "bobs", "bobs-core", "limiteds", "nobodys"]


def test_a_user_sees_their_own_devices_and_those_without_owner(
    database: Database, fleet: Fleet
) -> None:
    assert seen_by(database, fleet.alice) == ["alices", "nobodys"]
    assert seen_by(database, fleet.bob) == ["bobs", "bobs-core", "nobodys"]


def test_a_user_limited_to_tags_sees_their_own_and_the_tagged_ones(
    database: Database, fleet: Fleet
) -> None:
    assert seen_by(database, fleet.limited) == ["bobs-core", "limiteds"]


def test_a_query_over_users_and_devices_asks_about_the_viewer_all_the_same(
    database: Database, fleet: Fleet
) -> None:
    owned = select(Device.hostname).join(User, User.id == Device.owner_id)
    query = owned.where(visible_devices(fleet.alice)).order_by(Device.hostname)

    assert database.run_body(lambda db: list(db.scalars(query))) == ["alices"]


@pytest.mark.parametrize("kind", ["inactive", "unknown", "malformed", "empty"])
def test_nobody_else_sees_anything(database: Database, fleet: Fleet, kind: str) -> None:
    ids: dict[str, Id] = {
        "inactive": fleet.retired,
        "unknown": new_id(),
        "malformed": "not-a-uuid",
        "empty": "",
    }

    assert seen_by(database, ids[kind]) == []


def _user(
    db: Session,
    name: str,
    *,
    role: Role = Role.OPERATOR,
    is_active: bool = True,
    limited_to_tags: bool = False,
) -> UUID:
    user = User(
        username=name,
        username_key=name,
        email=f"{name}@example.com",
        email_key=f"{name}@example.com",
        password_hash="-",
        role=role,
        is_active=is_active,
        limited_to_tags=limited_to_tags,
    )
    db.add(user)
    db.flush()
    return user.id


def _tag(db: Session, name: str) -> UUID:
    tag = Tag(name=name, name_key=name)
    db.add(tag)
    db.flush()
    return tag.id


def _device(
    db: Session, hostname: str, *, owner: UUID | None = None, tag: UUID | None = None
) -> None:
    device = Device(
        hostname=hostname,
        hostname_key=hostname,
        ip_address=f"{hostname}.example.com",
        device_type="cisco_ios",
        owner_id=owner,
    )
    db.add(device)
    db.flush()
    if tag:
        db.add(DeviceTag(device_id=device.id, tag_id=tag, source=LinkSource.MANUAL))
