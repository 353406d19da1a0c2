"""Failed logins lock a user for a while; one that succeeds clears the count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

from netraven.admin.passwords import hash_password, verify_password
from netraven.admin.settings import initialize_default_settings, update_admin_setting_value
from netraven.admin.users import record_failed_login, update_user_last_login
from netraven.models import User
from tests.admin.conftest import PASSWORD, Staff

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def fail(staff: Staff, user_id: UUID, times: int, *, now: datetime = NOON) -> User:
    for _ in range(times):
        staff.database.run(record_failed_login, user_id, now=now)
    return staff.read(user_id)


def test_the_fifth_failure_locks_for_fifteen_minutes(staff: Staff) -> None:
    user_id = staff.add()

    assert fail(staff, user_id, 4).locked_until is None
    locked = fail(staff, user_id, 1)

    assert locked.failed_logins == 5
    assert locked.locked_until == NOON + timedelta(minutes=15)


def test_a_changed_setting_changes_the_next_lock(staff: Staff) -> None:
    user_id = staff.add()
    fail(staff, user_id, 5)
    staff.database.run(initialize_default_settings)
    staff.database.run(update_admin_setting_value, "security.login.lockout_minutes", 60)
    staff.database.run(update_admin_setting_value, "security.login.max_failed_attempts", 2)
    later = NOON + timedelta(hours=1)

    once = fail(staff, user_id, 1, now=later)
    assert (once.failed_logins, once.locked_until) == (1, None)
    twice = fail(staff, user_id, 1, now=later)

    assert twice.locked_until == later + timedelta(minutes=60)


def test_failures_under_a_lock_prolong_it(staff: Staff) -> None:
    user_id = staff.add()
    fail(staff, user_id, 5)

    row = fail(staff, user_id, 1, now=NOON + timedelta(minutes=10))

    assert row.failed_logins == 6
    assert row.locked_until == NOON + timedelta(minutes=25)


def test_a_login_clears_count_and_lock_and_leaves_the_time_of_change(staff: Staff) -> None:
    user_id = staff.add()
    changed_at = fail(staff, user_id, 5).updated_at

    returned = staff.database.run(update_user_last_login, user_id, now=NOON)

    row = staff.read(user_id)
    assert returned is not None
    assert returned.last_login == row.last_login == NOON
    assert (row.failed_logins, row.locked_until) == (0, None)
    assert row.updated_at == changed_at


def test_a_login_stores_a_renewed_hash(staff: Staff) -> None:
    user_id = staff.add()
    renewed = hash_password(PASSWORD)

    staff.database.run(update_user_last_login, user_id, password_hash=renewed)

    assert staff.read(user_id).password_hash == renewed
    assert verify_password(renewed, PASSWORD).ok


def test_logins_are_no_audit_events(staff: Staff) -> None:
    user_id = staff.add()

    fail(staff, user_id, 2)
    staff.database.run(update_user_last_login, user_id)

    assert [event.event_name for event in staff.events()] == ["user_created"]


def test_failures_at_the_same_time_are_all_counted(sync_staff: Staff) -> None:
    user_id = sync_staff.add()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: fail(sync_staff, user_id, 1), range(20)))

    assert sync_staff.read(user_id).failed_logins == 20
