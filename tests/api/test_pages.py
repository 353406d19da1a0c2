"""Lists that grow: a cursor leads through each of them, once past every row, however deep."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from netraven.admin.audit import record_audit_event
from netraven.archive.storing import store_backup
from netraven.db import new_id
from netraven.db.enums import EventType, ResultStatus
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.results import record_job_result
from netraven.jobs.runs import create_job_log, start_job_log
from netraven.models import Tag
from netraven.schemas.audit import AuditEventCreate
from netraven.schemas.backup import BackupCreate
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate, JobResultCreate
from tests.api.conftest import Site

ROWS = 7


@pytest.fixture
def admin(site: Site) -> str:
    """Return the token of an administrator."""
    return site.token(site.add_user("boss", "admin"))


def fill(site: Site) -> dict[str, str]:
    """Store `ROWS` rows and more for each list that grows, and return the lists' addresses."""
    devices = [site.add_device(f"core-{number}") for number in range(ROWS)]
    with site.database.unit() as db:
        wanted = {"job_type": "backup", "device_ids": devices}
        run = create_job_log(db, JobLogCreate.model_validate(wanted))
        start_job_log(db, run.id)
        for device_id in devices:
            store_backup(db, BackupCreate(device_id=device_id), content=f"hostname {device_id}\n")
            done = JobResultCreate(status=ResultStatus.SUCCEEDED)
            record_job_result(db, run.id, device_id, done)
            append_job_log_entries(db, run.id, [JobLogEntryCreate(message="done")])
        for _ in range(ROWS):
            create_job_log(db, JobLogCreate.model_validate({"job_type": "verify"}))
        tag = db.scalars(select(Tag.id)).one()
    return {
        "devices": "/devices",
        "devices of a tag": f"/tags/{tag}/devices",
        "backups": "/backups",
        "runs": "/runs",
        "results": f"/runs/{run.id}/results",
        "entries": f"/runs/{run.id}/entries",
        "events": "/audit-events",
    }


def add_before(site: Site) -> None:
    """Store rows that stand before all that were shown: a page counted anew would repeat some."""
    site.add_device(f"a-{new_id().hex}")
    with site.database.unit() as db:
        create_job_log(db, JobLogCreate.model_validate({"job_type": "verify"}))
        happened = AuditEventCreate(
            event_type=EventType.ADMIN, event_name="happened", description="it happened"
        )
        record_audit_event(db, happened)


async def walk(site: Site, token: str, address: str) -> list[str]:
    """Return the ids of all rows, page by page, while others are added before them."""
    ids: list[str] = []
    params: dict[str, str] = {}
    while True:
        reply = await site.ask("GET", address, token, params={"limit": "3", **params})
        assert reply.status_code == 200, reply.text
        page = reply.json()
        ids += map(id_of, page["items"])
        if page["next"] is None:
            return ids
        params["cursor"] = page["next"]
        add_before(site)


def id_of(row: dict[str, str]) -> str:
    """Return what tells a row from the others; a result of a run has its device's id only."""
    return row.get("id", row.get("device_id", ""))


async def test_cursors_pass_every_row_once_while_others_are_added(site: Site, admin: str) -> None:
    for name, address in fill(site).items():
        whole = (await site.ask("GET", address, admin)).json()

        walked = await walk(site, admin, address)

        assert walked == list(map(id_of, whole["items"])), name
        assert len(walked) == whole["total"] >= ROWS, name
        assert whole["next"] is None, name


PAGES = ("", "?limit=3", "?limit=1000", "?limit=3&skip=5", "?skip=1000", "?limit=3&skip=1000")


async def test_each_page_of_a_list_tells_the_same_number_in_all(site: Site, admin: str) -> None:
    for name, address in fill(site).items():
        pages = [(await site.ask("GET", address + page, admin)).json() for page in PAGES]

        assert [page["total"] for page in pages] == [pages[0]["total"]] * len(PAGES), name
        assert pages[0]["total"] == len(pages[0]["items"]) >= ROWS, name
