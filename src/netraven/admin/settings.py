"""Settings that administrators edit while NetRaven runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from netraven.admin.audit import MASK, audit
from netraven.admin.backup_plan import follow_backup_settings
from netraven.admin.builtin_settings import (
    BUILTIN_SETTINGS,
    CATEGORIES,
    Builtin,
    check_value,
    is_blank,
    same_value,
)
from netraven.admin.changes import told_changes
from netraven.admin.declared_settings import BY_KEY, DECLARED_SETTINGS
from netraven.admin.setting_values import MASKED, open_setting, put_value
from netraven.admin.sso_settings import SSO_SETTINGS
from netraven.db import Id, as_uuid, guarded, insert_into, new_id, operation
from netraven.db.enums import EventType, ValueType
from netraven.db.paging import check_page, contains
from netraven.db.types import JsonValue, is_storable
from netraven.errors import Conflict, Corrupt, InUse, Invalid, KeyUnavailable
from netraven.models import AdminSetting
from netraven.schemas.setting import AdminSettingCreate, AdminSettingUpdate

_PLACES = {builtin.key: place for place, builtin in enumerate(DECLARED_SETTINGS)}
_BUILTINS = ("built-in settings", None)
# 1, 2, 3 ... within each category.
_ORDER = {
    key: order
    for category in {builtin.category for builtin in DECLARED_SETTINGS}
    for order, key in enumerate(
        (builtin.key for builtin in DECLARED_SETTINGS if builtin.category == category), start=1
    )
}


@operation
def get_admin_setting(db: Session, setting_id: Id) -> AdminSetting | None:
    """Return the setting, a sensitive value masked, or None."""
    return db.scalar(_settings().where(AdminSetting.id == as_uuid(setting_id)))


@operation
def get_admin_setting_by_key(db: Session, key: str) -> AdminSetting | None:
    """Return the setting of this key, a sensitive value masked, or None."""
    return db.scalar(_settings().where(_has_key(key)))


@operation
def get_admin_settings(  # noqa: PLR0917  the contract fixes this signature
    db: Session,
    skip: int = 0,
    limit: int = 100,
    category: str | None = None,
    search: str | None = None,
) -> list[AdminSetting]:
    """Return a page of settings by category and place; `search` looks into key and description."""
    check_page(skip, limit)
    wanted = _settings().where(*_matching(category, search))
    return list(db.scalars(_in_order(wanted).offset(skip).limit(limit)))


@operation
def count_admin_settings(
    db: Session, category: str | None = None, search: str | None = None
) -> int:
    """Return how many settings `get_admin_settings` would list without paging."""
    wanted = select(func.count()).select_from(AdminSetting)
    return db.scalars(wanted.where(*_matching(category, search))).one()


@operation
def get_admin_settings_by_category(db: Session) -> dict[str, list[AdminSetting]]:
    """Return all settings: first those of security, system and notification, then by name."""
    place = {category: index for index, category in enumerate(CATEGORIES)}
    ranked = case(place, value=AdminSetting.category, else_=len(place))
    rows = db.scalars(_in_order(_settings().order_by(ranked)))
    return {category: list(found) for category, found in groupby(rows, lambda row: row.category)}


@operation
def get_setting_value(db: Session, key: str) -> JsonValue:
    """Return the effective value: the stored one, else the built-in default.

    Sensitive values are opened, so this is for services, never for a reply. It is read at each
    use, so a running process follows every change. Raises Invalid("key") for a key that is
    neither stored nor built in.
    """
    columns = select(AdminSetting.id, AdminSetting.value, AdminSetting.is_sensitive)
    row = db.execute(columns.where(_has_key(key))).one_or_none()
    if row is not None:
        return open_setting(db, row.id) if row.is_sensitive else row.value
    if key not in BY_KEY:
        raise Invalid("key", f"{key} is not a setting")
    return BY_KEY[key].default


@operation
def get_number(db: Session, key: str) -> int:
    """Return the effective value of a setting that holds a whole number."""
    value = get_setting_value(db, key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid("key", f"{key} does not hold a number")
    return value


@operation
def create_admin_setting(db: Session, setting: AdminSettingCreate) -> AdminSetting:
    """Keep a setting of an own key.

    Raises Conflict("key") for one that exists or is built in, Invalid("value"), KeyUnavailable
    where a sensitive value cannot be sealed.
    """
    if setting.key in BY_KEY:
        raise Conflict("key", f"{setting.key} is built in")
    return _create(db, setting)


@operation
def upsert_admin_setting(db: Session, setting: AdminSettingCreate) -> AdminSetting:
    """Keep a setting of this key, or set the given fields of the one there is.

    Raises as `create_admin_setting` and `update_admin_setting` do, and Invalid("value_type") for
    another type than the setting's.
    """
    given = {field: getattr(setting, field) for field in setting.model_fields_set - {"key"}}
    if setting.key in BY_KEY:
        return _set_builtin(db, BY_KEY[setting.key], given)
    stored = _stored(db, _has_key(setting.key))
    if stored is None:
        try:
            return _create(db, setting)
        except Conflict:  # another writer was first
            stored = _stored(db, _has_key(setting.key))
            if stored is None:
                raise
    return _update(db, stored, given)


@operation
def update_admin_setting(
    db: Session, setting_id: Id, setting_update: AdminSettingUpdate
) -> AdminSetting | None:
    """Change what is given; None without a row.

    Raises Invalid("value"), and Invalid for `is_required` and `is_sensitive` of a built-in one.
    A secret becomes public only with a new value, else Invalid("is_sensitive").
    """
    stored = _stored(db, AdminSetting.id == as_uuid(setting_id))
    if stored is None:
        return None
    given = {field: getattr(setting_update, field) for field in setting_update.model_fields_set}
    return _update(db, stored, given)


@operation
def update_admin_setting_value(db: Session, key: str, value: JsonValue) -> AdminSetting | None:
    """Set the value, which every process works with at its next use; None without a row.

    Raises Invalid("value").
    """
    stored = _stored(db, _has_key(key))
    return None if stored is None else _update(db, stored, {"value": value})


@operation
def delete_admin_setting(db: Session, setting_id: Id) -> bool:
    """Remove a setting; False if there is none. Raises InUse for a built-in one."""
    stored = _stored(db, AdminSetting.id == as_uuid(setting_id))
    if stored is None:
        return False
    if stored.is_builtin:
        raise InUse(f"{stored.key} is built in; reset it instead")
    db.delete(db.get_one(AdminSetting, stored.id))
    db.flush()
    changes = told_changes({"value": _told(stored.value)}, {"value": None})
    _audit(db, "setting_deleted", (stored.key, stored.id), "deleted", changes=changes)
    return True


@operation
def reset_admin_settings(db: Session, keys: Sequence[str] | None = None) -> list[AdminSetting]:
    """Put built-in settings, or those of these keys, back to their defaults; return the changed.

    Raises Invalid("keys") for a key that is not built in.
    """
    if unknown := sorted(set(keys or ()) - BY_KEY.keys()):
        raise Invalid("keys", f"{', '.join(unknown)} is not a built-in setting")
    wanted = _settings().where(AdminSetting.key.in_(BY_KEY if keys is None else keys))
    rows = db.scalars(wanted.order_by(AdminSetting.id).with_for_update()).all()
    changed: dict[str, AdminSetting] = {}
    told: list[JsonValue] = []
    for row in rows:
        default = BY_KEY[row.key].default
        if not same_value(row.value, default):
            told.append({"key": row.key, "before": _told(row.value), "after": default})
            put_value(db, row, default)
            changed[row.key] = row
    db.flush()
    if changed:
        _follow(db, changed)
        _audit(db, "settings_reset", _BUILTINS, "reset", changes={"settings": told})
    return [changed[key] for key in BY_KEY if key in changed]


@operation
def initialize_default_settings(db: Session) -> list[AdminSetting]:
    """Store the built-in settings that are missing, with their defaults, and return these."""
    return _initialize(db, BUILTIN_SETTINGS)


@operation
def initialize_sso_settings(db: Session) -> list[AdminSetting]:
    """Store the settings of single sign-on that are missing, all of it off; return these."""
    return _initialize(db, SSO_SETTINGS)


def _settings() -> Select[AdminSetting]:
    return select(AdminSetting).execution_options(populate_existing=True)


def _in_order(wanted: Select[AdminSetting]) -> Select[AdminSetting]:
    place = (AdminSetting.category, AdminSetting.display_order, AdminSetting.key)
    return wanted.order_by(*place, AdminSetting.id)


def _has_key(key: str) -> ColumnElement[bool]:
    return AdminSetting.key == (key if is_storable(key) else "")


def _matching(category: str | None, search: str | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if category and (text := category.strip()):
        wanted.append(AdminSetting.category == (text if is_storable(text) else ""))
    if search and (text := search.strip()):
        columns = (AdminSetting.key, AdminSetting.description)
        wanted.append(or_(*(contains(column, text) for column in columns)))
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A row's columns as the database has them, whatever was edited in hand."""

    id: UUID
    key: str
    value: JsonValue
    value_type: ValueType
    description: str | None
    is_required: bool
    is_sensitive: bool
    display_order: int
    is_builtin: bool


