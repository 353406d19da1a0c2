"""Retention: what the policy does not keep goes, with its contents, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import NullPool, select, update

from netraven.archive.backups import update_backup
from netraven.archive.retention import MAX_DEVICES, apply_backup_retention
from netraven.archive.storing import store_backup
from netraven.archive.verify import verify_backups
from netraven.db import Id, KeyRing, make_sessions, new_id, unit_of_work
from netraven.db.enums import JobType, RunStatus, ValueType
from netraven.errors import Invalid, KeyUnavailable
from netraven.models import AdminSetting, AuditEvent, Backup, Content, JobLog
from netraven.schemas.backup import BackupCreate, BackupUpdate
from netraven.schemas.retention import RetentionPolicy, RetentionReport
from tests.archive.conftest import FAILED, QUARANTINED, Archive, check_store
from tests.archive.test_chains import versions

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
STRICT = RetentionPolicy(keep_days=1, keep_last=1)


def ago(**age: float) -> datetime:
    return NOW - timedelta(**age)


def seen(
    archive: Archive,
    content: bytes | str | None,
    first: datetime,
    last: datetime | None = None,
    *,
    device: int = 0,
    **fields: object,
) -> UUID:
    """Store a capture of a device, seen from the first to the last moment; return the row's id."""
    given = {"device_id": archive.devices[device], **fields}
    create = BackupCreate.model_validate(given)
    backup_id = archive.database.run(store_backup, create, content=content, now=first).backup.id
    if last is not None:
        again = archive.database.run(store_backup, create, content=content, now=last)
        assert again.backup.id == backup_id
    return backup_id


def apply(
    archive: Archive,
    policy: RetentionPolicy | None = STRICT,
    *,
    dry_run: bool = False,
    now: datetime = NOW,
    device_id: Id | None = None,
) -> RetentionReport:
    return archive.database.run(
        apply_backup_retention, policy=policy, dry_run=dry_run, now=now, device_id=device_id
    )


def left(archive: Archive, device: int = 0) -> list[UUID]:
    return [row.id for row in archive.rows(archive.devices[device])]


def events(archive: Archive) -> list[AuditEvent]:
    with archive.database.unit() as db:
        wanted = select(AuditEvent).where(AuditEvent.event_name == "backup_retention_applied")
        return list(db.scalars(wanted))


def worked_example(archive: Archive) -> list[UUID]:
    spans = [((1, 10), (4, 20)), ((4, 21), (5, 2)), ((5, 3), (5, 30)), ((6, 1), (6, 10))]
    spans.append(((6, 11), (6, 29)))
    return [
        seen(archive, f"version {number}\n", *(datetime(2026, *day, 8, tzinfo=UTC) for day in span))
        for number, span in enumerate(spans, start=1)
    ]


def test_the_worked_example(archive: Archive) -> None:
    ids = worked_example(archive)
    policy = RetentionPolicy(keep_days=7, keep_last=1, keep_monthly=3)

    report = apply(archive, policy)

    assert set(report.removed_ids) == {ids[0], ids[3]}
    assert (report.examined, report.kept, report.removed) == (5, 3, 2)
    assert (report.contents_removed, report.bytes_freed) == (2, 2 * len("version 1\n"))
    assert report.kept_because == {"protected": 1, "young": 1, "last": 1, "monthly": 3}
    assert left(archive) == [ids[1], ids[2], ids[4]]
    assert archive.check() == 3


def test_a_dry_run_reports_the_same_and_changes_nothing(archive: Archive) -> None:
    ids = worked_example(archive)
    seen(archive, "version 1\n", ago(days=400), device=1)

    foretold = apply(archive, dry_run=True)
    assert left(archive) == ids
    assert events(archive) == []
    done = apply(archive)

    assert foretold == done
    # The other device has the first text too.
    assert (done.removed, done.contents_removed) == (4, 3)


def test_a_second_run_removes_nothing(archive: Archive) -> None:
    worked_example(archive)

    first = apply(archive)
    second = apply(archive)

    assert (first.removed, second.removed) == (4, 0)
    assert (second.examined, second.kept, second.contents_removed) == (1, 1, 0)
    assert len(events(archive)) == 1


def test_exactly_keep_days_old_stays_and_a_second_more_goes(archive: Archive) -> None:
    exactly = seen(archive, "a", ago(days=30))
    newest = seen(archive, "b", ago(days=1))
    policy = RetentionPolicy(keep_days=30, keep_last=1)

    assert apply(archive, policy).removed == 0
    report = apply(archive, policy, now=NOW + timedelta(seconds=1))

    assert report.removed_ids == (exactly,)
    assert left(archive) == [newest]


def test_a_text_unchanged_for_a_year_and_seen_today_is_young(archive: Archive) -> None:
    seen(archive, "a", ago(days=365), NOW)
    seen(archive, "b", NOW)

    assert apply(archive).removed == 0


