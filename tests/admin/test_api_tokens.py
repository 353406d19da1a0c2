"""API tokens are shown once, kept as hashes, and do what their scopes name until they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from netraven.admin.api_tokens import (
    count_api_tokens,
    create_api_token,
    find_api_token,
    get_api_token,
    get_api_tokens,
    note_api_token_use,
    revoke_api_token,
)
from netraven.admin.permissions import ONLY_BY_LOGIN, ROLES, SCOPES, Permission, permissions_of
from netraven.db.enums import Role
from netraven.errors import Invalid
from netraven.schemas.access import ApiTokenCreate, NewApiToken
from tests.admin.conftest import Staff

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def make(staff: Staff, user_id: UUID, **fields: object) -> NewApiToken:
    wanted = {"name": "grafana", "scopes": ["devices:read"], **fields}
    create = ApiTokenCreate.model_validate(wanted)
    made = staff.database.run(create_api_token, user_id, create, now=NOON)
    assert made is not None
    return made


def is_found(staff: Staff, made: NewApiToken, *, now: datetime = NOON) -> bool:
    secret = made.secret.get_secret_value()
    return staff.database.run(find_api_token, secret, now=now) is not None


def test_a_token_is_found_by_its_secret_which_nothing_keeps(staff: Staff) -> None:
    made = make(staff, staff.add("ana"))

    secret = made.secret.get_secret_value()
    found = staff.database.run(find_api_token, secret, now=NOON)
    with staff.database.unit() as db:
        stored = str(db.execute(text("SELECT * FROM api_tokens")).all())
    assert found is not None
    assert (found.id, found.user.username, found.scopes) == (made.row_id, "ana", ["devices:read"])
    assert secret.startswith("nrv_")
    assert found.hint == secret[:10]
    assert secret not in stored + repr(made) + str([vars(event) for event in staff.events()])


def test_it_ends_when_it_expires_is_revoked_or_its_user_is_inactive(staff: Staff) -> None:
    user_id = staff.add("ana")
    short = make(staff, user_id, expires_at=NOON + timedelta(hours=1))
    revoked, lasting = make(staff, user_id), make(staff, user_id)

    staff.database.run(revoke_api_token, revoked.row_id)

    assert is_found(staff, short, now=NOON + timedelta(minutes=59))
    assert not is_found(staff, short, now=NOON + timedelta(hours=1))
    assert not is_found(staff, revoked)
    assert is_found(staff, lasting, now=NOON + timedelta(days=9999))
    staff.update(user_id, is_active=False)
    assert not is_found(staff, lasting)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scopes": ["devices:paint"]}, "scopes"),
        ({"scopes": ["account"]}, "scopes"),
        ({"scopes": ["users:write"]}, "scopes"),
        ({"expires_at": NOON}, "expires_at"),
    ],
)
def test_unfit_tokens_are_refused(staff: Staff, fields: dict[str, object], field: str) -> None:
    user_id = staff.add("ana", role="operator")

    with pytest.raises(Invalid) as refused:
        make(staff, user_id, **fields)

    assert refused.value.field == field
    assert staff.database.run(count_api_tokens) == 0


def test_tokens_are_listed_newest_first_by_owner(staff: Staff) -> None:
    ana, ben = staff.add("ana"), staff.add("ben")
    first, second = make(staff, ana).row_id, make(staff, ana).row_id
    make(staff, ben)

    rows = staff.database.run(get_api_tokens, user_id=ana)

    assert [row.id for row in rows] == [second, first]
    assert staff.database.run(count_api_tokens, user_id=ana) == 2
    assert staff.database.run(count_api_tokens) == 3
    assert staff.database.run(get_api_token, first, user_id=ben) is None


def test_revoking_needs_its_owner_where_one_is_named_and_is_on_record(staff: Staff) -> None:
    ana, ben = staff.add("ana"), staff.add("ben")
    token_id = make(staff, ana).row_id
    run = staff.database.run

    assert run(revoke_api_token, token_id, user_id=ben) is False
    assert run(revoke_api_token, token_id, user_id=ana) is True
    assert run(revoke_api_token, token_id, user_id=ana) is True

    names = [event.event_name for event in staff.events()]
    assert names[-2:] == ["api_token_created", "api_token_revoked"]


def test_use_is_noted_once_a_minute(staff: Staff) -> None:
    token_id = make(staff, staff.add()).row_id

    def last_use(seconds: int) -> datetime | None:
        moment = NOON + timedelta(seconds=seconds)
        staff.database.run(note_api_token_use, token_id, now=moment)
        row = staff.database.run(get_api_token, token_id)
        assert row is not None
        return row.last_used_at

    assert last_use(1) == NOON + timedelta(seconds=1)
    assert last_use(30) == NOON + timedelta(seconds=1)
    assert last_use(61) == NOON + timedelta(seconds=61)


def test_roles_hold_all_that_lower_ones_hold_and_admins_everything() -> None:
    assert ROLES[Role.VIEWER] < ROLES[Role.OPERATOR] < ROLES[Role.ADMIN] == set(Permission)


def test_a_token_never_does_what_needs_a_login() -> None:
    for role in Role:
        assert not permissions_of(role, list(Permission)) & ONLY_BY_LOGIN
    assert permissions_of(Role.VIEWER, ["devices:read", "users:write"]) == {Permission.DEVICES_READ}
    assert set(SCOPES) | ONLY_BY_LOGIN == set(Permission)
