"""There is always an active administrator, whatever happens at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest

from netraven.admin.users import delete_user, get_users, update_user
from netraven.db.enums import Role
from netraven.errors import InUse
from netraven.schemas.user import UserUpdate
from tests.admin.conftest import Staff
from tests.conftest import Database

Ending = Callable[[Staff, UUID], object]

ROOT = Path(__file__).parents[2]


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


@contextmanager
def leaving(
    database: Database, user_id: UUID, change: dict[str, object] | None, *, kind: str
) -> Iterator[Callable[[], Callable[[], Callable[[], str]]]]:
    """Start a process that will take the administrator away, by a session of this kind.

    Yields a way to wait for it, which gives a way to let it go, which gives a way to ask.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tests.admin.leaving"],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        commands, answers = process.stdin, process.stdout
        told = {"url": database.url, "kind": kind, "user": str(user_id), "change": change}
        commands.write(json.dumps({**told, "keyring": database.keyring.to_text()}) + "\n")
        commands.flush()

        def go() -> Callable[[], str]:
            commands.write("go\n")
            commands.flush()
            return lambda: answers.readline().strip()

        def wait_until_ready() -> Callable[[], Callable[[], str]]:
            assert answers.readline() == "ready\n"
            return go

        yield wait_until_ready


DEMOTED: dict[str, object] = {"role": "viewer"}
INACTIVE: dict[str, object] = {"is_active": False}


@pytest.mark.parametrize(("first", "second"), [(DEMOTED, INACTIVE), (DEMOTED, None)])
def test_of_two_processes_at_the_same_time_one_fails(
    sync_staff: Staff, first: dict[str, object], second: dict[str, object] | None
) -> None:
    pair = [sync_staff.add("root", role="admin"), sync_staff.add("second", role="admin")]
    database = sync_staff.database

    with (
        leaving(database, pair[0], first, kind="sync") as one,
        leaving(database, pair[1], second, kind="async") as other,
    ):
        ready = [one(), other()]
        asked = [go() for go in ready]
        ended = [answer() for answer in asked]

    assert sorted(ended) == ["done", "in use"]
    assert active_admins(sync_staff) == [pair[ended.index("in use")]]
