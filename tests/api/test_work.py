"""Runs, schedules, credentials, settings, users and the audit log over HTTP."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest

from netraven.db.enums import LogLevel
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.runs import start_job_log
from netraven.models import AuditEvent
from netraven.schemas.job import JobLogEntryCreate
from tests.api.conftest import PASSWORD, Site

DAILY = {
    "name": "nightly",
    "job_type": "backup",
    "schedule_type": "daily",
    "schedule_time": "02:30",
    "targets": "all",
}


@pytest.fixture
def operator(site: Site) -> str:
    """Return the token of an operator."""
    return site.token(site.add_user("olga", "operator"))


@pytest.fixture
def admin(site: Site) -> str:
    """Return the token of an administrator."""
    return site.token(site.add_user("boss", "admin"))


async def test_a_run_is_written_down_watched_and_cancelled(site: Site, operator: str) -> None:
    ids = {str(site.add_device(f"core-{number}")) for number in range(2)}

    begun = await site.ask(
        "POST", "/runs", operator, json={"job_type": "backup", "all_devices": True}
    )
    run_id = begun.json()["id"]
    results = await site.ask("GET", f"/runs/{run_id}/results", operator)
    listed = await site.ask("GET", "/runs", operator, params={"active": True})
    cancelled = await site.ask("POST", f"/runs/{run_id}/cancel", operator)
    again = await site.ask("POST", f"/runs/{run_id}/cancel", operator)

    assert (begun.status_code, begun.json()["status"]) == (202, "queued")
    assert begun.json()["actor_name"] == "olga"
    assert {row["device_id"] for row in results.json()["items"]} == ids
    assert [row["id"] for row in listed.json()["items"]] == [run_id]
    assert cancelled.json()["status"] == "cancelled"
    assert (again.status_code, again.json()["field"]) == (409, "status")


async def test_a_run_takes_only_devices_that_one_may_see(site: Site, operator: str) -> None:
    hidden = site.add_device("hidden", site.add_user("owner", "operator"))
    seen = site.add_device("seen")

    named = await site.ask(
        "POST", "/runs", operator, json={"job_type": "backup", "device_ids": [str(hidden)]}
    )
    everything = await site.ask(
        "POST", "/runs", operator, json={"job_type": "backup", "all_devices": True}
    )
    nothing = await site.ask("POST", "/runs", operator, json={"job_type": "backup"})

    assert (named.status_code, named.json()["field"]) == (422, "device_ids")
    assert everything.json()["device_id"] == str(seen)
    assert nothing.status_code == 422


async def test_a_retention_run_needs_the_permission_to_delete(
    site: Site, operator: str, admin: str
) -> None:
    wanted = {"job_type": "retention", "job_data": {"dry_run": True}}

    assert (await site.ask("POST", "/runs", operator, json=wanted)).status_code == 403
    assert (await site.ask("POST", "/runs", admin, json=wanted)).status_code == 202


async def test_a_runs_log_is_read_on_from_a_number(site: Site, operator: str) -> None:
    site.add_device()
    wanted = {"job_type": "backup", "all_devices": True}
    run_id = (await site.ask("POST", "/runs", operator, json=wanted)).json()["id"]
    lines = [
        JobLogEntryCreate(message=f"line {number}", level=level)
        for number, level in enumerate((LogLevel.DEBUG, LogLevel.INFO, LogLevel.ERROR))
    ]
    with site.database.unit() as db:
        start_job_log(db, run_id)
        append_job_log_entries(db, run_id, lines)

    rest = await site.ask("GET", f"/runs/{run_id}/entries", operator, params={"after_seq": 1})
    severe = await site.ask("GET", f"/runs/{run_id}/entries", operator, params={"level": "ERROR"})

    assert [row["message"] for row in rest.json()["items"]] == ["line 1", "line 2"]
    assert [row["seq"] for row in severe.json()["items"]] == [3]


async def test_a_schedule_is_tried_kept_explained_and_begun(site: Site, operator: str) -> None:
    site.add_device()
    timing = {"schedule_type": "daily", "schedule_time": "02:30"}

    tried = await site.ask(
        "POST", "/schedules/next-times", operator, json=timing, params={"count": 3}
    )
    made = await site.ask("POST", "/schedules", operator, json=DAILY)
    schedule_id = made.json()["id"]
    following = await site.ask("GET", f"/schedules/{schedule_id}/next-times", operator)
    told = await site.ask("GET", f"/schedules/{schedule_id}/explanation", operator)
    begun = await site.ask("POST", f"/schedules/{schedule_id}/run", operator)
    await site.ask("PATCH", f"/schedules/{schedule_id}", operator, json={"enabled": False})
    off = await site.ask("GET", f"/schedules/{schedule_id}/next-times", operator)
    bad = await site.ask(
        "POST", "/schedules/next-times", operator, json={**timing, "timezone": "Mars/Base"}
    )

    times = [datetime.fromisoformat(text) for text in tried.json()["times"]]
    assert [(time.hour, time.minute) for time in times] == [(2, 30)] * 3
    assert following.json()["times"][0] == made.json()["next_run"]
    assert told.json()["sentences"][0]["topic"] == "When"
    assert begun.status_code == 202
    assert off.json() == {"times": []}
    assert (bad.status_code, bad.json()["field"]) == (422, "timezone")


async def test_black_outs_are_kept(site: Site, operator: str) -> None:
    tag = (await site.ask("POST", "/tags", operator, json={"name": "bank"})).json()["id"]
    wanted = {"name": "day", "tag_id": tag, "from_time": "08:00", "until_time": "18:00"}

    made = await site.ask("POST", "/blackouts", operator, json=wanted)
    listed = await site.ask("GET", "/blackouts", operator)
    gone = await site.ask("DELETE", f"/blackouts/{made.json()['id']}", operator)

    assert made.status_code == 201
    assert listed.json()["total"] == 1
    assert gone.status_code == 204


async def test_a_credentials_secret_is_shown_to_admins_with_a_reason_only(
    site: Site, operator: str, admin: str
) -> None:
    given = {"name": "lab", "username": "backup", "password": "canary-42"}

    made = await site.ask("POST", "/credentials", operator, json=given)
    address = f"/credentials/{made.json()['id']}"
    shown = await site.ask("GET", address, operator)
    listed = await site.ask("GET", "/credentials", operator)
    refused = await site.ask("POST", f"{address}/reveal", operator, json={"reason": "why"})
    revealed = await site.ask("POST", f"{address}/reveal", admin, json={"reason": "a fire"})

    assert "canary-42" not in made.text + shown.text + listed.text + refused.text
    assert refused.status_code == 403
    assert revealed.json()["password"] == "canary-42"
    with site.database.unit() as db:
        event = db.query(AuditEvent).filter_by(event_name="credential_revealed").one()
        assert event.actor_name == "boss"


async def test_a_refused_secret_is_not_told_back(site: Site, operator: str) -> None:
    given = {"name": "lab", "username": "backup", "password": ["canary-42"]}

    reply = await site.ask("POST", "/credentials", operator, json=given)

    assert (reply.status_code, reply.json()["field"]) == (422, "password")
    assert "canary-42" not in reply.text


async def test_settings_are_changed_within_their_bounds_and_secrets_masked(
    site: Site, admin: str
) -> None:
    limit = "/settings/security.login.max_failed_attempts"
    secret = "/settings/notification.email.smtp_password"

    changed = await site.ask("PUT", limit, admin, json={"value": 7})
    refused = await site.ask("PUT", limit, admin, json={"value": 0})
    masked = await site.ask("PUT", secret, admin, json={"value": "canary-42"})
    back = await site.ask("POST", "/settings/reset", admin, json={})

    assert changed.json()["value"] == 7
    assert (refused.status_code, refused.json()["field"]) == (422, "value")
    assert masked.json()["value"] == "********"
    assert "canary-42" not in (await site.ask("GET", "/settings", admin)).text
    assert {row["key"] for row in back.json()} == {
        "security.login.max_failed_attempts",
        "notification.email.smtp_password",
    }


async def test_administrators_keep_users_and_the_last_one_cannot_go(site: Site, admin: str) -> None:
    given = {"username": "ana", "email": "ana@example.com", "password": PASSWORD}

    made = await site.ask("POST", "/users", admin, json=given)
    user_id = made.json()["id"]
    weak = await site.ask("POST", "/users", admin, json={**given, "password": "weak"})
    boss = (await site.ask("GET", "/users", admin, params={"role": "admin"})).json()["items"][0]
    last = await site.ask("DELETE", f"/users/{boss['id']}", admin)
    reset = await site.ask(
        "POST", f"/users/{user_id}/password", admin, json={"new_password": PASSWORD + "x"}
    )
    gone = await site.ask("DELETE", f"/users/{user_id}", admin)

    assert made.status_code == 201
    assert "password" not in made.json()
    assert (weak.status_code, weak.json()["field"]) == (422, "password")
    assert "weak" not in weak.json()["detail"].replace("password", "")
    assert (last.status_code, last.json()["code"]) == (409, "in_use")
    assert (reset.status_code, gone.status_code) == (204, 204)


async def test_administrators_end_other_peoples_logins_and_tokens(site: Site, admin: str) -> None:
    user_id = site.add_user("ana")
    login = (await site.log_in("ana"))["access_token"]
    token = site.token(user_id)

    tokens = (await site.ask("GET", f"/users/{user_id}/tokens", admin)).json()["items"]
    revoked = await site.ask("DELETE", f"/users/{user_id}/tokens/{tokens[0]['id']}", admin)
    ended = await site.ask("DELETE", f"/users/{user_id}/sessions", admin)

    assert revoked.status_code == 204
    assert ended.json() == {"ended": 1}
    assert (await site.ask("GET", "/devices", token)).status_code == 401
    assert (await site.ask("GET", "/devices", login)).status_code == 401


async def test_what_was_done_is_on_record_and_the_record_is_whole(site: Site, admin: str) -> None:
    tag = (await site.ask("POST", "/tags", admin, json={"name": "edge"})).json()["id"]

    found = await site.ask("GET", "/audit-events", admin, params={"target_id": tag})
    one = await site.ask("GET", f"/audit-events/{found.json()['items'][0]['id']}", admin)
    report = await site.ask("GET", "/audit-events/verification", admin)

    assert one.json()["event_name"] == "tag_created"
    assert one.json()["actor_name"] == "boss"
    assert UUID(one.json()["actor_id"]).version == 7
    assert report.json()["ok"] is True
