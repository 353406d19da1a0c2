"""Devices, tags and rules over HTTP."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.api.conftest import Site

CSV = "hostname,ip_address,device_type\ncore-1,192.0.2.1,cisco_ios\nbad,192.0.2.2,nonesuch\n"
DEVICE = {"hostname": "core-1", "ip_address": "192.0.2.1", "device_type": "cisco_ios"}


@pytest.fixture
def operator(site: Site) -> str:
    """Return the token of an operator."""
    return site.token(site.add_user("olga", "operator"))


async def add(site: Site, token: str, number: int = 1, **more: object) -> str:
    device = {**DEVICE, "hostname": f"core-{number}", "ip_address": f"192.0.2.{number}", **more}
    reply = await site.ask("POST", "/devices", token, json=device)
    assert reply.status_code == 201, reply.text
    device_id: str = reply.json()["id"]
    return device_id


async def test_a_device_is_added_shown_changed_and_found(site: Site, operator: str) -> None:
    device_id = await add(site, operator)

    shown = await site.ask("GET", f"/devices/{device_id}", operator)
    changed = await site.ask(
        "PATCH", f"/devices/{device_id}", operator, json={"site": "zurich", "description": "x"}
    )
    listed = await site.ask("GET", "/devices", operator, params={"site": "zurich"})
    other = await site.ask("GET", "/devices", operator, params={"site": "berne"})

    assert shown.json()["tags"][0]["name"] == "default"
    assert changed.json()["site"] == "zurich"
    assert [row["id"] for row in listed.json()["items"]] == [device_id]
    assert other.json() == {"items": [], "total": 0, "next": None}


async def test_a_name_that_is_taken_is_a_conflict_that_names_the_field(
    site: Site, operator: str
) -> None:
    await add(site, operator)

    again = {**DEVICE, "hostname": "CORE-1", "ip_address": "192.0.2.9"}
    reply = await site.ask("POST", "/devices", operator, json=again)

    assert reply.status_code == 409
    assert (reply.json()["code"], reply.json()["field"]) == ("conflict", "hostname")


async def test_pages_lead_on_by_skip_and_by_cursor(site: Site, operator: str) -> None:
    for number in range(1, 6):
        await add(site, operator, number)

    by_skip = await site.ask("GET", "/devices", operator, params={"skip": 2, "limit": 2})
    names, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await site.ask("GET", "/devices", operator, params=params)).json()
        names += [row["hostname"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert [row["hostname"] for row in by_skip.json()["items"]] == ["core-3", "core-4"]
    assert by_skip.json()["total"] == 5
    assert names == [f"core-{number}" for number in range(1, 6)]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"skip": -1}, "skip"),
        ({"skip": "x"}, "skip"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"pattern": "x"}, "pattern"),
        ({"skip": [1, 2]}, "skip"),
        ({"tag_match": "some"}, "tag_match"),
    ],
)
async def test_impossible_questions_are_refused_by_name(
    site: Site, operator: str, params: dict[str, object], field: str
) -> None:
    reply = await site.ask("GET", "/devices", operator, params=params)

    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    assert reply.json()["field"] == field


async def test_a_cursor_of_another_list_is_refused(site: Site, operator: str) -> None:
    for number in (1, 2):
        await add(site, operator, number)
    page = (await site.ask("GET", "/devices", operator, params={"limit": 1})).json()

    reply = await site.ask("GET", "/runs", operator, params={"cursor": page["next"]})

    assert reply.status_code == 422


async def test_an_import_tells_a_verdict_a_row_and_a_dry_run_keeps_nothing(
    site: Site, operator: str
) -> None:
    async def take(**params: object) -> dict[str, object]:
        headers = {"Content-Type": "text/csv"}
        reply = await site.ask(
            "POST", "/devices/import", operator, content=CSV, headers=headers, params=params
        )
        assert reply.status_code == 200, reply.text
        told: dict[str, object] = reply.json()
        return told

    dry = await take(dry_run=True)
    after_dry = (await site.ask("GET", "/devices", operator)).json()["total"]
    real = await take()
    again = await take()

    assert dry["counts"] == real["counts"] == {"create": 1, "refuse": 1}
    assert after_dry == 0
    assert again["counts"] == {"same": 1, "refuse": 1}


async def test_an_import_of_another_type_is_refused(site: Site, operator: str) -> None:
    reply = await site.ask("POST", "/devices/import", operator, json={})

    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media")


async def test_many_devices_change_together_or_not_at_all(site: Site, operator: str) -> None:
    ids = [await add(site, operator, number) for number in (1, 2)]
    tag = (await site.ask("POST", "/tags", operator, json={"name": "edge"})).json()["id"]

    wanted = {"device_ids": ids, "change": {"site": "berne"}, "add_tag_ids": [tag]}
    done = await site.ask("POST", "/devices/bulk", operator, json=wanted)
    missing = {**wanted, "device_ids": [*ids, "nonesuch"], "change": {"site": "basle"}}
    refused = await site.ask("POST", "/devices/bulk", operator, json=missing)

    listed = (await site.ask("GET", "/devices", operator, params={"tag_ids": tag})).json()
    assert done.json() == {"devices": 2}
    assert refused.status_code == 404
    assert {row["site"] for row in listed["items"]} == {"berne"}
    assert listed["total"] == 2


async def test_who_sees_only_some_devices_owns_what_they_add(site: Site) -> None:
    user_id = site.add_user("lim", "operator", limited_to_tags=True)
    token = site.token(user_id)
    hidden = site.add_device("hidden")

    device_id = await add(site, token)
    listed = (await site.ask("GET", "/devices", token)).json()

    assert [row["id"] for row in listed["items"]] == [device_id]
    assert UUID(listed["items"][0]["owner"]["id"]) == user_id
    assert (await site.ask("GET", f"/devices/{hidden}", token)).status_code == 404


async def test_tags_are_put_on_and_taken_off_but_the_default_one(site: Site, operator: str) -> None:
    device_id = await add(site, operator)
    tag = (await site.ask("POST", "/tags", operator, json={"name": "edge"})).json()["id"]
    default = (await site.ask("GET", f"/devices/{device_id}", operator)).json()["tags"][0]["id"]

    on = await site.ask("PUT", f"/devices/{device_id}/tags/{tag}", operator)
    carrying = await site.ask("GET", f"/tags/{tag}/devices", operator)
    off = await site.ask("DELETE", f"/devices/{device_id}/tags/{tag}", operator)
    kept = await site.ask("DELETE", f"/devices/{device_id}/tags/{default}", operator)

    assert (on.status_code, off.status_code) == (204, 204)
    assert carrying.json()["total"] == 1
    assert (kept.status_code, kept.json()["code"]) == (409, "in_use")


async def test_a_rule_is_tried_kept_and_applied(site: Site, operator: str) -> None:
    device_id = await add(site, operator)
    tag = (await site.ask("POST", "/tags", operator, json={"name": "core"})).json()["id"]
    criteria = {"field": "hostname", "operator": "startswith", "value": "core"}

    tried = await site.ask("POST", "/rules/test", operator, json={"rule_criteria": criteria})
    rule = {"name": "cores", "tag_id": tag, "rule_criteria": criteria}
    made = await site.ask("POST", "/rules", operator, json=rule)
    applied = await site.ask("POST", f"/rules/{made.json()['id']}/apply", operator)
    wrong = {"rule_criteria": {"field": "password", "operator": "equals", "value": "x"}}
    refused = await site.ask("POST", "/rules/test", operator, json=wrong)

    assert [row["id"] for row in tried.json()["matching_devices"]] == [device_id]
    assert made.status_code == 201
    assert applied.json()["added"] == 1
    assert (refused.status_code, refused.json()["field"]) == (422, "rule_criteria")


async def test_platforms_are_found_by_any_tools_name(site: Site, operator: str) -> None:
    all_of_them = (await site.ask("GET", "/platforms", operator)).json()
    one = await site.ask("GET", "/platforms/ios", operator)

    assert len(all_of_them) > 40
    assert one.json()["name"] == "cisco_ios"
    assert (await site.ask("GET", "/platforms/nonesuch", operator)).status_code == 404
