"""Acceptance checks 7, 13, 22 to 25 and 36 of the data contract: time, sight, users, settings.

Each runs on both databases with both kinds of session; what was written is read back by a session
of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias

import pytest
from pydantic import ValidationError
from sqlalchemy import inspect, update
from sqlalchemy.orm import Session

from netraven import crud
from netraven.admin.builtin_settings import BUILTIN_SETTINGS
from netraven.db import Id, new_id
from netraven.db.enums import ValueType
from netraven.db.types import JsonValue
from netraven.errors import Conflict, InUse, Invalid
from netraven.models import Device, JobLog, User
from netraven.schemas.audit import AuditEventCreate
from netraven.schemas.backup import BackupCreate
from netraven.schemas.device import DeviceCreate
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate, JobLogFilter, JobResultCreate
from netraven.schemas.schedule import ScheduledJobCreate, ScheduledJobFilter
from netraven.schemas.user import UserCreate, UserSelfUpdate, UserUpdate
from tests.conftest import Database
from tests.estate import PASSWORD, Estate, Holding, add_device, add_user

ROOT = Path(__file__).parents[2]
NAIVE = datetime(2026, 3, 2, 12, 30, 15, 123456)  # noqa: DTZ001  what a caller may give
AWARE = NAIVE.replace(tzinfo=UTC)
WITHIN_S = 5

Sight: TypeAlias = Callable[[Session, Id, Holding], object]


def moments_of(value: object) -> Iterator[datetime]:
    """Yield each datetime of a row, a list or a mapping, loaded relations left out."""
    match value:
        case datetime():
            yield value
        case Mapping():
            for item in value.values():
                yield from moments_of(item)
        case list() | tuple():
            for item in value:
                yield from moments_of(item)
        case _ if inspect(value, raiseerr=False) is not None:
            state = inspect(value)
            for column in state.mapper.column_attrs:
                if column.key not in state.unloaded:
                    yield from moments_of(getattr(value, column.key))


READS: tuple[Callable[[Session], object], ...] = (
    crud.get_users,
    crud.get_devices,
    crud.get_tags,
    crud.get_tag_rules,
    crud.get_credentials,
    crud.get_backups,
    crud.get_job_logs,
    crud.get_scheduled_jobs,
    crud.get_admin_settings,
    crud.get_audit_events,
    lambda db: [crud.get_job_results(db, run.id) for run in crud.get_job_logs(db)],
    lambda db: [crud.get_job_log_entries(db, run.id) for run in crud.get_job_logs(db)],
    lambda db: [crud.get_job_log_with_details(db, run.id) for run in crud.get_job_logs(db)],
    lambda db: [
        crud.get_scheduled_job_with_details(db, job.id) for job in crud.get_scheduled_jobs(db)
    ],
)


def test_acceptance_07_every_datetime_of_every_row_is_utc(database: Database) -> None:
    Estate(database)
    database.run(crud.register_worker, "one")

    found = [list(moments_of(database.run_body(read))) for read in READS]

    assert all(found)
    assert {moment.utcoffset() for moments in found for moment in moments} == {timedelta(0)}


def test_acceptance_07_a_naive_time_is_stored_as_utc(database: Database) -> None:
    estate = Estate(database)
    device, user = estate.ana.device, estate.ana.user
    made = database.run_body(lambda db: _with_naive_times(db, estate))

    with database.unit() as db:
        for name, row in made.items():
            told = list(moments_of(row))
            assert AWARE in told, name
            assert {moment.utcoffset() for moment in told} == {timedelta(0)}, name
            fresh = db.get_one(type(row), inspect(row).identity)
            assert AWARE in list(moments_of(fresh)), name
        seen = crud.get_device(db, device)
        login = crud.get_user(db, user)
    assert seen is not None
    assert login is not None
    assert (seen.last_backup_at, seen.last_reachability_check) == (AWARE, AWARE)
    assert login.last_login == AWARE


def _with_naive_times(db: Session, estate: Estate) -> dict[str, Any]:
    """Return a row of each operation that takes a time and gives the row."""
    new = add_device(db, "naive-sw")
    db.execute(update(User).where(User.id == estate.ana.user).values(last_login=None))
    db.flush()
    wanted = {"device_ids": [new], "job_type": "backup"}
    run = crud.create_job_log(db, JobLogCreate.model_validate(wanted), now=NAIVE)
    user = UserCreate.model_validate({"username": "n", "email": "n@b", "password": PASSWORD})
    device = {"hostname": "n", "ip_address": "192.0.2.77", "device_type": "cisco_ios"}
    once = {"name": "n", "job_type": "verify", "schedule_type": "one_time", "run_at": NAIVE}
    event = {"event_type": "auth", "event_name": "n", "description": "n"}
    backup = crud.create_backup(db, BackupCreate(device_id=new), content="n", now=NAIVE)
    _reset_device(db, estate.ana)
    return {
        "create_user": crud.create_user(db, user, now=NAIVE),
        "update_user_last_login": crud.update_user_last_login(db, estate.ana.user, now=NAIVE),
        "create_device": crud.create_device(db, DeviceCreate.model_validate(device), now=NAIVE),
        "update_device_backup_status": crud.update_device_backup_status(
            db, estate.ana.device, "completed", NAIVE
        ),
        "update_device_reachability": crud.update_device_reachability(
            db,
            estate.ana.device,
            True,  # noqa: FBT003  the contract fixes this signature
            NAIVE,
        ),
        "create_backup": backup,
        "start_job_log": crud.start_job_log(db, run.id, now=NAIVE),
        "append_job_log_entries": crud.append_job_log_entries(
            db, run.id, [JobLogEntryCreate(message="n")], now=NAIVE
        )[0],
        "record_job_result": crud.record_job_result(
            db, run.id, new, JobResultCreate.model_validate({"status": "succeeded"}), now=NAIVE
        ),
        "create_scheduled_job": crud.create_scheduled_job(
            db, ScheduledJobCreate.model_validate(once), now=NAIVE - timedelta(days=1)
        ),
        "record_audit_event": crud.record_audit_event(
            db, AuditEventCreate.model_validate(event), now=NAIVE
        ),
        "register_worker": crud.register_worker(db, "n", now=NAIVE),
    }


def _reset_device(db: Session, holding: Holding) -> None:
    """Forget when the device was last backed up, which was later than the naive time."""
    values = {"last_backup_at": None, "last_reachability_check": None}
    db.execute(update(Device).where(Device.id == holding.device).values(values))


SIGHTS: dict[str, Sight] = {
    "get_device": lambda db, eye, of: crud.get_device(db, of.device, visible_to=eye),
    "get_devices": lambda db, eye, of: of.device in ids(crud.get_devices(db, visible_to=eye)),
    "count_devices": lambda db, eye, of: crud.count_devices(db, owner_id=of.user, visible_to=eye),
    "get_devices_for_tag": lambda db, eye, of: (
        of.device in ids(crud.get_devices_for_tag(db, default_tag(db), visible_to=eye))
    ),
    "count_devices_for_tag": lambda db, eye, of: crud.count_devices_for_tag(
        db, default_tag(db), of.user, visible_to=eye
    ),
    "test_rule": lambda db, eye, of: (
        of.device
        in [row["id"] for row in crud.test_rule(db, ANY_SWITCH, visible_to=eye)["matching_devices"]]
    ),
    "get_backup": lambda db, eye, of: crud.get_backup(db, of.backup, visible_to=eye),
    "get_backups": lambda db, eye, of: of.backup in ids(crud.get_backups(db, visible_to=eye)),
    "count_backups": lambda db, eye, of: crud.count_backups(
        db, device_id=of.device, visible_to=eye
    ),
    "get_backup_content": lambda db, eye, of: crud.get_backup_content(
        db, of.backup, visible_to=eye
    ),
    "get_backup_content_bytes": lambda db, eye, of: crud.get_backup_content_bytes(
        db, of.backup, visible_to=eye
    ),
    "compare_backups": lambda db, eye, of: crud.compare_backups(
        db, of.backup, of.newest, visible_to=eye
    ),
    "get_job_log": lambda db, eye, of: crud.get_job_log(db, of.run, visible_to=eye),
    "get_job_logs": lambda db, eye, of: (
        of.run in ids(crud.get_job_logs(db, filter_params=JobLogFilter(visible_to=eye)))
    ),
    "count_job_logs": lambda db, eye, of: crud.count_job_logs(
        db, JobLogFilter(visible_to=eye, device_id=of.device)
    ),
    "get_job_log_entries": lambda db, eye, of: crud.get_job_log_entries(db, of.run, visible_to=eye),
    "count_job_log_entries": lambda db, eye, of: crud.count_job_log_entries(
        db, of.run, visible_to=eye
    ),
    "get_job_log_with_entries": lambda db, eye, of: crud.get_job_log_with_entries(
        db, of.run, visible_to=eye
    ),
    "get_job_log_with_details": lambda db, eye, of: crud.get_job_log_with_details(
        db, of.run, visible_to=eye
    ),
    "get_job_results": lambda db, eye, of: crud.get_job_results(db, of.run, visible_to=eye),
    "count_job_results": lambda db, eye, of: crud.count_job_results(db, of.run, visible_to=eye),
    "get_scheduled_job": lambda db, eye, of: crud.get_scheduled_job(
        db, of.schedule, visible_to=eye
    ),
    "get_scheduled_jobs": lambda db, eye, of: (
        of.schedule
        in ids(crud.get_scheduled_jobs(db, filter_params=ScheduledJobFilter(visible_to=eye)))
    ),
    "count_scheduled_jobs": lambda db, eye, of: crud.count_scheduled_jobs(
        db, ScheduledJobFilter(visible_to=eye, device_id=of.device)
    ),
    "get_scheduled_job_with_details": lambda db, eye, of: crud.get_scheduled_job_with_details(
        db, of.schedule, visible_to=eye
    ),
}
ANY_SWITCH: dict[str, Any] = {"field": "hostname", "operator": "endswith", "value": "-sw"}


def test_acceptance_13_nobody_sees_what_is_anothers(database: Database) -> None:
    estate = Estate(database)
    retired = database.run_body(lambda db: add_user(db, "old", role="admin", is_active=False))

    def shown(eye: Id, of: Holding) -> set[str]:
        return database.run_body(
            lambda db: {name for name, sight in SIGHTS.items() if sight(db, eye, of)}
        )

    assert shown(estate.ana.user, estate.ana) == SIGHTS.keys()
    assert shown(estate.ana.user, estate.bob) == set()
    assert shown(estate.bob.user, estate.ana) == set()
    assert shown(estate.admin, estate.ana) == shown(estate.admin, estate.bob) == SIGHTS.keys()
    for nobody in (retired, new_id(), "not-a-uuid", ""):
        assert shown(nobody, estate.ana) == set()


def test_acceptance_13_runs_of_several_devices_show_each_their_own(database: Database) -> None:
    estate = Estate(database)

    def shared_run(db: Session) -> Id:
        devices = [estate.ana.device, estate.bob.device]
        wanted = {"job_type": "backup", "device_ids": devices}
        run = crud.create_job_log(db, JobLogCreate.model_validate(wanted), estate.admin)
        crud.start_job_log(db, run.id)
        entries = [JobLogEntryCreate(message="x", device_id=device) for device in devices]
        crud.append_job_log_entries(db, run.id, entries)
        return run.id

    run = database.run_body(shared_run)

    results = database.run(crud.get_job_results, run, visible_to=estate.ana.user)
    entries = database.run(crud.get_job_log_entries, run, visible_to=estate.ana.user)
    statistics = database.run(crud.get_job_log_statistics, visible_to=estate.ana.user)
    assert [row.device_id for row in results] == [estate.ana.device]
    assert [row.device_id for row in entries] == [estate.ana.device]
    assert database.run(crud.count_job_results, run, visible_to=estate.ana.user) == 1
    assert statistics["total"] == 2
    assert database.run(crud.get_job_log_statistics)["total"] == 3


def test_acceptance_22_names_policy_and_hashes(database: Database) -> None:
    user = database.run_body(lambda db: add_user(db, "Ana"))

    for fields in (
        {"username": "aNA", "email": "x@y"},
        {"username": "x", "email": "ANA@Example.COM"},
    ):
        create = UserCreate.model_validate({**fields, "password": PASSWORD})
        with pytest.raises(Conflict):
            database.run(crud.create_user, create)
    weak = UserCreate.model_validate({"username": "b", "email": "b@c", "password": "weak"})
    for attempt in (
        lambda: database.run(crud.create_user, weak),
        lambda: database.run(crud.change_password, user, PASSWORD, "weak"),
        lambda: database.run(crud.reset_password, user, "weak"),
    ):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.field == "password"

    found = database.run(crud.get_user_by_email, "ana@EXAMPLE.com")
    assert found is not None
    assert found.password_hash.startswith("$argon2id$")
    assert crud.verify_password(found.password_hash, PASSWORD).ok


def test_acceptance_22_the_last_active_admin_cannot_be_lost(database: Database) -> None:
    admin, heir = database.run_body(
        lambda db: (add_user(db, "root", role="admin"), add_user(db, "ana"))
    )

    for attempt in (
        lambda db: crud.update_user(db, admin, UserUpdate.model_validate({"role": "viewer"})),
        lambda db: crud.update_user(db, admin, UserUpdate(is_active=False)),
        lambda db: crud.delete_user(db, admin),
        lambda db: crud.delete_user(db, admin, reassign_to=heir),
    ):
        with pytest.raises(InUse):
            database.run_body(attempt)

    assert [row.id for row in database.run(crud.get_users, role="admin")] == [admin]


def test_acceptance_22_of_two_admins_who_go_at_once_one_stays(database: Database) -> None:
    admins = database.run_body(
        lambda db: [add_user(db, name, role="admin") for name in ("root", "second")]
    )
    together = threading.Barrier(2)
    refused: list[InUse] = []

    def leave(admin: Id) -> None:
        together.wait()
        try:
            database.run(crud.update_user, admin, UserUpdate(is_active=False))
        except InUse as error:
            refused.append(error)

    leaving = [threading.Thread(target=leave, args=(admin,)) for admin in admins]
    for one in leaving:
        one.start()
    for one in leaving:
        one.join()

    assert len(refused) == 1
    assert database.run(crud.count_users, role="admin", is_active=True) == 1


def test_acceptance_23_a_deleted_user_loses_no_history(database: Database) -> None:
    estate = Estate(database)
    ana, bob = estate.ana, estate.bob

    with pytest.raises(InUse):
        database.run(crud.delete_user, ana.user)
    assert database.run(crud.delete_user, ana.user, reassign_to=bob.user)

    run = database.run(crud.get_job_log, ana.run)
    schedule = database.run(crud.get_scheduled_job, ana.schedule)
    device = database.run(crud.get_device, ana.device)
    events = database.run(crud.get_audit_events, 0, 1000)
    assert run is not None
    assert schedule is not None
    assert device is not None
    assert device.owner_id == bob.user
    assert (run.created_by, run.actor_name) == (None, "ana")
    assert (schedule.created_by, schedule.created_by_name) == (bob.user, "ana")
    assert {"user_created", "user_deleted"} <= {
        event.event_name for event in events if event.target_name == "ana"
    }


@pytest.mark.parametrize("field", ["role", "is_active", "username", "password"])
def test_acceptance_23_a_self_update_reaches_no_rights(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        UserSelfUpdate.model_validate({field: "x"})


def test_acceptance_24_there_are_34_settings_within_their_bounds(database: Database) -> None:
    first = database.run(crud.initialize_default_settings)
    again = database.run(crud.initialize_default_settings)

    def try_bounds(db: Session) -> None:
        for builtin in BUILTIN_SETTINGS:
            if builtin.value_type is not ValueType.NUMBER:
                continue
            for value in (builtin.least, builtin.most):
                crud.update_admin_setting_value(db, builtin.key, value)
            for value in (builtin.least - 1, builtin.most + 1):
                with pytest.raises(Invalid):
                    crud.update_admin_setting_value(db, builtin.key, value)

    database.run_body(try_bounds)

    stored = {row.key: row.value for row in database.run(crud.get_admin_settings)}
    assert (len(first), again, len(stored)) == (34, [], 34)
    assert all(
        stored[one.key] == (one.most if one.value_type is ValueType.NUMBER else one.default)
        for one in BUILTIN_SETTINGS
    )


@contextmanager
def running(database: Database) -> Iterator[Callable[[dict[str, str]], dict[str, Any]]]:
    """Start a process that works on the database, and yield a way to ask it what it does."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.running"],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def ask(about: dict[str, str]) -> dict[str, Any]:
            questions.write(json.dumps(about) + "\n")
            questions.flush()
            told: dict[str, Any] = json.loads(answers.readline())
            return told

        where = {"url": database.url, "keyring": database.keyring.to_text(), "kind": database.kind}
        questions.write(json.dumps(where) + "\n")
        yield ask
        questions.close()


