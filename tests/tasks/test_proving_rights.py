"""Of several processes one proves a credential, by locks of PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import cast

import pytest
from sqlalchemy import Engine

from netraven.db import KeyRing
from netraven.db.advisory import NameLocks
from netraven.tasks.proving_rights import ProvingRights
from tests.conftest import Database


@pytest.fixture
def database(request: pytest.FixtureRequest, keyring: KeyRing) -> Iterator[Engine]:
    """Return a PostgreSQL database: on SQLite there is one process."""
    emptied = request.getfixturevalue("emptied_postgres")
    made = Database(emptied.lend(), keyring, "sync")
    yield cast("Engine", made.sessions.kw["bind"])
    emptied.take_back()


class Process:
    """What stands for one of several processes."""

    def __init__(self, locks: NameLocks | None, *, patience_s: float = 60.0) -> None:
        self.changes = 0
        self.rights = ProvingRights(locks, self._note_change, patience_s=patience_s)

    async def gets(self, credential: str) -> None:
        """Return once it may prove the credential."""
        while not self.rights.may_prove(credential):
            await asyncio.sleep(0.01)
            self.rights.confirm(self.rights.taken)

    def _note_change(self) -> None:
        self.changes += 1


async def test_without_others_everybody_may_prove_at_once() -> None:
    alone = Process(None)

    assert alone.rights.may_prove("lab")
    assert alone.rights.wanted == frozenset()
    alone.rights.close()


async def test_right_goes_to_the_next_process_once_it_is_settled(database: Engine) -> None:
    first, second = Process(NameLocks(database)), Process(NameLocks(database))
    await first.gets("lab")

    assert first.changes == 2
    assert not second.rights.may_prove("lab")
    await second.gets("other")
    assert second.rights.wanted == {"lab"}
    assert not second.rights.may_prove("lab")

    first.rights.settle({"lab"})
    while not second.rights.taken:
        second.rights.ask()
        await asyncio.sleep(0)
    assert not second.rights.may_prove("lab")
    second.rights.confirm(second.rights.taken)
    assert second.rights.may_prove("lab")
    assert second.rights.wanted == frozenset()
    for one in (first, second):
        one.rights.settle_all()
        one.rights.close()


async def test_right_goes_with_the_connection_of_whoever_had_it(database: Engine) -> None:
    first, second = Process(NameLocks(database)), Process(NameLocks(database))
    await first.gets("lab")

    first.rights.close()

    await second.gets("lab")
    second.rights.close()


async def test_who_waited_for_long_goes_on_without_the_right(database: Engine) -> None:
    sleeper, other = Process(NameLocks(database)), Process(NameLocks(database), patience_s=0.0)
    await sleeper.gets("lab")

    assert other.rights.may_prove("lab")

    for one in (sleeper, other):
        one.rights.settle_all()
        one.rights.close()
