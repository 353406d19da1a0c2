"""The built-in jobs are made once, and the backup follows its settings."""

from __future__ import annotations

import threading
from datetime import timedelta

from netraven.admin.settings import update_admin_setting_value, upsert_admin_setting
from netraven.db.enums import TargetKind
from netraven.db.types import JsonValue
from netraven.jobs.schedule_listing import count_scheduled_jobs
from netraven.jobs.system_jobs import initialize_system_jobs
from netraven.models import ScheduledJob
from netraven.schemas.setting import AdminSettingCreate
from tests.planner import NINE, Planner, at


def initialized(planner: Planner) -> dict[str, ScheduledJob]:
    made = planner.database.run(initialize_system_jobs, now=NINE)
    return {job.job_type.value: planner.read(job.id) for job in made}


def set_value(planner: Planner, key: str, value: JsonValue) -> None:
    kind = "boolean" if isinstance(value, bool) else "number"
    setting = {"key": key, "value": value, "value_type": kind}
    planner.database.run(upsert_admin_setting, AdminSettingCreate.model_validate(setting))


def test_built_in_jobs_are_made_once(planner: Planner) -> None:
    made = initialized(planner)
    again = initialized(planner)

    times = {job_type: job.next_run for job_type, job in made.items()}
    assert times == {
        "backup": at("03 09:00"),
        "reachability": at("02 10:00"),
        "retention": at("03 03:30"),
        "verify": at("08 04:30"),
    }
    assert all(job.is_system and job.targets is TargetKind.ALL for job in made.values())
    assert again == {}
    assert planner.events() == ["system_jobs_initialized"]


def test_missing_one_is_added_without_touching_the_others(planner: Planner) -> None:
    made = initialized(planner)
    planner.update(made["backup"].id, enabled=False)
    with planner.database.unit() as db:
        db.delete(db.get_one(ScheduledJob, made["verify"].id))

    again = initialized(planner)

    assert list(again) == ["verify"]
    assert not planner.read(made["backup"].id).enabled


def test_backup_takes_its_state_and_spacing_from_the_settings(planner: Planner) -> None:
    set_value(planner, "system.backup.enabled", value=False)
    set_value(planner, "system.backup.frequency_hours", 6)

    backup = initialized(planner)["backup"]

    assert (backup.enabled, backup.next_run) == (False, None)
    assert backup.schedule_interval == 6 * 3600


def test_changed_frequency_moves_the_next_run(planner: Planner) -> None:
    backup = initialized(planner)["backup"]
    set_value(planner, "system.backup.frequency_hours", 6)

    planner.database.run(update_admin_setting_value, "system.backup.frequency_hours", 100)

    changed = planner.read(backup.id)
    assert changed.schedule_interval == 360_000
    assert changed.next_run is not None
    assert backup.run_at is not None
    assert (changed.next_run - backup.run_at) % timedelta(hours=100) == timedelta()
    assert changed.next_run != backup.next_run


def test_disabled_backups_are_off_until_enabled_again(planner: Planner) -> None:
    backup = initialized(planner)["backup"]

    set_value(planner, "system.backup.enabled", value=False)
    off = planner.read(backup.id)
    set_value(planner, "system.backup.enabled", value=True)
    on = planner.read(backup.id)

    assert (off.enabled, off.next_run) == (False, None)
    assert on.enabled
    assert on.next_run is not None


def test_two_that_initialize_at_once_make_one_set(planner: Planner) -> None:
    threads = [
        threading.Thread(target=planner.database.run, args=(initialize_system_jobs,))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert planner.database.run(count_scheduled_jobs) == 4
