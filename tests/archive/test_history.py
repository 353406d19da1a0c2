"""What histories tell: annotated versions, lives of lines, and stories of changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert

from netraven.archive.backups import delete_backup
from netraven.archive.history_annotate import Annotation, annotate
from netraven.archive.history_biography import LineLife, line_biography
from netraven.archive.history_stories import StoryPage, change_stories
from netraven.archive.views import get_redacted_content
from netraven.archive.weave_change import MARK_BYTES, ChangeMark, blanked
from netraven.archive.weave_keep import keep_marks
from netraven.db import new_id
from netraven.db.enums import BackupStatus
from netraven.errors import Invalid
from netraven.inventory.tags import bulk_add_tags_to_devices, create_tag
from netraven.models import Backup, History
from netraven.schemas.tag import TagCreate
from tests.archive.conftest import FAILED, NOON, QUARANTINED, Archive
from tests.archive.test_weave_keep import CERTIFICATE

BASE = "hostname core\nntp server 10.0.0.1\nusername ops secret 5 $1$abcd$ThisIsTheHash\nend\n"
DAY = timedelta(days=1)


def lives(archive: Archive, line: str, **asked: object) -> tuple[LineLife, ...]:
    return archive.database.run(line_biography, line, **asked).lives  # type: ignore[arg-type]


def stories(archive: Archive, **asked: object) -> StoryPage:
    span = {"since": NOON - DAY, "until": NOON + DAY}
    return archive.database.run(change_stories, **{**span, **asked})  # type: ignore[arg-type]


def test_annotated_lines_are_the_view_exactly(archive: Archive) -> None:
    texts = [
        BASE,
        f"{BASE}chain\n{CERTIFICATE}  quit\n",
        f"new\r\n{BASE}".removesuffix("\n"),
        "",
        "\n",
    ]
    for minutes, text in enumerate(texts):
        backup = archive.store(text, minutes=minutes).backup

        annotation = annotated(archive, minutes + 1)

        view = archive.database.run(get_redacted_content, backup.id)
        assert "\n".join(line.text for line in annotation.lines) == view


def test_each_line_tells_since_when_it_stands_and_who_brought_it(archive: Archive) -> None:
    archive.store(BASE)
    archive.store(BASE.replace("10.0.0.1", "10.0.0.2"), minutes=5, author="ana")

    lines = {line.text: line for line in annotated(archive, None).lines}

    host, time_server = lines["hostname core"], lines["ntp server 10.0.0.2"]
    assert (host.version, host.since, host.author, host.is_from_start) == (1, NOON, None, True)
    assert (time_server.version, time_server.author) == (2, "ana")
    assert time_server.since == NOON + timedelta(minutes=5)
    assert not time_server.is_from_start


def test_only_completed_versions_can_be_annotated(archive: Archive) -> None:
    archive.store(BASE)
    archive.store("doubted\n", minutes=1, status=QUARANTINED)
    archive.store(None, minutes=2, status=FAILED)
    run, device = archive.database.run, archive.devices[0]

    assert annotated(archive, None).backup.version == 1
    assert run(annotate, device, 2) is None
    assert run(annotate, device, 9) is None
    assert run(annotate, device, config_type="startup") is None
    assert run(annotate, archive.devices[1]) is None
    assert run(annotate, "no id") is None
    assert run(annotate, device, visible_to=new_id()) is None


def test_a_missing_weave_is_made_up_for(archive: Archive) -> None:
    archive.store(BASE)
    archive.store("other\n", minutes=1)
    with archive.database.unit() as db:
        db.execute(delete(History))

    assert [line.version for line in annotated(archive, None).lines] == [2, 1]


def test_a_line_has_a_life_with_gaps(archive: Archive) -> None:
    for minutes, (text, author) in enumerate(
        [(BASE, "ana"), ("gone\n", "ben"), (BASE, None), (f"{BASE}!\n", None)]
    ):
        archive.store(text, minutes=minutes, author=author)
    archive.store("other\n", archive.devices[1])

    (life,) = lives(archive, "ntp server 10.0.0.1")

    assert (life.hostname, life.line) == ("core-1", "ntp server 10.0.0.1")
    first, second = life.stays
    assert (first.first, first.last, first.added_by, first.removed_by) == (1, 1, "ana", "ben")
    assert (first.since, first.gone_at) == (NOON, NOON + timedelta(minutes=1))
    assert first.is_from_start
    assert (second.first, second.last, second.gone_at) == (3, 4, None)
    assert second.is_standing
    assert second.seen_at == NOON + timedelta(minutes=3)


def test_a_line_that_stands_several_times_has_one_life(archive: Archive) -> None:
    archive.store("x\n exit\ny\n exit\n")
    archive.store("x\n exit\ny\n", minutes=1)
    archive.store("y\n exit\n", minutes=2)

    (life,) = lives(archive, "exit")

    assert [(stay.first, stay.last, stay.gone_at) for stay in life.stays] == [(1, 3, None)]


def test_a_pattern_tells_the_life_of_each_line(archive: Archive) -> None:
    archive.store(BASE)
    archive.store(BASE.replace("10.0.0.1", "10.0.0.2"), minutes=1)

    found = lives(archive, r"^ntp server", kind="regex")

    assert [(life.line[-1], [stay.first for stay in life.stays]) for life in found] == [
        ("1", [1]),
        ("2", [2]),
    ]


def test_who_brought_a_removed_version_is_not_known_any_more(archive: Archive) -> None:
    archive.store("first\n")
    second = archive.store(BASE, minutes=1, author="ana").backup
    archive.store(f"{BASE}!\n", minutes=2)
    archive.database.run(delete_backup, second.id)

    (life,) = lives(archive, "hostname core")

    assert [(stay.first, stay.added_by) for stay in life.stays] == [(2, None)]
    assert life.stays[0].since == NOON + timedelta(minutes=1)


def test_pages_of_lives_hold_each_once(archive: Archive) -> None:
    for device in archive.devices:
        archive.store(BASE, device)

    cursor, names = None, list[str]()
    while True:
        page = archive.database.run(line_biography, "hostname core", limit=1, cursor=cursor)
        names += [life.hostname for life in page.lives]
        cursor = page.cursor
        if cursor is None:
            break

    assert names == ["core-1", "core-2", "core-3"]


def test_the_same_change_of_many_devices_is_one_story(archive: Archive) -> None:
    for device in archive.devices:
        archive.store(BASE, device)
    for number, device in enumerate(archive.devices):
        server = "10.0.0.9" if number < 2 else "10.0.0.7"
        archive.store(f"ntp server {server}\n{BASE}", device, minutes=number + 1)
    archive.store("hostname other\n", minutes=9)

    page = stories(archive)

    assert page.total == 2
    story, other = page.stories
    assert story.lines == ("+ntp server 10.0.0.9",)
    assert [device.hostname for device in story.same] == ["core-1", "core-2"]
    assert [(each.device.hostname, each.lines) for each in story.deviants] == [
        ("core-3", ("+ntp server 10.0.0.7",))
    ]
    assert story.began_at == NOON + timedelta(minutes=1)
    assert story.ended_at == NOON + timedelta(minutes=3)
    assert story.device_count == 3
    assert other.lines[0] == "-ntp server 10.0.0.9"
    assert other.lines[-1] == "+hostname other"


def test_a_device_is_in_a_story_once_with_the_newest_version_of_each_kind(archive: Archive) -> None:
    for device in reversed(archive.devices):
        archive.store(BASE, device)
        archive.store(f"ntp server 10.0.0.7\n{BASE}", device, minutes=1)
    archive.store(f"ntp server 10.0.0.9\nntp server 10.0.0.7\n{BASE}", minutes=2, author="ana")
    archive.store(BASE, minutes=3, config_type="candidate")
    archive.store(f"ntp server 10.0.0.7\n{BASE}", minutes=4, config_type="candidate")

    (story,) = stories(archive).stories

    assert [(each.hostname, each.config_type, each.version) for each in story.same] == [
        ("core-1", "candidate", 2),
        ("core-2", "running", 2),
        ("core-3", "running", 2),
    ]
    (deviant,) = story.deviants
    assert deviant.device[:-2] == (
        *(archive.devices[0], "core-1", "running", 3),
        *(NOON + timedelta(minutes=2), "ana"),
    )
    assert deviant.lines == ("+ntp server 10.0.0.9",)
    assert (story.device_count, story.ended_at) == (3, NOON + timedelta(minutes=4))


def test_stories_of_more_changes_than_are_read_at_once_are_the_same(sync_archive: Archive) -> None:
    for device in sync_archive.devices:
        sync_archive.store(BASE, device)
        sync_archive.store(f"ntp server 10.0.0.9\n{BASE}", device, minutes=1)
    sync_archive.store("changed\n", minutes=2)
    few = [stories(sync_archive, skip=skip, limit=1) for skip in range(3)]

    # More changes of other versions of one device, all of a third shape and an earlier day.
    repeat(sync_archive, 401)
    many = [stories(sync_archive, since=NOON - 3 * DAY, skip=skip, limit=1) for skip in range(4)]

    assert [page.total for page in few] == [2, 2, 2]
    assert [page.total for page in many] == [3, 3, 3, 3]
    assert many[0].stories == few[0].stories
    assert many[1].stories == few[1].stories
    assert [story.same[0].version for story in many[2].stories] == [1401]
    assert many[3].stories == few[2].stories == ()


def test_first_versions_and_what_changes_by_itself_are_no_story(archive: Archive) -> None:
    archive.store(f"! Last configuration change at 10:00:00 UTC Mon Mar 2 2026\n{BASE}")
    archive.store(f"! Last configuration change at 11:00:00 UTC Mon Mar 2 2026\n{BASE}", minutes=1)

    assert stories(archive).stories == ()


def test_a_tag_tells_which_devices_a_story_did_not_happen_to(archive: Archive) -> None:
    for device in archive.devices:
        archive.store(BASE, device)
    archive.store(f"ntp server 10.0.0.9\n{BASE}", minutes=1)
    archive.store(f"ntp server 10.0.0.9\n{BASE}", archive.devices[2], minutes=1)
    tag = archive.database.run(create_tag, TagCreate(name="lab")).id
    archive.database.run(bulk_add_tags_to_devices, tag_ids=[tag], device_ids=archive.devices[:2])

    (story,) = stories(archive, tags=[tag]).stories

    assert [device.hostname for device in story.same] == ["core-1"]
    assert story.missing == ("core-2",)


def test_stories_are_told_of_a_time_to_who_may_see_them(archive: Archive) -> None:
    archive.store(BASE)
    archive.store("changed\n", minutes=1)

    assert stories(archive, visible_to=new_id()).stories == ()
    assert stories(archive, since=NOON + timedelta(minutes=2)).stories == ()
    assert stories(archive, until=NOON).stories == ()
    assert stories(archive, skip=1) == StoryPage(stories=(), total=1)
    with pytest.raises(Invalid, match="since"):
        stories(archive, since=NOON + 2 * DAY)
    with pytest.raises(Invalid, match="tags"):
        stories(archive, tags=[new_id()])


def test_a_story_without_its_weave_has_no_lines(archive: Archive) -> None:
    archive.store(BASE)
    archive.store("changed\n", minutes=1)
    with archive.database.unit() as db:
        db.execute(delete(History))

    (story,) = stories(archive).stories

    assert (story.lines, [device.hostname for device in story.same]) == ((), ["core-1"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ntp server 10.0.0.1", "ntp server 2001:db8::17"),
        (" description to core-1", " description of something else"),
        ("username ops secret 5 ‹secret:0123456789ab›", "username ops secret 9 ‹secret:ab›"),
        ('set comment "one"', 'set comment "another thing"'),
        ("interface GigabitEthernet1/0/1", "interface GigabitEthernet2/0/13"),
        ("switchport access vlan 7", "switchport access vlan 4000"),
    ],
)
def test_lines_of_one_shape(one: str, other: str) -> None:
    assert blanked(one) == blanked(other)


def test_lines_of_two_shapes() -> None:
    assert blanked("ntp server 10.0.0.1") != blanked("ntp peer 10.0.0.1")
    assert blanked("no shutdown") != blanked("shutdown")


def repeat(archive: Archive, count: int) -> None:
    """Give the first device so many versions of two days before, each with the same change."""
    versions = [
        {
            "id": new_id(),
            "device_id": archive.devices[0],
            "config_type": "running",
            "device_type": "cisco_ios",
            "version": 1001 + number,
            "status": BackupStatus.COMPLETED,
            "created_at": NOON - 2 * DAY,
            "last_seen_at": NOON - 2 * DAY,
        }
        for number in range(count)
    ]
    mark = ChangeMark(shape=b"s" * MARK_BYTES, exact=b"e" * MARK_BYTES, added=1, removed=0)
    with archive.database.unit() as db:
        db.execute(insert(Backup), versions)
        keep_marks(db, [(Backup(**version), mark) for version in versions])


def annotated(archive: Archive, version: int | None) -> Annotation:
    found = archive.database.run(annotate, archive.devices[0], version)
    assert found is not None
    return found