def _stored(db: Session, condition: ColumnElement[bool]) -> _Stored | None:
    columns = [getattr(AdminSetting, field.name) for field in fields(_Stored)]
    # A value that was edited in place reaches the row only after what it was before is known.
    with db.no_autoflush:
        found = db.execute(select(*columns).where(condition).with_for_update()).one_or_none()
    return None if found is None else _Stored(**found._mapping)  # noqa: SLF001  it is public


def _create(db: Session, setting: AdminSettingCreate) -> AdminSetting:
    if setting.is_sensitive and setting.value == MASKED:
        raise Invalid("value", "is the mask of a secret; give the secret itself")
    row = AdminSetting(
        id=new_id(),
        category=_category(setting.key),
        is_builtin=False,
        **setting.model_dump(exclude={"value"}),
    )
    put_value(db, row, _checked(row, setting.value))
    with guarded(db):
        db.add(row)
    changes = told_changes({}, {"value": _told(row.value), "is_sensitive": row.is_sensitive})
    _audit(db, "setting_created", (row.key, row.id), "created", changes=changes)
    return row


def _update(db: Session, stored: _Stored, given: Mapping[str, JsonValue]) -> AdminSetting:
    row, changes = _change(db, stored, given)
    if changes:
        _audit(db, "setting_updated", (row.key, row.id), _verb(changes), changes=changes)
    return row


