"""Logging in by OpenID Connect over HTTP: a browser's way to a real provider and back."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from netraven import clock
from netraven.admin.identities import link_identity
from netraven.admin.second_factor import begin_second_factor, confirm_second_factor
from netraven.admin.settings import initialize_sso_settings, update_admin_setting_value
from netraven.admin.totp import code_at, step_at
from netraven.db.enums import IdentityKind, Role
from netraven.db.types import JsonValue
from netraven.models import AuditEvent, LoginSession, User, UserIdentity
from netraven.schemas.sso import IdentityLink
from netraven.sso.authorities import trusting
from tests.api.conftest import BASE, PASSWORD, Site
from tests.sso.conftest import ON_BOTH
from tests.sso.provider import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, RunningProvider

LOGIN, CALLBACK = f"{BASE}/auth/oidc/login", f"{BASE}/auth/oidc/callback"


@dataclass
class Browser:
    """Somebody's browser: cookies of the site, and the way to the provider."""

    site: Site
    provider: RunningProvider
    outside: httpx.AsyncClient = field(repr=False)

    async def depart(self, path: str = "/") -> str:
        """Return the address of the provider that the site sends the browser to."""
        reply = await self.site.client.get(LOGIN, params={"next": path})
        assert reply.status_code == 303, reply.text
        address: str = reply.headers["location"]
        return address

    async def prove(self, address: str) -> dict[str, str]:
        """Return what the provider sends the browser back with."""
        reply = await self.outside.get(address)
        back = reply.headers["location"]
        assert back.startswith(REDIRECT_URI)
        return dict(parse_qsl(urlsplit(back).query))

    async def come_back(self, answer: dict[str, str]) -> httpx.Response:
        return await self.site.client.get(CALLBACK, params=answer)

    async def log_in(self, path: str = "/") -> httpx.Response:
        return await self.come_back(await self.prove(await self.depart(path)))

    async def account(self) -> dict[str, Any]:
        reply = await self.site.ask("GET", "/account")
        assert reply.status_code == 200, reply.text
        told: dict[str, Any] = reply.json()
        return told

    def set(self, key: str, value: JsonValue) -> None:
        with self.site.database.unit() as db:
            assert update_admin_setting_value(db, f"sso.oidc.{key}", value) is not None

    def users(self) -> list[User]:
        with self.site.database.unit() as db:
            return list(db.scalars(select(User).order_by(User.username)))

    def link(self, user_id: UUID) -> None:
        with self.site.database.unit() as db:
            subject = db.scalars(select(UserIdentity.subject)).one()
            db.query(UserIdentity).delete()
            link = IdentityLink(
                kind=IdentityKind.OIDC, issuer=self.provider.issuer, subject=subject
            )
            assert link_identity(db, user_id, link) is not None


@pytest_asyncio.fixture
async def browser(site: Site, provider: RunningProvider) -> AsyncIterator[Browser]:
    with site.database.unit() as db:
        initialize_sso_settings(db)
    async with httpx.AsyncClient(verify=trusting(provider.authority.pem)) as outside:
        browser = Browser(site, provider, outside)
        wanted: dict[str, JsonValue] = {
            "issuer": provider.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT_URI,
            "roles": {"netops": "operator", "admins": "admin"},
            "ca_certificates": provider.authority.pem,
            "enabled": True,
        }
        for key, value in wanted.items():
            browser.set(key, value)
        yield browser


@ON_BOTH
async def test_a_person_logs_in_and_is_a_user_with_the_role_of_their_groups(
    browser: Browser,
) -> None:
    reply = await browser.log_in("/devices?a=1&b=2")

    account = await browser.account()
    assert reply.status_code == 200, reply.text
    assert 'content="0; url=/devices?a=1&amp;b=2"' in reply.text
    assert account["user"]["username"] == "ana"
    assert account["user"]["email"] == "ana@example.com"
    assert account["user"]["role"] == "operator"
    assert browser.site.events()[-2:] == ["user_created", "login_succeeded"]


async def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    departed = await browser.site.client.get(LOGIN)
    answer = await browser.prove(departed.headers["location"])
    arrived = await browser.come_back(answer)

    way, login = departed.headers["set-cookie"], arrived.headers.get_list("set-cookie")[0]
    assert "HttpOnly" in way
    assert "SameSite=lax" in way
    assert f"Path={BASE}/auth/oidc" in way
    assert "HttpOnly" in login
    assert "SameSite=strict" in login
    assert "netraven_sign_on" not in browser.site.client.cookies


