"""What the command line asks a server for beside the nouns: status, black-outs, sessions, bytes."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest

from netraven import __version__
from netraven.archive.storing import store_backup
from netraven.archive.transcripts import Transcript, store_transcripts
from netraven.db.enums import BackupStatus
from netraven.inventory.tags import add_tag_to_device, create_tag
from netraven.jobs.blackouts import create_blackout
from netraven.schemas.backup import BackupCreate
from netraven.schemas.blackout import BlackoutCreate
from netraven.schemas.tag import TagCreate
from tests.api.conftest import Site

LATIN = b"hostname core-1\nbanner \xe9t\xe9\nend\n"


@pytest.fixture
def operator(site: Site) -> str:
    return site.token(site.add_user("olga", "operator"))


def store(site: Site, device_id: UUID, content: bytes, **fields: object) -> UUID:
    wanted = BackupCreate.model_validate({"device_id": device_id, **fields})
    with site.database.unit() as db:
        return store_backup(db, wanted, content=content).backup.id


async def test_the_status_and_the_histories_are_told_to_who_may_read_metrics(
    site: Site, operator: str
) -> None:
    store(site, site.add_device(), LATIN)
    viewer = site.token(site.add_user("vera"))

    status = await site.ask("GET", "/status", operator)
    histories = await site.ask("GET", "/history", operator)
    refused = [await site.ask("GET", path, viewer) for path in ("/status", "/history")]

    assert status.json()["fleet"]["enabled"] == 1
    assert histories.json() == {"series": 1, "current": 1}
    assert [reply.status_code for reply in refused] == [403, 403]


async def test_text_that_is_no_utf_8_comes_as_marks_or_as_its_bytes(
    site: Site, operator: str
) -> None:
    device_id = site.add_device()
    first = store(site, device_id, b"hostname core-1\nend\n")
    second = store(site, device_id, LATIN)

    async def content(**headers: str) -> httpx.Response:
        return await site.ask("GET", f"/backups/{second}/content", operator, headers=headers)

    shown, exact = await content(), await content(Accept="application/octet-stream")
    compared = await site.ask("GET", f"/backups/{first}/diff/{second}", operator)

    assert "banner \\xe9t\\xe9\n" in shown.text
    assert exact.content == LATIN
    assert shown.headers["etag"] != exact.headers["etag"]
    assert "+banner \\xe9t\\xe9\n" in compared.json()["diff"]


async def test_how_a_session_went_is_told_of_those_whose_device_one_sees(
    site: Site, operator: str
) -> None:
    device_id = site.add_device("core-1", site.add_user("owner", "operator"))
    backup_id = store(site, device_id, b"hostname co", status=BackupStatus.QUARANTINED)
    told = Transcript(step="reading the configuration", dialogue="core-1#")
    with site.database.unit() as db:
        store_transcripts(db, {backup_id: told})
    admin = site.token(site.add_user("ada", "admin"))

    seen = await site.ask("GET", f"/backups/{backup_id}/transcript", admin)
    foreign = await site.ask("GET", f"/backups/{backup_id}/transcript", operator)

    assert seen.json()["step"] == "reading the configuration"
    assert foreign.status_code == 404


async def test_devices_in_a_black_out_are_told_of_those_one_sees(site: Site, operator: str) -> None:
    mine = site.add_device("core-1")
    foreign = site.add_device("core-2", site.add_user("owner", "operator"))
    with site.database.unit() as db:
        tag = create_tag(db, TagCreate(name="lab"))
        for device_id in (mine, foreign):
            add_tag_to_device(db, device_id, tag.id)
        wanted = {"name": "fair", "tag_id": tag.id, "from_time": "00:00", "until_time": "00:00"}
        create_blackout(db, BlackoutCreate.model_validate(wanted))
    asked = {"device_ids": [str(mine), str(foreign)]}

    held = await site.ask("POST", "/blackouts/held-back", operator, json=asked)

    assert list(held.json()) == [str(mine)]
    assert held.json()[str(mine)]["name"] == "fair"


async def test_an_event_is_shown_by_its_number_too(site: Site) -> None:
    admin = site.token(site.add_user("ada", "admin"))
    by_number = await site.ask("GET", "/audit-events/1", admin)

    by_id = await site.ask("GET", f"/audit-events/{by_number.json()['id']}", admin)
    absent = await site.ask("GET", "/audit-events/999999", admin)

    assert by_id.json() == by_number.json()
    assert absent.status_code == 404


async def test_only_who_is_let_in_learns_the_version(site: Site, operator: str) -> None:
    known = await site.ask("GET", "/devices", operator)
    refused = await site.ask("GET", "/devices?wrong=1", operator)
    stranger = await site.ask("GET", "/devices")

    versions = [reply.headers.get("x-netraven-version") for reply in (known, refused, stranger)]
    assert versions == [__version__, __version__, None]
