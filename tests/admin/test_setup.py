"""The first administrator comes by a token that works once, and only while there is no user."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from netraven.admin.setup import make_setup_token, set_up
from netraven.db.enums import Role
from netraven.errors import Invalid, NotAuthenticated
from netraven.schemas.user import UserCreate
from tests.admin.conftest import PASSWORD, Staff

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA = UserCreate(username="ana", email="ana@example.com", password=SecretStr(PASSWORD))


def make(staff: Staff) -> str:
    token = staff.database.run(make_setup_token, now=NOON)
    assert token is not None
    return token


def test_the_token_makes_an_administrator_once(staff: Staff) -> None:
    token = make(staff)

    made = staff.database.run(set_up, token, ANA, now=NOON)

    row = staff.read(made.id)
    assert (row.username, row.role, row.is_active) == ("ana", Role.ADMIN, True)
    assert [event.event_name for event in staff.events()] == ["set_up"]
    with pytest.raises(NotAuthenticated):
        staff.database.run(set_up, token, ANA, now=NOON)


def test_a_refused_password_leaves_the_token_as_it_is(staff: Staff) -> None:
    token = make(staff)
    weak = ANA.model_copy(update={"password": SecretStr("weak")})

    with pytest.raises(Invalid):
        staff.database.run(set_up, token, weak, now=NOON)

    staff.database.run(set_up, token, ANA, now=NOON)


def test_wrong_old_and_replaced_tokens_are_refused(staff: Staff) -> None:
    replaced = make(staff)
    token = make(staff)

    for given, now in ((replaced, NOON), ("nri_x", NOON), (token, NOON + timedelta(hours=24))):
        with pytest.raises(NotAuthenticated):
            staff.database.run(set_up, given, ANA, now=now)
    staff.database.run(set_up, token, ANA, now=NOON + timedelta(hours=23))


def test_where_there_are_users_there_is_no_set_up(staff: Staff) -> None:
    token = make(staff)
    staff.add("ben")

    assert staff.database.run(make_setup_token) is None
    with pytest.raises(NotAuthenticated):
        staff.database.run(set_up, token, ANA, now=NOON)
