"""`netraven schedule`: kept, shown, switched and deleted; what people type for when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.cli.conftest import Program

WORDS = [
    (("--at", "02:30"), "daily at 02:30 UTC"),
    (("--at", "02:30", "--timezone", "Europe/Berlin"), "daily at 02:30 Europe/Berlin"),
    (("--at", "02:30", "--weekday", "thu,mon"), "Monday, Thursday at 02:30 UTC"),
    (("--at", "02:30", "--month-day", "last"), "the last day of each month at 02:30 UTC"),
    (("--at", "02:30", "--month-day", "29", "--month", "feb"), "day 29 of February at 02:30"),
    (("--every", "90m"), "every 90m"),
    (("--every", "48h"), "every 2d"),
    (("--once", "2099-01-01T10:00"), "once at 2099-01-01 10:00 UTC"),
    (("--once", "2099-01-01T10:00+02:00"), "once at 2099-01-01 08:00 UTC"),
    (("--cron", "0  3 * * 7"), "cron 0 3 * * 7 UTC"),
]

BUILT_IN = 4
"""The schedules that `netraven init` makes."""

REFUSED = [
    (("--all",), "say when by one of"),
    (("--all", "--at", "02:30", "--cron", "* * * * *"), "say when by one of"),
    (("--all", "--every", "6h", "--weekday", "mon"), "go with --at"),
    (("--all", "--at", "02:30", "--weekday", "mon", "--month-day", "1"), "use --cron"),
    (("--all", "--every", "6 hours"), "not a spacing"),
    (("--all", "--every", "10d", "--timezone", "Mars/Base"), "not a time zone"),
    (("--all", "--at", "9:30"), "not a time from 00:00 to 23:59"),
    (("--all", "--at", "02:30", "--month", "feb"), "not a day of a month"),
    (("--all", "--once", "2020-01-01T10:00"), "has passed"),
    (("--all", "--cron", "0 0 30 2 *"), "matches nothing"),
    (("--at", "02:30"), "say what it is for: --device NAME, --tag TAG, or --all"),
    (("--at", "02:30", "--type", "command", "--all"), "commands"),
    (("--at", "02:30", "--type", "verify", "--tag", "core"), "type verify is over no devices"),
]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Return the program with a ready home, a device and a tag."""
    program = Program(tmp_path / "home", monkeypatch)
    program.ok("init")
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")
    program.ok("tag", "add", "core")
    return program


def test_init_makes_the_built_in_schedules(program: Program) -> None:
    items = program.json("schedule", "list")["items"]

    assert {item["job_type"]: item["name"] for item in items} == {
        "backup": "Automatic backup",
        "reachability": "Reachability",
        "retention": "Retention",
        "verify": "Verification",
    }
    assert all(item["is_system"] and item["enabled"] for item in items)


def test_when_is_told_in_words(program: Program) -> None:
    for options, words in WORDS:
        added = program.ok("schedule", "add", words, "--all", *options)
        assert words in added.out.partition(";")[0]

    listed = program.ok("schedule", "list").out
    assert all(listed.count(words) > 1 for _, words in WORDS)


def test_schedule_over_no_devices_names_none(program: Program) -> None:
    added = program.ok("schedule", "add", "proof", "--type", "verify", "--every", "2d")

    assert added.out.startswith("Added the schedule proof: verify, every 2d; next ")
    assert ("For", "no", "devices") in [
        tuple(line.split()) for line in program.ok("schedule", "show", "proof").out.splitlines()
    ]


def test_what_is_no_schedule_is_refused_in_a_sentence(program: Program) -> None:
    for options, sentence in REFUSED:
        refused = program.run("schedule", "add", "nightly", *options)
        assert refused.exit_code == 2
        assert sentence in refused.err

    assert program.json("schedule", "list")["total"] == BUILT_IN


def test_schedule_is_for_the_devices_and_tags_that_it_names(program: Program) -> None:
    program.ok("schedule", "add", "one", "--at", "02:30", "--device", "CORE-1")
    program.ok("schedule", "add", "tagged", "--at", "02:30", "--tag", "core", "--disabled")
    program.ok("schedule", "add", "check", "--at", "02:30", "--type", "verify")

    shown = program.json("schedule", "list")["items"][:-BUILT_IN]

    told = {job["name"]: (job["targets"], len(job["devices"]), job["enabled"]) for job in shown}
    assert told == {
        "one": ("devices", 1, True),
        "tagged": ("tags", 0, False),
        "check": ("all", 0, True),
    }
    assert program.json("schedule", "list", "--type", "verify")["total"] == 2
    assert program.json("schedule", "list", "--disabled")["items"][0]["name"] == "tagged"
    assert "tagged core" in program.ok("schedule", "show", "tagged").out


