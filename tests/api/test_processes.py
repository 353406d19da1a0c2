"""Several web processes on one database: what one changes the others know at once."""

from __future__ import annotations

import httpx
import pytest

from netraven.admin.settings import initialize_default_settings
from netraven.log import configure_logging
from tests.api.conftest import BASE, PASSWORD, Site
from tests.api.server import Running, running
from tests.conftest import Database

LOGIN = {"username": "ana", "password": PASSWORD}


def ask(
    server: Running, method: str, path: str, token: str | None = None, **body: object
) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    json = body or None
    return httpx.request(method, f"{server.url}{BASE}{path}", headers=headers, json=json)


@pytest.fixture
def installed(sync_database: Database) -> Database:
    configure_logging(level="error", log_format="json")
    with sync_database.unit() as db:
        initialize_default_settings(db)
    return sync_database


def test_logins_settings_and_locks_hold_in_all_of_them(installed: Database) -> None:
    with running(installed) as one, running(installed) as other:
        Site.add_user_to(installed, "boss", "admin")
        Site.add_user_to(installed, "ana", "viewer")
        boss = ask(one, "POST", "/auth/token", username="boss", password=PASSWORD).json()
        setting = "/settings/security.token.access_token_expire_minutes"

        changed = ask(one, "PUT", setting, boss["access_token"], value=5)
        elsewhere = ask(other, "POST", "/auth/token", None, **LOGIN).json()
        renewal = {"refresh_token": boss["refresh_token"]}
        renewed = ask(other, "POST", "/auth/refresh", None, **renewal).json()
        replayed = ask(one, "POST", "/auth/refresh", None, **renewal)
        over = ask(other, "GET", "/account", renewed["access_token"])
        for server in (one, other, one, other, one):
            ask(server, "POST", "/auth/token", username="ana", password="wrong")
        locked = ask(other, "POST", "/auth/token", None, **LOGIN)

    assert changed.status_code == 200
    assert elsewhere["expires_in"] == 300
    assert renewed["expires_in"] == 300
    assert (replayed.status_code, over.status_code) == (401, 401)
    assert locked.status_code == 429
