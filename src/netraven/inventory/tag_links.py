"""The links between devices and tags, each with the reason why it is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict
from uuid import UUID

from sqlalchemy import exists, insert, literal, select
from sqlalchemy.orm import Session

from netraven.db import insert_into, new_id, operation
from netraven.db.enums import LinkSource
from netraven.models import Device, DeviceTag, Tag

DEFAULT_TAG = "default"


class Link(TypedDict):
    """A row of `DeviceTag`."""

    device_id: UUID
    tag_id: UUID
    source: LinkSource
    rule_key: str
    rule_id: UUID | None


def default_link(device_id: UUID, tag_id: UUID) -> Link:
    """Return the link that every device has to the default tag."""
    return _plain_link(device_id, tag_id, LinkSource.DEFAULT)


def manual_link(device_id: UUID, tag_id: UUID) -> Link:
    """Return the link of a tag that a person put on a device."""
    return _plain_link(device_id, tag_id, LinkSource.MANUAL)


def rule_link(device_id: UUID, tag_id: UUID, rule_id: UUID) -> Link:
    """Return the link of a tag that a rule gives."""
    return Link(
        device_id=device_id,
        tag_id=tag_id,
        source=LinkSource.RULE,
        rule_key=str(rule_id),
        rule_id=rule_id,
    )


@operation
def add_links(db: Session, links: Sequence[Link]) -> int:
    """Insert the links that are not there yet, and return their number; others may insert too."""
    if not links:
        return 0
    # Sorted, so that two writers of the same links wait for each other in one order.
    rows = sorted(links, key=lambda link: (link["device_id"], link["tag_id"], link["source"]))
    # Rows that come back are counted: drivers tell no number for many rows at once.
    insertion = insert_into(db, DeviceTag).on_conflict_do_nothing().returning(DeviceTag.device_id)
    return len(db.connection().execute(insertion, rows).all())


@operation
def ensure_default_tag(db: Session) -> Tag:
    """Return the default tag, made if missing; links to it are the caller's.

    A tag that somebody named so before becomes it.
    """
    wanted = select(Tag).where(Tag.is_default.is_(True))
    found = db.scalar(wanted)
    if found is not None:
        return found
    values = {"id": new_id(), "name": DEFAULT_TAG, "name_key": DEFAULT_TAG, "is_default": True}
    db.execute(insert_into(db, Tag).values(values).on_conflict_do_nothing())
    # Another process may have been first, so the row that is there is the one that counts.
    tag = db.scalars(select(Tag).where(Tag.name_key == DEFAULT_TAG).with_for_update()).one()
    tag.is_default = True
    db.flush()
    return tag


@operation
def link_default_tag(db: Session, tag: Tag) -> int:
    """Put the default tag on all devices that lack it, and return their number."""
    linked = exists().where(
        DeviceTag.device_id == Device.id,
        DeviceTag.tag_id == tag.id,
        DeviceTag.source == LinkSource.DEFAULT,
    )
    tag_id = literal(tag.id, DeviceTag.tag_id.type)
    source = literal(LinkSource.DEFAULT, DeviceTag.source.type)
    lacking = select(Device.id, tag_id, source, literal("")).where(~linked)
    columns = ["device_id", "tag_id", "source", "rule_key"]
    insertion = insert(DeviceTag).from_select(columns, lacking).returning(DeviceTag.device_id)
    return len(db.connection().execute(insertion).all())


def _plain_link(device_id: UUID, tag_id: UUID, source: LinkSource) -> Link:
    return Link(device_id=device_id, tag_id=tag_id, source=source, rule_key="", rule_id=None)