def test_acceptance_25_a_changed_setting_acts_in_a_running_process(database: Database) -> None:
    estate = Estate(database)
    with database.unit() as db:
        aged = {"end_time": datetime.now(UTC) - timedelta(days=10)}
        db.execute(update(JobLog).where(JobLog.status == "succeeded").values(aged))
    changes: dict[str, JsonValue] = {
        "security.login.max_failed_attempts": 2,
        "system.backup.max_size_mib": 1,
        "system.jobs.log_retention_days": 9,
        "system.schedule.default_timezone": "Europe/Zurich",
        "system.jobs.max_concurrent_devices": 7,
    }
    about = {"user": str(estate.ana.user), "device": str(estate.bob.device)}

    with running(database) as ask:
        before = ask({**about, "name": "before"})
        for key, value in changes.items():
            database.run(crud.update_admin_setting_value, key, value)
        committed = monotonic()
        after = ask({**about, "name": "after"})
        waited_s = monotonic() - committed

    assert before == {
        "is_locked": False,
        "stores_two_mib": True,
        "old_runs": 0,
        "zone": "UTC",
        "devices_at_once": 200,
    }
    assert after == {
        "is_locked": True,
        "stores_two_mib": False,
        "old_runs": 2,
        "zone": "Europe/Zurich",
        "devices_at_once": 7,
    }
    assert waited_s < WITHIN_S


def ids(rows: list[Any]) -> list[Any]:
    return [row.id for row in rows]


def default_tag(db: Session) -> Id:
    tag = crud.get_tag_by_name(db, "default")
    assert tag is not None
    return tag.id