def test_years_later_the_newest_completed_and_the_pinned_remain(archive: Archive) -> None:
    old = [seen(archive, f"{number}", ago(days=2000 - number)) for number in range(4)]
    pinned = seen(archive, "p", ago(days=1900), pinned=True, status=QUARANTINED)
    startup = seen(archive, "s", ago(days=1900), config_type="startup")
    seen(archive, "q", ago(days=1800), status=QUARANTINED)
    seen(archive, None, ago(days=1700), status=FAILED)

    apply(archive)

    assert left(archive) == [old[3], pinned, startup]


def test_what_an_active_run_stored_stays_until_it_ends(archive: Archive) -> None:
    with archive.database.unit() as db:
        run = JobLog(
            id=new_id(), job_type=JobType.BACKUP, status=RunStatus.RUNNING, actor_name="system"
        )
        db.add(run)
    in_use = seen(archive, None, ago(days=90), status=FAILED, job_log_id=run.id)

    assert apply(archive).removed == 0
    with archive.database.unit() as db:
        db.execute(update(JobLog).values(status=RunStatus.FAILED))

    assert apply(archive).removed_ids == (in_use,)


def test_without_a_policy_the_settings_decide(archive: Archive) -> None:
    old = [seen(archive, f"{number}", ago(days=3900 - number)) for number in range(13)]

    assert apply(archive, None).removed_ids == tuple(old[:3])
    with archive.database.unit() as db:
        db.add(number_setting("system.retention.keep_last", 4))

    assert apply(archive, None).removed_ids == tuple(old[3:9])


def test_days_are_those_of_the_default_zone(archive: Archive) -> None:
    first = seen(archive, "a", datetime(2026, 1, 27, 22, 30, tzinfo=UTC))
    seen(archive, "b", datetime(2026, 1, 27, 23, 30, tzinfo=UTC))
    policy = RetentionPolicy(keep_days=1, keep_last=1, keep_daily=5)
    now = datetime(2026, 1, 30, tzinfo=UTC)

    assert apply(archive, policy, now=now, dry_run=True).removed_ids == (first,)
    with archive.database.unit() as db:
        zone = number_setting("system.schedule.default_timezone", "Europe/Berlin")
        zone.value_type = ValueType.STRING
        db.add(zone)

    assert apply(archive, policy, now=now).removed_ids == ()


def number_setting(key: str, value: int | str) -> AdminSetting:
    return AdminSetting(
        key=key, value=value, value_type=ValueType.NUMBER, category="system", is_builtin=True
    )


def test_one_event_says_what_went(archive: Archive) -> None:
    worked_example(archive)

    apply(archive)

    (event,) = events(archive)
    assert event.changes == {
        "policy": STRICT.model_dump(),
        "removed": 4,
        "texts_removed": 4,
        "bytes_freed": 40,
    }


def test_a_call_looks_at_one_device_or_at_some_after_another(archive: Archive) -> None:
    for device in range(3):
        for number in range(3):
            seen(archive, f"{device} {number}", ago(days=90 - number), device=device)
    run = archive.database.run
    devices = sorted(archive.devices)

    one = run(apply_backup_retention, policy=STRICT, now=NOW, device_id=str(devices[1]))
    assert (one.examined, one.removed, one.last_device_id) == (3, 2, devices[1])

    removed: list[int] = []
    after: UUID | None = None
    while True:
        report = run(
            apply_backup_retention, policy=STRICT, now=NOW, after_device_id=after, limit_devices=2
        )
        if report.last_device_id is None:
            break
        removed.append(report.removed)
        after = report.last_device_id
    assert removed == [2, 2]


@pytest.mark.parametrize("limit", [0, -1, MAX_DEVICES + 1])
def test_more_devices_than_one_unit_should_hold_are_refused(archive: Archive, limit: int) -> None:
    with pytest.raises(Invalid) as refused:
        archive.database.run(apply_backup_retention, limit_devices=limit)

    assert refused.value.field == "limit_devices"


@pytest.mark.parametrize("nothing", ["not-a-uuid", ""])
def test_nothing_is_done_for_what_is_not_there(archive: Archive, nothing: str) -> None:
    seen(archive, "a", ago(days=90))
    seen(archive, "b", ago(days=80))
    run = archive.database.run

    reports = [
        run(apply_backup_retention, policy=STRICT, device_id=nothing),
        run(apply_backup_retention, policy=STRICT, device_id=new_id()),
        run(apply_backup_retention, policy=STRICT, after_device_id=nothing),
    ]

    assert [(each.examined, each.last_device_id) for each in reports] == [(0, None)] * 3


@pytest.mark.parametrize(
    "impossible",
    [
        {"keep_days": 0, "keep_last": 1},
        {"keep_days": 1, "keep_last": 0},
        {"keep_days": 1, "keep_last": 1, "keep_daily": -1},
        {"keep_days": 1, "keep_last": True},
        {"keep_days": 1, "keep_last": 1, "keep_pinned": False},
        {"keep_days": 1},
    ],
)
def test_a_policy_that_would_remove_a_protected_row_cannot_be_said(
    impossible: dict[str, int],
) -> None:
    with pytest.raises(ValidationError):
        RetentionPolicy.model_validate(impossible)


