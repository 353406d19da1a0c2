"""Logging in with name and password where a real directory knows them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from netraven import clock
from netraven.admin.identities import link_identity
from netraven.admin.second_factor import begin_second_factor, confirm_second_factor
from netraven.admin.settings import initialize_sso_settings, update_admin_setting_value
from netraven.admin.totp import code_at, step_at
from netraven.db.enums import IdentityKind, Role
from netraven.db.types import JsonValue
from netraven.models import AuditEvent, User, UserIdentity
from netraven.schemas.sso import IdentityLink
from tests.api.conftest import PASSWORD, Site
from tests.sso.conftest import ON_BOTH
from tests.sso.directory import (
    GROUPS,
    PEOPLE,
    SEARCHER,
    SEARCHERS_PASSWORD,
    Directory,
    password_of,
)


@dataclass
class Door:
    """The site's way in for people with a name and a password."""

    site: Site

    async def knock(self, username: str, password: str, **more: object) -> httpx.Response:
        given = {"username": username, "password": password, **more}
        return await self.site.ask("POST", "/auth/token", json=given)

    async def account(self, reply: httpx.Response) -> dict[str, Any]:
        told = await self.site.ask("GET", "/account", reply.json()["access_token"])
        account: dict[str, Any] = told.json()["user"]
        return account

    def set(self, key: str, value: JsonValue) -> None:
        with self.site.database.unit() as db:
            assert update_admin_setting_value(db, f"sso.ldap.{key}", value) is not None

    def users(self) -> list[User]:
        with self.site.database.unit() as db:
            return list(db.scalars(select(User).order_by(User.username)))

    def link(self, user_id: UUID, subject: str) -> None:
        with self.site.database.unit() as db:
            link = IdentityLink(kind=IdentityKind.LDAP, subject=subject)
            assert link_identity(db, user_id, link) is not None


@pytest.fixture
def door(site: Site, directory: Directory) -> Door:
    door = Door(site)
    with site.database.unit() as db:
        initialize_sso_settings(db)
    wanted: dict[str, JsonValue] = {
        "urls": directory.ldaps,
        "bind_dn": SEARCHER,
        "bind_password": SEARCHERS_PASSWORD,
        "user_base": PEOPLE,
        "group_attribute": "",
        "group_base": GROUPS,
        "roles": {f"cn=netops,{GROUPS}": "operator", f"cn=admins,{GROUPS}": "admin"},
        "ca_certificates": directory.authority.pem,
        "enabled": True,
    }
    for key, value in wanted.items():
        door.set(key, value)
    return door


@ON_BOTH
async def test_a_person_of_the_directory_is_a_user_with_the_role_of_their_groups(
    door: Door,
) -> None:
    reply = await door.knock("ana", password_of("ana"))

    assert reply.status_code == 200, reply.text
    account = await door.account(reply)
    assert (account["username"], account["role"]) == ("ana", "operator")
    assert (account["email"], account["full_name"]) == ("ana@example.com", "Ana Gómez")
    assert door.site.events()[-2:] == ["user_created", "login_succeeded"]


@ON_BOTH
async def test_a_second_login_finds_the_same_user_and_follows_their_groups(door: Door) -> None:
    first = await door.knock("ana", password_of("ana"))
    door.set("roles", {f"cn=netops,{GROUPS}": "viewer"})

    second = await door.knock("ANA", password_of("ana"))

    (user,) = door.users()
    assert (first.status_code, second.status_code) == (200, 200)
    assert user.role is Role.VIEWER
    old = await door.site.ask("GET", "/account", first.json()["access_token"])
    assert old.status_code == 401


@pytest.mark.parametrize(
    ("username", "password"),
    [("ana", "wrong"), ("nobody", "wrong"), ("ana)(uid=*", password_of("ana")), ("*", "x")],
)
async def test_whatever_is_wrong_the_answer_is_the_same(
    door: Door, username: str, password: str
) -> None:
    reply = await door.knock(username, password)

    assert reply.status_code == 401
    assert reply.json()["detail"] == "user name, password or code are not right"
    assert door.users() == []


async def test_who_is_in_no_named_group_is_refused_in_one_sentence(door: Door) -> None:
    reply = await door.knock("otto", password_of("otto"))

    assert reply.status_code == 403
    assert reply.json()["detail"].startswith("none of your groups has a role")
    assert door.site.events()[-1] == "login_refused"


