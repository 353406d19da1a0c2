"""How often one token may ask: more than that waits, and others do not wait with it."""

from __future__ import annotations

import httpx
import pytest

from netraven.admin.api_tokens import create_api_token
from netraven.errors import SettingsInvalid
from netraven.request.ground import Bounds
from netraven.schemas.access import ApiTokenCreate
from netraven.settings import load_settings
from tests.api.conftest import BASE, Site
from tests.api.server import running
from tests.conftest import Database

MOST = 10


def tokens_of(database: Database, *names: str) -> list[str]:
    """Return the secret of one new API token for each of these new users."""
    secrets: list[str] = []
    for name in names:
        user_id = Site.add_user_to(database, name, "viewer")
        wanted = ApiTokenCreate(name="test", scopes=["devices:read"])
        with database.unit() as db:
            made = create_api_token(db, user_id, wanted)
        assert made is not None
        secrets.append(made.secret.get_secret_value())
    return secrets


def test_a_token_that_asks_too_often_is_told_when_to_come_back(sync_database: Database) -> None:
    ana, ben = tokens_of(sync_database, "ana", "ben")
    bounds = Bounds(requests_per_minute=MOST)
    with running(sync_database, bounds) as server, httpx.Client(base_url=server.url) as client:

        def ask(token: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return client.get(f"{BASE}/devices", headers=headers)

        let_in = [ask(ana).status_code for _ in range(MOST)]
        refused, other = ask(ana), ask(ben)
        stranger = client.get("/healthz")

    assert set(let_in) == {200}
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60 / MOST
    assert "Retry-After" in refused.json()["remedy"]
    assert (other.status_code, stranger.status_code) == (200, 200)


@pytest.mark.parametrize("value", ["9", "1000001", "often"])
def test_a_bound_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsInvalid, match="NETRAVEN_REQUESTS_PER_MINUTE"):
        load_settings({"NETRAVEN_REQUESTS_PER_MINUTE": value})
