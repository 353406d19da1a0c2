"""There is always an active administrator, whatever happens at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest

from netraven.admin.users import delete_user, get_users, update_user
from netraven.db.enums import Role
from netraven.errors import InUse
from netraven.schemas.user import UserUpdate
from tests.admin.conftest import Staff

Ending = Callable[[Staff, UUID], object]


def demote(staff: Staff, user_id: UUID) -> object:
    return staff.database.run(update_user, user_id, UserUpdate(role=Role.OPERATOR))


def deactivate(staff: Staff, user_id: UUID) -> object:
    return staff.database.run(update_user, user_id, UserUpdate(is_active=False))


def delete(staff: Staff, user_id: UUID) -> object:
    return staff.database.run(delete_user, user_id)


ENDINGS = [demote, deactivate, delete]


def active_admins(staff: Staff) -> list[UUID]:
    return [row.id for row in staff.database.run(get_users, role="admin", is_active=True)]


@pytest.mark.parametrize("end", ENDINGS)
def test_the_last_active_administrator_stays(staff: Staff, end: Ending) -> None:
    admin = staff.add("root", role="admin")
    staff.add("retired", role="admin", is_active=False)
    staff.add("ana", role="operator")

    with pytest.raises(InUse, match="last active administrator"):
        end(staff, admin)

    assert active_admins(staff) == [admin]
    assert len(staff.events()) == 3


@pytest.mark.parametrize("end", ENDINGS)
def test_others_may_go(staff: Staff, end: Ending) -> None:
    admin = staff.add("root", role="admin")
    gone = [staff.add("second", role="admin"), staff.add("ana"), staff.add("ben", is_active=False)]

    for user_id in gone:
        end(staff, user_id)

    assert active_admins(staff) == [admin]


@pytest.mark.parametrize("first", ENDINGS)
@pytest.mark.parametrize("second", ENDINGS)
def test_of_two_at_the_same_time_one_fails(
    sync_staff: Staff, first: Ending, second: Ending
) -> None:
    pair = [sync_staff.add("root", role="admin"), sync_staff.add("second", role="admin")]
    together = Barrier(2)

    def attempt(end: Ending, user_id: UUID) -> bool:
        together.wait()
        try:
            end(sync_staff, user_id)
        except InUse:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(attempt, (first, second), pair))

    assert sorted(done) == [False, True]
    assert active_admins(sync_staff) == [pair[done.index(False)]]
