"""Devices of a platform that users declared go to workers that have it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from netraven.jobs.cutting import INTERACTIVE, SWEEP, cut_runs, platform_queue
from netraven.jobs.workers import bury_worker, register_worker
from netraven.models import Device
from tests.planner import Planner

ACME = platform_queue("acme_ros")


def queues_of(planner: Planner, device_ids: list[UUID]) -> list[str]:
    planner.add_run(*device_ids)
    return sorted(ref.queue for ref in planner.database.run(cut_runs))


def declare(planner: Planner, device_id: UUID) -> None:
    with planner.database.unit() as db:
        db.execute(update(Device).where(Device.id == device_id).values(device_type="acme_ros"))


def test_they_wait_for_a_worker_that_has_it(planner: Planner, device_ids: list[UUID]) -> None:
    declare(planner, device_ids[0])
    planner.database.run(register_worker, "host", queues=(SWEEP, ACME))

    assert queues_of(planner, device_ids) == [INTERACTIVE, ACME]


def test_where_nobody_has_it_whoever_comes_says_so(
    planner: Planner, device_ids: list[UUID]
) -> None:
    declare(planner, device_ids[0])
    gone = planner.database.run(register_worker, "host", queues=(SWEEP, ACME))
    planner.database.run(bury_worker, gone.id)

    assert queues_of(planner, device_ids) == [INTERACTIVE]
