"""Schedules are made, found, changed, switched and deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from netraven.admin.settings import upsert_admin_setting
from netraven.archive.devices import delete_device
from netraven.db import new_id
from netraven.db.enums import JobType, ScheduleType, TargetKind
from netraven.errors import InUse, Invalid
from netraven.inventory.tags import delete_tag
from netraven.jobs.firing import update_job_last_run
from netraven.jobs.listing import count_job_logs
from netraven.jobs.schedule_listing import (
    count_scheduled_jobs,
    get_scheduled_job,
    get_scheduled_job_with_details,
    get_scheduled_jobs,
)
from netraven.jobs.schedules import (
    create_scheduled_job,
    delete_scheduled_job,
    toggle_scheduled_job,
)
from netraven.jobs.targets import get_target_devices
from netraven.models import User
from netraven.nextrun import jitter_offset
from netraven.schemas.schedule import ScheduledJobCreate, ScheduledJobFilter, ScheduledJobRead
from netraven.schemas.setting import AdminSettingCreate
from tests.planner import NINE, Planner, at


@pytest.mark.parametrize(
    ("fields", "next_run"),
    [
        ({"schedule_type": "immediate"}, NINE),
        ({"schedule_type": "one_time", "schedule_time": "10:30"}, at("02 10:30")),
        ({"schedule_type": "one_time", "run_at": at("05 08:00")}, at("05 08:00")),
        ({"schedule_type": "interval", "schedule_interval": 3600}, at("02 10:00")),
        ({"schedule_type": "daily"}, at("02 10:30")),
        ({"schedule_type": "daily", "timezone": "Europe/Berlin"}, at("02 09:30")),
        ({"schedule_type": "weekly", "schedule_day": "fri, Wed"}, at("04 10:30")),
        ({"schedule_type": "monthly", "schedule_day": "last"}, at("31 10:30")),
        ({"schedule_type": "yearly", "schedule_day": 9, "month": "mar"}, at("09 10:30")),
        ({"schedule_type": "cron", "cron": " 0  12 * * *"}, at("02 12:00")),
    ],
)
def test_new_schedule_knows_its_next_run(
    planner: Planner, fields: dict[str, object], next_run: datetime
) -> None:
    job = planner.read(planner.add(**fields))  # type: ignore[arg-type]

    assert job.next_run == next_run
    assert job.enabled


def test_stored_form_is_canonical(planner: Planner) -> None:
    weekly = planner.read(planner.add(schedule_type="weekly", schedule_day="fri, MON,2"))
    yearly = planner.read(planner.add(schedule_type="yearly", schedule_day="LAST", month="Feb"))
    cron = planner.read(planner.add(schedule_type="cron", cron="0   3 * *  sun"))
    once = planner.read(planner.add(schedule_type="one_time", schedule_time="10:30"))
    interval = planner.read(planner.add(schedule_type="interval", schedule_interval=60))

    assert weekly.schedule_day == "0,2,4"
    assert (yearly.schedule_day, yearly.month) == ("last", 2)
    assert cron.cron == "0 3 * * sun"
    assert once.run_at == at("02 10:30")
    assert interval.run_at == NINE


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"schedule_type": "one_time", "run_at": at("01 09:00")}, "run_at"),
        ({"schedule_type": "one_time", "run_at": NINE}, "run_at"),
        ({"schedule_type": "one_time"}, "run_at"),
        ({"schedule_type": "immediate", "cron": "* * * * *"}, "cron"),
        ({"schedule_type": "immediate", "schedule_time": "10:30"}, "schedule_time"),
        ({"schedule_type": "daily", "schedule_day": 1}, "schedule_day"),
        ({"schedule_type": "daily", "month": 1}, "month"),
        ({"schedule_type": "daily", "run_at": at("05 08:00")}, "run_at"),
        ({"schedule_type": "daily", "schedule_interval": 60}, "schedule_interval"),
        ({"schedule_type": "daily", "schedule_time": None}, "schedule_time"),
        ({"schedule_type": "weekly"}, "schedule_day"),
        ({"schedule_type": "monthly", "schedule_day": 32}, "schedule_day"),
        ({"schedule_type": "yearly", "schedule_day": 1}, "month"),
        ({"schedule_type": "interval"}, "schedule_interval"),
        ({"schedule_type": "cron"}, "cron"),
        ({"schedule_type": "cron", "cron": "0 0 30 2 *"}, "cron"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"schedule_type": "immediate", "timezone": "Mars/Base"}, "timezone"),
        ({"targets": "devices"}, "device_ids"),
        ({"targets": "tags"}, "tag_ids"),
        ({"device_ids": [str(new_id())]}, "device_ids"),
        ({"device_ids": ["not-a-uuid"]}, "device_ids"),
        ({"tag_ids": [str(new_id())]}, "tag_ids"),
        ({"targets": "all", "tag_ids": [str(new_id())]}, "tag_ids"),
        ({"device_ids": []}, "targets"),
        ({"job_data": {"config_types": []}}, "job_data"),
        ({"job_data": {"dry_run": True}}, "job_data"),
        ({"job_type": "command"}, "job_data"),
        ({"job_type": "command", "job_data": {"commands": ["show version"] * 51}}, "job_data"),
        ({"job_type": "retention", "job_data": {"dry_run": "yes"}}, "job_data"),
        ({"job_type": "reachability", "job_data": {"credential_id": str(new_id())}}, "job_data"),
        ({"user": new_id()}, "created_by"),
    ],
)
def test_unfit_schedule_is_refused_by_its_field(
    sqlite_planner: Planner, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        sqlite_planner.add(**fields)  # type: ignore[arg-type]

    assert refused.value.field == field
    assert sqlite_planner.database.run(count_scheduled_jobs) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"name": "x" * 256},
        {"schedule_time": "9:30"},
        {"schedule_interval": 59},
        {"jitter_seconds": 3601},
        {"schedule_day": True},
        {"job_type": "report"},
        {"owner": "me"},
    ],
)
def test_schema_refuses_what_no_database_needs_to_know(fields: dict[str, object]) -> None:
    fit = {"name": "n", "job_type": "backup", "schedule_type": "daily", "targets": "all"}

    with pytest.raises(ValidationError):
        ScheduledJobCreate.model_validate({**fit, **fields})


def test_options_that_fit_their_type_are_kept(planner: Planner) -> None:
    options: dict[str, dict[str, object]] = {
        "backup": {"config_types": ["running", "startup"]},
        "retention": {"dry_run": True},
        "command": {"commands": ["show version"]},
        "verify": {"limit": 10},
        "reachability": {"credential_id": None},
    }

    for job_type, given in options.items():
        job = planner.read(planner.add(job_type=job_type, job_data=given))
        assert job.job_data == given


def test_targets_creator_and_zone_are_there_after_the_session(planner: Planner) -> None:
    user = planner.add_user("ana")
    tag = planner.add_tag("core")
    devices = [planner.add_device(name) for name in ("sw-2", "sw-1")]

    of_devices = planner.read(planner.add(device_ids=devices, user=user))
    of_tag = planner.read(planner.add(tag_ids=[tag]))

    assert [device.hostname for device in of_devices.devices] == ["sw-1", "sw-2"]
    assert of_devices.creator is not None
    assert (of_devices.creator.username, of_devices.created_by_name) == ("ana", "ana")
    assert (of_tag.targets, [found.name for found in of_tag.tags]) == (TargetKind.TAGS, ["core"])
    assert (of_tag.creator, of_tag.created_by_name, of_tag.timezone) == (None, "system", "UTC")
    assert ScheduledJobRead.model_validate(of_devices).devices[0].hostname == "sw-1"


def test_details_name_the_only_device_and_do_without_a_creator(planner: Planner) -> None:
    user = planner.add_user("ana")
    device = planner.add_device("sw-1")
    job_id = planner.add(device_ids=[device], user=user)
    with planner.database.unit() as db:
        db.delete(db.get_one(User, user))

    details = planner.database.run(get_scheduled_job_with_details, job_id)

    assert details is not None
    assert (details["device_name"], details["device_type"]) == ("sw-1", "cisco_ios")
    assert details["devices"] == [{"id": device, "name": "sw-1"}]
    assert (details["username"], details["created_by_name"]) == (None, "ana")
    assert planner.database.run(get_scheduled_job_with_details, "not-a-uuid") is None


def test_lists_are_filtered_and_newest_first(planner: Planner) -> None:
    device, tag = planner.add_device("sw-1"), planner.add_tag("core")
    backup = planner.add(name="a", device_ids=[device])
    verify = planner.add(name="b", job_type="verify", now=NINE + timedelta(hours=1))
    hourly = planner.add(
        name="c", tag_ids=[tag], schedule_type="cron", cron="0 * * * *", enabled=False
    )

    def listed(**fields: object) -> list[UUID]:
        wanted = ScheduledJobFilter.model_validate(fields)
        found = planner.database.run(get_scheduled_jobs, filter_params=wanted)
        assert planner.database.run(count_scheduled_jobs, wanted) == len(found)
        return [job.id for job in found]

    assert listed() == [verify, hourly, backup]
    assert listed(job_type="verify") == [verify]
    assert listed(schedule_type="cron") == listed(enabled=False) == listed(tag_id=tag) == [hourly]
    assert listed(device_id=device) == [backup]
    assert listed(device_id="no id") == listed(created_by="no id") == []
    page = planner.database.run(get_scheduled_jobs, 1, 1)
    assert [job.id for job in page] == [hourly]


def test_blank_filter_is_none_but_never_lifts_a_restriction(planner: Planner) -> None:
    planner.add()

    def count(**fields: object) -> int:
        wanted = ScheduledJobFilter.model_validate(fields)
        return planner.database.run(count_scheduled_jobs, wanted)

    assert count(device_id="", created_by=" ", job_type="", tag_id=None) == 1
    assert count(visible_to="") == 0


def test_naive_times_are_utc_and_returned_aware(planner: Planner) -> None:
    naive = datetime(2026, 3, 5, 8)  # noqa: DTZ001  what this test is about
    once = ScheduledJobCreate.model_validate(
        {
            "name": "once",
            "job_type": "verify",
            "schedule_type": "one_time",
            "run_at": naive,
        }
    )

    job = planner.database.run(create_scheduled_job, once, now=NINE.replace(tzinfo=None))
    planner.update(job.id, run_at=naive)

    assert (job.run_at, job.next_run) == (at("05 08:00"), at("05 08:00"))
    assert job.created_at == NINE
    assert planner.read(job.id).revision == 0


def test_schedule_is_visible_to_its_creator_and_by_its_devices(planner: Planner) -> None:
    ana, bob, eve = (planner.add_user(name) for name in ("ana", "bob", "eve"))
    admin = planner.add_user("root", role="admin")
    device = planner.add_device("sw-1", owner=bob)
    of_ana = planner.add(name="of ana", user=ana)
    of_bobs_device = planner.add(name="of bob's device", device_ids=[device])

    def seen_by(user: UUID) -> list[UUID]:
        wanted = ScheduledJobFilter(visible_to=user)
        return [job.id for job in planner.database.run(get_scheduled_jobs, filter_params=wanted)]

    assert seen_by(ana) == [of_ana]
    assert seen_by(bob) == [of_bobs_device]
    assert seen_by(eve) == seen_by(new_id()) == []
    assert seen_by(admin) == [of_bobs_device, of_ana]
    assert planner.database.run(get_scheduled_job, of_ana, visible_to=bob) is None
    assert planner.database.run(get_scheduled_job, of_ana, visible_to="no id") is None


def test_device_that_the_user_may_not_see_is_no_target(planner: Planner) -> None:
    ana, bob = planner.add_user("ana"), planner.add_user("bob")
    of_bob = planner.add_device("sw-1", owner=bob)

    with pytest.raises(Invalid, match="there is no device"):
        planner.add(device_ids=[of_bob], user=ana)
    mine = planner.add(user=ana)

    with pytest.raises(Invalid, match="there is no device"):
        planner.update(mine, device_ids=[of_bob])
    assert planner.read(mine).targets is TargetKind.ALL


def test_schedule_reaches_enabled_devices_that_its_creator_may_see(planner: Planner) -> None:
    ana, bob = planner.add_user("ana"), planner.add_user("bob")
    core, edge = planner.add_tag("core"), planner.add_tag("edge")
    both = planner.add_device("b", core, edge)
    planner.add_device("a", core, owner=ana)
    planner.add_device("c", edge, owner=bob)
    planner.add_device("off", core, enabled=False)

    def reached(job_id: UUID) -> list[str]:
        found = planner.database.run(get_target_devices, job_id)
        return [device.hostname for device in found]

    assert reached(planner.add(tag_ids=[core, edge])) == ["a", "b", "c"]
    assert reached(planner.add(tag_ids=[core, edge], user=ana)) == ["a", "b"]
    assert reached(planner.add(user=bob)) == ["b", "c"]
    assert reached(planner.add(device_ids=[both])) == ["b"]
    assert reached(new_id()) == []


def test_renaming_leaves_the_next_run(planner: Planner) -> None:
    job_id = planner.add()

    planner.update(job_id, name="renamed", now=at("09 09:00"))

    job = planner.read(job_id)
    assert (job.name, job.next_run, job.revision) == ("renamed", at("02 10:30"), 1)


def test_new_zone_moves_the_next_run(planner: Planner) -> None:
    job_id = planner.add()

    planner.update(job_id, timezone="Europe/Berlin")

    assert planner.read(job_id).next_run == at("02 09:30")


def test_update_that_changes_nothing_leaves_no_trace(planner: Planner) -> None:
    job_id = planner.add(schedule_type="weekly", schedule_day="mon", tag_ids=[planner.add_tag("a")])
    before = planner.read(job_id)

    planner.update(job_id, name="nightly", schedule_day="0", enabled=True, now=at("09 09:00"))

    after = planner.read(job_id)
    assert (after.updated_at, after.revision) == (before.updated_at, 0)
    assert after.next_run == before.next_run
    assert planner.events()[-1] == "scheduled_job_created"


def test_new_type_clears_the_fields_it_does_not_use(planner: Planner) -> None:
    job_id = planner.add(schedule_type="yearly", schedule_day=9, month=3)

    planner.update(job_id, schedule_type="daily", schedule_time="12:00")

    job = planner.read(job_id)
    assert job.schedule_type is ScheduleType.DAILY
    assert (job.schedule_day, job.month, job.next_run) == (None, None, at("02 12:00"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"schedule_type": "weekly"}, "schedule_day"),
        ({"schedule_type": "cron", "cron": "* * * * *", "schedule_day": 1}, "schedule_day"),
        ({"schedule_time": None}, "schedule_time"),
        ({"timezone": ""}, "timezone"),
        ({"device_ids": [str(new_id())]}, "device_ids"),
        ({"targets": "devices"}, "device_ids"),
        ({"job_data": {"limit": 1}}, "job_data"),
        ({"job_type": "command"}, "job_data"),
    ],
)
def test_unfit_change_is_refused_and_changes_nothing(
    sqlite_planner: Planner, fields: dict[str, object], field: str
) -> None:
    job_id = sqlite_planner.add()
    before = ScheduledJobRead.model_validate(sqlite_planner.read(job_id))

    with pytest.raises(Invalid) as refused:
        sqlite_planner.update(job_id, name="other", **fields)  # type: ignore[arg-type]

    assert refused.value.field == field
    assert ScheduledJobRead.model_validate(sqlite_planner.read(job_id)) == before


def test_targets_are_replaced_by_what_is_given(planner: Planner) -> None:
    tag, device = planner.add_tag("core"), planner.add_device("sw-1")
    job_id = planner.add(tag_ids=[tag])

    planner.update(job_id, device_ids=[device])
    to_devices = planner.read(job_id)
    planner.update(job_id, targets="all")
    to_all = planner.read(job_id)

    assert (to_devices.targets, len(to_devices.devices), to_devices.tags) == ("devices", 1, [])
    assert (to_all.targets, to_all.devices) == ("all", [])


def test_new_time_of_day_of_a_one_time_moves_its_moment(planner: Planner) -> None:
    job_id = planner.add(schedule_type="one_time", schedule_time="10:30")

    planner.update(job_id, schedule_time="11:45")

    job = planner.read(job_id)
    assert (job.run_at, job.next_run) == (at("02 11:45"), at("02 11:45"))


def test_disabling_clears_the_next_run_and_enabling_counts_from_now(planner: Planner) -> None:
    job_id = planner.add()
    run = planner.database.run

    run(toggle_scheduled_job, job_id, enabled=False)
    off = planner.read(job_id)
    run(toggle_scheduled_job, job_id, enabled=True, now=at("05 12:00"))
    on = planner.read(job_id)
    run(toggle_scheduled_job, job_id, enabled=True, now=at("09 12:00"))
    same = planner.read(job_id)

    assert (off.enabled, off.next_run) == (False, None)
    assert (on.enabled, on.next_run, on.revision) == (True, at("06 10:30"), 2)
    assert (same.next_run, same.revision) == (at("06 10:30"), 2)
    assert run(toggle_scheduled_job, new_id(), enabled=True) is None


def test_changing_the_time_of_a_disabled_schedule_gives_it_no_next_run(planner: Planner) -> None:
    job_id = planner.add(enabled=False)

    planner.update(job_id, schedule_time="12:00")

    assert planner.read(job_id).next_run is None


def test_passed_one_time_cannot_be_enabled(planner: Planner) -> None:
    job_id = planner.add(schedule_type="one_time", schedule_time="10:30", enabled=False)

    with pytest.raises(Invalid) as refused:
        planner.database.run(toggle_scheduled_job, job_id, enabled=True, now=at("02 10:30"))

    assert refused.value.field == "run_at"
    assert not planner.read(job_id).enabled


def test_immediate_that_was_queued_or_ran_cannot_be_enabled(planner: Planner) -> None:
    queued = planner.add(schedule_type="immediate")
    ran = planner.add(schedule_type="immediate")
    waiting = planner.add(schedule_type="immediate", enabled=False)
    planner.database.run(update_job_last_run, ran)
    planner.tick(NINE)

    for job_id in (queued, ran):
        with pytest.raises(Invalid) as refused:
            planner.database.run(toggle_scheduled_job, job_id, enabled=True)
        assert refused.value.field == "schedule_type"
    planner.database.run(toggle_scheduled_job, waiting, enabled=True, now=at("03 09:00"))
    assert planner.read(waiting).next_run == at("03 09:00")


def test_jitter_moves_every_run_by_the_same_seconds(planner: Planner) -> None:
    job_id = planner.add(jitter_seconds=3600)
    offset = jitter_offset(job_id, 3600)

    planner.tick(at("02 12:00"))

    assert timedelta() <= offset <= timedelta(hours=1)
    assert planner.read(job_id).next_run == at("03 10:30") + offset
    once = planner.read(
        planner.add(schedule_type="one_time", run_at=at("05 08:00"), jitter_seconds=3600)
    )
    assert once.next_run == at("05 08:00")


def test_deleted_schedule_leaves_its_runs(planner: Planner) -> None:
    job_id = planner.add(job_type="verify")
    planner.tick(at("02 10:30"))

    assert planner.database.run(delete_scheduled_job, job_id)

    assert planner.database.run(get_scheduled_job, job_id) is None
    assert [run.scheduled_job_id for run in planner.runs()] == [None]
    assert planner.database.run(count_job_logs) == 1
    assert not planner.database.run(delete_scheduled_job, job_id)


def test_built_in_schedule_cannot_be_deleted(planner: Planner) -> None:
    job_id = planner.add()
    with planner.database.unit() as db:
        get = get_scheduled_job(db, job_id)
        assert get is not None
        get.is_system = True

    with pytest.raises(InUse):
        planner.database.run(delete_scheduled_job, job_id)


def test_schedule_without_its_last_device_is_disabled(planner: Planner) -> None:
    device = planner.add_device("sw-1")
    job_id = planner.add(device_ids=[device])

    planner.database.run(delete_device, device)

    job = planner.read(job_id)
    assert (job.enabled, job.next_run, job.devices) == (False, None, [])


def test_schedule_that_lists_nothing_any_more_cannot_be_enabled(planner: Planner) -> None:
    run, device, tag = planner.database.run, planner.add_device("sw-1"), planner.add_tag("core")
    by_device = planner.add(name="few", device_ids=[device])
    by_tag = planner.add(name="core", tag_ids=[tag])
    run(delete_device, device)
    run(delete_tag, tag)

    for job_id, field, sentence in (
        (by_device, "device_ids", "every device that few listed is gone; `netraven schedule"),
        (by_tag, "tag_ids", "every tag that core listed is gone; `netraven schedule change core"),
    ):
        with pytest.raises(Invalid, match=sentence) as refused:
            run(toggle_scheduled_job, job_id, enabled=True)
        assert refused.value.field == field
        with pytest.raises(Invalid, match=sentence):
            planner.update(job_id, name="other", enabled=True)
        assert not planner.read(job_id).enabled
    planner.update(by_tag, targets="all", enabled=True)
    assert planner.read(by_tag).next_run == at("02 10:30")


def test_each_change_is_one_audit_event(planner: Planner) -> None:
    job_id = planner.add()
    planner.update(job_id, name="other", tag_ids=[planner.add_tag("core")])
    planner.database.run(toggle_scheduled_job, job_id, enabled=False)
    planner.database.run(update_job_last_run, job_id)
    with pytest.raises(Invalid):
        planner.update(job_id, timezone="Mars/Base")
    planner.database.run(delete_scheduled_job, job_id)

    assert planner.events() == [
        "scheduled_job_created",
        "scheduled_job_updated",
        "scheduled_job_updated",
        "scheduled_job_deleted",
    ]


def test_default_zone_is_that_of_the_settings(planner: Planner) -> None:
    setting = AdminSettingCreate.model_validate(
        {
            "key": "system.schedule.default_timezone",
            "value": "Europe/Berlin",
            "value_type": "string",
        }
    )
    planner.database.run(upsert_admin_setting, setting)

    job = planner.read(planner.add(job_type=JobType.VERIFY))

    assert (job.timezone, job.next_run) == (
        "Europe/Berlin",
        datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    )