def _set_builtin(db: Session, builtin: Builtin, given: Mapping[str, JsonValue]) -> AdminSetting:
    """Set the given fields of a built-in setting, stored now if it was missing."""
    with guarded(db):
        made = _insert_builtins(db, [builtin])
        stored = _stored(db, _has_key(builtin.key))
        if stored is None:
            raise Conflict("key", f"{builtin.key} was deleted meanwhile")
        row, changes = _change(db, stored, given)
    if made or changes:
        name, verb = ("setting_created", "created") if made else ("setting_updated", _verb(changes))
        _audit(db, name, (row.key, row.id), verb, changes=changes)
    return row


def _change(
    db: Session, stored: _Stored, given: Mapping[str, JsonValue]
) -> tuple[AdminSetting, dict[str, JsonValue]]:
    """Change the given fields, and the automatic backup with them; return what changed."""
    if given.get("value_type", stored.value_type) != stored.value_type:
        raise Invalid("value_type", f"{stored.key} holds a {stored.value_type}")
    if stored.is_builtin and (fixed := given.keys() & {"is_required", "is_sensitive"}):
        raise Invalid(min(fixed), f"of the built-in setting {stored.key} does not change")
    row = db.scalars(_settings().where(AdminSetting.id == stored.id)).one()
    others = {field: value for field, value in given.items() if field != "value"}
    changes = told_changes(asdict(stored), others)
    with guarded(db):
        for field in changes:
            setattr(row, field, others[field])
        changes |= _change_value(db, stored, row, given)
    if "value" in changes:
        _follow(db, [row.key])
    return row, changes


