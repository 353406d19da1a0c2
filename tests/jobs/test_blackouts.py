"""Black-outs: what is kept of them, whom they hold back, and that nobody is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from netraven.db import new_id
from netraven.errors import Conflict, Invalid
from netraven.inventory.tags import delete_tag
from netraven.jobs.blackouts import (
    count_blackouts,
    create_blackout,
    delete_blackout,
    get_blackout,
    get_blackout_by_name,
    get_blackouts,
    get_held_back,
)
from netraven.jobs.due import run_scheduled_job_now
from netraven.jobs.pending import get_pending
from netraven.jobs.schedules import delete_scheduled_job, toggle_scheduled_job
from netraven.jobs.waits import count_waits
from netraven.schemas.blackout import BlackoutCreate, BlackoutRead
from tests.planner import NINE, Planner, at

PENDING = ("pending", None)
HELD = ("skipped", "blackout")

REFUSED = [
    ({}, "from_time"),
    ({"from_time": "08:00"}, "from_time"),
    ({"starts_at": datetime(2026, 3, 3, tzinfo=UTC)}, "ends_at"),
    (
        {
            "starts_at": datetime(2026, 3, 3, tzinfo=UTC),
            "ends_at": datetime(2026, 3, 3, tzinfo=UTC),
        },
        "ends_at",
    ),
    (
        {
            "starts_at": datetime(2026, 1, 1, tzinfo=UTC),
            "ends_at": datetime(2026, 2, 1, tzinfo=UTC),
        },
        "ends_at",
    ),
    ({"from_time": "08:00", "until_time": "09:00", "starts_at": NINE}, "starts_at"),
    ({"from_time": "08:00", "until_time": "09:00", "weekdays": "someday"}, "schedule_day"),
    ({"from_time": "08:00", "until_time": "09:00", "timezone": "Mars/Base"}, "timezone"),
    ({"from_time": "08:00", "until_time": "09:00", "tag_id": new_id()}, "tag_id"),
]


@pytest.fixture
def core(planner: Planner) -> UUID:
    """Return a tag."""
    return planner.add_tag("core")


def test_blackout_is_kept_and_found(planner: Planner, core: UUID) -> None:
    blackout_id = planner.add_blackout(
        core, name="Office hours", weekdays="fri, mon", timezone="Europe/Berlin"
    )

    row = planner.database.run(get_blackout, blackout_id)
    assert row is not None
    told = BlackoutRead.model_validate(row)
    assert (told.tag.name, told.weekdays, told.timezone) == ("core", "0,4", "Europe/Berlin")
    by_name = planner.database.run(get_blackout_by_name, "OFFICE hours")
    assert by_name is not None
    assert by_name.id == blackout_id
    assert [one.id for one in planner.database.run(get_blackouts)] == [blackout_id]
    assert planner.database.run(count_blackouts) == 1
    assert planner.events() == ["blackout_created"]


def test_blackouts_name_is_taken_whatever_its_case(planner: Planner, core: UUID) -> None:
    planner.add_blackout(core, name="Hours")

    with pytest.raises(Conflict) as refusal:
        planner.add_blackout(core, name="hOURS")

    assert refusal.value.field == "name"


@pytest.mark.parametrize(("fields", "field"), REFUSED)
def test_blackout_without_sense_is_refused(
    sqlite_planner: Planner, fields: dict[str, object], field: str
) -> None:
    core = sqlite_planner.add_tag("core")
    wanted = BlackoutCreate.model_validate({"name": "hours", "tag_id": core, **fields})

    with pytest.raises(Invalid) as refusal:
        sqlite_planner.database.run(create_blackout, wanted, now=NINE)

    assert refusal.value.field == field
    assert sqlite_planner.database.run(count_blackouts) == 0


def test_time_of_day_is_checked_by_its_schema() -> None:
    with pytest.raises(ValidationError):
        BlackoutCreate.model_validate({"name": "hours", "tag_id": "x", "from_time": "8:00"})


@pytest.mark.parametrize("absent", [new_id(), "not-a-uuid"])
def test_absent_blackout_is_nothing(planner: Planner, absent: UUID | str) -> None:
    assert planner.database.run(get_blackout, absent) is None
    assert planner.database.run(delete_blackout, absent) is False


def test_blackout_goes_with_its_tag(planner: Planner, core: UUID) -> None:
    planner.add_blackout(core)

    planner.database.run(delete_tag, core)

    assert planner.database.run(count_blackouts) == 0


def test_devices_are_held_back_while_it_lasts(planner: Planner, core: UUID) -> None:
    inside, outside = planner.add_device("inside", core), planner.add_device("outside")
    planner.add_blackout(core)

    during = planner.database.run(get_held_back, [inside, outside], now=at("02 10:30"))
    after = planner.database.run(get_held_back, [inside, outside], now=at("02 12:00"))

    assert {one: why.until for one, why in during.items()} == {inside: at("02 12:00")}
    assert not after


def test_blackouts_that_follow_each_other_hold_to_the_last_end(
    planner: Planner, core: UUID
) -> None:
    other = planner.add_tag("other")
    both, one = planner.add_device("both", core, other), planner.add_device("one", core)
    planner.add_blackout(core)
    planner.add_blackout(other, name="noon", from_time="12:00", until_time="14:00")

    held = planner.database.run(get_held_back, [both, one], now=at("02 10:30"))

    assert {device: why.until for device, why in held.items()} == {
        both: at("02 14:00"),
        one: at("02 12:00"),
    }


def test_who_is_skipped_by_one_and_waits_for_another_is_skipped(
    planner: Planner, core: UUID
) -> None:
    device = planner.add_device("sw-1", core)
    planner.add_blackout(core, name="a")
    planner.add_blackout(core, name="b", hold_back="skip")

    held = planner.database.run(get_held_back, [device], now=at("02 10:30"))

    assert (held[device].name, held[device].hold_back.value) == ("b", "skip")


def test_sweep_leaves_devices_alone_and_takes_them_when_it_is_over(
    planner: Planner, core: UUID
) -> None:
    planner.add_device("inside", core)
    planner.add_device("outside")
    planner.add_blackout(core)
    job_id = planner.add(schedule_time="10:30")

    [first] = planner.tick(at("02 10:30"))

    assert planner.results(first.id) == {"inside": HELD, "outside": PENDING}
    assert planner.database.run(count_waits, job_id) == (1, at("02 12:00"))
    planner.end(first.id)
    assert not planner.tick(at("02 11:59"))
    assert not planner.database.run(get_pending, now=at("02 11:59")).is_due
    assert planner.database.run(get_pending, now=at("02 12:00")).is_due
    [second] = planner.tick(at("02 12:00"))
    assert planner.results(second.id) == {"inside": PENDING}
    assert second.scheduled_for == at("02 12:00")
    assert planner.database.run(count_waits, job_id) == (0, None)
    assert not planner.tick(at("02 12:01"))


def test_sweep_that_skips_takes_them_no_more(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    planner.add_device("outside")
    planner.add_blackout(core, hold_back="skip")
    planner.add(schedule_time="10:30")

    [run] = planner.tick(at("02 10:30"))

    assert planner.results(run.id) == {"inside": HELD, "outside": PENDING}
    planner.end(run.id)
    assert not planner.tick(at("02 12:00"))


def test_sweep_of_which_nobody_is_left_is_skipped_and_says_why(
    planner: Planner, core: UUID
) -> None:
    planner.add_device("inside", core)
    planner.add_blackout(core)
    job_id = planner.add(schedule_time="10:30")

    [run] = planner.tick(at("02 10:30"))

    told = planner.read_run(run.id)
    assert (told.status.value, told.reason) == ("skipped", "blackout")
    assert told.result_message == (
        "every device is in a black-out: 1 of hours wait until 2026-03-02 12:00 UTC"
    )
    assert planner.read(job_id).next_run == at("03 10:30")
    assert [planner.results(one.id) for one in planner.tick(at("02 12:00"))] == [
        {"inside": PENDING}
    ]


def test_device_waits_once_however_often_it_was_wanted(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    planner.add_blackout(core)
    planner.add(schedule_type="interval", schedule_interval=1200)

    runs = [run for minute in ("20", "40") for run in planner.tick(at(f"02 10:{minute}"))]

    assert [run.status.value for run in runs] == ["skipped", "skipped"]
    later = planner.tick(at("02 12:10"))
    assert [planner.results(run.id) for run in later] == [{"inside": PENDING}]


def test_waiting_is_over_when_the_schedule_itself_gets_to_the_device(
    planner: Planner, core: UUID
) -> None:
    planner.add_device("inside", core)
    planner.add_blackout(core)
    job_id = planner.add(schedule_type="interval", schedule_interval=3600)
    planner.tick(at("02 10:00"))

    made = planner.tick(at("02 12:00"))

    assert len(made) == 1
    assert planner.database.run(count_waits, job_id) == (0, None)


def test_device_waits_on_while_a_run_of_its_schedule_goes(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    planner.add_device("outside")
    planner.add_blackout(core)
    planner.add(schedule_time="10:30")
    [first] = planner.tick(at("02 10:30"))

    assert not planner.tick(at("02 12:00"))

    planner.end(first.id)
    assert len(planner.tick(at("02 12:01"))) == 1


def test_blackout_that_was_lengthened_holds_on(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    planner.add_blackout(core)
    job_id = planner.add(schedule_time="10:30")
    planner.tick(at("02 10:30"))
    planner.add_blackout(core, name="more", from_time="11:00", until_time="15:00")

    assert not planner.tick(at("02 12:00"))

    assert planner.database.run(count_waits, job_id) == (1, at("02 15:00"))


def test_nobody_waits_for_a_blackout_that_was_deleted(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    later = datetime.now(UTC) + timedelta(days=400)
    blackout_id = planner.add_blackout(core, starts_at=at("02 10:00"), ends_at=later)
    planner.add(schedule_time="10:30")
    planner.tick(at("02 10:30"))

    assert planner.database.run(delete_blackout, blackout_id)

    made = planner.tick(datetime.now(UTC) + timedelta(minutes=1))
    assert {"inside": PENDING} in [planner.results(run.id) for run in made]
    assert planner.events()[-1] == "blackout_deleted"


def test_schedule_that_fires_once_serves_who_waited(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    planner.add_blackout(core)
    planner.add(schedule_type="one_time", run_at=at("02 10:30"))
    planner.tick(at("02 10:30"))

    made = planner.tick(at("02 12:00"))

    assert [planner.results(run.id) for run in made] == [{"inside": PENDING}]


def test_schedule_that_was_switched_off_takes_nobody_any_more(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    planner.add_blackout(core)
    job_id = planner.add(schedule_time="10:30")
    planner.tick(at("02 10:30"))

    planner.database.run(toggle_scheduled_job, job_id, enabled=False)

    assert not planner.tick(at("02 12:00"))
    assert planner.database.run(count_waits, job_id) == (0, None)


def test_waiting_goes_with_its_schedule(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    planner.add_blackout(core)
    job_id = planner.add(schedule_time="10:30")
    planner.tick(at("02 10:30"))

    planner.database.run(delete_scheduled_job, job_id)

    assert planner.database.run(count_waits, job_id) == (0, None)
    assert not planner.tick(at("02 12:00"))


def test_run_on_demand_asks_nobody_and_ends_the_wait(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    planner.add_blackout(core)
    job_id = planner.add(schedule_time="10:30")
    planner.tick(at("02 10:30"))

    run = planner.database.run(run_scheduled_job_now, job_id, now=at("02 10:40"))

    assert run is not None
    assert planner.results(run.id) == {"inside": PENDING}
    assert planner.database.run(count_waits, job_id) == (0, None)


def test_jobs_without_devices_know_no_blackout(planner: Planner, core: UUID) -> None:
    planner.add_device("inside", core)
    planner.add_blackout(core)
    planner.add(job_type="verify", schedule_time="10:30")

    [run] = planner.tick(at("02 10:30"))

    assert run.status.value == "queued"