@ON_BOTH
async def test_a_second_login_finds_the_same_user_and_follows_their_groups(
    browser: Browser,
) -> None:
    await browser.log_in()
    browser.provider.people["ana"].update(
        groups=["admins"], preferred_username="ann", email="ann@example.com"
    )

    await browser.log_in()

    (user,) = browser.users()
    assert (user.username, user.role) == ("ana", Role.ADMIN)
    assert "user_role_followed" in browser.site.events()


async def test_who_is_in_no_named_group_is_refused_in_one_sentence(browser: Browser) -> None:
    browser.provider.who = "otto"

    reply = await browser.log_in()

    assert reply.status_code == 403
    assert reply.json()["detail"] == (
        "none of your groups has a role in NetRaven; ask an administrator"
    )
    assert browser.users() == []
    assert browser.site.events()[-1] == "login_refused"


@ON_BOTH
async def test_who_loses_their_groups_is_logged_out(browser: Browser) -> None:
    await browser.log_in()
    cookies = dict(browser.site.client.cookies)
    browser.provider.people["ana"]["groups"] = []

    reply = await browser.log_in()

    browser.site.client.cookies.update(cookies)
    assert reply.status_code == 403
    assert (await browser.site.ask("GET", "/account")).status_code == 401


@pytest.mark.parametrize("other", ["ana", "anna"])
async def test_a_user_of_the_same_name_or_address_is_another(browser: Browser, other: str) -> None:
    browser.site.add_user(other, "admin")
    browser.provider.people["ana"]["email"] = f"{other}@example.com"

    reply = await browser.log_in()

    assert reply.status_code == 409
    assert "another account here has your" in reply.json()["detail"]
    assert [user.username for user in browser.users()] == [other]
    assert (await browser.site.ask("GET", "/account")).status_code == 401


async def test_a_linked_user_logs_in_by_the_provider_only(browser: Browser) -> None:
    await browser.log_in()
    browser.site.add_user("boss", "admin")
    local = browser.site.add_user("Anita", "operator")
    browser.link(local)

    reply = await browser.log_in()
    by_password = await browser.site.ask(
        "POST", "/auth/token", json={"username": "Anita", "password": PASSWORD}
    )

    assert reply.status_code == 200
    assert (await browser.account())["user"]["username"] == "Anita"
    assert by_password.status_code == 401


@ON_BOTH
async def test_a_disabled_user_stays_disabled(browser: Browser) -> None:
    await browser.log_in()
    with browser.site.database.unit() as db:
        db.query(User).update({"is_active": False})

    reply = await browser.log_in()

    assert reply.status_code == 403
    assert "disabled" in reply.json()["detail"]


async def test_the_last_administrators_role_is_not_taken_away(browser: Browser) -> None:
    browser.provider.who = "eva"
    await browser.log_in()
    browser.provider.people["eva"]["groups"] = ["netops"]

    reply = await browser.log_in()

    assert reply.status_code == 409
    assert browser.users()[0].role is Role.ADMIN


async def test_the_second_factor_is_the_providers_matter(browser: Browser) -> None:
    await browser.log_in()
    with browser.site.database.unit() as db:
        user_id = db.scalars(select(User.id)).one()
        enrolled = begin_second_factor(db, user_id)
        assert enrolled is not None
        secret = enrolled.secret.get_secret_value()
        now = clock.now()
        assert confirm_second_factor(db, user_id, code_at(_decoded(secret), step_at(now)), now=now)

    assert (await browser.log_in()).status_code == 200


def _decoded(secret: str) -> bytes:
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


@ON_BOTH
@pytest.mark.parametrize("name", ["ana\x00", "\ud800", "ana\n[31m", "x" * 10_000, "Ána"])
async def test_a_name_that_nobody_can_have_is_refused_and_on_record(
    browser: Browser, name: str
) -> None:
    browser.provider.people["ana"]["preferred_username"] = name

    reply = await browser.log_in()

    assert reply.status_code == 422
    assert reply.json()["field"] == "username"
    assert browser.users() == []
    assert browser.site.events()[-1] == "login_refused"