def _change_value(
    db: Session, stored: _Stored, row: AdminSetting, given: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Store the given value, or the kept one anew where it becomes a secret; return the change."""
    turns = stored.is_sensitive != row.is_sensitive
    if "value" in given and not (stored.is_sensitive and given["value"] == MASKED):
        value = _checked(row, given["value"])
        if not turns and _holds(db, stored, value):
            return {}
    elif row.is_required and is_blank(stored.value):
        raise Invalid("value", f"{row.key} needs a value")
    elif not turns:
        return {}
    elif stored.value == MASKED:
        raise Invalid("is_sensitive", "a secret becomes public only with a new value")
    else:
        value = stored.value
    put_value(db, row, value)
    before = MASK if row.is_sensitive and not is_blank(stored.value) else _told(stored.value)
    return {"value": {"before": before, "after": _told(row.value)}}


def _checked(row: AdminSetting, value: JsonValue) -> JsonValue:
    """Return the value; raises Invalid("value") where the row cannot hold it."""
    if row.is_required and is_blank(value):
        raise Invalid("value", f"{row.key} needs a value")
    if value is not None:
        check_value(value, row.value_type)
        if row.key in BY_KEY:
            BY_KEY[row.key].check(value)
    return value


def _holds(db: Session, stored: _Stored, value: JsonValue) -> bool:
    """Tell whether the row holds this value already; a secret that cannot be read is another."""
    if not stored.is_sensitive:
        return same_value(stored.value, value)
    try:
        return same_value(open_setting(db, stored.id), value or "")
    except (KeyUnavailable, Corrupt):
        return False


def _told(value: JsonValue) -> JsonValue:
    return MASK if value == MASKED else value


def _follow(db: Session, keys: Iterable[str]) -> None:
    if any(key.startswith("system.backup.") for key in keys):
        follow_backup_settings(
            db,
            is_enabled=bool(get_setting_value(db, "system.backup.enabled")),
            every_hours=get_number(db, "system.backup.frequency_hours"),
        )


def _initialize(db: Session, builtins: Sequence[Builtin]) -> list[AdminSetting]:
    made = _insert_builtins(db, builtins)
    if made:
        changes: dict[str, JsonValue] = {"keys": [row.key for row in made]}
        _audit(db, "settings_initialized", _BUILTINS, "stored", changes=changes)
    return made


def _insert_builtins(db: Session, builtins: Sequence[Builtin]) -> list[AdminSetting]:
    """Store those that are missing, and return them in the order of all built-in settings."""
    values = [
        {
            "id": new_id(),
            "key": builtin.key,
            "value": builtin.default,
            "value_type": builtin.value_type,
            "category": builtin.category,
            "description": builtin.meaning,
            "is_required": builtin.is_required,
            "is_sensitive": builtin.is_sensitive,
            "display_order": _ORDER[builtin.key],
            "is_builtin": True,
        }
        for builtin in builtins
    ]
    # Another process may insert the same rows: those that are there count, whoever made them.
    added = insert_into(db, AdminSetting).values(values).on_conflict_do_nothing()
    made = db.scalars(added.returning(AdminSetting.id)).all()
    rows = db.scalars(_settings().where(AdminSetting.id.in_(made)))
    return sorted(rows, key=lambda row: _PLACES[row.key])


def _category(key: str) -> str:
    return key.partition(".")[0]


def _verb(changes: Mapping[str, JsonValue]) -> str:
    return f"changed {', '.join(changes)} of"


def _audit(
    db: Session,
    event_name: str,
    target: tuple[str, UUID | None],
    verb: str,
    *,
    changes: dict[str, JsonValue],
) -> None:
    name, target_id = target
    audit(
        db,
        event_type=EventType.ADMIN,
        event_name=event_name,
        target_type="setting",
        target_id=target_id,
        target_name=name,
        description=f"{verb} {name}" if target_id is None else f"{verb} the setting {name}",
        changes=changes,
    )
