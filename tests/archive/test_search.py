"""Searching: every line of every version is found, by who may see it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from netraven.archive.backups import update_backup
from netraven.archive.search_history import PageEnd, SearchPage, search_history, who_had
from netraven.archive.search_pace import BURST
from netraven.archive.storing import BackupCapture, store_backups
from netraven.archive.views import get_redacted_content
from netraven.db import KeyRing, new_id
from netraven.db.enums import BackupStatus, Role
from netraven.errors import Invalid, KeyUnavailable, TooManySearches
from netraven.models import Device, DeviceTag, History, Tag, User
from netraven.schemas.backup import BackupCreate, BackupUpdate
from tests.archive.conftest import NOON, QUARANTINED, Archive
from tests.conftest import Database

FIRST = """hostname core
ip http server
interface Gi0/1
 description uplink
 switchport access vlan 7
!
router bgp 65000
 neighbor 10.0.0.1 remote-as 65001
 neighbor 10.0.0.12 description uplink
end
"""
SECOND = FIRST.replace("ip http server\n", "")
SECRET = FIRST.replace("end\n", "username ops secret 5 $1$abcd$ThisIsTheHash\nend\n")


def found(archive: Archive, pattern: str, **asked: object) -> SearchPage:
    return archive.database.run(search_history, pattern, **asked)  # type: ignore[arg-type]


def lines(page: SearchPage) -> list[str]:
    return [hit.line for device in page.devices for hit in device.hits]


def hostnames(page: SearchPage) -> list[str]:
    return [device.hostname for device in page.devices]


def pages(archive: Archive, pattern: str, **asked: object) -> Iterator[SearchPage]:
    cursor = None
    while True:
        page = found(archive, pattern, cursor=cursor, **asked)
        yield page
        cursor = page.cursor
        if cursor is None:
            return


def test_a_line_is_found_with_its_span(archive: Archive) -> None:
    archive.store(FIRST)
    archive.store(SECOND, minutes=1)
    archive.store(FIRST, minutes=2)

    page = found(archive, "ip http server")

    (device,) = page.devices
    assert (device.hostname, device.device_type, device.count) == ("core-1", "cisco_ios", 2)
    gone, standing = device.hits
    assert (gone.first, gone.last, gone.since) == (1, 1, NOON)
    assert gone.gone_at == NOON + timedelta(minutes=1)
    assert gone.is_from_start
    assert (standing.first, standing.last, standing.gone_at) == (3, None, None)
    assert standing.since == NOON + timedelta(minutes=2)
    assert (page.ended, page.cursor, page.searched) == (PageEnd.END, None, 1)


def test_who_had_a_line_at_a_moment(archive: Archive) -> None:
    archive.store(FIRST)
    archive.store(SECOND, minutes=10)
    archive.store(FIRST, archive.devices[1], minutes=5)

    def at(minutes: int) -> tuple[list[str], int]:
        moment = NOON + timedelta(minutes=minutes)
        page = archive.database.run(who_had, "ip http server", moment)
        assert hostnames(page) == hostnames(found(archive, "ip http server", at=moment))
        return hostnames(page), page.too_young

    assert at(-1) == ([], 2)
    assert at(0) == (["core-1"], 1)
    assert at(9) == (["core-1", "core-2"], 0)
    assert at(10) == (["core-2"], 0)


def test_a_span_finds_what_stood_within_it(archive: Archive) -> None:
    archive.store(FIRST)
    archive.store(SECOND, minutes=10)

    def within(since: int | None, until: int | None) -> bool:
        moments = [
            None if minutes is None else NOON + timedelta(minutes=minutes)
            for minutes in (since, until)
        ]
        page = found(archive, "ip http server", since=moments[0], until=moments[1])
        return bool(page.devices)

    assert within(None, 0)
    assert within(9, None)
    assert within(5, 6)
    assert not within(10, None)
    assert not within(None, -1)


def test_patterns_are_read_as_they_are_said_to_be(sqlite_archive: Archive) -> None:
    sqlite_archive.store(FIRST)

    def of(pattern: str, **asked: object) -> list[str]:
        return [line.strip() for line in lines(found(sqlite_archive, pattern, **asked))]

    assert of("IP HTTP") == []
    assert of("IP HTTP", case=False) == ["ip http server"]
    assert of("server ip", kind="words") == ["ip http server"]
    assert of("10.0.0.1", kind="words") == ["neighbor 10.0.0.1 remote-as 65001"]
    assert len(of("10.0.0.1")) == 2
    assert of(r"^ip .*server$", kind="regex") == ["ip http server"]
    assert of(r"description\s+uplink$", kind="regex", section="bgp") == [
        "neighbor 10.0.0.12 description uplink"
    ]
    assert of("description uplink", kind="line") == ["description uplink"]


def test_a_hit_stands_in_its_section_with_its_context(archive: Archive) -> None:
    archive.store(FIRST)

    page = found(archive, "switchport", context=1)

    (hit,) = page.devices[0].hits
    assert hit.section == ("interface Gi0/1",)
    assert hit.before == (" description uplink",)
    assert hit.after == ("!",)
    assert lines(found(archive, "description uplink", section="ROUTER")) == [
        " neighbor 10.0.0.12 description uplink"
    ]


@pytest.mark.parametrize(
    ("pattern", "asked", "field"),
    [
        ("", {}, "pattern"),
        (" x ", {}, "pattern"),
        ("x", {"kind": "regex"}, "pattern"),
        ("a*", {"kind": "regex"}, "pattern"),
        ("(?=a)b", {"kind": "regex"}, "pattern"),
        (r"(a)\1", {"kind": "regex"}, "pattern"),
        ("a)|(?:b", {"kind": "regex"}, "pattern"),
        (r"\Aab", {"kind": "regex"}, "pattern"),
        ("a b", {"kind": "words"}, "pattern"),
        ("a\nb", {}, "pattern"),
        ("ab" * 501, {}, "pattern"),
        ("ab\ud800", {}, "pattern"),
        ("ab", {"kind": "glob"}, "kind"),
        ("ab", {"at": NOON, "since": NOON}, "at"),
        ("ab", {"since": NOON, "until": NOON - timedelta(1)}, "since"),
        ("ab", {"devices": [new_id()]}, "devices"),
        ("ab", {"devices": ["no id"]}, "devices"),
        ("ab", {"tags": [new_id()]}, "tags"),
        ("ab", {"platforms": ["cisco_ois"]}, "platforms"),
        ("ab", {"context": -1}, "context"),
        ("ab", {"limit": 0}, "limit"),
        ("ab", {"cursor": "core-1"}, "cursor"),
        ("ab", {"cursor": f"core-1/running/{'9' * 5000}"}, "cursor"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_one_sentence(
    sqlite_archive: Archive, pattern: str, asked: dict[str, object], field: str
) -> None:
    sqlite_archive.store(FIRST)

    with pytest.raises(Invalid) as refused:
        found(sqlite_archive, pattern, **asked)

    assert refused.value.field == field


def test_pages_together_hold_every_hit_once(archive: Archive) -> None:
    texts = ["".join(f"line {number} of {device}\n" for number in range(7)) for device in range(3)]
    for device, text in zip(archive.devices, texts, strict=True):
        archive.store(text, device)

    for limit in (1, 2, 7, 10, 100):
        seen = [*pages(archive, "line ", limit=limit)]
        assert [line for page in seen for line in lines(page)] == "".join(texts).splitlines()
        assert sum(page.searched for page in seen) == 3
        assert {device.count for page in seen for device in page.devices} == {7}
        assert all(len(lines(page)) <= limit for page in seen)


def test_counts_are_whole_without_lines(archive: Archive) -> None:
    archive.store("line 1\nline 2\n")

    page = found(archive, "line", counts_only=True)

    assert [(device.count, device.hits) for device in page.devices] == [(2, ())]


def test_a_page_without_time_ends_with_what_was_found_and_says_so(archive: Archive) -> None:
    devices = [archive.add_device(f"edge-{number:02}") for number in range(30)]
    captures = [BackupCapture(BackupCreate(device_id=device), FIRST) for device in devices]
    archive.database.run(store_backups, captures, now=NOON)

    seen = [*pages(archive, "ip http", within_s=0.0)]

    assert seen[0].ended is PageEnd.TIME
    assert 0 < seen[0].searched < 30
    assert seen[-1].ended is PageEnd.END
    names = [name for page in seen for name in hostnames(page)]
    assert names == [f"edge-{number:02}" for number in range(30)]


def test_secrets_are_found_by_their_token_only(archive: Archive) -> None:
    stored = archive.store(SECRET)
    archive.store(SECRET.replace("hostname core", "hostname other"), archive.devices[1])
    view = archive.database.run(get_redacted_content, stored.backup.id) or ""
    token = view[view.index("‹") : view.index("›") + 1]

    assert found(archive, "ThisIsTheHash").devices == ()
    assert found(archive, "ThisIsTheH.sh", kind="regex", case=False).devices == ()
    assert hostnames(found(archive, token)) == ["core-1", "core-2"]


def test_only_what_somebody_may_see_is_searched(archive: Archive) -> None:
    for device in archive.devices:
        archive.store(FIRST, device)
    with archive.database.unit() as db:
        owner, other = (_user(name) for name in ("ana", "ben"))
        tag = Tag(name="lab", name_key="lab", is_default=False)
        db.add_all([owner, other, tag])
        db.flush()
        db.execute(update(Device).where(Device.id == archive.devices[0]).values(owner_id=owner.id))
        db.add(DeviceTag(device_id=archive.devices[1], tag_id=tag.id, source="manual", rule_key=""))
        ana, ben, lab = owner.id, other.id, tag.id

    assert hostnames(found(archive, "ip http", visible_to=ana)) == ["core-1", "core-2", "core-3"]
    seen = found(archive, "ip http", visible_to=ben)
    assert (hostnames(seen), seen.searched) == (["core-2", "core-3"], 2)
    assert found(archive, "ip http", visible_to=new_id()).searched == 0
    assert hostnames(found(archive, "ip http", tags=[lab])) == ["core-2"]
    assert hostnames(found(archive, "ip http", devices=archive.devices[1:2])) == ["core-2"]
    assert found(archive, "ip http", platforms=["arista_eos"]).searched == 0
    assert found(archive, "ip http", config_type="startup").searched == 0
    with pytest.raises(Invalid, match="devices"):
        found(archive, "ip http", devices=archive.devices[:1], visible_to=ben)


def test_somebody_who_searches_too_often_is_told_to_wait(sqlite_archive: Archive) -> None:
    user, another = new_id(), new_id()

    def search_on_and_on() -> None:
        # One search comes back each second; however slow the machine, these are more.
        for _ in range(50 * BURST):
            found(sqlite_archive, "ip http", visible_to=user)

    with pytest.raises(TooManySearches, match="try again in"):
        search_on_and_on()

    assert found(sqlite_archive, "ip http", visible_to=another).searched == 0
    assert found(sqlite_archive, "ip http").searched == 0


def test_captures_that_nobody_believes_are_not_searched(archive: Archive) -> None:
    archive.store(FIRST)
    doubted = archive.store("hostname core\nip ftp server\n", minutes=1, status=QUARANTINED)

    assert found(archive, "ip ftp").devices == ()

    accepted = BackupUpdate(status=BackupStatus.COMPLETED, reason="checked")
    archive.database.run(update_backup, doubted.backup.id, accepted)
    assert lines(found(archive, "ip ftp")) == ["ip ftp server"]
    assert found(archive, "ip http").devices[0].hits[0].gone_at == NOON + timedelta(minutes=1)


def test_a_version_accepted_late_is_woven_in_before_those_that_followed(archive: Archive) -> None:
    archive.store(FIRST)
    doubted = archive.store("hostname core\nip ftp server\n", minutes=1, status=QUARANTINED)
    archive.store(SECOND, minutes=2)

    accepted = BackupUpdate(status=BackupStatus.COMPLETED, reason="checked")
    archive.database.run(update_backup, doubted.backup.id, accepted)

    (hit,) = found(archive, "ip ftp").devices[0].hits
    assert (hit.first, hit.last, hit.gone_at) == (2, 2, NOON + timedelta(minutes=2))


def test_a_missing_weave_is_counted_and_never_taken_for_nothing_found(archive: Archive) -> None:
    archive.store(FIRST)
    archive.store(FIRST, archive.devices[1])
    with archive.database.unit() as db:
        db.execute(delete(History).where(History.device_id == archive.devices[0]))

    page = found(archive, "ip http")

    assert (hostnames(page), page.searched, page.unwoven) == (["core-2"], 2, 1)


def test_an_outdated_weave_is_not_searched(archive: Archive) -> None:
    archive.store(FIRST)

    for changed in ({"view_rev": "0-00000000"}, {"last_version": 7}, {"format": 9}):
        with archive.database.unit() as db:
            before = db.execute(
                History.__table__.select().with_only_columns(
                    *(History.__table__.c[name] for name in changed)
                )
            ).one()
            db.execute(update(History).values(changed))
        page = found(archive, "ip http")
        assert (page.devices, page.unwoven) == ((), 1)
        with archive.database.unit() as db:
            db.execute(update(History).values(dict(zip(changed, before, strict=True))))
    assert hostnames(found(archive, "ip http")) == ["core-1"]


def test_a_damaged_weave_is_named(archive: Archive) -> None:
    archive.store(FIRST)
    with archive.database.unit() as db:
        data = bytearray(
            db.scalars(History.__table__.select().with_only_columns(History.__table__.c.data)).one()
        )
        data[-1] ^= 1
        db.execute(update(History).values(data=bytes(data)))

    page = found(archive, "ip http")

    assert (page.devices, page.unreadable) == ((), ("core-1",))


def test_a_missing_key_is_no_empty_answer(sync_archive: Archive) -> None:
    sync_archive.store(FIRST)
    sync_archive.database = Database(sync_archive.database.url, KeyRing.generate(), "sync")

    with pytest.raises(KeyUnavailable):
        found(sync_archive, "ip http")


def _user(name: str) -> User:
    return User(
        id=new_id(),
        username=name,
        username_key=name,
        email=f"{name}@example.com",
        email_key=f"{name}@example.com",
        password_hash="x",
        role=Role.VIEWER,
        is_active=True,
    )
