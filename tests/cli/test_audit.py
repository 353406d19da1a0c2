"""`netraven audit`: who did what, and whether the record is whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from netraven import clock
from netraven.admin.audit import record_audit_event
from netraven.db.enums import EventType
from netraven.models import AuditEvent
from netraven.schemas.audit import AuditEventCreate
from tests.cli.conftest import Program

USAGE, NOT_FOUND, CORRUPT = 2, 3, 5


def test_events_name_who_ran_the_command(program: Program) -> None:
    program.ok("tag", "add", "core")

    (event,) = program.json("audit", "list", "--name", "tag_created")["items"]
    table = program.ok("audit", "list", "--limit", "1")

    assert (event["client"], event["target_name"]) == ("command line", "core")
    assert table.out.splitlines()[1].split()[0] == str(event["seq"])
    assert "--all" in table.err


def test_filters_are_joined_by_and(program: Program) -> None:
    program.ok("tag", "add", "core")
    program.ok("setting", "set", "security.login.lockout_minutes", "30")

    def names(*options: str) -> list[str]:
        told = program.json("audit", "list", *options)
        return [event["event_name"] for event in told["items"]]

    assert names("--type", "admin", "--target", "setting", "--search", "lockout") == [
        "setting_updated"
    ]
    assert names("--status", "failure") == []
    assert names("--since", "2100-01-01") == []
    assert "tag_created" in names("--since", "2020-01-01 00:00", "--until", "2100-01-01")
    assert program.ok("audit", "list", "--name", "nope").out == "No event fits.\n"


@pytest.mark.parametrize("options", [("--type", "nope"), ("--since", "tomorrow")])
def test_an_unknown_word_is_refused(program: Program, options: tuple[str, str]) -> None:
    assert program.run("audit", "list", *options).exit_code == USAGE


def test_an_event_is_shown_by_number_and_by_id(program: Program) -> None:
    program.ok("setting", "set", "security.login.lockout_minutes", "30")
    (event,) = program.json("audit", "list", "--name", "setting_updated")["items"]

    by_number = program.ok("audit", "show", event["seq"])
    by_id = program.json("audit", "show", event["id"])

    assert '{"before": 15, "after": 30}' in by_number.out.replace("\n", "")
    assert by_id == event
    for absent in ("99999", "9" * 30, "nope"):
        assert program.run("audit", "show", absent).exit_code == NOT_FOUND


def test_verify_finds_what_was_touched(program: Program) -> None:
    program.ok("tag", "add", "core")
    whole = program.ok("audit", "verify")
    with program.unit() as db:
        db.execute(update(AuditEvent).where(AuditEvent.seq == 2).values(actor_name="mallory"))

    touched = program.run("audit", "verify")
    told = program.run("audit", "verify", "--json")
    later = program.run("audit", "verify", "--from", "3")

    assert "none touched" in whole.out
    assert (touched.exit_code, told.exit_code, later.exit_code) == (CORRUPT, CORRUPT, 0)
    assert "number 2" in touched.out
    assert told.json == {"ok": False, "checked": 1, "first_bad_seq": 2}


def test_old_events_go_by_the_setting_and_the_rest_verifies(program: Program) -> None:
    with program.unit() as db:
        old = clock.now() - timedelta(days=400)
        db.execute(update(AuditEvent).values(created_at=old))
    with program.unit() as db:
        event = AuditEventCreate(event_type=EventType.AUTH, event_name="login", description="x")
        record_audit_event(db, event)

    asked = program.run("audit", "prune")
    nothing = program.json("audit", "prune", "--days", "401", "--yes")
    some = program.json("audit", "prune", "--yes")

    assert (asked.exit_code, nothing["deleted"]) == (USAGE, 0)
    assert (some["days"], some["deleted"] > 0) == (365, True)
    assert program.run("audit", "verify").exit_code == 0
    assert program.run("audit", "prune", "--days", "29").exit_code == USAGE