def test_schedule_is_switched_off_and_on(program: Program) -> None:
    program.ok("schedule", "add", "nightly", "--at", "02:30", "--all")

    off = program.json("schedule", "disable", "nightly")
    on = program.json("schedule", "enable", "nightly")

    assert (off["enabled"], off["next_run"]) == (False, None)
    assert on["enabled"]
    assert on["next_run"].endswith("T02:30:00Z")


def test_schedule_whose_devices_are_gone_is_refused_in_a_sentence(program: Program) -> None:
    program.ok("schedule", "add", "nightly", "--at", "02:30", "--device", "core-1")
    program.ok("device", "delete", "core-1", "--yes")

    refused = program.run("schedule", "enable", "nightly")
    explained = program.ok("schedule", "explain", "nightly")
    told = program.run("status")
    program.ok("schedule", "change", "nightly", "--tag", "core")

    assert refused.exit_code == 2
    assert refused.err == (
        "netraven: device_ids: every device that nightly listed is gone;"
        " `netraven schedule change nightly --device NAME` gives it others\n"
    )
    assert "every device that nightly listed is gone" in " ".join(explained.out.split())
    assert "the schedule nightly is off, since all that it listed is gone" in told.text
    assert program.json("schedule", "enable", "nightly")["enabled"]


def test_schedule_is_changed_where_something_is_named(program: Program) -> None:
    program.ok("schedule", "add", "nightly", "--at", "02:30", "--all", "--overlap", "queue")

    moved = program.ok(
        *("schedule", "change", "nightly", "--at", "03:15", "--weekday", "mon"),
        *("--timezone", "Europe/Zurich", "--name", "weekly", "--tag", "core"),
    )
    told = program.json("schedule", "change", "weekly", "--jitter", "30")

    assert "Changed the schedule weekly" in moved.out
    assert "Monday at 03:15 Europe/Zurich" in moved.out
    assert (told["targets"], told["overlap"], told["jitter_seconds"]) == ("tags", "queue", 30)
    assert told["schedule_time"] == "03:15"
    assert program.json("schedule", "change", "weekly", "--every", "6h")["schedule_day"] is None


def test_change_without_sense_is_refused(program: Program) -> None:
    program.ok("schedule", "add", "nightly", "--at", "02:30", "--all")

    for options in (("--weekday", "mon"), ("--timezone", "Mars/Base"), ("--at", "9:30")):
        assert program.run("schedule", "change", "nightly", *options).exit_code == 2
    assert program.json("schedule", "show", "nightly")["schedule_time"] == "02:30"


def test_deleted_schedule_is_gone_once_confirmed(program: Program) -> None:
    program.ok("schedule", "add", "nightly", "--at", "02:30", "--all")

    kept = program.run("schedule", "delete", "nightly", stdin="n\n")
    deleted = program.ok("schedule", "delete", "nightly", "--yes")

    assert kept.exit_code != 0
    assert "its runs stay" in deleted.out
    assert program.run("schedule", "show", "nightly").exit_code == 3


def test_name_of_several_asks_for_an_id(program: Program) -> None:
    first = program.json("schedule", "add", "nightly", "--at", "02:30", "--all")
    program.ok("schedule", "add", "nightly", "--at", "03:30", "--all")

    refused = program.run("schedule", "show", "nightly")
    shown = program.json("schedule", "show", first["id"])

    assert refused.exit_code == 2
    assert first["id"] in refused.err
    assert shown["schedule_time"] == "02:30"


def test_next_prints_ten_times_of_the_zone(program: Program) -> None:
    text = program.ok("schedule", "next", "30 2 * * *", "--timezone", "Europe/Berlin").out
    told = program.json("schedule", "next", "30 2 * * *", "--timezone", "Europe/Berlin")
    in_utc = program.json("schedule", "next", "0 */6 * * *")

    times = [datetime.fromisoformat(time) for time in told["times"]]
    berlin = [time.astimezone(ZoneInfo("Europe/Berlin")) for time in times]
    assert text.splitlines() == [f"{time:%a %Y-%m-%d %H:%M %Z}" for time in berlin]
    assert len(set(times)) == 10
    assert in_utc["timezone"] == "UTC"


def test_next_refuses_what_is_no_cron_expression(program: Program) -> None:
    refused = program.run("schedule", "next", "60 * * * *", "--timezone", "UTC")

    assert refused.exit_code == 2
    assert "minute" in refused.err
