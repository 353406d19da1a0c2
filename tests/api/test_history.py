"""The history of all lines over HTTP: findings come as lines of JSON, secrets as tokens."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from netraven.archive.storing import store_backup
from netraven.schemas.backup import BackupCreate
from tests.api.conftest import Site

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "s3cr3t-community"
TEXT = f"hostname core-{{}}\nip http server\nsnmp-server community {SECRET} RO\nend\n"


@pytest.fixture
def viewer(site: Site) -> str:
    """Return the token of a viewer."""
    return site.token(site.add_user("ana"))


def store(site: Site, device_id: UUID, text: str | bytes, *, hours: int = 0) -> None:
    with site.database.unit() as db:
        moment = NOON + timedelta(hours=hours)
        store_backup(db, BackupCreate(device_id=device_id), content=text, now=moment)


def fill(site: Site, devices: int = 3) -> list[UUID]:
    """Store a version of each device, and one of the first without its server."""
    ids = [site.add_device(f"core-{number}") for number in range(devices)]
    for number, device_id in enumerate(ids):
        store(site, device_id, TEXT.format(number))
    store(site, ids[0], TEXT.format(0).replace("ip http server\n", ""), hours=1)
    return ids


async def asked(
    site: Site, path: str, token: str, **params: object
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the findings of a stream, and how it ended."""
    reply = await site.ask("GET", path, token, params=params)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/x-ndjson"
    documents = [json.loads(line) for line in reply.text.splitlines()]
    return documents[:-1], documents[-1]["end"]


@pytest.mark.parametrize(
    ("path", "asks"),
    [("/search", {"pattern": "http server"}), ("/biography", {"line": "ip http server"})],
)
async def test_who_accepts_events_gets_the_same_as_events(
    site: Site, viewer: str, path: str, asks: dict[str, str]
) -> None:
    fill(site)
    lines = await site.ask("GET", path, viewer, params=asks)

    events = await site.ask(
        "GET", path, viewer, params=asks, headers={"Accept": "text/event-stream"}
    )

    assert events.headers["content-type"].startswith("text/event-stream")
    assert events.headers["vary"].startswith("Accept")
    told = [event.splitlines() for event in events.text.split("\n\n")[:-1]]
    assert [
        {kind.removeprefix("event: "): json.loads(data.removeprefix("data: "))}
        for kind, data in told
    ] == [json.loads(line) for line in lines.text.splitlines()]
    assert told[-1][0] == "event: end"


async def test_all_versions_of_all_devices_are_searched(site: Site, viewer: str) -> None:
    fill(site)

    found, end = await asked(site, "/search", viewer, pattern="http server")
    now, _ = await asked(
        site,
        "/search",
        viewer,
        pattern="http server",
        since=(NOON + timedelta(hours=2)).isoformat(),
    )

    assert [each["device"]["hostname"] for each in found] == ["core-0", "core-1", "core-2"]
    assert found[0]["device"]["hits"][0]["gone_at"] is not None
    assert found[1]["device"]["hits"][0]["gone_at"] is None
    assert (end["ended"], end["searched"], end["cursor"]) == ("end", 3, None)
    assert [each["device"]["hostname"] for each in now] == ["core-1", "core-2"]


async def test_a_search_goes_on_by_its_cursor(site: Site, viewer: str) -> None:
    fill(site)

    first, end = await asked(site, "/search", viewer, pattern="http server", limit=1)
    rest, last = await asked(
        site, "/search", viewer, pattern="http server", cursor=end["cursor"], limit=10
    )

    assert end["ended"] == "limit"
    assert last["ended"] == "end"
    names = [each["device"]["hostname"] for each in (*first, *rest) if each["device"]["hits"]]
    assert names == ["core-0", "core-1", "core-2"]


async def test_a_search_whose_time_is_up_says_so_and_goes_on(site: Site, viewer: str) -> None:
    if site.database.url.startswith("sqlite"):
        pytest.skip("nobody keeps a reader of SQLite waiting")
    fill(site, devices=30)

    with site.database.unit() as db:
        db.execute(text("LOCK TABLE history IN ACCESS EXCLUSIVE MODE"))
        asking = asyncio.create_task(
            asked(site, "/search", viewer, pattern="http server", within_s=1)
        )
        await asyncio.sleep(1.1)
    found, end = await asking
    rest, last = await asked(site, "/search", viewer, pattern="http server", cursor=end["cursor"])

    assert end["ended"] == "time"
    assert last["ended"] == "end"
    assert end["searched"] + last["searched"] == 30
    assert len({each["device"]["hostname"] for each in (*found, *rest)}) == 30


