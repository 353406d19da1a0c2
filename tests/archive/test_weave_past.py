"""Overgrown weaves: what stands no more lies apart, and everything is found as if it did not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from netraven.archive.backups import delete_backup
from netraven.archive.devices import delete_device
from netraven.archive.history_annotate import annotate
from netraven.archive.history_biography import line_biography
from netraven.archive.history_stories import change_stories
from netraven.archive.search_history import SearchPage, search_history
from netraven.archive.views import get_redacted_content
from netraven.archive.weave_build import keep_woven, weave_series
from netraven.archive.weave_verify import verify_weaves
from netraven.models import History, HistoryPast
from netraven.vault.rotation import rotate_keys
from tests.archive.conftest import NOON, Archive
from tests.conftest import Database

VERSIONS = 6
STANDING = "hostname core\nip http server\n"


def text(version: int) -> str:
    """Return some 600 KB, most of it of this version only, so that the past is parted twice."""
    changing = (
        f"interface Gi0/{number}\n description of {version} {'words ' * 500}\n"
        for number in range(200)
    )
    gone = "ntp server 10.0.0.1\n" if version <= 4 else ""
    return f"{STANDING}{gone}marker {version}\n{''.join(changing)}end\n"


@pytest.fixture
def overgrown(sync_archive: Archive) -> Archive:
    """Return an archive whose first device has a history in three parts."""
    for version in range(1, VERSIONS + 1):
        sync_archive.store(text(version), minutes=version, author=f"author {version}")
    return sync_archive


def found(archive: Archive, pattern: str, **asked: object) -> SearchPage:
    return archive.database.run(search_history, pattern, **asked)  # type: ignore[arg-type]


def parts(archive: Archive) -> list[int]:
    """Return the last versions of the parts of the past."""
    with archive.database.unit() as db:
        return [*db.scalars(select(HistoryPast.last_version).order_by(HistoryPast.last_version))]


def at(version: int) -> timedelta:
    return timedelta(minutes=version)


def test_each_line_is_found_once_with_its_whole_span(overgrown: Archive) -> None:
    assert parts(overgrown) == [3, 5]

    (device,) = found(overgrown, "ip http server").devices
    assert [(hit.first, hit.last, hit.is_from_start) for hit in device.hits] == [(1, None, True)]

    (device,) = found(overgrown, "ntp server").devices
    assert [(hit.first, hit.last) for hit in device.hits] == [(1, 4)]
    assert device.hits[0].gone_at == NOON + at(5)

    (device,) = found(overgrown, "marker", context=1).devices
    assert [(hit.line[-1], hit.first, hit.last) for hit in device.hits] == [
        *((str(version), version, version) for version in range(1, VERSIONS)),
        (str(VERSIONS), VERSIONS, None),
    ]
    assert [hit.before for hit in device.hits] == [("ntp server 10.0.0.1",)] * 4 + [
        ("ip http server",)
    ] * 2


def test_what_stood_at_a_moment_is_found_in_whatever_part(overgrown: Archive) -> None:
    for version in range(1, VERSIONS + 1):
        moment = NOON + at(version)
        (device,) = found(overgrown, "marker", at=moment).devices
        assert [hit.line for hit in device.hits] == [f"marker {version}"]
        had = found(overgrown, "ntp server", at=moment).devices
        assert [each.count for each in had] == [1] * (version <= 4)
        (device,) = found(overgrown, "description of", at=moment, section="Gi0/7", limit=1).devices
        assert device.hits[0].section == ("interface Gi0/7",)
    assert found(overgrown, "marker", at=NOON).too_young == 1


def test_pages_go_on_from_one_part_to_the_next(overgrown: Archive) -> None:
    cursor, lines = None, list[str]()
    while True:
        page = found(overgrown, "marker", limit=2, cursor=cursor)
        lines += [hit.line for device in page.devices for hit in device.hits]
        cursor = page.cursor
        if cursor is None:
            break

    assert lines == [f"marker {version}" for version in range(1, VERSIONS + 1)]


def test_versions_of_the_past_are_annotated_and_told(overgrown: Archive) -> None:
    run, device = overgrown.database.run, overgrown.devices[0]

    for backup in overgrown.rows():
        annotation = run(annotate, device, backup.version)
        assert annotation is not None
        view = run(get_redacted_content, backup.id)
        assert "\n".join(line.text for line in annotation.lines) == view
        since = {line.text: (line.version, line.author) for line in annotation.lines}
        assert since["ip http server"] == (1, "author 1")
        marker = f"marker {backup.version}"
        assert since[marker] == (backup.version, f"author {backup.version}")

    (life,) = run(line_biography, "ntp server 10.0.0.1").lives
    assert [(stay.first, stay.last, stay.removed_by) for stay in life.stays] == [(1, 4, "author 5")]
    for version in (3, 4, 6):
        (story,) = run(change_stories, NOON + at(version), NOON + at(version)).stories
        assert f"-marker {version - 1}" in story.lines
        assert f"+marker {version}" in story.lines


def test_nothing_of_removed_versions_lingers_in_the_past(overgrown: Archive) -> None:
    rows = overgrown.rows()
    for version in (1, 3, 5):
        overgrown.database.run(delete_backup, rows[version - 1].id)

    (device,) = found(overgrown, "marker").devices
    assert [hit.line[-1] for hit in device.hits] == ["2", "4", "6"]
    assert [hit.first for hit in found(overgrown, "ip http").devices[0].hits] == [1]
    assert overgrown.database.run(verify_weaves).misfits == ()

    for version in (2, 4):
        overgrown.database.run(delete_backup, rows[version - 1].id)
    assert found(overgrown, "ntp server").devices == ()
    assert overgrown.database.run(verify_weaves).misfits == ()


def test_without_its_newest_versions_a_history_is_made_anew(overgrown: Archive) -> None:
    rows = overgrown.rows()
    overgrown.database.run(delete_backup, rows[-1].id)

    assert found(overgrown, "marker").unwoven == 1
    assert parts(overgrown) == []

    series = (overgrown.devices[0], "running")
    woven = overgrown.database.run(weave_series, series)
    assert woven is not None
    assert overgrown.database.run(keep_woven, woven)
    assert parts(overgrown) == [3]
    (device,) = found(overgrown, "marker").devices
    assert [hit.line[-1] for hit in device.hits] == ["1", "2", "3", "4", "5"]


def test_a_history_made_anew_is_parted_as_before(overgrown: Archive) -> None:
    series = (overgrown.devices[0], "running")

    woven = overgrown.database.run(weave_series, series)
    assert woven is not None
    assert [past.kept for past in woven.fresh.past] == [(1, 2, 3), (4, 5)]
    assert overgrown.database.run(keep_woven, woven)

    assert parts(overgrown) == [3, 5]
    assert overgrown.database.run(verify_weaves).misfits == ()


def test_a_missing_or_damaged_part_is_said(overgrown: Archive) -> None:
    with overgrown.database.unit() as db:
        db.execute(delete(HistoryPast).where(HistoryPast.last_version == 3))
    assert found(overgrown, "marker").unreadable == ("core-1",)
    assert len(overgrown.database.run(verify_weaves).misfits) == 1

    annotation = overgrown.database.run(annotate, overgrown.devices[0], 2)
    assert annotation is not None
    assert "marker 2" in [line.text for line in annotation.lines]

    with overgrown.database.unit() as db:
        db.execute(update(HistoryPast).values(data=b"\0" * 99))
    assert found(overgrown, "marker").unreadable == ("core-1",)


def test_the_past_goes_with_its_device_and_turns_with_the_keys(overgrown: Archive) -> None:
    rotated = overgrown.database.keyring.rotated()
    after = Database(overgrown.database.url, rotated, "sync")
    while after.run(rotate_keys):
        pass
    with after.unit() as db:
        sealed = [*db.scalars(select(HistoryPast.data)), *db.scalars(select(History.data))]
    assert len(sealed) == 3
    assert all(map(rotated.is_current, sealed))
    overgrown.database = after
    assert found(overgrown, "marker").devices[0].count == VERSIONS

    overgrown.database.run(delete_device, overgrown.devices[0])

    assert parts(overgrown) == []
