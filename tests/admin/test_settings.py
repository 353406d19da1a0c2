"""Settings are read, listed, kept, changed, masked, reset and deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any, cast

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.builtin_settings import BUILTIN_SETTINGS
from netraven.admin.settings import (
    count_admin_settings,
    delete_admin_setting,
    get_admin_setting,
    get_admin_setting_by_key,
    get_admin_settings,
    get_admin_settings_by_category,
    initialize_default_settings,
    reset_admin_settings,
    update_admin_setting,
    update_admin_setting_value,
)
from netraven.db.enums import JobType, ScheduleType, TargetKind, ValueType
from netraven.errors import Conflict, InUse, Invalid
from netraven.models import AdminSetting, AuditEvent, ScheduledJob
from netraven.schemas.setting import AdminSettingCreate, AdminSettingUpdate
from tests.admin.conftest import Office
from tests.conftest import Database

PASSWORD = "notification.email.smtp_password"
LIMIT = "security.login.max_failed_attempts"


def test_initialising_makes_what_is_missing(bare_office: Office) -> None:
    database = bare_office.database

    made = database.run(initialize_default_settings)

    assert [row.key for row in made] == [one.key for one in BUILTIN_SETTINGS]
    assert len(made) == 34
    assert all(row.is_required != row.is_sensitive for row in made)
    assert database.run(initialize_default_settings) == []
    assert len(bare_office.events()) == 1


def test_initialising_keeps_what_was_edited(bare_office: Office) -> None:
    bare_office.upsert(LIMIT, 7)

    made = bare_office.database.run(initialize_default_settings)

    assert len(made) == 33
    assert bare_office.read(LIMIT).value == 7


def test_a_default_holds_until_something_is_stored(bare_office: Office) -> None:
    assert bare_office.effective(LIMIT) == 5
    bare_office.database.run(initialize_default_settings)
    assert bare_office.effective(LIMIT) == 5

    bare_office.set(LIMIT, 9)

    assert bare_office.effective(LIMIT) == 9


@pytest.mark.parametrize("key", ["no.such.key", "", "a\0b"])
def test_an_unknown_key_has_no_value(office: Office, key: str) -> None:
    with pytest.raises(Invalid) as caught:
        office.effective(key)

    assert caught.value.field == "key"
    assert office.database.run(get_admin_setting_by_key, key) is None
    assert office.set(key, 1) is None


def test_a_setting_is_found_by_both_forms_of_its_id(office: Office) -> None:
    setting_id = office.add()

    rows = [office.database.run(get_admin_setting, one) for one in (setting_id, str(setting_id))]

    assert [row.key for row in rows if row] == ["site.name", "site.name"]


@pytest.mark.parametrize("absent", ["", "not-a-uuid", "00000000-0000-7000-8000-000000000000"])
def test_an_absent_setting_raises_nothing(office: Office, absent: str) -> None:
    run = office.database.run

    assert run(get_admin_setting, absent) is None
    assert run(update_admin_setting, absent, AdminSettingUpdate(value=1)) is None
    assert run(delete_admin_setting, absent) is False


def test_lists_are_in_order_filtered_and_counted(office: Office) -> None:
    office.add("zone.first", "x", description="100%")
    office.add("area.last", "x")

    def keys(category: str | None = None, search: str | None = None) -> list[str]:
        rows = office.database.run(get_admin_settings, 0, 100, category, search)
        assert office.database.run(count_admin_settings, category, search) == len(rows)
        return [row.key for row in rows]

    assert keys()[0] == "area.last"
    assert keys()[1] == "notification.email.enabled"
    assert keys("security")[:2] == [
        "security.password_policy.min_length",
        "security.password_policy.require_uppercase",
    ]
    assert keys(search="LOCKOUT") == ["security.login.lockout_minutes"]
    assert keys(search="%") == ["zone.first"]
    assert keys(" ", " ") == keys()
    with pytest.raises(Invalid, match="skip"):
        office.database.run(get_admin_settings, -1)


def test_the_count_is_right_beyond_a_page(bare_office: Office) -> None:
    with bare_office.database.unit() as db:
        db.add_all(
            AdminSetting(key=f"a.k{n}", value=n, value_type=ValueType.NUMBER, category="a")
            for n in range(130)
        )

    assert bare_office.database.run(count_admin_settings) == 130
    assert len(bare_office.database.run(get_admin_settings, 100)) == 30


def test_categories_come_in_their_order(bare_office: Office) -> None:
    run = bare_office.database.run
    assert run(get_admin_settings_by_category) == {}
    run(initialize_default_settings)
    bare_office.add("zone.a", "x")
    bare_office.add("area.a", "x", display_order=2)
    bare_office.add("area.b", "x", display_order=1)

    found = run(get_admin_settings_by_category)

    assert list(found) == ["security", "system", "notification", "area", "zone"]
    assert [row.key for row in found["area"]] == ["area.b", "area.a"]
    assert [row.key for row in found["notification"]][-1] == PASSWORD


def test_create_never_overwrites(office: Office) -> None:
    office.add(value="first")

    for key in ("site.name", LIMIT):
        with pytest.raises(Conflict) as caught:
            office.add(key, "second")
        assert caught.value.field == "key"

    assert office.effective("site.name") == "first"


@pytest.mark.parametrize("key", ["", "plain", "A.b", "a.", ".a", "a b.c", f"{'a' * 65}.b"])
def test_a_key_has_parts_joined_by_dots(key: str) -> None:
    with pytest.raises(ValidationError):
        AdminSettingCreate(key=key, value=1)


def test_upsert_creates_and_sets_the_given_fields(office: Office) -> None:
    office.upsert("site.name", "here", description="where")

    office.upsert("site.name", "there")

    row = office.read("site.name")
    assert (row.value, row.description, row.category) == ("there", "where", "site")
    with pytest.raises(Invalid) as caught:
        office.upsert("site.name", 1, value_type="number")
    assert caught.value.field == "value_type"
    assert [event.event_name for event in office.events()[1:]] == [
        "setting_created",
        "setting_updated",
    ]


def test_a_built_in_one_that_is_missing_is_stored_by_an_upsert(bare_office: Office) -> None:
    with pytest.raises(Invalid, match="value"):
        bare_office.upsert(LIMIT, 0)
    assert bare_office.database.run(count_admin_settings) == 0

    bare_office.upsert(LIMIT, 5)
    bare_office.upsert(LIMIT, 5)

    row = bare_office.read(LIMIT)
    assert (row.value, row.is_builtin, row.is_required) == (5, True, True)
    assert [event.event_name for event in bare_office.events()] == ["setting_created"]


def test_two_upserts_at_once_leave_one_setting(sync_database: Database) -> None:
    office = Office(sync_database)
    together = Barrier(2)

    def upsert(value: str) -> None:
        together.wait()
        office.upsert("site.name", value)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upsert, ("one", "other")))

    assert office.effective("site.name") in {"one", "other"}
    assert sync_database.run(count_admin_settings) == 1


def test_a_required_setting_needs_a_value(office: Office) -> None:
    setting_id = office.add(is_required=True)

    for change in ({"value": None}, {"value": " "}):
        with pytest.raises(Invalid, match="value"):
            office.update(setting_id, **change)
    office.update(setting_id, is_required=False, value=None)

    assert office.effective("site.name") is None
    with pytest.raises(Invalid, match="value"):
        office.update(setting_id, is_required=True)


def test_key_category_and_type_never_change() -> None:
    for field in ("key", "category", "value_type", "is_builtin"):
        with pytest.raises(ValidationError):
            AdminSettingUpdate.model_validate({field: "x"})


@pytest.mark.parametrize("field", ["is_required", "is_sensitive"])
def test_built_in_flags_never_change(office: Office, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        office.update(office.read(LIMIT).id, **{field: False})

    assert caught.value.field == field


def test_a_change_is_one_event_and_a_change_of_nothing_none(office: Office) -> None:
    setting_id = office.read(LIMIT).id
    before = office.read(LIMIT).updated_at

    office.update(setting_id, value=5, display_order=8)
    assert office.read(LIMIT).updated_at == before
    office.update(setting_id, value=6, description="tries")

    assert office.read(LIMIT).updated_at > before
    assert len(office.events()) == 2
    event = office.events()[-1]
    assert (event.event_name, event.target_name) == ("setting_updated", LIMIT)
    assert event.changes == {
        "value": {"before": 5, "after": 6},
        "description": {"before": "failures until a user is locked", "after": "tries"},
    }


def test_true_is_another_value_than_one(office: Office) -> None:
    setting_id = office.add("own.json", [1], value_type="json")

    office.update(setting_id, value=[True])

    assert office.read(setting_id).value == [True]
    assert office.read(setting_id).value[0] is True  # type: ignore[index]


def test_a_json_value_edited_in_place_is_stored_and_told(office: Office) -> None:
    office.add("own.json", {"sites": ["a"]}, value_type="json")

    def edit(db: Session) -> None:
        row = get_admin_setting_by_key(db, "own.json")
        assert row is not None
        cast("Any", row.value)["sites"].append("b")
        update_admin_setting_value(db, "own.json", row.value)

    office.database.run_body(edit)

    assert office.read("own.json").value == {"sites": ["a", "b"]}
    assert office.events()[-1].changes == {
        "value": {"before": {"sites": ["a"]}, "after": {"sites": ["a", "b"]}}
    }


def test_own_settings_can_be_deleted_and_built_in_ones_not(office: Office) -> None:
    setting_id = office.add()

    assert office.database.run(delete_admin_setting, setting_id)
    with pytest.raises(InUse):
        office.database.run(delete_admin_setting, office.read(LIMIT).id)

    assert office.database.run(count_admin_settings) == 34
    assert office.events()[-1].event_name == "setting_deleted"


def test_reset_puts_only_the_named_ones_back(office: Office) -> None:
    office.set(LIMIT, 9)
    office.set("security.login.lockout_minutes", 60)
    office.set(PASSWORD, "canary-7")

    changed = office.database.run(reset_admin_settings, [LIMIT, PASSWORD])

    assert [row.key for row in changed] == [LIMIT, PASSWORD]
    assert office.effective(LIMIT) == 5
    assert office.effective(PASSWORD) == ""
    assert office.effective("security.login.lockout_minutes") == 60
    assert office.events()[-1].changes == {
        "settings": [
            {"key": LIMIT, "before": 9, "after": 5},
            {"key": PASSWORD, "before": "***", "after": ""},
        ]
    }


def test_reset_of_all_leaves_own_settings(office: Office) -> None:
    office.add(value="mine")
    office.set(LIMIT, 9)

    assert len(office.database.run(reset_admin_settings)) == 1
    assert office.database.run(reset_admin_settings) == []
    assert office.database.run(reset_admin_settings, []) == []

    assert office.effective("site.name") == "mine"
    assert len(office.events()) == 4


@pytest.mark.parametrize("key", ["site.name", "no.such"])
def test_only_built_in_ones_are_reset(office: Office, key: str) -> None:
    office.add()
    office.set(LIMIT, 9)

    with pytest.raises(Invalid) as caught:
        office.database.run(reset_admin_settings, [LIMIT, key])

    assert caught.value.field == "keys"
    assert office.effective(LIMIT) == 9


def test_the_automatic_backup_follows_its_settings(office: Office) -> None:
    with office.database.unit() as db:
        db.add(
            ScheduledJob(
                name="Automatic backup",
                job_type=JobType.BACKUP,
                schedule_type=ScheduleType.INTERVAL,
                schedule_interval=24 * 3600,
                timezone="UTC",
                targets=TargetKind.ALL,
                is_system=True,
                next_run=clock.now() + timedelta(hours=24),
                created_by_name="system",
            )
        )

    def backup() -> ScheduledJob:
        with office.database.unit() as db:
            return db.scalars(select(ScheduledJob)).one()

    office.set("system.backup.frequency_hours", 6)
    plan = backup()
    assert (plan.schedule_interval, plan.enabled) == (6 * 3600, True)
    assert plan.next_run is not None
    assert plan.next_run <= clock.now() + timedelta(hours=6)

    office.set("system.backup.enabled", value=False)
    assert (backup().enabled, backup().next_run) == (False, None)

    office.database.run(reset_admin_settings)
    assert (backup().enabled, backup().schedule_interval) == (True, 24 * 3600)
    assert backup().next_run is not None
    assert backup().revision == 3


def test_nothing_is_stored_of_a_refused_change(office: Office) -> None:
    setting_id = office.read(LIMIT).id

    with office.database.unit() as db:
        with pytest.raises(Invalid):
            update_admin_setting(db, setting_id, AdminSettingUpdate(description="x", value="y"))
        row = db.get_one(AdminSetting, setting_id)
        assert row.description == "failures until a user is locked"

    assert office.read(LIMIT).description == "failures until a user is locked"
    with office.database.unit() as db:
        assert db.scalars(select(func.count()).select_from(AuditEvent)).one() == 1
