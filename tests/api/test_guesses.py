"""Somebody at another's open login, who tries passwords and codes."""

from __future__ import annotations

import base64

from netraven import clock
from netraven.admin.settings import update_admin_setting_value
from netraven.admin.totp import code_at, step_at
from tests.api.conftest import PASSWORD, Site


async def test_a_password_cannot_be_tried_without_end(site: Site) -> None:
    site.add_user("ana")
    token = (await site.log_in("ana"))["access_token"]
    guess = {"current_password": "wrong", "new_password": "Other-horse-8"}

    statuses = [
        (await site.ask("POST", "/account/password", token, json=guess)).status_code
        for _ in range(5)
    ]
    right = await site.ask(
        "POST", "/account/password", token, json={**guess, "current_password": PASSWORD}
    )

    assert statuses == [422] * 5
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 800


async def test_what_is_no_guess_does_not_count(site: Site) -> None:
    site.add_user("ana")
    token = (await site.log_in("ana"))["access_token"]
    weak = {"current_password": PASSWORD, "new_password": "weak"}

    statuses = [
        (await site.ask("POST", "/account/password", token, json=weak)).status_code
        for _ in range(6)
    ]
    right = await site.ask(
        "POST", "/account/password", token, json={**weak, "new_password": "Other-horse-8"}
    )

    assert statuses == [422] * 6
    assert right.status_code == 204


async def test_a_code_cannot_be_tried_without_end(site: Site) -> None:
    site.add_user("ana")
    token = (await site.log_in("ana"))["access_token"]
    with site.database.unit() as db:
        update_admin_setting_value(db, "security.login.max_failed_attempts", 2)
    enrolled = (await site.ask("POST", "/account/second-factor", token)).json()["secret"]
    secret = base64.b32decode(enrolled + "=" * (-len(enrolled) % 8))
    first = {"code": code_at(secret, step_at(clock.now()))}
    codes = (await site.ask("POST", "/account/second-factor/confirm", token, json=first)).json()

    wrong = [
        await site.ask("DELETE", "/account/second-factor", token, json={"code": "000000"})
        for _ in range(2)
    ]
    spare = {"code": codes["codes"][0]}
    right = await site.ask("DELETE", "/account/second-factor", token, json=spare)

    assert [reply.status_code for reply in wrong] == [422, 422]
    assert right.status_code == 429
