"""Logins last until they expire, are ended, or their user changes; a replay ends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from netraven.admin.sessions import (
    OpenedSession,
    count_sessions,
    find_session,
    get_session,
    get_sessions,
    note_session_use,
    open_session,
    renew_session,
    revoke_session,
    revoke_sessions,
)
from netraven.admin.users import reset_password
from netraven.db import Actor, ActorKind, unit_of_work
from netraven.db.enums import LoginKind
from netraven.models import LoginSession
from tests.admin.conftest import PASSWORD, Staff

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def open_one(
    staff: Staff, user_id: UUID, kind: LoginKind = LoginKind.CLIENT, *, now: datetime = NOON
) -> OpenedSession:
    opened = staff.database.run(open_session, user_id, kind=kind, now=now)
    assert opened is not None
    return opened


def lives(staff: Staff, session_id: UUID, *, now: datetime = NOON) -> bool:
    return staff.database.run(get_session, session_id, now=now) is not None


def test_a_browsers_login_is_found_by_its_secret_which_is_kept_as_a_hash(staff: Staff) -> None:
    opened = open_one(staff, staff.add("ana"), LoginKind.BROWSER)

    assert opened.secret is not None
    found = staff.database.run(find_session, opened.secret, now=NOON)
    assert found is not None
    assert (found.id, found.user.username) == (opened.row.id, "ana")
    assert opened.secret not in repr(vars(found))
    assert staff.database.run(find_session, "nrs_other", now=NOON) is None


def test_a_login_lasts_as_long_as_the_settings_say(staff: Staff) -> None:
    opened = open_one(staff, staff.add())

    assert opened.row.expires_at == NOON + timedelta(days=7)
    assert lives(staff, opened.row.id, now=NOON + timedelta(days=6, hours=23))
    assert not lives(staff, opened.row.id, now=NOON + timedelta(days=7))


def test_it_knows_where_it_comes_from(sync_staff: Staff) -> None:
    user_id = sync_staff.add()
    actor = Actor(
        kind=ActorKind.USER, name="ana", ip_address="192.0.2.7", client="curl/8 " + "x" * 300
    )

    with unit_of_work(sync_staff.database.sessions, actor=actor) as db:
        open_session(db, user_id, kind=LoginKind.CLIENT, now=NOON)

    (row,) = sync_staff.database.run(get_sessions, user_id, now=NOON)
    assert row.ip_address == "192.0.2.7"
    assert len(row.client or "") == 255


@pytest.mark.parametrize("change", ["role", "inactive", "password"])
def test_a_change_of_its_user_ends_it(staff: Staff, change: str) -> None:
    staff.add("boss", role="admin")
    user_id = staff.add("ana")
    opened = open_one(staff, user_id)

    match change:
        case "role":
            staff.update(user_id, role="operator")
        case "inactive":
            staff.update(user_id, is_active=False)
        case _:
            staff.database.run(reset_password, user_id, PASSWORD + "x")

    assert not lives(staff, opened.row.id)


def test_renewing_raises_the_generation(staff: Staff) -> None:
    opened = open_one(staff, staff.add())

    first = staff.database.run(renew_session, opened.row.id, 0, now=NOON)
    second = staff.database.run(renew_session, opened.row.id, 1, now=NOON)

    assert first.row is not None
    assert second.row is not None
    assert (first.row.generation, second.row.generation) == (1, 2)


def test_a_replayed_refresh_token_ends_the_login_and_is_on_record(staff: Staff) -> None:
    opened = open_one(staff, staff.add("ana"))
    staff.database.run(renew_session, opened.row.id, 0, now=NOON)

    replayed = staff.database.run(renew_session, opened.row.id, 0, now=NOON)

    assert replayed.row is None
    assert replayed.was_replayed
    assert not lives(staff, opened.row.id)
    assert staff.database.run(renew_session, opened.row.id, 1, now=NOON).row is None
    assert [event.event_name for event in staff.events()][-1] == "refresh_replayed"


def test_a_browsers_login_has_no_refresh_token(staff: Staff) -> None:
    opened = open_one(staff, staff.add(), LoginKind.BROWSER)

    assert staff.database.run(renew_session, opened.row.id, 0, now=NOON).row is None
    assert lives(staff, opened.row.id)


def test_logins_are_listed_newest_first_without_those_that_are_over(staff: Staff) -> None:
    user_id, other = staff.add("ana"), staff.add("ben")
    opened = [
        open_one(staff, user_id, now=NOON + timedelta(minutes=number)).row.id for number in range(3)
    ]
    open_one(staff, other)
    staff.database.run(revoke_session, opened[1], now=NOON)

    rows = staff.database.run(get_sessions, user_id, now=NOON)

    assert [row.id for row in rows] == [opened[2], opened[0]]
    assert staff.database.run(count_sessions, user_id, now=NOON) == 2


def test_ending_one_needs_its_owner_where_one_is_named(staff: Staff) -> None:
    user_id, other = staff.add("ana"), staff.add("ben")
    opened = open_one(staff, user_id)
    end = staff.database.run

    assert end(revoke_session, opened.row.id, user_id=other, now=NOON) is False
    assert end(revoke_session, opened.row.id, user_id=user_id, now=NOON) is True
    assert end(revoke_session, opened.row.id, user_id=user_id, now=NOON) is False
    assert end(revoke_session, "no-id", now=NOON) is False
    assert [event.event_name for event in staff.events()].count("logins_ended") == 1


def test_all_but_the_present_one_can_be_ended(staff: Staff) -> None:
    user_id = staff.add()
    kept, *others = (open_one(staff, user_id).row.id for _ in range(3))

    assert staff.database.run(revoke_sessions, user_id, keep=kept, now=NOON) == 2

    assert lives(staff, kept)
    assert not any(lives(staff, other) for other in others)


def test_expired_logins_go_when_the_user_logs_in_again(sync_staff: Staff) -> None:
    user_id = sync_staff.add()
    open_one(sync_staff, user_id)

    open_one(sync_staff, user_id, now=NOON + timedelta(days=8))

    with sync_staff.database.unit() as db:
        assert db.query(LoginSession).count() == 1


def test_use_is_noted_every_five_minutes(staff: Staff) -> None:
    opened = open_one(staff, staff.add())

    def last_use(minutes: int) -> datetime:
        moment = NOON + timedelta(minutes=minutes)
        staff.database.run(note_session_use, opened.row.id, now=moment)
        row = staff.database.run(get_session, opened.row.id, now=moment)
        assert row is not None
        return row.last_used_at

    assert last_use(3) == NOON
    assert last_use(6) == NOON + timedelta(minutes=6)


def test_nobody_logs_in_who_is_absent_or_inactive(staff: Staff) -> None:
    gone = staff.add("gone", is_active=False)

    for user_id in (gone, "no-id"):
        kind = LoginKind.CLIENT
        assert staff.database.run(open_session, user_id, kind=kind, now=NOON) is None
