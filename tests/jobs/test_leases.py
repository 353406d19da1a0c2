"""One holder per device at a time, with tokens that only grow."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from netraven import clock
from netraven.jobs.leases import (
    acquire_device_lease,
    acquire_device_leases,
    release_device_lease,
    release_device_leases,
    release_leases_of,
    renew_device_lease,
    renew_leases,
)
from tests.conftest import Database

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_living_lease_is_not_given_to_another(database: Database, device_ids: list[UUID]) -> None:
    device_id = device_ids[0]

    first = database.run(acquire_device_lease, device_id, "a", now=NOON)
    second = database.run(acquire_device_lease, device_id, "b", now=NOON + timedelta(seconds=59))
    third = database.run(acquire_device_lease, device_id, "b", now=NOON + timedelta(seconds=60))

    assert (first, second, third) == (1, None, 2)


def test_token_grows_over_a_release(database: Database, device_ids: list[UUID]) -> None:
    device_id = device_ids[0]
    first = database.run(acquire_device_lease, device_id, "a")
    assert first is not None

    assert database.run(release_device_lease, device_id, first)
    second = database.run(acquire_device_lease, device_id, "b")

    assert second is not None
    assert second > first
    assert not database.run(release_device_lease, device_id, first)
    assert not database.run(renew_device_lease, device_id, first)
    assert database.run(renew_device_lease, device_id, second)


def test_batch_takes_what_is_free(database: Database, device_ids: list[UUID]) -> None:
    database.run(acquire_device_lease, device_ids[1], "other")

    taken = database.run(acquire_device_leases, device_ids, "me")
    database.run(release_device_leases, taken)

    assert set(taken) == {device_ids[0], device_ids[2]}
    assert database.run(acquire_device_lease, device_ids[0], "other") is not None


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=1)])
def test_lease_given_back_is_free_whatever_clocks_say_and_however_late_its_renewal_comes(
    database: Database, device_ids: list[UUID], ahead: timedelta
) -> None:
    begun = clock.now()
    taken = database.run(acquire_device_leases, device_ids, "me", now=begun + ahead)
    one, *rest = device_ids

    database.run(release_device_leases, {one: taken[one]})
    database.run(release_leases_of, "me")
    # It was asked for before the release, and had to wait for it to commit.
    database.run(renew_leases, ["me"], now=begun)

    assert database.run(acquire_device_lease, one, "other", now=begun) == 2
    assert len(database.run(acquire_device_leases, rest, "other", now=begun)) == len(rest)


def test_of_twenty_at_once_one_succeeds(database: Database, device_ids: list[UUID]) -> None:
    tokens: list[int | None] = []

    def acquire(number: int) -> None:
        tokens.append(database.run(acquire_device_lease, device_ids[0], f"owner-{number}"))

    threads = [threading.Thread(target=acquire, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(tokens) == 20
    assert len([token for token in tokens if token is not None]) == 1


def test_absent_device_has_no_lease(database: Database) -> None:
    assert database.run(acquire_device_lease, "not-a-uuid", "a") is None
    assert not database.run(release_device_lease, "not-a-uuid", 1)
