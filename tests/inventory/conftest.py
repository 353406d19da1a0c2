"""Devices, tags and rules, in few words."""

from __future__ import annotations

from typing import cast
from uuid import UUID

import pytest
from sqlalchemy import select

from netraven.db import Id, name_key, new_id
from netraven.db.enums import Role
from netraven.db.types import JsonValue
from netraven.inventory.devices import create_device, get_device, update_device
from netraven.inventory.rule_links import apply_rules_to_device
from netraven.inventory.tag_rules import create_tag_rule, update_tag_rule
from netraven.inventory.tags import create_tag, get_tag, get_tags_for_device
from netraven.models import AuditEvent, Device, DeviceTag, Tag, TagRule, User
from netraven.schemas.device import DeviceCreate, DeviceUpdate
from netraven.schemas.tag import TagCreate
from netraven.schemas.tag_rule import TagRuleCreate, TagRuleUpdate
from tests.conftest import Database


def leaf(field: object, operator: object, value: object) -> dict[str, JsonValue]:
    """Return a condition of a rule, also one that no rule may hold."""
    return cast("dict[str, JsonValue]", {"field": field, "operator": operator, "value": value})


class Inventory:
    """One database with devices; each call is a unit of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.run = database.run

    def add_device(self, hostname: str, address: str = "", **fields: object) -> UUID:
        """Add an IOS device; its address is a name unless one is given."""
        owner_id = fields.pop("owner_id", None)
        assert owner_id is None or isinstance(owner_id, UUID)
        wanted = {"ip_address": address or f"{hostname}.example.net", "device_type": "cisco_ios"}
        device = DeviceCreate.model_validate({"hostname": hostname, **wanted, **fields})
        return self.run(create_device, device, owner_id).id

    def update_device(self, device_id: Id, **fields: object) -> Device | None:
        return self.run(update_device, device_id, DeviceUpdate.model_validate(fields))

    def device(self, device_id: Id) -> Device:
        """Return the stored device, read in a fresh unit."""
        row = self.run(get_device, device_id)
        assert row is not None
        return row

    def add_tag(self, name: str) -> UUID:
        return self.run(create_tag, TagCreate(name=name)).id

    def tag(self, tag_id: Id) -> Tag:
        """Return the stored tag with its count, read in a fresh unit."""
        row = self.run(get_tag, tag_id)
        assert row is not None
        return row

    def tags_of(self, device_id: Id) -> list[str]:
        """Return the names of the device's tags but the default one."""
        tags = self.run(get_tags_for_device, device_id)
        return [tag.name for tag in tags if not tag.is_default]

    def links_of(self, device_id: Id) -> list[tuple[str, str]]:
        """Return name and reason of each of the device's links, the default one among them."""
        with self.database.unit() as db:
            links = select(Tag.name, DeviceTag.source).join(Tag, Tag.id == DeviceTag.tag_id)
            found = db.execute(links.where(DeviceTag.device_id == device_id))
            return sorted((row[0], row[1].value) for row in found)

    def add_rule(self, tag_id: Id, criteria: object, name: str = "rule", **fields: object) -> UUID:
        wanted = {"name": name, "tag_id": tag_id, "rule_criteria": criteria, **fields}
        return self.run(create_tag_rule, TagRuleCreate.model_validate(wanted)).id

    def update_rule(self, rule_id: Id, **fields: object) -> TagRule | None:
        return self.run(update_tag_rule, rule_id, TagRuleUpdate.model_validate(fields))

    def evaluate(self, device_id: Id) -> list[str]:
        """Apply all active rules to the device, and return the tags that they give."""
        tags = self.run(apply_rules_to_device, device_id)
        assert tags is not None
        return [tag.name for tag in tags]

    def add_user(self, name: str, *, role: Role = Role.OPERATOR, **fields: object) -> UUID:
        user = User(
            id=new_id(),
            username=name,
            username_key=name_key(name),
            email=f"{name}@example.net",
            email_key=name_key(f"{name}@example.net"),
            password_hash="!",
            role=role,
            **fields,
        )
        with self.database.unit() as db:
            db.add(user)
        return user.id

    def events(self) -> list[AuditEvent]:
        """Return all audit events in their order."""
        with self.database.unit() as db:
            return list(db.scalars(select(AuditEvent).order_by(AuditEvent.seq)))

    def event_names(self) -> list[str]:
        return [event.event_name for event in self.events()]


@pytest.fixture
def inventory(database: Database) -> Inventory:
    """Return an empty inventory, reached four ways."""
    return Inventory(database)
