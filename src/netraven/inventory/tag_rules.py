"""Tag rules: kept, tried, and applied to all devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session, joinedload

from netraven.admin.audit import audit
from netraven.admin.changes import told_changes
from netraven.admin.visibility import visible_devices
from netraven.db import Id, as_uuid, guarded, name_key, new_id, operation
from netraven.db.chunks import CHUNK, in_chunks
from netraven.db.paging import check_page
from netraven.db.types import JsonValue, bounded_key
from netraven.errors import Invalid
from netraven.inventory.criteria import RULE_FIELDS, Facts, compile_criteria
from netraven.inventory.rule_links import remove_rule_links
from netraven.inventory.tag_links import add_links, rule_link
from netraven.models import Device, DeviceTag, Tag, TagRule
from netraven.schemas.tag_rule import (
    MAX_RULE_NAME,
    MatchingDevice,
    RuleApplyResult,
    RuleCriteria,
    RuleTestResult,
    TagRuleCreate,
    TagRuleUpdate,
)

INACTIVE = "inactive"


@operation
def get_tag_rules(
    db: Session,
    skip: int = 0,
    limit: int = 100,
    tag_id: Id | None = None,
    *,
    is_active: bool | None = None,
) -> list[TagRule]:
    """Return rules by name, their tags loaded."""
    check_page(skip, limit)
    wanted = _rules().where(*_filters(tag_id, is_active=is_active))
    ordered = wanted.order_by(TagRule.name_key, TagRule.id)
    return list(db.scalars(ordered.offset(skip).limit(limit)))


@operation
def count_tag_rules(db: Session, tag_id: Id | None = None, *, is_active: bool | None = None) -> int:
    """Return how many rules `get_tag_rules` would list without paging."""
    counted = select(func.count()).select_from(TagRule)
    return db.scalars(counted.where(*_filters(tag_id, is_active=is_active))).one()


@operation
def get_tag_rule(db: Session, rule_id: Id) -> TagRule | None:
    """Return the rule with its tag loaded, or None."""
    return db.scalar(_rules().where(TagRule.id == as_uuid(rule_id)))


@operation
def get_tag_rule_by_name(db: Session, name: str) -> TagRule | None:
    """Return the rule of this name, case ignored, with its tag loaded, or None."""
    return db.scalar(_rules().where(TagRule.name_key == name_key(name.strip())))


@operation
def create_tag_rule(db: Session, rule: TagRuleCreate) -> TagRule:
    """Keep a rule; it tags nothing until it is applied or a device is added or changed.

    Raises Conflict("name"), Invalid("tag_id") for an absent or the default tag, and
    Invalid("rule_criteria").
    """
    compile_criteria(rule.rule_criteria)
    tag = _checked_tag(db, rule.tag_id)
    row = TagRule(
        id=new_id(),
        name=rule.name,
        name_key=bounded_key(rule.name, MAX_RULE_NAME),
        description=rule.description,
        tag_id=tag.id,
        rule_criteria=rule.rule_criteria,
        is_active=rule.is_active,
    )
    with guarded(db):
        db.add(row)
    told = {"tag": tag.name, "rule_criteria": row.rule_criteria, "is_active": row.is_active}
    _audit(db, "tag_rule_created", row, told_changes({}, told))
    return _loaded(db, row.id)


@operation
def update_tag_rule(db: Session, rule_id: Id, rule: TagRuleUpdate) -> TagRule | None:
    """Change the given fields; None without a row. Errors as for `create_tag_rule`.

    A rule that is deactivated or moved to another tag takes back the links that it made.
    """
    row = _locked(db, rule_id)
    if row is None:
        return None
    given = _checked_values(db, rule)
    before = {name: getattr(row, name) for name in given}
    changed = {name: value for name, value in given.items() if before[name] != value}
    if not changed:
        return row
    was_for = row.tag.name
    with guarded(db):
        for name, value in changed.items():
            setattr(row, name, value)
        db.flush()
        if "tag_id" in changed or not row.is_active:
            remove_rule_links(db, row.id)
    row = _loaded(db, row.id)
    told = told_changes(before, changed)
    if "tag_id" in changed:
        told["tag_id"] = {"before": was_for, "after": row.tag.name}
    _audit(db, "tag_rule_updated", row, told)
    return row


@operation
def delete_tag_rule(db: Session, rule_id: Id) -> bool:
    """Remove the rule with the links that it made; False if there is none."""
    row = _locked(db, rule_id)
    if row is None:
        return False
    db.delete(row)
    db.flush()
    _audit(db, "tag_rule_deleted", row, {"name": {"before": row.name, "after": None}})
    return True


@operation
def apply_rule(db: Session, rule_id: Id) -> RuleApplyResult | None:
    """Give the rule's tag to all devices that match, take it back from those that do not.

    Only links that this rule made are taken back. None without a rule; an inactive one is not
    tried. Raises Invalid("rule_criteria") for a stored rule that cannot be evaluated.
    """
    row = _locked(db, rule_id)
    if row is None:
        return None
    if not row.is_active:
        return _applied(row, error=INACTIVE)
    matches = compile_criteria(row.rule_criteria)
    held = select(DeviceTag.device_id).where(DeviceTag.rule_id == row.id)
    before = set(db.scalars(held))
    total, matching = 0, set[UUID]()
    for page in _fact_pages(db):
        total += len(page)
        matching |= {device_id for device_id, facts in page.items() if matches(facts)}
    gone = sorted(before - matching)
    with guarded(db):
        remove_rule_links(db, row.id, gone)
        added = sum(
            add_links(db, [rule_link(device_id, row.tag_id, row.id) for device_id in present])
            for present in map(partial(_still_there, db), in_chunks(sorted(matching - before)))
        )
        row.last_error = None
    if added or gone:
        counts: dict[str, JsonValue] = {"added": added, "removed": len(gone)}
        _audit(db, "tag_rule_applied", row, {"tag": row.tag.name, **counts})
    return _applied(row, total=total, matched=len(matching), added=added, removed=len(gone))


@operation
def note_rule_error(db: Session, rule_id: Id, reason: str) -> None:
    """Remember why the rule could not be evaluated, until it can."""
    noted = update(TagRule).where(TagRule.id == as_uuid(rule_id)).values(last_error=reason)
    db.execute(noted.execution_options(synchronize_session=False))


@operation
def test_rule(
    db: Session,
    rule_criteria: RuleCriteria,
    *,
    limit: int = 100,  # noqa: PT028  the contract fixes the name, which is no test's
    visible_to: Id | None = None,  # noqa: PT028  likewise
) -> RuleTestResult:
    """Return what the criteria would match: the number, and up to `limit` devices by hostname.

    Nothing is written. Raises Invalid("rule_criteria").
    """
    check_page(0, limit)
    matches = compile_criteria(rule_criteria)
    conditions = [] if visible_to is None else [visible_devices(visible_to)]
    result = RuleTestResult(total_devices=0, matching_count=0, matching_devices=[])
    for page in _fact_pages(db, conditions):
        found = [
            MatchingDevice(
                id=device_id,
                hostname=str(facts["hostname"]),
                ip_address=str(facts["ip_address"]),
                device_type=str(facts["device_type"]),
            )
            for device_id, facts in page.items()
            if matches(facts)
        ]
        result["total_devices"] += len(page)
        result["matching_count"] += len(found)
        result["matching_devices"] += found[: limit - len(result["matching_devices"])]
    return result


def _rules() -> Select[TagRule]:
    loaded = select(TagRule).options(joinedload(TagRule.tag, innerjoin=True))
    return loaded.execution_options(populate_existing=True)


def _loaded(db: Session, rule_id: UUID) -> TagRule:
    return db.scalars(_rules().where(TagRule.id == rule_id)).one()


def _locked(db: Session, rule_id: Id) -> TagRule | None:
    """Return the rule, locked against its evaluation elsewhere until the transaction ends."""
    wanted = _rules().where(TagRule.id == as_uuid(rule_id))
    return db.scalar(wanted.with_for_update(of=TagRule))


def _filters(tag_id: Id | None, *, is_active: bool | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if tag_id is not None and str(tag_id).strip():
        wanted.append(TagRule.tag_id == as_uuid(tag_id))
    if is_active is not None:
        wanted.append(TagRule.is_active.is_(is_active))
    return wanted


def _checked_tag(db: Session, tag_id: Id) -> Tag:
    tag = db.scalar(select(Tag).where(Tag.id == as_uuid(tag_id)))
    if tag is None:
        raise Invalid("tag_id", f"there is no tag {tag_id}")
    if tag.is_default:
        raise Invalid("tag_id", f"the tag {tag.name} is on every device; no rule gives it")
    return tag


def _checked_values(db: Session, rule: TagRuleUpdate) -> dict[str, object]:
    """Return the column values of the fields that are given."""
    values: dict[str, object] = rule.model_dump(exclude_unset=True)
    if "name" in values:
        values["name_key"] = bounded_key(rule.name, MAX_RULE_NAME)
    if "tag_id" in values:
        values["tag_id"] = _checked_tag(db, rule.tag_id).id
    if "rule_criteria" in values:
        compile_criteria(rule.rule_criteria)
        values["last_error"] = None
    return values


def _still_there(db: Session, device_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of the devices that nobody deleted meanwhile, and keep anybody from it."""
    wanted = select(Device.id).where(Device.id.in_(device_ids)).order_by(Device.id)
    return list(db.scalars(wanted.with_for_update(read=True, key_share=True)))


