"""Logging in by password and second factor, staying in by cookie or tokens, and getting out."""

from __future__ import annotations

import base64
import statistics
import time

import pytest

from netraven import clock
from netraven.admin.settings import update_admin_setting_value
from netraven.admin.setup import make_setup_token
from netraven.admin.totp import code_at, step_at
from netraven.admin.users import update_user
from netraven.models import AuditEvent, LoginSession
from netraven.schemas.user import UserUpdate
from tests.api.conftest import BASE, PASSWORD, Site


async def test_a_client_logs_in_and_asks_with_its_token(site: Site) -> None:
    user_id = site.add_user("ana")

    tokens = await site.log_in("ANA")
    reply = await site.ask("GET", "/account", tokens["access_token"])

    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 30 * 60
    assert reply.status_code == 200
    assert reply.json()["user"]["id"] == str(user_id)
    assert "login_succeeded" in site.events()


@pytest.mark.parametrize(
    ("name", "password"), [("ana", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("ana", "é")]
)
async def test_whatever_is_wrong_the_answer_is_the_same(
    site: Site, name: str, password: str
) -> None:
    site.add_user("ana")
    site.add_user("gone", is_active=False)

    given = {"username": name, "password": password}
    reply = await site.ask("POST", "/auth/token", json=given)

    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["code"] == "not_authenticated"
    assert reply.json()["detail"] == "user name, password or code are not right"


async def test_a_name_that_nobody_has_takes_as_long_as_one_that_somebody_has(site: Site) -> None:
    site.add_user("ana")

    async def took_s(name: str) -> float:
        began = time.perf_counter()
        await site.ask("POST", "/auth/token", json={"username": name, "password": "wrong"})
        return time.perf_counter() - began

    known, unknown = [], []
    for _ in range(4):
        known.append(await took_s("ana"))
        unknown.append(await took_s("nobody"))

    # The hash is most of it: an answer without one would take a tenth.
    assert min(unknown) > statistics.median(known) / 4


async def test_a_refused_name_that_nobody_has_is_not_on_record(site: Site) -> None:
    await site.ask("POST", "/auth/token", json={"username": PASSWORD, "password": "x"})

    with site.database.unit() as db:
        (event,) = db.query(AuditEvent).filter_by(event_name="login_refused")
        assert PASSWORD not in repr(vars(event))
        assert event.ip_address == "127.0.0.1"


async def test_after_five_failures_even_the_right_password_has_to_wait(site: Site) -> None:
    site.add_user("ana")
    wrong = {"username": "ana", "password": "wrong"}
    statuses = [(await site.ask("POST", "/auth/token", json=wrong)).status_code for _ in range(5)]

    reply = await site.ask("POST", "/auth/token", json={**wrong, "password": PASSWORD})

    assert statuses == [401] * 5
    assert reply.status_code == 429
    assert 890 < int(reply.headers["retry-after"]) <= 901
    assert reply.json()["code"] == "too_many_attempts"


async def test_a_browsers_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    site.add_user("ana")

    given = {"username": "ana", "password": PASSWORD}
    reply = await site.ask("POST", "/auth/login", json=given)

    cookie = reply.headers["set-cookie"]
    assert reply.status_code == 200
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie  # it came by http
    assert (await site.ask("GET", "/account")).status_code == 200


async def test_a_change_by_cookie_needs_the_logins_mark(site: Site) -> None:
    site.add_user("ana")
    given = {"username": "ana", "password": PASSWORD}
    mark = (await site.ask("POST", "/auth/login", json=given)).json()["csrf_token"]

    change = {"full_name": "Ana"}
    without = await site.ask("PATCH", "/account", json=change)
    wrong = await site.ask("PATCH", "/account", json=change, headers={"X-CSRF-Token": "0" * 64})
    right = await site.ask("PATCH", "/account", json=change, headers={"X-CSRF-Token": mark})

    assert (without.status_code, wrong.status_code, right.status_code) == (403, 403, 200)
    assert right.json()["full_name"] == "Ana"
    assert (await site.ask("GET", "/account")).json()["csrf_token"] == mark


async def test_logging_out_ends_the_login(site: Site) -> None:
    site.add_user("ana")
    tokens = await site.log_in("ana")

    reply = await site.ask("POST", "/auth/logout", tokens["access_token"])

    assert reply.status_code == 204
    assert (await site.ask("GET", "/account", tokens["access_token"])).status_code == 401
    renewal = {"refresh_token": tokens["refresh_token"]}
    assert (await site.ask("POST", "/auth/refresh", json=renewal)).status_code == 401


async def test_refresh_tokens_rotate_and_a_replay_ends_the_login(site: Site) -> None:
    site.add_user("ana")
    first = await site.log_in("ana")

    renewal = {"refresh_token": first["refresh_token"]}
    second = (await site.ask("POST", "/auth/refresh", json=renewal)).json()
    assert (await site.ask("GET", "/account", second["access_token"])).status_code == 200
    replay = await site.ask("POST", "/auth/refresh", json=renewal)

    assert replay.status_code == 401
    assert (await site.ask("GET", "/account", second["access_token"])).status_code == 401
    after = await site.ask("POST", "/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert after.status_code == 401
    assert "refresh_replayed" in site.events()


@pytest.mark.parametrize(
    "forged", ["nrr_", "x", "nrr_" + "0" * 104, "nrr_" + "é" * 104, "nrr_" + "0" * 32 + "g" * 72]
)
async def test_forged_refresh_tokens_are_refused(site: Site, forged: str) -> None:
    reply = await site.ask("POST", "/auth/refresh", json={"refresh_token": forged})

    assert reply.status_code == 401


async def test_tokens_live_as_long_as_the_settings_say_when_they_are_issued(site: Site) -> None:
    site.add_user("ana")
    with site.database.unit() as db:
        update_admin_setting_value(db, "security.token.access_token_expire_minutes", 1)

    assert (await site.log_in("ana"))["expires_in"] == 60


async def test_a_change_of_role_ends_logins_at_once(site: Site) -> None:
    site.add_user("boss", "admin")
    user_id = site.add_user("ana")
    tokens = await site.log_in("ana")

    with site.database.unit() as db:
        update_user(db, user_id, UserUpdate.model_validate({"role": "operator"}))

    assert (await site.ask("GET", "/account", tokens["access_token"])).status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Basic YTpi", "Bearer nrv_unknown", "Bearer a.b.c", "x" * 9000]
)
async def test_other_headers_let_nobody_in(site: Site, header: str) -> None:
    reply = await site.ask("GET", "/account", headers={"Authorization": header})

    assert reply.status_code == 401
    assert reply.json()["code"] == "not_authenticated"


async def test_a_bad_header_is_not_made_good_by_a_cookie(site: Site) -> None:
    site.add_user("ana")
    await site.ask("POST", "/auth/login", json={"username": "ana", "password": PASSWORD})

    assert (await site.ask("GET", "/account", "nrv_unknown")).status_code == 401


async def test_the_second_factor_is_asked_for_and_does_not_count_as_a_failure(site: Site) -> None:
    user_id = site.add_user("ana")
    tokens = await site.log_in("ana")
    enrolled = await site.ask("POST", "/account/second-factor", tokens["access_token"])
    secret = enrolled.json()["secret"]
    plain = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = step_at(clock.now())
    confirmed = await site.ask(
        "POST",
        "/account/second-factor/confirm",
        tokens["access_token"],
        json={"code": code_at(plain, step - 1)},
    )
    recovery = confirmed.json()["codes"]

    given = {"username": "ana", "password": PASSWORD}
    missing = await site.ask("POST", "/auth/token", json=given)
    wrong = await site.ask("POST", "/auth/token", json={**given, "code": "000000"})
    with site.database.unit() as db:
        session = db.query(LoginSession).filter_by(user_id=user_id).count()
    right = await site.log_in("ana", code=code_at(plain, step_at(clock.now())))
    by_recovery = await site.log_in("ana", code=recovery[0])
    again = await site.ask("POST", "/auth/token", json={**given, "code": recovery[0]})

    assert (missing.status_code, missing.json()["code"]) == (401, "second_factor_needed")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "not_authenticated")
    assert session == 1
    assert right["access_token"]
    assert by_recovery["access_token"]
    assert again.status_code == 401
    removed = await site.client.request(
        "DELETE",
        f"{BASE}/account/second-factor",
        json={"code": recovery[1]},
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert removed.status_code == 204
    assert await site.log_in("ana")


async def test_changing_the_password_ends_all_logins(site: Site) -> None:
    site.add_user("ana")
    tokens = await site.log_in("ana")
    change = {"current_password": PASSWORD, "new_password": PASSWORD + "x"}

    wrong = await site.ask(
        "POST",
        "/account/password",
        tokens["access_token"],
        json={**change, "current_password": "x"},
    )
    weak = await site.ask(
        "POST", "/account/password", tokens["access_token"], json={**change, "new_password": "x"}
    )
    done = await site.ask("POST", "/account/password", tokens["access_token"], json=change)

    assert (wrong.status_code, wrong.json()["field"]) == (422, "current_password")
    assert (weak.status_code, weak.json()["field"]) == (422, "password")
    assert done.status_code == 204
    assert (await site.ask("GET", "/account", tokens["access_token"])).status_code == 401


async def test_one_lists_and_ends_ones_own_logins_only(site: Site) -> None:
    site.add_user("ana")
    site.add_user("ben")
    bens = await site.log_in("ben")
    bens_id = (await site.ask("GET", "/account/sessions", bens["access_token"])).json()["items"][0]
    tokens = [await site.log_in("ana") for _ in range(3)]
    mine = tokens[0]["access_token"]

    page = (await site.ask("GET", "/account/sessions", mine, params={"limit": 2})).json()
    rest = await site.ask("GET", "/account/sessions", mine, params={"cursor": page["next"]})
    foreign = await site.ask("DELETE", f"/account/sessions/{bens_id['id']}", mine)
    one = await site.ask("DELETE", f"/account/sessions/{page['items'][0]['id']}", mine)
    others = await site.ask("DELETE", "/account/sessions", mine)

    assert page["total"] == 3
    assert [len(page["items"]), len(rest.json()["items"])] == [2, 1]
    assert rest.json().get("next") is None
    assert foreign.status_code == 404
    assert one.status_code == 204
    assert others.json() == {"ended": 1}
    assert (await site.ask("GET", "/account", mine)).status_code == 200
    assert (await site.ask("GET", "/account", bens["access_token"])).status_code == 200


async def test_api_tokens_do_what_their_scopes_name_and_are_shown_once(site: Site) -> None:
    site.add_user("ana", "operator")
    login = (await site.log_in("ana"))["access_token"]

    wanted = {"name": "grafana", "scopes": ["devices:read"]}
    made = await site.ask("POST", "/tokens", login, json=wanted)
    secret, token_id = made.json()["secret"], made.json()["token"]["id"]
    listed = await site.ask("GET", "/tokens", login)
    not_in_scope = await site.ask("GET", "/users", secret)
    not_by_token = await site.ask("GET", "/tokens", secret)
    revoked = await site.ask("DELETE", f"/tokens/{token_id}", login)

    assert made.status_code == 201
    assert secret not in listed.text
    assert listed.json()["items"][0]["hint"] == secret[:10]
    assert (not_in_scope.status_code, not_by_token.status_code) == (403, 403)
    assert revoked.status_code == 204
    assert (await site.ask("GET", "/account", secret)).status_code == 401


async def test_the_first_administrator_is_made_by_the_set_up_token(site: Site) -> None:
    with site.database.unit() as db:
        token = make_setup_token(db)
    given = {"token": token, "username": "ana", "email": "ana@example.com", "password": PASSWORD}

    made = await site.ask("POST", "/setup", json=given)
    again = await site.ask("POST", "/setup", json={**given, "username": "eve"})

    assert (made.status_code, made.json()["role"]) == (201, "admin")
    assert again.status_code == 401
    assert (await site.log_in("ana"))["access_token"]
