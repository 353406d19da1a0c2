"""What people see: tokens for secrets, by the rules of the platform that read the backup."""

from __future__ import annotations

from netraven.archive.views import get_redacted_content, redacted_diff
from netraven.db import new_id
from netraven.models import Device
from tests.archive.conftest import FAILED, Archive

BEFORE = "hostname core-1\nusername ops secret 9 $9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOf\nend\n"
AFTER = BEFORE.replace("2MJBozw", "3NKCpax").replace("end", "ntp server 192.0.2.1\nend")


def test_a_secret_is_shown_as_its_token(archive: Archive) -> None:
    backup_id = archive.store(BEFORE).backup.id

    shown = archive.database.run(get_redacted_content, backup_id)
    again = archive.database.run(get_redacted_content, str(backup_id))

    assert shown is not None
    assert "hostname core-1\n" in shown
    assert "‹secret:" in shown
    assert "2MJBozw" not in shown
    assert shown == again


def test_a_changed_secret_is_seen_to_have_changed_and_no_more(archive: Archive) -> None:
    before = archive.store(BEFORE).backup.id
    after = archive.store(AFTER, minutes=1).backup.id

    found = archive.database.run(redacted_diff, before, after)

    assert found is not None
    assert (found.identical, found.added, found.removed) == (False, 2, 1)
    assert found.diff.count("‹secret:") == 2
    assert "+ntp server 192.0.2.1\n" in found.diff
    assert "$9$" not in found.diff


def test_lines_that_change_by_themselves_can_be_left_out(archive: Archive) -> None:
    clock = "! Last configuration change at 15:53:31 UTC Wed Apr 15 2026 by jdoe\n"
    before = archive.store(clock + BEFORE).backup.id
    after = archive.store(clock.replace("15:53", "16:02") + AFTER, minutes=1).backup.id

    whole = archive.database.run(redacted_diff, before, after)
    found = archive.database.run(redacted_diff, before, after, with_volatile=False)

    assert whole is not None
    assert found is not None
    assert (whole.added, whole.removed) == (3, 2)
    assert (found.added, found.removed) == (2, 1)
    assert "Last configuration change" not in found.diff


def test_a_backup_of_an_unknown_platform_shows_nothing(archive: Archive) -> None:
    with archive.database.unit() as db:
        db.get_one(Device, archive.devices[0]).device_type = "no_such_os"
    before = archive.store(BEFORE).backup.id
    after = archive.store(AFTER, minutes=1).backup.id

    shown = archive.database.run(get_redacted_content, before)
    found = archive.database.run(redacted_diff, before, after)

    assert shown is not None
    assert "hostname" not in shown
    assert shown.count("\n") == BEFORE.count("\n")
    assert found is not None
    assert not found.identical
    assert "ntp" not in found.diff


def test_it_is_redacted_by_the_platform_that_read_it(archive: Archive) -> None:
    backup_id = archive.store(BEFORE).backup.id
    before = archive.database.run(get_redacted_content, backup_id)

    with archive.database.unit() as db:
        db.get_one(Device, archive.devices[0]).device_type = "juniper_junos"

    assert archive.database.run(get_redacted_content, backup_id) == before


def test_nothing_is_shown_of_what_is_not_there_or_not_visible(archive: Archive) -> None:
    failed = archive.store(None, status=FAILED).backup.id
    stored = archive.store(BEFORE, archive.devices[1]).backup.id
    run = archive.database.run

    assert run(get_redacted_content, failed) is None
    assert run(get_redacted_content, new_id()) is None
    assert run(get_redacted_content, stored, visible_to=new_id()) is None
    assert run(redacted_diff, stored, failed) is None
    assert run(redacted_diff, stored, stored, visible_to=new_id()) is None