def test_damage_costs_only_the_device_that_has_it(archive: Archive) -> None:
    ids = {
        device: [
            seen(archive, text, ago(days=90 - number), device=device)
            for number, text in enumerate(versions(4, seed=device))
        ]
        for device in (0, 1)
    }
    with archive.database.unit() as db:
        last = db.get_one(Backup, ids[0][3]).content_hash
        db.execute(update(Content).where(Content.hash == last).values(data=b"garbage" * 20))

    report = apply(archive)

    assert set(report.removed_ids) == set(ids[1][:3])
    assert set(report.blocked_ids) == set(ids[0][:3])
    assert (report.examined, report.kept, report.removed) == (8, 5, 3)
    assert left(archive) == ids[0]
    assert archive.read(ids[1][3]) == versions(4, seed=1)[3]
    assert archive.database.run(verify_backups).corrupt_ids == (ids[0][3],)


def test_with_a_wrong_key_nothing_goes(archive: Archive) -> None:
    ids = [seen(archive, text, ago(days=90 - number)) for number, text in enumerate(versions(4))]
    stranger = make_sessions(archive.database.url, KeyRing.generate(), pool=NullPool)

    with pytest.raises(KeyUnavailable), unit_of_work(stranger) as db:
        apply_backup_retention(db, policy=STRICT, now=NOW)

    assert left(archive) == ids


def test_a_dry_run_needs_no_right_to_write(archive: Archive) -> None:
    worked_example(archive)

    with unit_of_work(archive.database.sessions, read_only=True) as db:
        assert apply_backup_retention(db, policy=STRICT, now=NOW, dry_run=True).removed == 4


def test_what_is_pinned_before_its_turn_stays(archive: Archive) -> None:
    ids = worked_example(archive)
    archive.database.run(update_backup, ids[0], BackupUpdate(pinned=True))

    report = apply(archive)

    assert set(report.removed_ids) == set(ids[1:4])
    assert left(archive) == [ids[0], ids[4]]


POLICIES = st.builds(
    RetentionPolicy,
    keep_days=st.integers(1, 60),
    keep_last=st.integers(1, 4),
    keep_daily=st.integers(0, 20),
    keep_weekly=st.integers(0, 8),
    keep_monthly=st.integers(0, 6),
)
Kind = Literal["text", "again", "failed", "doubted", "pinned", "startup"]
KINDS: tuple[Kind, ...] = ("text", "again", "failed", "doubted", "pinned", "startup")
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 30)), max_size=25)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(policy=POLICIES, steps=STEPS, seed=st.integers(0, 3))
def test_whatever_the_history_and_the_policy(
    sqlite_archive: Archive, policy: RetentionPolicy, steps: list[tuple[Kind, int]], seed: int
) -> None:
    device_id = sqlite_archive.add_device(f"host-{new_id()}")
    sqlite_archive.devices = [device_id]
    history(sqlite_archive, steps, versions(26, seed=seed, lines=12))
    before = {row.id: row for row in sqlite_archive.rows(device_id)}

    foretold = apply(sqlite_archive, policy, dry_run=True, device_id=device_id)
    assert {row.id for row in sqlite_archive.rows(device_id)} == set(before)
    done = apply(sqlite_archive, policy, device_id=device_id)
    again = apply(sqlite_archive, policy, device_id=device_id)

    after = {row.id for row in sqlite_archive.rows(device_id)}
    assert foretold == done
    assert set(done.removed_ids) == before.keys() - after
    assert done.kept == len(after)
    assert protected(before.values()) <= after
    assert again == replace(
        done,
        examined=done.kept,
        removed=0,
        contents_removed=0,
        bytes_freed=0,
        removed_ids=(),
    )
    with sqlite_archive.database.unit() as db:
        check_store(db)


def history(archive: Archive, steps: list[tuple[Kind, int]], texts: list[bytes]) -> None:
    chance = random.Random(len(steps))
    moment = ago(days=sum(days for _, days in steps))
    for kind, days in steps:
        text = chance.choice(texts)
        match kind:
            case "text":
                seen(archive, text, moment)
            case "again":
                seen(archive, texts[0], moment, moment + timedelta(days=days))
            case "failed":
                seen(archive, None, moment, status=FAILED)
            case "doubted":
                seen(archive, text, moment, status=QUARANTINED)
            case "pinned":
                seen(archive, text, moment, pinned=True)
            case "startup":
                seen(archive, text, moment, config_type="startup")
        moment += timedelta(days=days)


def protected(rows: Iterable[Backup]) -> set[UUID]:
    found: set[UUID] = set()
    newest: dict[str, Backup] = {}
    for row in sorted(rows, key=lambda row: row.version or 0):
        if row.pinned:
            found.add(row.id)
        if row.status == "completed":
            newest[row.config_type] = row
    return found | {row.id for row in newest.values()}
