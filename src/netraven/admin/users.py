"""Users: found, listed, made, changed, locked out and deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from netraven import clock
from netraven.admin.audit import MASK, audit
from netraven.admin.changes import told_changes
from netraven.admin.passwords import check_password_policy, hash_password, verify_password
from netraven.admin.settings import get_number
from netraven.db import Id, UtcDateTime, as_uuid, guarded, name_key, new_id, operation
from netraven.db.enums import EventType, Role
from netraven.db.paging import check_page, contains
from netraven.db.types import JsonValue, is_storable
from netraven.errors import Conflict, InUse, Invalid
from netraven.models import Device, ScheduledJob, Tag, User, UserIdentity, UserTag
from netraven.schemas.user import MAX_EMAIL, UserCreate, UserSelfUpdate, UserUpdate

# What stands in the hash's place for users whom others prove: it fits no password.
NO_PASSWORD = ""

_APART = {"password", "tag_ids", "notification_preferences"}


@operation
def get_user(db: Session, user_id: Id) -> User | None:
    """Return the user, or None."""
    return db.scalar(_users().where(User.id == as_uuid(user_id)))


@operation
def get_user_by_email(db: Session, email: str) -> User | None:
    """Return the user with this address, case ignored, or None."""
    return _named(db, User.email_key, email)


@operation
def get_user_by_username(db: Session, username: str) -> User | None:
    """Return the user of this name, case ignored, or None."""
    return _named(db, User.username_key, username)


@operation
def get_users(
    db: Session,
    skip: int = 0,
    limit: int = 100,
    *,
    role: str | None = None,
    is_active: bool | None = None,
    search: str | None = None,
) -> list[User]:
    """Return a page of users by name; `search` looks into user name, address and full name.

    Raises Invalid("role") for what is no role.
    """
    check_page(skip, limit)
    wanted = _matching(role=role, is_active=is_active, search=search)
    page = _users().where(*wanted).order_by(User.username_key, User.id)
    return list(db.scalars(page.offset(skip).limit(limit)))


@operation
def count_users(
    db: Session,
    *,
    role: str | None = None,
    is_active: bool | None = None,
    search: str | None = None,
) -> int:
    """Return how many users `get_users` would list without paging."""
    wanted = _matching(role=role, is_active=is_active, search=search)
    return db.scalars(select(func.count()).select_from(User).where(*wanted)).one()


@operation
def create_user(db: Session, user: UserCreate, *, now: datetime | None = None) -> User:
    """Make a user; the password is kept as its argon2id hash only.

    Raises Invalid("password") where the policy asks for more, Invalid("tag_ids") for an absent
    tag, Conflict("username"), Conflict("email").
    """
    password = user.password.get_secret_value()
    check_password_policy(db, password)
    row, tags = _added(db, user, hash_password(password), clock.moment(now))
    given = {"email": row.email, "role": row.role.value, "is_active": row.is_active}
    limits: dict[str, JsonValue] = {"limited_to_tags": row.limited_to_tags, "tags": [*tags]}
    _audit(db, "user_created", row, f"created the user {row.username}", changes={**given, **limits})
    return row


@operation
def add_user_without_password(
    db: Session, user: UserCreate, *, now: datetime | None = None
) -> User:
    """Make a user whom others prove, so that no password fits; a part of operations.

    Raises as `create_user` does, but for the password.
    """
    row, _ = _added(db, user, NO_PASSWORD, clock.moment(now))
    return row


@operation
def update_user(
    db: Session,
    user_id: Id,
    user_update: UserUpdate | UserSelfUpdate,
    *,
    now: datetime | None = None,
) -> User | None:
    """Change what is given; another role or a deactivation ends every login of the user.

    Raises InUse where nobody would be left as active administrator, Invalid("tag_ids") for an
    absent tag, Conflict("username"), Conflict("email").
    """
    given = user_update.model_dump(exclude_unset=True, exclude=_APART)
    ends_admin = given.get("role", Role.ADMIN) != Role.ADMIN or not given.get("is_active", True)
    admins = _locked_admins(db) if ends_admin else []
    row = _locked(db, user_id, is_removed=False)
    if row is None:
        return None
    if ends_admin:
        _check_admins_remain(row, admins)
    given |= _keys_and_preferences(row, user_update)
    before = {field: getattr(row, field) for field in given}
    changed = {field: value for field, value in given.items() if before[field] != value}
    changes = told_changes(before, changed)
    with guarded(db):
        if changed:
            _apply(row, changed, moment=clock.moment(now))
        if isinstance(user_update, UserUpdate) and "tag_ids" in user_update.model_fields_set:
            had, has = _replace_tags(db, row.id, user_update.tag_ids)
            changes |= told_changes({"tags": had}, {"tags": has})
    if changes:
        sentence = f"changed {', '.join(changes)} of the user {row.username}"
        _audit(db, "user_updated", row, sentence, changes=changes)
    return row


@operation
def change_password(db: Session, user_id: Id, current_password: str, new_password: str) -> bool:
    """Set the password of a user who knows the present one, which ends their other logins.

    False if there is none. Raises Invalid("current_password"), Invalid("password"), and
    Conflict("identity") for a user whom others prove.
    """
    row = _locked(db, user_id, is_removed=False)
    if row is None:
        return False
    _check_own_password(db, row)
    if not verify_password(row.password_hash, current_password).ok:
        raise Invalid("current_password", "is not the user's password")
    _set_password(db, row, new_password)
    _audit_password(db, "password_changed", row, f"changed the password of {row.username}")
    return True


@operation
def reset_password(db: Session, user_id: Id, new_password: str) -> bool:
    """Set the password of a user who lost it, which ends their logins and their lock.

    False if there is none. Raises Invalid("password"), and Conflict("identity") for a user whom
    others prove.
    """
    row = _locked(db, user_id, is_removed=False)
    if row is None:
        return False
    _check_own_password(db, row)
    _set_password(db, row, new_password)
    row.failed_logins, row.locked_until = 0, None
    db.flush()
    _audit_password(db, "password_reset", row, f"reset the password of {row.username}")
    return True


@operation
def update_user_last_login(
    db: Session, user_id: Id, *, password_hash: str | None = None, now: datetime | None = None
) -> User | None:
    """Record a login that succeeded, with the renewed hash of its password where one is given."""
    values: dict[str, object] = {"last_login": clock.moment(now), "failed_logins": 0}
    if password_hash is not None:
        values["password_hash"] = password_hash
    return _recorded(db, user_id, {**values, "locked_until": None, "updated_at": User.updated_at})


@operation
def record_failed_login(db: Session, user_id: Id, *, now: datetime | None = None) -> User | None:
    """Count a login that failed; from the settings' limit on, each one locks the user.

    After a lock has passed the count begins anew.
    """
    moment = clock.moment(now)
    minutes = get_number(db, "security.login.lockout_minutes")
    limit = get_number(db, "security.login.max_failed_attempts")
    until = literal(moment + timedelta(minutes=minutes), UtcDateTime())
    has_passed = and_(User.locked_until.is_not(None), User.locked_until <= moment)
    # One statement, so that attempts at the same time are all counted.
    failed = case((has_passed, 1), else_=User.failed_logins + 1)
    kept = case((has_passed, None), else_=User.locked_until)
    locked = case((failed >= limit, until), else_=kept)
    return _recorded(db, user_id, {"failed_logins": failed, "locked_until": locked})


@operation
def delete_user(db: Session, user_id: Id, *, reassign_to: Id | None = None) -> bool:
    """Remove the user; devices and schedules go to `reassign_to`. False if there is none.

    Without it schedules but the system's own are disabled, and a user who owns devices is
    InUse, as is the last active administrator. What the user did keeps their name. Raises
    Invalid("reassign_to") for the user, or for one who is absent or inactive.
    """
    admins = _locked_admins(db)
    row = _locked(db, user_id, is_removed=True)
    if row is None:
        return False
    _check_admins_remain(row, admins)
    heir = None if reassign_to is None else _heir(db, row, reassign_to)
    devices = _pass_devices_on(db, row, heir)
    schedules = _pass_schedules_on(db, row, heir)
    db.execute(delete(User).where(User.id == row.id))
    changes: dict[str, JsonValue] = {
        "devices": devices,
        "schedules": schedules,
        "reassigned_to": heir.username if heir else None,
    }
    _audit(db, "user_deleted", row, f"deleted the user {row.username}", changes=changes)
    return True


def _added(
    db: Session, user: UserCreate, password_hash: str, moment: datetime
) -> tuple[User, list[str]]:
    """Return the user who is stored now, and the names of their tags."""
    row = User(
        id=new_id(),
        username_key=name_key(user.username),
        email_key=_email_key(user.email),
        password_hash=password_hash,
        notification_preferences=user.notification_preferences.model_dump(mode="json"),
        created_at=moment,
        updated_at=moment,
        **user.model_dump(exclude=_APART),
    )
    with guarded(db):
        db.add(row)
        db.flush()
        _, tags = _replace_tags(db, row.id, user.tag_ids)
    return row, tags


def _users() -> Select[User]:
    # Logins are counted in SQL, behind the back of rows in hand.
    return select(User).execution_options(populate_existing=True)


def _named(db: Session, column: InstrumentedAttribute[str], name: str) -> User | None:
    if not is_storable(name):
        return None
    return db.scalar(_users().where(column == name_key(name.strip())))


def _locked(db: Session, user_id: Id, *, is_removed: bool) -> User | None:
    locked = _users().where(User.id == as_uuid(user_id)).with_for_update(key_share=not is_removed)
    return db.scalar(locked)


def _locked_admins(db: Session) -> Sequence[UUID]:
    """Return the active administrators, who stay so until this unit ends.

    Their locks come before that of the user in question, so that two calls never wait for each
    other.
    """
    active = select(User.id).where(User.role == Role.ADMIN, User.is_active.is_(True))
    return db.scalars(active.order_by(User.id).with_for_update(key_share=True)).all()


def _check_admins_remain(row: User, admins: Sequence[UUID]) -> None:
    is_active_admin = row.role == Role.ADMIN and row.is_active
    if is_active_admin and not set(admins) - {row.id}:
        raise InUse(f"{row.username} is the last active administrator; make another one first")


def _matching(
    *, role: str | None, is_active: bool | None, search: str | None
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if role is not None and (text := role.strip()):
        if text not in {known.value for known in Role}:
            raise Invalid("role", f"{text!r} is not one of {', '.join(Role)}")
        wanted.append(User.role == Role(text))
    if is_active is not None:
        wanted.append(User.is_active.is_(is_active))
    if search is not None and (text := search.strip()):
        columns = (User.username, User.email, User.full_name)
        wanted.append(or_(*(contains(column, text) for column in columns)))
    return wanted


def _email_key(email: str) -> str:
    key = name_key(email)
    if len(key) > MAX_EMAIL:
        raise Invalid("email", f"is longer than {MAX_EMAIL} characters when its case is folded")
    return key


def _keys_and_preferences(row: User, given: UserUpdate | UserSelfUpdate) -> dict[str, object]:
    """Return what follows from the given fields: keys, and the merged preferences."""
    follows: dict[str, object] = {}
    if isinstance(given, UserUpdate) and "username" in given.model_fields_set:
        follows["username_key"] = name_key(given.username)
    if "email" in given.model_fields_set:
        follows["email_key"] = _email_key(given.email)
    if "notification_preferences" in given.model_fields_set:
        chosen = given.notification_preferences.model_dump(mode="json", exclude_unset=True)
        follows["notification_preferences"] = {**row.notification_preferences, **chosen}
    return follows


def _apply(row: User, changed: dict[str, object], *, moment: datetime) -> None:
    if "role" in changed or changed.get("is_active") is False:
        row.session_epoch += 1
    for field, value in changed.items():
        setattr(row, field, value)
    row.updated_at = moment


def _replace_tags(db: Session, user_id: UUID, tag_ids: Sequence[Id]) -> tuple[list[str], list[str]]:
    """Give the user exactly these tags, and return the names before and after."""
    wanted = {as_uuid(tag_id) for tag_id in tag_ids}
    rows = db.execute(select(Tag.id, Tag.name).where(Tag.id.in_(wanted - {None})))
    names = {row.id: row.name for row in rows}
    if absent := wanted - names.keys():
        raise Invalid("tag_ids", f"{len(absent)} of the tags do not exist")
    had = select(Tag.id, Tag.name).join(UserTag, UserTag.tag_id == Tag.id)
    before = {row.id: row.name for row in db.execute(had.where(UserTag.user_id == user_id))}
    dropped = [tag_id for tag_id in before if tag_id not in names]
    db.execute(delete(UserTag).where(UserTag.user_id == user_id, UserTag.tag_id.in_(dropped)))
    db.add_all(UserTag(user_id=user_id, tag_id=tag_id) for tag_id in names.keys() - before.keys())
    db.flush()
    return sorted(before.values()), sorted(names.values())


def _check_own_password(db: Session, row: User) -> None:
    kind = db.scalar(select(UserIdentity.kind).where(UserIdentity.user_id == row.id))
    if kind is not None:
        message = f"{row.username} logs in by {kind} and has no password here; unlink them first"
        raise Conflict("identity", message)


def _set_password(db: Session, row: User, password: str) -> None:
    check_password_policy(db, password)
    row.password_hash = hash_password(password)
    row.session_epoch += 1
    db.flush()


def _recorded(db: Session, user_id: Id, values: dict[str, object]) -> User | None:
    known = as_uuid(user_id)
    db.execute(
        update(User)
        .where(User.id == known)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    return db.scalar(_users().where(User.id == known))


def _heir(db: Session, row: User, reassign_to: Id) -> User:
    heir = db.scalar(_users().where(User.id == as_uuid(reassign_to)))
    if heir is None or not heir.is_active or heir.id == row.id:
        raise Invalid("reassign_to", "must be another user, who is active")
    return heir


def _pass_devices_on(db: Session, row: User, heir: User | None) -> int:
    """Return how many devices got the heir as owner; InUse where there is none to have them."""
    owned = Device.owner_id == row.id
    # No device can become the user's meanwhile: that would need their row, which is locked.
    count = db.scalars(select(func.count()).select_from(Device).where(owned)).one()
    if count and heir is None:
        raise InUse(f"{count} device(s) belong to {row.username}; say who takes them over")
    if heir is not None:
        db.execute(update(Device).where(owned).values(owner_id=heir.id))
    return count


def _pass_schedules_on(db: Session, row: User, heir: User | None) -> int:
    """Return how many schedules got the heir as creator, or were left without and disabled."""
    made = ScheduledJob.created_by == row.id
    count = db.scalars(select(func.count()).select_from(ScheduledJob).where(made)).one()
    edited = {"revision": ScheduledJob.revision + 1}
    if heir is not None:
        db.execute(update(ScheduledJob).where(made).values(created_by=heir.id, **edited))
        return count
    stopped = {"enabled": False, "next_run": None, **edited}
    db.execute(update(ScheduledJob).where(made, ScheduledJob.is_system.is_(False)).values(stopped))
    db.execute(update(ScheduledJob).where(made).values(created_by=None))
    return count


def _audit_password(db: Session, event_name: str, row: User, sentence: str) -> None:
    _audit(db, event_name, row, sentence, changes={"password": {"before": MASK, "after": MASK}})


def _audit(
    db: Session, event_name: str, row: User, sentence: str, *, changes: dict[str, JsonValue]
) -> None:
    audit(
        db,
        event_type=EventType.ADMIN,
        event_name=event_name,
        target_type="user",
        target_id=row.id,
        target_name=row.username,
        description=sentence,
        changes=changes,
    )
