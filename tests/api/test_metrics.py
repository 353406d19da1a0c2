"""Metrics: for who has a token, without names, and what dashboard and alerts refer to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from netraven.archive.storing import store_backup
from netraven.schemas.backup import BackupCreate
from tests.api.conftest import Site

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations"
NAME = re.compile(r"\bnetraven_[a-z_]+")
# What Prometheus makes of one histogram.
PARTS = ("_bucket", "_count", "_sum")


async def scrape(site: Site) -> dict[str, dict[tuple[str, ...], float]]:
    """Return every sample by its name, then by the values of its labels."""
    token = site.token(site.add_user("prometheus", "operator"), "metrics:read")
    await site.ask("GET", "/devices", token)
    reply = await site.client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/plain")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(reply.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


async def test_it_tells_how_the_installation_stands(site: Site) -> None:
    device_id = site.add_device("core-1")
    site.add_device("core-2")
    with site.database.unit() as db:
        store_backup(db, BackupCreate(device_id=device_id), content="hostname core-1\n")

    found = await scrape(site)

    assert found["netraven_devices"] == {("enabled",): 2.0, ("disabled",): 0.0}
    assert found["netraven_devices_last_backup"][("completed",)] == 1
    assert found["netraven_devices_without_good_backup"] == {(): 1.0}
    assert found["netraven_backups"][("completed",)] == 1
    assert found["netraven_database_bytes"][()] > 100_000
    assert found["netraven_http_requests_total"][("GET", "/api/v1/devices", "403")] == 1


async def test_refused_logins_are_counted(site: Site) -> None:
    for _ in range(6):
        await site.ask("POST", "/auth/token", json={"username": "nobody", "password": "x"})

    assert (await scrape(site))["netraven_logins_refused_total"] == {(): 6.0}


async def test_no_name_of_a_device_or_user_is_told_and_no_address(site: Site) -> None:
    site.add_device("canary-device")
    await site.ask("GET", "/canary-address")

    told = str(await scrape(site))

    assert "canary" not in told
    assert "prometheus" not in told


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_only_the_fit_scope_lets_one_in(site: Site, role: str) -> None:
    other = site.token(site.add_user("ana", role), "devices:read")

    for headers in ({}, {"Authorization": f"Bearer {other}"}):
        reply = await site.client.get("/metrics", headers=headers)
        assert reply.status_code == (403 if headers else 401)


async def test_page_dashboard_and_alerts_name_what_there_is(site: Site) -> None:
    device_id = site.add_device("core-1")
    with site.database.unit() as db:
        store_backup(db, BackupCreate(device_id=device_id), content="hostname core-1\n")
    known = set(await scrape(site))
    families = {_without_parts(name) for name in known if not name.endswith("_created")}
    table = re.findall(r"^\| `(netraven_\w+)`", _read("monitoring.md"), re.MULTILINE)
    dashboard: dict[str, Any] = json.loads(_read("monitoring/dashboard.json"))
    rules = yaml.safe_load(_read("monitoring/alerts.yml"))["groups"][0]["rules"]
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for rule in rules]

    assert set(table) == families
    assert {name for text in asked for name in NAME.findall(text)} <= known
    assert all(rule["annotations"]["summary"] for rule in rules)


def _without_parts(name: str) -> str:
    return next((name.removesuffix(part) for part in PARTS if name.endswith(part)), name)


def _read(name: str) -> str:
    return (OPERATIONS / name).read_text(encoding="utf-8")