async def test_a_way_that_another_browser_began_is_not_finished_here(browser: Browser) -> None:
    answer = await browser.prove(await browser.depart())
    browser.site.client.cookies.clear()

    stranger = await browser.come_back(answer)
    await browser.depart()
    another = await browser.come_back(answer)

    assert (stranger.status_code, another.status_code) == (401, 401)
    assert "this browser did not begin it" in stranger.json()["detail"]
    assert "/token" not in browser.provider.asked


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "forged"},
        {"state": "0" * 64},
        {"iss": "https://evil.example.com"},
        {"error": "access_denied"},
    ],
)
async def test_an_answer_that_is_not_the_providers_lets_nobody_in(
    browser: Browser, changed: dict[str, str]
) -> None:
    answer = await browser.prove(await browser.depart())

    reply = await browser.come_back({**answer, **changed})

    assert reply.status_code == 401
    assert "set-cookie" not in reply.headers
    assert browser.users() == []


async def test_an_answer_works_once(browser: Browser) -> None:
    answer = await browser.prove(await browser.depart())
    way = dict(browser.site.client.cookies)
    await browser.come_back(answer)
    browser.site.client.cookies.clear()
    browser.site.client.cookies.update(way)

    reply = await browser.come_back(answer)

    assert reply.status_code == 401


async def test_a_provider_that_says_its_name_must_say_it(browser: Browser) -> None:
    browser.provider.described = {"authorization_response_iss_parameter_supported": True}
    answer = await browser.prove(await browser.depart())

    silent = await browser.come_back(answer)
    answer = await browser.prove(await browser.depart())
    named = await browser.come_back({**answer, "iss": browser.provider.issuer})

    assert (silent.status_code, named.status_code) == (401, 200)


@pytest.mark.parametrize("path", ["//evil.example.com", "/\\evil.example.com", "https://e.com", ""])
async def test_the_way_ends_on_this_site(browser: Browser, path: str) -> None:
    reply = await browser.site.client.get(LOGIN, params={"next": path})

    assert reply.status_code == 422


async def test_many_forged_answers_have_to_wait(browser: Browser) -> None:
    with browser.site.database.unit() as db:
        update_admin_setting_value(db, "security.login.max_failed_attempts", 1)
    answer = await browser.prove(await browser.depart())
    forged = {**answer, "code": "forged"}

    statuses = [(await browser.come_back(forged)).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]


async def test_a_login_that_succeeds_does_not_count(browser: Browser) -> None:
    with browser.site.database.unit() as db:
        update_admin_setting_value(db, "security.login.max_failed_attempts", 1)

    statuses = {(await browser.log_in()).status_code for _ in range(11)}

    assert statuses == {200}


async def test_switched_off_there_is_no_way(browser: Browser) -> None:
    methods = (await browser.site.ask("GET", "/auth/methods")).json()
    browser.set("enabled", value=False)

    reply = await browser.site.client.get(LOGIN)

    assert methods == {"password": True, "oidc": True, "ldap": False}
    assert reply.status_code == 409
    assert (await browser.site.ask("GET", "/auth/methods")).json()["oidc"] is False


async def test_a_provider_that_fails_tells_strangers_nothing(browser: Browser) -> None:
    browser.set("ca_certificates", "")

    reply = await browser.site.client.get(LOGIN)

    assert reply.status_code == 503
    assert reply.json()["code"] == "sign_on_unavailable"
    assert browser.provider.issuer not in reply.text


async def test_logging_out_tells_where_the_providers_login_ends(browser: Browser) -> None:
    await browser.log_in()
    mark = (await browser.account())["csrf_token"]

    without = await browser.site.ask("POST", "/auth/oidc/logout")
    reply = await browser.site.ask("POST", "/auth/oidc/logout", headers={"X-CSRF-Token": mark})

    assert without.status_code == 403
    assert reply.json()["provider_logout"] == (
        f"{browser.provider.issuer}/end?client_id={CLIENT_ID}"
    )
    assert (await browser.site.ask("GET", "/account")).status_code == 401


async def test_no_secret_of_the_way_is_on_record(browser: Browser) -> None:
    answer = await browser.prove(await browser.depart())
    await browser.come_back(answer)

    with browser.site.database.unit() as db:
        told = [repr(vars(row)) for row in db.query(AuditEvent)]
        told += [repr(vars(row)) for row in db.query(LoginSession)]
    for secret in (answer["code"], answer["state"], CLIENT_SECRET):
        assert not any(secret in row for row in told)
