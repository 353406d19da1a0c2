"""Transcripts: kept sealed with their backup, shown without secrets or not at all."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import NullPool, select, update

from netraven.archive.backups import delete_backup
from netraven.archive.codec import unpack
from netraven.archive.devices import delete_device
from netraven.archive.redact import NOTHING_SHOWN
from netraven.archive.transcripts import (
    Transcript,
    TranscriptView,
    get_transcript,
    store_transcripts,
    transcript_place,
)
from netraven.db import KeyRing, make_sessions, new_id, unit_of_work
from netraven.errors import Corrupt, FailureReport, Invalid, KeyUnavailable, Negotiated, Typed
from netraven.inventory.platforms import give_platforms
from netraven.models import Device, SealedTranscript
from netraven.platforms.catalogue import read_platforms
from tests.archive.conftest import FAILED, QUARANTINED, Archive

CANARY = "c4narySecret"
DIALOGUE = (
    "core-1>enable\r\nPassword: \r\ncore-1#show running-config\r\n"
    "Building configuration...\r\n\r\nhostname core-1\r\n"
    f"snmp-server community {CANARY} RO\r\n"
    "line vty 0 4\r\n transport input ssh\r\n"
)
NEGOTIATED = Negotiated(
    server="SSH-2.0-Cisco-1.25",
    kex="diffie-hellman-group14-sha1",
    host_key="ssh-rsa",
    cipher="aes128-ctr",
    mac="hmac-sha1",
)
TRANSCRIPT = Transcript(
    step="command", awaited="the prompt core-1#", dialogue=DIALOGUE, negotiated=NEGOTIATED
)


def failed_backup(archive: Archive, device: int = 0) -> UUID:
    return archive.store(None, archive.devices[device], status=FAILED, grade="F").backup.id


def keep(archive: Archive, transcripts: dict[UUID, Transcript]) -> None:
    archive.database.run(store_transcripts, transcripts)


def shown(archive: Archive, backup_id: UUID) -> TranscriptView:
    view = archive.database.run(get_transcript, backup_id)
    assert view is not None
    return view


def kept_rows(archive: Archive) -> dict[UUID, tuple[int, bytes]]:
    columns = (SealedTranscript.backup_id, SealedTranscript.size, SealedTranscript.data)
    with archive.database.unit() as db:
        return {row[0]: (row[1], row[2]) for row in db.execute(select(*columns))}


def test_it_says_how_far_the_session_came(archive: Archive) -> None:
    backup_id = failed_backup(archive)

    keep(archive, {backup_id: TRANSCRIPT})

    view = shown(archive, backup_id)
    assert (view.backup_id, view.step, view.awaited) == (backup_id, "command", "the prompt core-1#")
    assert view.negotiated == NEGOTIATED
    assert view.dialogue is not None
    assert view.dialogue.startswith("core-1>enable\nPassword: \ncore-1#show running-config\n")
    assert view.last_seen == "transport input ssh"
    assert view.not_shown == ""


def test_a_secret_stands_neither_in_the_row_nor_in_the_view(archive: Archive) -> None:
    backup_id = failed_backup(archive)

    keep(archive, {backup_id: TRANSCRIPT})

    view = shown(archive, backup_id)
    ((size, data),) = kept_rows(archive).values()
    assert size > len(DIALOGUE)
    assert CANARY.encode() not in data
    assert unpack(data, size=size) is None
    assert view.dialogue is not None
    assert "snmp-server community ‹secret:" in view.dialogue
    assert CANARY not in repr(view)
    assert CANARY not in repr(TRANSCRIPT)


def test_one_call_keeps_those_of_many_devices(archive: Archive) -> None:
    failed, doubted = failed_backup(archive), archive.store("x", status=QUARANTINED).backup.id

    keep(archive, {failed: TRANSCRIPT, doubted: Transcript(step="grade")})

    assert (shown(archive, failed).step, shown(archive, doubted).step) == ("command", "grade")


def test_a_later_one_takes_the_place_of_an_earlier(archive: Archive) -> None:
    backup_id = failed_backup(archive)

    keep(archive, {backup_id: TRANSCRIPT})
    keep(archive, {backup_id: Transcript(step="login", awaited="an answer")})

    view = shown(archive, backup_id)
    assert (view.step, view.awaited, view.dialogue) == ("login", "an answer", "")


def test_what_the_backup_keeps_as_content_is_not_kept_twice(archive: Archive) -> None:
    text = "hostname core-1\nend\n"
    doubted = archive.store(text, status=QUARANTINED).backup.id
    failed = failed_backup(archive)
    transcript = Transcript(step="grade", text=text)

    keep(archive, {doubted: transcript, failed: transcript})

    assert shown(archive, doubted).text == ""
    # What broke off may end within a secret.
    assert shown(archive, failed).text == "hostname core-1\n‹hidden›\n"


def test_its_parts_are_those_of_the_failure(archive: Archive) -> None:
    backup_id = failed_backup(archive)
    report = FailureReport(
        step="negotiate",
        awaited="common SSH algorithms",
        last_seen="SSH-1.5-old",
        offered={"kex": ("diffie-hellman-group1-sha1",)},
    )

    keep(archive, {backup_id: Transcript.of(report)})

    view = shown(archive, backup_id)
    assert (view.step, view.awaited, view.last_seen) == (
        "negotiate",
        "common SSH algorithms",
        "SSH-1.5-old",
    )
    assert view.offered == {"kex": ("diffie-hellman-group1-sha1",)}


def test_a_long_dialogue_keeps_its_two_ends(archive: Archive) -> None:
    backup_id = failed_backup(archive)
    endless = "".join(f"interface Vlan{number}\n" for number in range(100_000))

    keep(archive, {backup_id: Transcript(step="command", dialogue=endless, text=endless)})

    ((size, _),) = kept_rows(archive).values()
    assert size < 64 * 1024
    dialogue = shown(archive, backup_id).dialogue
    assert dialogue is not None
    assert dialogue.startswith("interface Vlan0\ninterface Vlan1\n")
    assert " bytes left out ...]\n" in dialogue
    assert dialogue.endswith("interface Vlan99998\ninterface Vlan99999\n")


def test_nothing_of_an_unknown_platform_is_shown(archive: Archive) -> None:
    with archive.database.unit() as db:
        db.get_one(Device, archive.devices[0]).device_type = "no_such_os"
    backup_id = failed_backup(archive)

    keep(archive, {backup_id: TRANSCRIPT})

    view = shown(archive, backup_id)
    assert (view.dialogue, view.text, view.last_seen) == (None, None, "")
    assert "no_such_os" in view.not_shown
    assert (view.step, view.negotiated) == ("command", NEGOTIATED)


def test_secrets_are_found_by_the_platform_that_read_it(archive: Archive) -> None:
    backup_id = failed_backup(archive)
    keep(archive, {backup_id: TRANSCRIPT})
    before = shown(archive, backup_id)

    with archive.database.unit() as db:
        db.get_one(Device, archive.devices[0]).device_type = "juniper_junos"

    assert shown(archive, backup_id) == before


def test_nothing_is_found_of_what_is_not_there_or_not_visible(archive: Archive) -> None:
    backup_id, without = failed_backup(archive), failed_backup(archive)
    keep(archive, {backup_id: TRANSCRIPT})
    run = archive.database.run

    for nothing in (without, new_id(), "not-a-uuid", ""):
        assert run(get_transcript, nothing) is None
    assert run(get_transcript, backup_id, visible_to=new_id()) is None
    assert run(get_transcript, str(backup_id)) is not None


def test_a_backup_that_is_not_there_is_refused_and_nothing_kept(archive: Archive) -> None:
    backup_id = failed_backup(archive)

    with pytest.raises(Invalid) as refused:
        keep(archive, {backup_id: TRANSCRIPT, new_id(): TRANSCRIPT})

    assert refused.value.field == "backup_id"
    assert kept_rows(archive) == {}


def test_it_goes_with_its_backup_and_its_device(archive: Archive) -> None:
    first, second, third = (failed_backup(archive, device) for device in (0, 0, 1))
    keep(archive, {first: TRANSCRIPT, second: TRANSCRIPT, third: TRANSCRIPT})

    archive.database.run(delete_backup, first)
    assert set(kept_rows(archive)) == {second, third}

    archive.database.run(delete_device, archive.devices[0])
    assert set(kept_rows(archive)) == {third}


@pytest.mark.parametrize("damage", ["flipped", "cut", "size", "moved", "emptied"])
def test_what_was_tampered_with_is_corrupt(archive: Archive, damage: str) -> None:
    victim, other = failed_backup(archive), failed_backup(archive, 1)
    keep(archive, {victim: TRANSCRIPT, other: TRANSCRIPT})
    rows = kept_rows(archive)
    size, data = rows[victim]
    damaged = {
        "flipped": (size, data[:-3] + bytes([data[-3] ^ 4]) + data[-2:]),
        "cut": (size, data[:-1]),
        "size": (size - 1, data),
        "moved": rows[other],
        "emptied": (0, b""),
    }
    with archive.database.unit() as db:
        wanted = update(SealedTranscript).where(SealedTranscript.backup_id == victim)
        db.execute(wanted.values(size=damaged[damage][0], data=damaged[damage][1]))

    with pytest.raises(Corrupt) as refused:
        archive.database.run(get_transcript, victim)

    assert CANARY not in str(refused.value)
    assert shown(archive, other).step == "command"


def test_sealed_bytes_that_are_no_transcript_are_corrupt(archive: Archive) -> None:
    backup_id = failed_backup(archive)
    keep(archive, {backup_id: TRANSCRIPT})
    sealed = archive.database.keyring.seal(b"something else", transcript_place(backup_id))
    with archive.database.unit() as db:
        db.execute(update(SealedTranscript).values(data=sealed))

    with pytest.raises(Corrupt):
        archive.database.run(get_transcript, backup_id)


def test_without_the_right_key_nothing_is_kept_or_shown(archive: Archive) -> None:
    backup_id = failed_backup(archive)
    keep(archive, {backup_id: TRANSCRIPT})
    keyless = make_sessions(archive.database.url, None, pool=NullPool)
    stranger = make_sessions(archive.database.url, KeyRing.generate(), pool=NullPool)

    for sessions in (keyless, stranger):
        with unit_of_work(sessions) as db, pytest.raises(KeyUnavailable):
            get_transcript(db, backup_id)
    with unit_of_work(keyless) as db, pytest.raises(KeyUnavailable):
        store_transcripts(db, {backup_id: Transcript(step="login")})

    assert shown(archive, backup_id).step == "command"


def test_it_says_what_was_typed_when_and_in_which_line(archive: Archive) -> None:
    backup_id = failed_backup(archive)
    typed = (
        Typed(text="enable", offset=len("core-1>"), at_s=0.5, answered_s=0.1),
        Typed(text="‹typed secret›", offset=DIALOGUE.index("Password: ") + 10, at_s=1.0),
    )

    keep(archive, {backup_id: replace(TRANSCRIPT, typed=typed, advice=("a prompt is a line",))})

    view = shown(archive, backup_id)
    assert [(one.line, one.text, one.at_s) for one in view.typed] == [
        (0, "enable", 0.5),
        (1, "‹typed secret›", 1.0),
    ]
    assert view.advice == ("a prompt is a line",)


def test_an_answer_that_users_declared_is_not_shown(archive: Archive) -> None:
    acme = (
        "name: acme\nextends: cisco_ios\n"
        "questions: [{pattern: 'PIN:', answer: tr0ub4dor}, {pattern: 'Go on', answer: ''}]\n"
    )
    with archive.database.unit() as db:
        db.get_one(Device, archive.devices[0]).device_type = "acme"
    backup_id = failed_backup(archive)
    typed = (Typed(text="tr0ub4dor", offset=0, at_s=0.0), Typed(text="", offset=0, at_s=1.0))
    keep(archive, {backup_id: replace(TRANSCRIPT, typed=typed)})
    database = archive.database
    sessions = make_sessions(database.url, database.keyring, pool=NullPool)
    give_platforms(sessions, read_platforms({"acme.yaml": acme}))

    with unit_of_work(sessions) as db:
        view = get_transcript(db, backup_id)

    assert view is not None
    assert [one.text for one in view.typed] == [NOTHING_SHOWN, ""]