def _fact_pages(
    db: Session, conditions: Sequence[ColumnElement[bool]] = ()
) -> Iterator[dict[UUID, Facts]]:
    """Yield the facts that rules look at, a page of devices at a time, by hostname."""
    columns = [getattr(Device, field) for field in RULE_FIELDS]
    wanted = select(Device.id, Device.hostname_key, *columns).where(*conditions)
    after = ""
    while True:
        page = wanted.where(Device.hostname_key > after).order_by(Device.hostname_key)
        rows = db.execute(page.limit(CHUNK)).mappings().all()
        if rows:
            yield {row["id"]: {field: row[field] for field in RULE_FIELDS} for row in rows}
        if len(rows) < CHUNK:
            return
        after = rows[-1]["hostname_key"]


def _applied(
    rule: TagRule,
    *,
    error: str | None = None,
    total: int = 0,
    matched: int = 0,
    added: int = 0,
    removed: int = 0,
) -> RuleApplyResult:
    return RuleApplyResult(
        success=error is None,
        error=error,
        rule_id=rule.id,
        rule_name=rule.name,
        tag_id=rule.tag_id,
        tag_name=rule.tag.name,
        total_devices=total,
        matched_devices=matched,
        added=added,
        removed=removed,
    )


def _audit(db: Session, event_name: str, rule: TagRule, changes: dict[str, JsonValue]) -> None:
    audit(
        db,
        event_name=event_name,
        target_type="tag_rule",
        target_id=rule.id,
        target_name=rule.name,
        description=f"{event_name.replace('_', ' ')}: {rule.name}",
        changes=changes,
    )
