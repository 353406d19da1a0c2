"""Users are found, listed, made, changed and deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import select, text

from netraven.admin.passwords import verify_password
from netraven.admin.users import (
    change_password,
    count_users,
    create_user,
    delete_user,
    get_user,
    get_user_by_email,
    get_user_by_username,
    get_users,
    record_failed_login,
    reset_password,
    update_user,
    update_user_last_login,
)
from netraven.db import Id, new_id
from netraven.db.enums import JobType, Role, ScheduleType, TargetKind
from netraven.errors import Conflict, InUse, Invalid
from netraven.models import Device, JobLog, ScheduledJob, User, UserTag
from netraven.schemas.user import UserCreate, UserRead, UserSelfUpdate, UserUpdate
from tests.admin.conftest import PASSWORD, Staff

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_user_is_stored_with_what_was_given(staff: Staff) -> None:
    core = staff.add_tag("core")
    user_id = staff.add(
        " Ana ",
        email=" Ana@Example.com ",
        full_name=" Ana Ng ",
        role="operator",
        limited_to_tags=True,
        tag_ids=[str(core)],
        notification_preferences={"notification_frequency": "daily"},
    )

    shown = UserRead.model_validate(staff.read(user_id))

    assert (shown.username, shown.email, shown.full_name) == ("Ana", "Ana@Example.com", "Ana Ng")
    assert (shown.role, shown.is_active, shown.limited_to_tags) == (Role.OPERATOR, True, True)
    assert shown.notification_preferences.model_dump(mode="json") == {
        "email_notifications": True,
        "email_on_job_completion": True,
        "email_on_job_failure": True,
        "notification_frequency": "daily",
    }
    with staff.database.unit() as db:
        assert db.scalars(select(UserTag.tag_id).where(UserTag.user_id == user_id)).all() == [core]


def test_times_are_those_of_the_caller(staff: Staff) -> None:
    create = UserCreate(username="ana", email="a@b", password=SecretStr(PASSWORD))

    row = staff.database.run(create_user, create, now=NOON.replace(tzinfo=None))
    staff.database.run(update_user, row.id, UserUpdate(full_name="Ana"), now=NOON.replace(hour=13))

    stored = staff.read(row.id)
    assert (stored.created_at, stored.updated_at) == (NOON, NOON.replace(hour=13))


def test_a_password_is_stored_as_its_hash_only(staff: Staff) -> None:
    user_id = staff.add(password="Canary-horse-7")

    hashed = staff.read(user_id).password_hash
    with staff.database.unit() as db:
        tables = [str(db.execute(text(f"SELECT * FROM {name}")).all()) for name in _TABLES]

    assert hashed.startswith("$argon2id$")
    assert verify_password(hashed, "Canary-horse-7").ok
    assert not any("Canary" in table for table in tables)
    assert "Canary" not in repr(staff.read(user_id))


_TABLES = ("users", "audit_events")


def test_a_refused_password_stands_in_no_error(staff: Staff) -> None:
    with pytest.raises(Invalid) as weak:
        staff.add(password="canary")
    with pytest.raises(ValidationError) as refused:
        UserCreate(username="", email="a@b", password=SecretStr("canary"))

    assert weak.value.field == "password"
    assert "canary" not in f"{weak.value}{refused.value!r}{refused.value}"
    assert staff.database.run(count_users) == 0


@pytest.mark.parametrize("name", ["", ".dot", "a b", "a" * 65, "ä", "a\nb"])
def test_a_username_has_only_plain_characters(name: str) -> None:
    with pytest.raises(ValidationError):
        UserUpdate(username=name)


@pytest.mark.parametrize("email", ["", "a", "a@", "@b", "a@b@c", "a b@c", f"{'a' * 250}@b.ch"])
def test_an_address_has_one_at_sign(email: str) -> None:
    with pytest.raises(ValidationError):
        UserUpdate(email=email)


def test_names_and_addresses_are_found_whatever_their_case(staff: Staff) -> None:
    user_id = staff.add("admin", email="admin@lab.local")

    found = [
        staff.database.run(get_user, str(user_id)),
        staff.database.run(get_user_by_username, " ADMIN "),
        staff.database.run(get_user_by_email, "Admin@Lab.Local"),
    ]

    assert [row.id for row in found if row] == [user_id] * 3


@pytest.mark.parametrize("unstorable", ["a\0", "\udc80"])
def test_what_no_database_can_hold_is_found_nowhere(staff: Staff, unstorable: str) -> None:
    staff.add()

    assert staff.database.run(get_user_by_username, unstorable) is None
    assert staff.database.run(get_user_by_email, unstorable) is None
    assert staff.database.run(get_users, search=unstorable) == []


@pytest.mark.parametrize(
    ("field", "fields"),
    [("username", {"email": "other@example.com"}), ("email", {"email": "BOB@example.com"})],
)
def test_names_and_addresses_are_taken_whatever_their_case(
    staff: Staff, field: str, fields: dict[str, str]
) -> None:
    staff.add("bob")

    with pytest.raises(Conflict) as caught:
        staff.add("Bob" if field == "username" else "rob", **fields)

    assert caught.value.field == field
    assert staff.database.run(count_users) == 1


def test_an_unknown_tag_leaves_no_user_behind(staff: Staff) -> None:
    with staff.database.unit() as db:
        create = UserCreate(
            username="ana", email="a@b", password=SecretStr(PASSWORD), tag_ids=[new_id()]
        )
        with pytest.raises(Invalid) as caught:
            create_user(db, create)

    assert caught.value.field == "tag_ids"
    assert staff.database.run(count_users) == 0
    assert staff.events() == []


def test_lists_are_filtered_sorted_and_counted(staff: Staff) -> None:
    staff.add("dora", role="admin")
    staff.add("Ana", full_name="Ana_Ng")
    staff.add("bob", role="admin", is_active=False)
    staff.add("Carl", email="carl@lab.local")

    def names(**filters: object) -> list[str]:
        rows = staff.database.run(get_users, 0, 100, **filters)  # type: ignore[arg-type]
        assert staff.database.run(count_users, **filters) == len(rows)  # type: ignore[arg-type]
        return [row.username for row in rows]

    assert names() == ["Ana", "bob", "Carl", "dora"]
    assert names(role="admin") == ["bob", "dora"]
    assert names(role="admin", is_active=True) == ["dora"]
    assert names(role=" ", search="") == ["Ana", "bob", "Carl", "dora"]
    assert names(search="LAB.local") == ["Carl"]
    assert names(search="_") == ["Ana"]
    assert names(search="example", is_active=True) == ["Ana", "dora"]
    with pytest.raises(Invalid, match="role"):
        names(role="root")


def test_pages_do_not_overlap(staff: Staff) -> None:
    for name in ("a", "b", "c"):
        staff.add(name)

    pages = [staff.database.run(get_users, skip, 2) for skip in (0, 2)]

    assert [[row.username for row in page] for page in pages] == [["a", "b"], ["c"]]
    with pytest.raises(Invalid, match="limit"):
        staff.database.run(get_users, 0, 1001)


@pytest.mark.parametrize("absent", ["", "not-a-uuid", "00000000-0000-7000-8000-000000000000"])
def test_an_absent_user_raises_nothing(staff: Staff, absent: str) -> None:
    run = staff.database.run

    assert run(get_user, absent) is None
    assert run(update_user, absent, UserUpdate(role=Role.VIEWER)) is None
    assert run(change_password, absent, "x", PASSWORD) is False
    assert run(reset_password, absent, PASSWORD) is False
    assert run(update_user_last_login, absent) is None
    assert run(record_failed_login, absent) is None
    assert run(delete_user, absent) is False


def test_null_clears_and_left_out_keeps(staff: Staff) -> None:
    user_id = staff.add(full_name="Ana", role="operator")

    staff.update(user_id, full_name=None)
    assert (staff.read(user_id).full_name, staff.read(user_id).role) == (None, Role.OPERATOR)

    staff.update(user_id, email="new@example.com", username="anna")
    assert staff.read(user_id).username == "anna"
    assert staff.database.run(get_user_by_email, "NEW@example.com") is not None


@pytest.mark.parametrize(
    "field",
    [
        "username",
        "email",
        "role",
        "is_active",
        "limited_to_tags",
        "tag_ids",
        "notification_preferences",
    ],
)
def test_null_is_refused_where_a_value_is_needed(field: str) -> None:
    with pytest.raises(ValidationError):
        UserUpdate.model_validate({field: None})


@pytest.mark.parametrize("field", ["username", "role", "is_active", "password", "tag_ids"])
def test_users_cannot_change_their_own_rights(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        UserSelfUpdate.model_validate({field: "admin"})


def test_preferences_are_merged(staff: Staff) -> None:
    user_id = staff.add(notification_preferences={"email_on_job_failure": False})

    update = UserSelfUpdate.model_validate(
        {"notification_preferences": {"notification_frequency": "hourly"}}
    )
    staff.database.run(update_user, user_id, update)

    preferences = staff.read(user_id).notification_preferences
    assert preferences["notification_frequency"] == "hourly"
    assert preferences["email_on_job_failure"] is False
    assert preferences["email_notifications"] is True


def test_a_change_of_nothing_leaves_no_trace(staff: Staff) -> None:
    core = staff.add_tag("core")
    user_id = staff.add(tag_ids=[core])
    before = staff.read(user_id).updated_at

    same = {"username": "ana", "role": "viewer", "is_active": True, "tag_ids": [str(core)]}
    staff.update(user_id, **same, notification_preferences={"email_notifications": True})
    staff.update(user_id)

    assert staff.read(user_id).updated_at == before
    assert [event.event_name for event in staff.events()] == ["user_created"]


def test_given_tags_replace_those_before(staff: Staff) -> None:
    core, edge, lab = (staff.add_tag(name) for name in ("core", "edge", "lab"))
    user_id = staff.add(tag_ids=[core, edge])

    staff.update(user_id, tag_ids=[edge, lab, lab])

    with staff.database.unit() as db:
        tags = db.scalars(select(UserTag.tag_id).where(UserTag.user_id == user_id))
        assert set(tags) == {edge, lab}
    assert staff.events()[-1].changes == {
        "tags": {"before": ["core", "edge"], "after": ["edge", "lab"]}
    }


def test_a_change_is_one_event(staff: Staff) -> None:
    user_id = staff.add()

    staff.update(user_id, role="operator", full_name="Ana")

    created, updated = staff.events()
    assert (created.event_name, created.target_name) == ("user_created", "ana")
    assert (updated.event_name, updated.target_id) == ("user_updated", str(user_id))
    assert updated.changes == {
        "role": {"before": "viewer", "after": "operator"},
        "full_name": {"before": None, "after": "Ana"},
    }


def test_another_role_or_a_deactivation_ends_every_login(staff: Staff) -> None:
    user_id = staff.add()

    def epoch_after(**change: object) -> int:
        staff.update(user_id, **change)
        return staff.read(user_id).session_epoch

    assert epoch_after(full_name="Ana") == 0
    assert epoch_after(role="operator") == 1
    assert epoch_after(role="operator", is_active=True) == 1
    assert epoch_after(is_active=False) == 2
    assert epoch_after(is_active=True) == 2


def test_changing_a_password_needs_the_present_one(staff: Staff) -> None:
    user_id = staff.add()

    with pytest.raises(Invalid) as caught:
        staff.database.run(change_password, user_id, "wrong", "Battery-staple-8")
    assert caught.value.field == "current_password"
    assert verify_password(staff.read(user_id).password_hash, PASSWORD).ok

    assert staff.database.run(change_password, user_id, PASSWORD, "Battery-staple-8")
    row = staff.read(user_id)
    assert verify_password(row.password_hash, "Battery-staple-8").ok
    assert not verify_password(row.password_hash, PASSWORD).ok
    assert row.session_epoch == 1
    assert staff.events()[-1].changes == {"password": {"before": "***", "after": "***"}}


def test_the_policy_holds_for_changes_too(staff: Staff) -> None:
    user_id = staff.add()

    with pytest.raises(Invalid, match="password"):
        staff.database.run(change_password, user_id, PASSWORD, "weak")
    with pytest.raises(Invalid, match="password"):
        staff.database.run(reset_password, user_id, "weak")

    assert verify_password(staff.read(user_id).password_hash, PASSWORD).ok
    assert len(staff.events()) == 1


def test_a_reset_lets_a_locked_user_in_again(staff: Staff) -> None:
    user_id = staff.add()
    for _ in range(5):
        staff.database.run(record_failed_login, user_id)

    assert staff.database.run(reset_password, user_id, "Battery-staple-8")

    row = staff.read(user_id)
    assert verify_password(row.password_hash, "Battery-staple-8").ok
    assert (row.failed_logins, row.locked_until, row.session_epoch) == (0, None, 1)


class Estate:
    """A user with a device, two schedules and a run, and another to take them over."""

    def __init__(self, staff: Staff) -> None:
        self.ana = staff.add("ana")
        self.bob = staff.add("bob")
        self.device = staff.add_device("sw-1", self.ana)
        with staff.database.unit() as db:
            mine, system = (_schedule(self.ana, is_system=flag) for flag in (False, True))
            run = JobLog(job_type=JobType.BACKUP, created_by=self.ana, actor_name="ana")
            db.add_all([mine, system, run])
            db.flush()
            self.mine, self.system, self.run = mine.id, system.id, run.id


@pytest.fixture
def estate(staff: Staff) -> Estate:
    return Estate(staff)


def test_what_a_deleted_user_had_goes_to_the_heir(staff: Staff, estate: Estate) -> None:
    assert staff.database.run(delete_user, estate.ana, reassign_to=str(estate.bob))

    assert staff.database.run(get_user, estate.ana) is None
    with staff.database.unit() as db:
        assert db.get_one(Device, estate.device).owner_id == estate.bob
        for schedule_id in (estate.mine, estate.system):
            schedule = db.get_one(ScheduledJob, schedule_id)
            assert (schedule.created_by, schedule.enabled) == (estate.bob, True)
            assert schedule.created_by_name == "ana"
        run = db.get_one(JobLog, estate.run)
        assert (run.created_by, run.actor_name) == (None, "ana")
    assert staff.events()[-1].changes == {"devices": 1, "schedules": 2, "reassigned_to": "bob"}
    assert staff.events()[0].target_name == "ana"


def test_without_an_heir_only_schedules_of_the_system_go_on(staff: Staff, estate: Estate) -> None:
    with staff.database.unit() as db:
        db.get_one(Device, estate.device).owner_id = None

    assert staff.database.run(delete_user, estate.ana)

    with staff.database.unit() as db:
        mine, system = (db.get_one(ScheduledJob, one) for one in (estate.mine, estate.system))
        assert (mine.created_by, mine.enabled, mine.next_run) == (None, False, None)
        assert mine.revision == 1
        assert (system.created_by, system.enabled, system.next_run) == (None, True, NOON)


def test_devices_need_an_heir(staff: Staff, estate: Estate) -> None:
    with pytest.raises(InUse, match="1 device"):
        staff.database.run(delete_user, estate.ana)

    assert staff.read(estate.ana).username == "ana"


@pytest.mark.parametrize("kind", ["absent", "malformed", "inactive", "itself"])
def test_an_heir_is_another_active_user(staff: Staff, estate: Estate, kind: str) -> None:
    heirs: dict[str, Id] = {
        "absent": new_id(),
        "malformed": "not-a-uuid",
        "inactive": staff.add("carl", is_active=False),
        "itself": estate.ana,
    }

    with pytest.raises(Invalid) as caught:
        staff.database.run(delete_user, estate.ana, reassign_to=heirs[kind])

    assert caught.value.field == "reassign_to"
    assert staff.read(estate.ana).username == "ana"


def test_a_deleted_user_takes_their_tags_along(staff: Staff) -> None:
    user_id = staff.add(tag_ids=[staff.add_tag("core")])

    assert staff.database.run(delete_user, user_id)

    with staff.database.unit() as db:
        assert db.scalars(select(UserTag)).all() == []
        assert db.scalars(select(User)).all() == []


def _schedule(user_id: UUID, *, is_system: bool) -> ScheduledJob:
    return ScheduledJob(
        name="nightly",
        job_type=JobType.BACKUP,
        schedule_type=ScheduleType.DAILY,
        schedule_time="10:30",
        timezone="UTC",
        targets=TargetKind.ALL,
        is_system=is_system,
        next_run=NOON,
        created_by=user_id,
        created_by_name="ana",
    )