async def test_a_secret_cannot_be_searched_for(site: Site, viewer: str) -> None:
    fill(site)

    found, _ = await asked(site, "/search", viewer, pattern=SECRET)
    shown, _ = await asked(site, "/search", viewer, pattern="snmp-server community")

    assert found == []
    assert SECRET not in json.dumps(shown)
    assert "‹secret:" in shown[0]["device"]["hits"][0]["line"]


async def test_what_one_may_not_see_is_neither_found_nor_counted(site: Site, viewer: str) -> None:
    owner = site.add_user("owner", "operator")
    store(site, site.add_device("hidden", owner), TEXT.format(9))

    found, end = await asked(site, "/search", viewer, pattern="http server")

    assert found == []
    assert end["searched"] == 0


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"pattern": "x"}, "pattern"),
        ({"pattern": "(?=look)", "kind": "regex"}, "pattern"),
        ({"pattern": "server", "cursor": "nonsense"}, "cursor"),
        ({"pattern": "server", "within_s": 0}, "within_s"),
    ],
)
async def test_what_cannot_be_searched_is_said_before_the_stream(
    site: Site, viewer: str, params: dict[str, object], field: str
) -> None:
    reply = await site.ask("GET", "/search", viewer, params=params)

    assert (reply.status_code, reply.json()["field"]) == (422, field)


async def test_a_line_has_a_life(site: Site, viewer: str) -> None:
    fill(site)

    lives, end = await asked(site, "/biography", viewer, line="ip http server")

    stays = {each["life"]["hostname"]: each["life"]["stays"] for each in lives}
    assert stays["core-0"][0]["gone_at"] == "2026-03-02T13:00:00Z"
    assert stays["core-1"][0]["gone_at"] is None
    assert end["ended"] == "end"


async def test_each_line_of_a_version_says_since_when_it_stands(site: Site, viewer: str) -> None:
    ids = fill(site)
    store(site, ids[1], TEXT.format(1) + "! new\n", hours=3)

    reply = await site.ask("GET", f"/devices/{ids[1]}/annotation", viewer)
    first = await site.ask("GET", f"/devices/{ids[1]}/annotation", viewer, params={"version": 1})
    absent = await site.ask("GET", f"/devices/{ids[1]}/annotation", viewer, params={"version": 9})

    since = {line["text"]: line["version"] for line in reply.json()["lines"]}
    assert since["hostname core-1"] == 1
    assert since["! new"] == 2
    assert SECRET not in reply.text
    assert first.json()["backup"]["version"] == 1
    assert absent.status_code == 404


async def test_one_change_of_many_devices_is_one_story(site: Site, viewer: str) -> None:
    ids = fill(site)
    for number, device_id in enumerate(ids[1:], start=1):
        store(site, device_id, TEXT.format(number).replace("ip http server\n", ""), hours=1)

    since = (NOON + timedelta(minutes=30)).isoformat()
    reply = await site.ask("GET", "/stories", viewer, params={"since": since})

    told = reply.json()
    assert told["total"] == 1
    assert told["items"][0]["lines"] == ["-ip http server"]
    assert [each["hostname"] for each in told["items"][0]["same"]] == ["core-0", "core-1", "core-2"]


async def test_bytes_that_are_no_text_do_not_break_an_answer(site: Site, viewer: str) -> None:
    device_id = site.add_device("odd")
    store(site, device_id, b"hostname odd\ndescription \xff\xfe here\nend\n")

    found, _ = await asked(site, "/search", viewer, pattern="description")
    shown = await site.ask("GET", f"/devices/{device_id}/annotation", viewer)

    assert found[0]["device"]["hits"][0]["line"] == r"description \xff\xfe here"
    assert shown.status_code == 200


async def test_who_searches_too_often_waits(site: Site) -> None:
    token = site.token(site.add_user("busy"))
    site.add_device()

    replies = [
        await site.ask("GET", "/search", token, params={"pattern": "nothing"}) for _ in range(25)
    ]

    late = next(reply for reply in replies if reply.status_code != 200)
    assert (late.status_code, late.json()["code"]) == (429, "too_many_searches")
    assert int(late.headers["retry-after"]) >= 1