async def test_who_loses_their_groups_is_logged_out(door: Door) -> None:
    first = await door.knock("ana", password_of("ana"))
    door.set("roles", {})

    refused = await door.knock("ana", password_of("ana"))

    old = await door.site.ask("GET", "/account", first.json()["access_token"])
    assert (refused.status_code, old.status_code) == (403, 401)


async def test_a_local_user_of_the_same_name_is_not_the_directorys(door: Door) -> None:
    door.site.add_user("ana", "admin")

    theirs = await door.knock("ana", password_of("ana"))
    own = await door.knock("ana", PASSWORD)

    assert (theirs.status_code, own.status_code) == (401, 200)
    assert (await door.account(own))["role"] == "admin"


async def test_a_local_users_password_is_never_shown_to_the_directory(door: Door) -> None:
    door.site.add_user("eva", is_active=False)

    reply = await door.knock("eva", password_of("eva"))

    assert reply.status_code == 401
    assert [user.role for user in door.users()] == [Role.VIEWER]


async def test_local_users_get_in_while_the_directory_is_away(door: Door) -> None:
    door.site.add_user("boss", "admin")
    door.set("urls", "ldaps://localhost:1")

    local = await door.knock("boss", PASSWORD)
    other = await door.knock("ana", password_of("ana"))

    assert (local.status_code, other.status_code) == (200, 503)
    assert other.json()["code"] == "sign_on_unavailable"
    assert "localhost" not in other.text


async def test_a_linked_user_logs_in_by_the_directory_only(door: Door) -> None:
    door.site.add_user("boss", "admin")
    door.link(door.site.add_user("ana", "admin"), f"UID=ana, {PEOPLE}")

    own = await door.knock("ana", PASSWORD)
    theirs = await door.knock("ana", password_of("ana"))

    assert (own.status_code, theirs.status_code) == (401, 200)
    assert (await door.account(theirs))["role"] == "operator"


async def test_switched_off_a_linked_user_does_not_get_in(door: Door) -> None:
    await door.knock("ana", password_of("ana"))
    door.set("enabled", value=False)

    reply = await door.knock("ana", password_of("ana"))
    empty = await door.knock("ana", " ")

    assert (reply.status_code, empty.status_code) == (401, 401)


async def test_a_disabled_user_stays_disabled(door: Door) -> None:
    await door.knock("ana", password_of("ana"))
    with door.site.database.unit() as db:
        db.query(User).update({"is_active": False})

    assert (await door.knock("ana", password_of("ana"))).status_code == 401


@ON_BOTH
async def test_who_has_a_second_factor_here_is_asked_for_its_code(door: Door) -> None:
    await door.knock("ana", password_of("ana"))
    now = clock.now()
    with door.site.database.unit() as db:
        user_id = db.scalars(select(User.id)).one()
        enrolled = begin_second_factor(db, user_id)
        assert enrolled is not None
        text = enrolled.secret.get_secret_value()
        secret = base64.b32decode(text + "=" * (-len(text) % 8))
        codes = confirm_second_factor(db, user_id, code_at(secret, step_at(now)), now=now)
    assert codes is not None

    without = await door.knock("ana", password_of("ana"))
    wrong = await door.knock("ana", password_of("ana"), code="000000")
    right = await door.knock("ana", password_of("ana"), code=codes[0].get_secret_value())

    assert without.json()["code"] == "second_factor_needed"
    assert (without.status_code, wrong.status_code, right.status_code) == (401, 401, 200)


async def test_after_five_failures_even_the_right_password_has_to_wait(door: Door) -> None:
    await door.knock("ana", password_of("ana"))
    statuses = [(await door.knock("ana", "wrong")).status_code for _ in range(5)]

    reply = await door.knock("ana", password_of("ana"))

    assert statuses == [401] * 5
    assert reply.status_code == 429


async def test_an_unfinished_setup_keeps_nobody_local_out(door: Door) -> None:
    door.site.add_user("boss", "admin")
    door.set("user_base", "")

    local = await door.knock("boss", PASSWORD)
    other = await door.knock("ana", password_of("ana"))

    assert (local.status_code, other.status_code) == (200, 503)


async def test_no_password_is_on_record(door: Door) -> None:
    await door.knock("ana", password_of("ana"))
    await door.knock("otto", password_of("otto"))

    with door.site.database.unit() as db:
        rows = [*db.query(AuditEvent), *db.query(User), *db.query(UserIdentity)]
        told = " ".join(repr(vars(row)) for row in rows)
    for secret in (password_of("ana"), password_of("otto"), SEARCHERS_PASSWORD.strip()):
        assert secret not in told
