"""A process that goes on running: for each line it reads, it says how the settings act on it."""

from __future__ import annotations

import json
import sys
from contextlib import suppress

from netraven import crud
from netraven.db import KeyRing, as_uuid
from netraven.errors import Invalid
from netraven.schemas.backup import BackupCreate
from netraven.schemas.schedule import ScheduledJobCreate
from netraven.tasks.plan import read_terms
from tests.conftest import Database

MIB = 1024 * 1024


def main() -> None:
    """Read what to work on from the first line, then answer every further line."""
    told = json.loads(sys.stdin.readline())
    database = Database(told["url"], KeyRing.from_text(told["keyring"]), told["kind"])
    for line in sys.stdin:
        print(json.dumps(acts(database, json.loads(line))), flush=True)  # noqa: T201


def acts(database: Database, at: dict[str, str]) -> dict[str, object]:
    """Return what each setting does now to the user, the device and the run of these ids."""
    user = database.run(crud.record_failed_login, at["user"])
    schedule = database.run(crud.create_scheduled_job, _plan(at["name"]))
    assert user is not None
    return {
        "is_locked": user.locked_until is not None,
        "stores_two_mib": _stores(database, at["device"]),
        "old_runs": database.run(crud.delete_job_logs_by_retention_policy)["total_count"],
        "zone": schedule.timezone,
        "devices_at_once": _devices_at_once(database, at["device"]),
    }


def _stores(database: Database, device_id: str) -> bool:
    known = as_uuid(device_id)
    assert known is not None
    content = b"x" * (2 * MIB)
    with suppress(Invalid):
        database.run(crud.store_backup, BackupCreate(device_id=known), content=content)
        return True
    return False


def _devices_at_once(database: Database, device_id: str) -> int:
    known = as_uuid(device_id)
    assert known is not None
    return database.run_body(read_terms).sweep_limits.concurrency


def _plan(name: str) -> ScheduledJobCreate:
    wanted = {"name": name, "job_type": "verify", "schedule_type": "daily"}
    return ScheduledJobCreate.model_validate({**wanted, "schedule_time": "10:30"})


if __name__ == "__main__":
    main()
