"""Attempts to log in are counted before they are tried, alike for names that nobody has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from netraven.admin.identities import link_identity
from netraven.admin.settings import initialize_default_settings, update_admin_setting_value
from netraven.admin.throttle import begin_login, begin_sign_on, complete_login, forgive_login
from netraven.db.enums import IdentityKind
from netraven.errors import TooManyAttempts
from netraven.schemas.access import LoginAttempt
from netraven.schemas.sso import IdentityLink
from tests.admin.conftest import Staff

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HERE = "192.0.2.7"


def attempt(
    staff: Staff, name: str, *, address: str | None = HERE, now: datetime = NOON
) -> LoginAttempt:
    return staff.database.run(begin_login, name, address=address, now=now)


def seconds_to_wait(staff: Staff, name: str, *, now: datetime = NOON) -> int:
    with pytest.raises(TooManyAttempts) as refused:
        attempt(staff, name, now=now)
    return refused.value.retry_after_s


@pytest.mark.parametrize("name", ["ana", "nobody"])
def test_after_five_attempts_a_name_waits_for_fifteen_minutes(staff: Staff, name: str) -> None:
    staff.add("ana")

    for _ in range(5):
        attempt(staff, name)

    assert seconds_to_wait(staff, name.upper()) == 15 * 60 + 1
    assert seconds_to_wait(staff, name, now=NOON + timedelta(minutes=14)) == 61
    attempt(staff, name, now=NOON + timedelta(minutes=16))


def test_an_attempt_knows_the_user_only_where_there_is_an_active_one(staff: Staff) -> None:
    user_id = staff.add("ana")
    staff.add("gone", is_active=False)

    known, gone, unknown = (attempt(staff, name) for name in ("ana", "gone", "nobody"))

    assert (known.user_id, known.username) == (user_id, "ana")
    assert known.password_hash == staff.read(user_id).password_hash
    assert known.password_hash not in repr(known)
    assert (gone.user_id, gone.password_hash) == (None, None)
    assert (unknown.user_id, unknown.password_hash) == (None, None)


def test_a_login_that_succeeds_clears_the_users_count(staff: Staff) -> None:
    user_id = staff.add("ana")
    for _ in range(5):
        attempt(staff, "ana")

    staff.database.run(complete_login, user_id, address=HERE, now=NOON)

    row = staff.read(user_id)
    assert (row.failed_logins, row.locked_until, row.last_login) == (0, None, NOON)
    attempt(staff, "ana")


def test_a_right_password_without_the_second_factor_does_not_count(staff: Staff) -> None:
    staff.database.run(initialize_default_settings)
    staff.database.run(update_admin_setting_value, "security.login.max_failed_attempts", 1)
    user_id = staff.add("ana")

    attempt(staff, "ana")
    staff.database.run(forgive_login, user_id, address=HERE)

    row = staff.read(user_id)
    assert (row.failed_logins, row.locked_until) == (0, None)
    attempt(staff, "ana")


def test_an_address_waits_after_ten_times_as_many_whatever_the_names(staff: Staff) -> None:
    staff.add("ana")
    for number in range(50):
        attempt(staff, f"nobody-{number}")

    assert seconds_to_wait(staff, "ana") == 15 * 60 + 1
    attempt(staff, "ana", address="192.0.2.8")
    attempt(staff, "ana", now=NOON + timedelta(minutes=16))


def test_the_addresses_of_one_ipv6_subscriber_count_together(staff: Staff) -> None:
    for number in range(50):
        attempt(staff, f"nobody-{number}", address=f"2001:db8::{number:x}")

    with pytest.raises(TooManyAttempts):
        attempt(staff, "ana", address="2001:db8::ffff")
    attempt(staff, "ana", address="2001:db8:0:1::1")


def test_refused_attempts_do_not_prolong_the_wait(staff: Staff) -> None:
    staff.add("ana")
    for _ in range(5):
        attempt(staff, "ana")

    seconds_to_wait(staff, "ana", now=NOON + timedelta(minutes=10))

    attempt(staff, "ana", now=NOON + timedelta(minutes=15, seconds=1))


def test_of_many_attempts_at_the_same_time_no_more_are_tried_than_allowed(
    sync_staff: Staff,
) -> None:
    sync_staff.add("ana")

    def tries(number: int) -> bool:
        try:
            attempt(sync_staff, "ana", address=f"192.0.2.{number}")
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        tried = list(pool.map(tries, range(20)))

    assert sum(tried) == 5


def test_attempts_at_a_provider_are_counted_by_address_and_forgotten(staff: Staff) -> None:
    run = staff.database.run
    run(initialize_default_settings)
    run(update_admin_setting_value, "security.login.max_failed_attempts", 1)
    for _ in range(10):
        run(begin_sign_on, address=HERE, now=NOON)

    with pytest.raises(TooManyAttempts):
        run(begin_sign_on, address=HERE, now=NOON)
    with pytest.raises(TooManyAttempts):
        attempt(staff, "nobody")
    run(begin_sign_on, address="192.0.2.8", now=NOON)
    later = NOON + timedelta(minutes=16)
    for _ in range(2):
        run(begin_sign_on, address=HERE, now=later)


def test_an_attempt_knows_who_proves_the_user(staff: Staff) -> None:
    user_id = staff.add("ana")
    link = IdentityLink(kind=IdentityKind.LDAP, subject="uid=ana,dc=example")
    staff.database.run(link_identity, user_id, link)

    known, unknown = attempt(staff, "ana"), attempt(staff, "nobody")

    assert (known.proved_by, known.is_known) == (IdentityKind.LDAP, True)
    assert (unknown.proved_by, unknown.is_known) == (None, False)
