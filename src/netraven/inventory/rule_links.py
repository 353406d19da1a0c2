"""Tag rules at work: which of them are active, and the links that they give to devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from netraven.admin.audit import audit
from netraven.db import Id, as_uuid, guarded, operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import LinkSource
from netraven.errors import Invalid
from netraven.inventory.criteria import RULE_FIELDS, Facts, Matcher, compile_criteria
from netraven.inventory.tag_links import Link, add_links, rule_link
from netraven.models import Device, DeviceTag, Tag, TagRule


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """An active rule, ready to be tried on many devices."""

    rule_id: UUID
    tag_id: UUID
    matches: Matcher


@operation
def apply_rules_to_device(db: Session, device_id: Id) -> list[Tag] | None:
    """Give the device the tags of the active rules that match, take back those that do not.

    Returns the tags that active rules give it now, by name; None without a device. A rule that
    cannot be evaluated is skipped with its `last_error` set, and its links stay.
    """
    # Locked before the device is read: what is read then stays true for them.
    rules = get_active_rules(db)
    columns = [getattr(Device, field) for field in RULE_FIELDS]
    wanted = select(Device.id, *columns).where(Device.id == as_uuid(device_id))
    row = db.execute(wanted).mappings().one_or_none()
    if row is None:
        return None
    facts = {field: row[field] for field in RULE_FIELDS}
    with guarded(db):
        is_changed = replace_rule_links(db, rules, {row["id"]: facts})
    given = [rule.tag_id for rule in rules if rule.matches(facts)]
    tags = select(Tag).where(Tag.id.in_(given)).order_by(Tag.name_key, Tag.id)
    found = list(db.scalars(tags))
    if is_changed:
        audit(
            db,
            event_name="device_tagged_by_rules",
            target_type="device",
            target_id=row["id"],
            target_name=row["hostname"],
            description=f"applied the tag rules to device {row['hostname']}",
            changes={"tags": {"after": [tag.name for tag in found]}},
        )
    return found


@operation
def get_active_rules(db: Session) -> list[ActiveRule]:
    """Return the active rules that can be evaluated, by name; the others get their `last_error`.

    The rules are locked against changes until the transaction ends, so that no link is made for
    one that somebody deactivates meanwhile. Whoever locks devices too, locks rules first.
    """
    wanted = select(TagRule.id, TagRule.tag_id, TagRule.rule_criteria, TagRule.last_error)
    ordered = wanted.where(TagRule.is_active.is_(True)).order_by(TagRule.name_key, TagRule.id)
    rules: list[ActiveRule] = []
    for row in db.execute(ordered.with_for_update(read=True)).all():
        error = None
        try:
            rules.append(ActiveRule(row.id, row.tag_id, compile_criteria(row.rule_criteria)))
        except Invalid as refusal:
            error = refusal.reason
        if error != row.last_error:
            told = update(TagRule).where(TagRule.id == row.id).values(last_error=error)
            db.execute(told.execution_options(synchronize_session=False))
    return rules


@operation
def replace_rule_links(
    db: Session, rules: Sequence[ActiveRule], devices: Mapping[UUID, Facts]
) -> bool:
    """Make the links of these rules on these devices what the rules say; tell whether any moved."""
    of_rules = (DeviceTag.source == LinkSource.RULE, DeviceTag.rule_id.in_(_ids(rules)))
    held = select(DeviceTag.device_id, DeviceTag.rule_id).where(*of_rules)
    before = {
        (row.device_id, row.rule_id)
        for row in db.execute(held.where(DeviceTag.device_id.in_(devices)))
    }
    wanted = {(link["device_id"], link["rule_id"]): link for link in links_by_rules(rules, devices)}
    gone_by_rule: dict[UUID, list[UUID]] = {}
    for device_id, rule_id in sorted(before - wanted.keys()):
        gone_by_rule.setdefault(rule_id, []).append(device_id)
    for rule_id, device_ids in gone_by_rule.items():
        remove_rule_links(db, rule_id, device_ids)
    add_links(db, [link for pair, link in wanted.items() if pair not in before])
    return before != wanted.keys()


@operation
def remove_rule_links(db: Session, rule_id: UUID, device_ids: Sequence[UUID] | None = None) -> None:
    """Take back the links that the rule made: on these devices, or, without any, on all."""
    removal = delete(DeviceTag).where(DeviceTag.rule_id == rule_id)
    removal = removal.execution_options(synchronize_session=False)
    if device_ids is None:
        db.execute(removal)
        return
    for chunk in in_chunks(device_ids):
        db.execute(removal.where(DeviceTag.device_id.in_(chunk)))


def links_by_rules(rules: Iterable[ActiveRule], devices: Mapping[UUID, Facts]) -> list[Link]:
    """Return the links that these rules give these devices."""
    return [
        rule_link(device_id, rule.tag_id, rule.rule_id)
        for rule in rules
        for device_id, facts in devices.items()
        if rule.matches(facts)
    ]


def _ids(rules: Iterable[ActiveRule]) -> list[UUID]:
    return [rule.rule_id for rule in rules]
