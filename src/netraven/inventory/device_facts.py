"""What devices say about themselves, noted on their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import operation
from netraven.inventory.criteria import RULE_FIELDS, Facts
from netraven.inventory.rule_links import get_active_rules, replace_rule_links
from netraven.models import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """A device's model and serial number; None where it did not say."""

    model: str | None = None
    serial_number: str | None = None


_LONGEST = 100


@operation
def record_device_facts(db: Session, facts: Mapping[UUID, DeviceFacts]) -> list[UUID]:
    """Note what devices said, and return those whose row changed by it.

    What a device did not say stays as it is; what is too long for its column is cut. Tag rules
    may ask for model and serial number, so they are applied to devices that changed.
    """
    wanted = select(Device).where(Device.id.in_(facts)).order_by(Device.id)
    # Rules look at other columns as well, which nobody changes meanwhile.
    found = db.scalars(wanted.with_for_update(key_share=True))
    changed = [device for device in found if _note(device, facts[device.id])]
    db.flush()
    rules = get_active_rules(db) if changed else []
    if rules:
        asked = {device.id: _facts_for_rules(device) for device in changed}
        replace_rule_links(db, rules, asked)
    return [device.id for device in changed]


def _note(device: Device, facts: DeviceFacts) -> bool:
    model = (facts.model or device.model or "")[:_LONGEST] or None
    serial_number = (facts.serial_number or device.serial_number or "")[:_LONGEST] or None
    if (device.model, device.serial_number) == (model, serial_number):
        return False
    device.model, device.serial_number = model, serial_number
    return True


def _facts_for_rules(device: Device) -> Facts:
    return {name: getattr(device, name) for name in RULE_FIELDS}
