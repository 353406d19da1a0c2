"""Backups over HTTP: what is seen without and with secrets, what changed, what may be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from netraven.archive.storing import store_backup
from netraven.db.enums import BackupStatus, Grade
from netraven.models import AuditEvent
from netraven.schemas.backup import BackupCreate
from tests.api.conftest import Site

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "s3cr3t-community"
TEXT = f"hostname core-1\nsnmp-server community {SECRET} RO\nend\n"


@pytest.fixture
def operator(site: Site) -> str:
    """Return the token of an operator."""
    return site.token(site.add_user("olga", "operator"))


def store(
    site: Site, device_id: UUID, text: str = TEXT, *, hours: int = 0, **fields: object
) -> str:
    create = BackupCreate.model_validate({"device_id": device_id, **fields})
    with site.database.unit() as db:
        moment = NOON + timedelta(hours=hours)
        return str(store_backup(db, create, content=text, now=moment).backup.id)


async def test_content_is_shown_with_tokens_in_the_place_of_secrets(
    site: Site, operator: str
) -> None:
    backup_id = store(site, site.add_device())

    reply = await site.ask("GET", f"/backups/{backup_id}/content", operator)

    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert SECRET not in reply.text
    assert "‹secret:" in reply.text
    assert "hostname core-1" in reply.text


async def test_a_view_is_not_sent_twice_and_its_tag_is_no_hash_of_it(
    site: Site, operator: str
) -> None:
    backup_id = store(site, site.add_device())
    address = f"/backups/{backup_id}/content"
    tag = (await site.ask("GET", address, operator)).headers["etag"]

    again = await site.ask("GET", address, operator, headers={"If-None-Match": tag})
    other = await site.ask("GET", address, operator, headers={"If-None-Match": '"x"'})
    among = {"If-None-Match": f'"x", W/{tag}'}
    weak = await site.ask("GET", address, operator, headers=among)

    assert (weak.status_code, weak.content) == (304, b"")
    assert tag.startswith(f'"{UUID(backup_id).hex}-')
    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


async def test_a_tag_is_worth_nothing_to_who_may_not_see_the_device(site: Site) -> None:
    owner = site.add_user("owner", "operator")
    backup_id = store(site, site.add_device("core-1", owner))
    address = f"/backups/{backup_id}/content"
    tag = (await site.ask("GET", address, site.token(owner))).headers["etag"]

    stranger = site.token(site.add_user("ana"))
    reply = await site.ask("GET", address, stranger, headers={"If-None-Match": tag})

    assert reply.status_code == 404


async def test_the_exact_bytes_need_a_reason_which_goes_on_record(
    site: Site, operator: str
) -> None:
    backup_id = store(site, site.add_device())
    address = f"/backups/{backup_id}/unseal"

    without = await site.ask("POST", address, operator, json={})
    blank = await site.ask("POST", address, operator, json={"reason": "  "})
    read = await site.ask("POST", address, operator, json={"reason": "restore after a fire"})

    assert (without.status_code, blank.status_code) == (422, 422)
    assert read.content == TEXT.encode()
    assert "attachment" in read.headers["content-disposition"]
    with site.database.unit() as db:
        event = db.query(AuditEvent).filter_by(event_name="backup_unsealed").one()
        assert event.changes["reason"] == "restore after a fire"
        assert event.actor_name == "olga"
        assert event.ip_address == "127.0.0.1"
        assert event.request_id == read.headers["x-request-id"]


async def test_a_viewer_may_not_unseal(site: Site) -> None:
    backup_id = store(site, site.add_device())
    viewer = site.token(site.add_user("ana"))

    reply = await site.ask("POST", f"/backups/{backup_id}/unseal", viewer, json={"reason": "why"})

    assert reply.status_code == 403
    assert "backup_unsealed" not in site.events()


async def test_two_backups_are_compared_without_their_secrets(site: Site, operator: str) -> None:
    device_id = site.add_device()
    older = store(site, device_id)
    newer = store(site, device_id, TEXT.replace("core-1", "core-2"), hours=1)

    reply = await site.ask("GET", f"/backups/{older}/diff/{newer}", operator)

    told = reply.json()
    assert (told["added"], told["removed"], told["identical"]) == (1, 1, False)
    assert "-hostname core-1" in told["diff"]
    assert SECRET not in told["diff"]


async def test_lists_go_on_by_cursor_also_within_one_instant(site: Site, operator: str) -> None:
    for number in range(3):
        device_id = site.add_device(f"core-{number}")
        for version in range(2):
            store(site, device_id, f"hostname core-{number}\nversion {version}\n", hours=version)

    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, str | int] = {"limit": 2}
        if cursor is not None:
            params["cursor"] = cursor
        page = (await site.ask("GET", "/backups", operator, params=params)).json()
        assert page["total"] == 6
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    whole = (await site.ask("GET", "/backups", operator)).json()["items"]

    assert seen == [row["id"] for row in whole]
    assert len(set(seen)) == 6
    assert not any("hash" in name for name in whole[0])


async def test_a_quarantined_backup_is_accepted_with_a_reason(site: Site, operator: str) -> None:
    backup_id = store(
        site, site.add_device(), status=BackupStatus.QUARANTINED, grade=Grade.C, evidence={}
    )

    change = {"status": "completed"}
    without = await site.ask("PATCH", f"/backups/{backup_id}", operator, json=change)
    change["reason"] = "seen it with my own eyes"
    accepted = await site.ask("PATCH", f"/backups/{backup_id}", operator, json=change)
    again = await site.ask("PATCH", f"/backups/{backup_id}", operator, json=change)

    assert (without.status_code, without.json()["field"]) == (422, "reason")
    assert accepted.json()["status"] == "completed"
    assert (again.status_code, again.json()["field"]) == (409, "status")


async def test_a_pinned_backup_is_not_deleted(site: Site) -> None:
    admin = site.token(site.add_user("boss", "admin"))
    backup_id = store(site, site.add_device())

    pinned = await site.ask("PATCH", f"/backups/{backup_id}", admin, json={"pinned": True})
    kept = await site.ask("DELETE", f"/backups/{backup_id}", admin)
    await site.ask("PATCH", f"/backups/{backup_id}", admin, json={"pinned": False})
    gone = await site.ask("DELETE", f"/backups/{backup_id}", admin)

    assert pinned.json()["pinned"] is True
    assert (kept.status_code, kept.json()["code"]) == (409, "in_use")
    assert gone.status_code == 204
    assert (await site.ask("GET", f"/backups/{backup_id}", admin)).status_code == 404


async def test_a_dashboard_counts_what_one_may_see(site: Site) -> None:
    owner = site.add_user("owner", "operator")
    store(site, site.add_device("core-1", owner))

    mine = (await site.ask("GET", "/statistics", site.token(owner))).json()
    others = (await site.ask("GET", "/statistics", site.token(site.add_user("ana")))).json()

    assert (mine["devices"]["total"], mine["backups"]["total"]) == (1, 1)
    assert mine["devices"]["by_last_backup"]["completed"] == 1
    assert (others["devices"]["total"], others["backups"]["total"]) == (0, 0)
