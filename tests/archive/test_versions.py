"""Versions by number and state, unsealing on record, and what all of it takes."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from netraven.archive.unsealing import unseal_backup
from netraven.archive.usage import get_storage_usage
from netraven.archive.versions import get_newest_versions, get_version
from netraven.db import new_id
from netraven.db.enums import BackupStatus
from netraven.errors import Invalid
from netraven.models import AuditEvent, Backup
from tests.archive.conftest import FAILED, QUARANTINED, Archive

COMPLETED = BackupStatus.COMPLETED


def test_a_version_is_found_by_its_number_within_its_series(archive: Archive) -> None:
    first, second = archive.store_all([b"1\n", b"2\n"])
    startup = archive.store("s\n", minutes=5, config_type="startup").backup.id
    run = archive.database.run

    assert _id(run(get_version, archive.devices[0], 1)) == first
    assert _id(run(get_version, archive.devices[0], 2)) == second
    assert _id(run(get_version, archive.devices[0], 1, config_type="startup")) == startup
    assert run(get_version, archive.devices[0], 3) is None
    assert run(get_version, archive.devices[1], 1) is None
    assert run(get_version, "not-a-uuid", 1) is None
    assert run(get_version, archive.devices[0], 2**64) is None


def test_the_newest_versions_of_a_state_are_told_with_their_device(archive: Archive) -> None:
    ids = archive.store_all([b"1\n", b"2\n", b"3\n"])
    doubtful = archive.store("half", minutes=5, status=QUARANTINED).backup.id
    archive.store(None, minutes=6, status=FAILED)
    device, run = archive.devices[0], archive.database.run

    two = run(get_newest_versions, device, COMPLETED, limit=2)
    quarantined = run(get_newest_versions, device, QUARANTINED)

    assert [row.id for row in two] == [ids[2], ids[1]]
    assert [row.id for row in quarantined] == [doubtful]
    assert two[0].device.hostname == "core-1"
    assert run(get_newest_versions, device, FAILED) == []


def test_unsealing_gives_the_exact_bytes_and_leaves_who_and_why_on_record(
    archive: Archive,
) -> None:
    content = b"username a secret hunter2\r\n\xff"
    backup_id = archive.store(content).backup.id

    shown = archive.database.run(unseal_backup, backup_id, reason=" restore after the fire ")

    assert shown == content
    with archive.database.unit() as db:
        event = db.scalars(
            select(AuditEvent).where(AuditEvent.event_name == "backup_unsealed")
        ).one()
    assert event.target_id == str(backup_id)
    assert event.changes == {"reason": "restore after the fire", "version": 1}


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_unsealed(archive: Archive, reason: str) -> None:
    backup_id = archive.store("secret").backup.id

    with pytest.raises(Invalid) as refused:
        archive.database.run(unseal_backup, backup_id, reason=reason)

    assert refused.value.field == "reason"


def test_what_is_not_there_is_neither_shown_nor_recorded(archive: Archive) -> None:
    failed = archive.store(None, status=FAILED).backup.id
    run = archive.database.run

    assert run(unseal_backup, failed, reason="look") is None
    assert run(unseal_backup, new_id(), reason="look") is None
    with archive.database.unit() as db:
        assert "backup_unsealed" not in set(db.scalars(select(AuditEvent.event_name)))


def test_usage_counts_each_version_and_each_content_once(archive: Archive) -> None:
    empty = archive.database.run(get_storage_usage)
    text = b"interface Ethernet1\n" * 500
    archive.store_all([text, text + b"end\n", text])

    usage = archive.database.run(get_storage_usage)

    assert (empty.versions, empty.contents, empty.text_bytes, empty.stored_bytes) == (0, 0, 0, 0)
    assert (usage.versions, usage.contents) == (3, 2)
    assert usage.text_bytes == 3 * len(text) + 4
    assert 0 < usage.stored_bytes < len(text)


def _id(backup: Backup | None) -> UUID | None:
    return None if backup is None else backup.id
