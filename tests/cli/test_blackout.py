"""`netraven blackout`, and how `netraven schedule explain` tells of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Program

REFUSED = [
    ((), "from_time: say from when until when"),
    (("--from", "08:00"), "from_time: say from when until when"),
    (("--from", "8:00", "--until", "18:00"), "not a time from 00:00 to 23:59"),
    (("--from", "08:00", "--until", "18:00", "--weekday", "someday"), "not a weekday"),
    (("--from", "08:00", "--until", "18:00", "--timezone", "Mars/Base"), "not a time zone"),
    (("--from", "08:00", "--starts", "2099-01-01T00:00"), "not both"),
    (("--starts", "2099-01-01T00:00"), "needs its beginning and its end"),
    (("--starts", "2020-01-01T00:00", "--ends", "2020-02-01T00:00"), "still to come"),
]


@pytest.fixture
def program(program: Program) -> Program:
    """Return the program with two devices, one of them tagged."""
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")
    program.ok("device", "add", "edge-1", "192.0.2.2", "--platform", "cisco_ios")
    program.ok("tag", "add", "core")
    program.ok("tag", "assign", "core", "core-1")
    return program


def test_blackout_is_kept_listed_shown_and_deleted(program: Program) -> None:
    added = program.ok(
        *("blackout", "add", "office", "--tag", "core", "--from", "08:00", "--until", "18:00"),
        *("--weekday", "mon,fri", "--timezone", "Europe/Berlin", "--description", "shops open"),
    )
    always = program.json(
        *("blackout", "add", "always", "--tag", "default", "--from", "00:00", "--until", "00:00"),
        *("--hold-back", "skip"),
    )

    assert "Monday, Friday 08:00 to 18:00 Europe/Berlin" in added.out
    assert "devices tagged core wait for its end" in added.out
    assert (always["tag"]["name"], always["hold_back"]) == ("default", "skip")
    listed = program.json("blackout", "list")
    assert [item["name"] for item in listed["items"]] == ["always", "office"]
    assert listed["items"][0]["holds_until"]
    assert "daily 00:00 to 00:00 UTC" in program.ok("blackout", "list").out
    assert "shops open" in program.ok("blackout", "show", "OFFICE").out
    assert program.json("blackout", "show", "always")["holds_until"]
    program.ok("blackout", "delete", "always", "--yes")
    assert program.json("blackout", "list")["total"] == 1
    assert program.run("blackout", "show", "always").exit_code == 3


def test_blackout_that_comes_once_is_told_in_its_zone(program: Program) -> None:
    added = program.ok(
        *("blackout", "add", "freeze", "--tag", "core", "--timezone", "Europe/Berlin"),
        *("--starts", "2099-12-24T00:00+0100", "--ends", "2100-01-02T00:00+0100"),
    )

    assert "2099-12-24 00:00 to 2100-01-02 00:00 Europe/Berlin" in added.out
    assert "it does not hold now" in program.ok("blackout", "show", "freeze").out


@pytest.mark.parametrize(("options", "sentence"), REFUSED)
def test_what_is_no_blackout_is_refused_in_a_sentence(
    program: Program, options: tuple[str, ...], sentence: str
) -> None:
    refused = program.run("blackout", "add", "office", "--tag", "core", *options)

    assert refused.exit_code == 2
    assert sentence in refused.err


def test_name_that_is_taken_and_tag_that_is_absent_are_refused(program: Program) -> None:
    times = ("--from", "08:00", "--until", "18:00")
    program.ok("blackout", "add", "office", "--tag", "core", *times)

    assert program.run("blackout", "add", "OFFICE", "--tag", "core", *times).exit_code == 4
    assert program.run("blackout", "add", "other", "--tag", "absent", *times).exit_code == 3


def test_no_blackout_is_said(program: Program) -> None:
    assert "netraven blackout add" in program.ok("blackout", "list").out


def test_schedule_is_explained_with_the_blackout_at_its_time(program: Program) -> None:
    tomorrow = datetime.now(UTC) + timedelta(hours=24)
    at = f"{tomorrow:%H}:30"
    until = f"{tomorrow + timedelta(hours=1):%H}:00"
    program.ok("schedule", "add", "nightly", "--at", at, "--all", "--jitter", "60")
    program.ok(
        *("blackout", "add", "office", "--tag", "core"),
        *("--from", f"{tomorrow:%H}:00", "--until", until),
    )

    text = program.ok("schedule", "explain", "nightly").out
    told = program.json("schedule", "explain", "nightly")

    assert f"Daily at {at} UTC." in text
    assert "1 of 2 devices are in the black-out office then" in text
    topics = [sentence["topic"] for sentence in told["sentences"]]
    assert topics == ["When", "Next", "Process", "Jitter", "For", "Black-out", "Overlap"]
    assert told["next_run"]


def test_absent_schedule_is_not_explained(program: Program) -> None:
    assert program.run("schedule", "explain", "absent").exit_code == 3
