"""The job engine behind its port, on both databases."""

from __future__ import annotations

import json
import subprocess
import sys

from netraven.db import new_id
from netraven.jobs.cutting import SWEEP
from netraven.jobs.engine import MemoryEngine
from netraven.jobs.shards import ShardRef
from tests.conftest import Database


def test_dbos_does_what_was_committed_once_and_forgets_what_is_over(
    sync_database: Database,
) -> None:
    command = [sys.executable, "-m", "tests.worker.engines", sync_database.url]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout) == {
        "done": [True],
        "waiting": [True],
        "given": True,
        "cleaned": 1,
        # Every connection to SQLite: written ahead, synchronous in full, patient.
        "settings": [["wal", 2, 30000, 1]] if "sqlite" in sync_database.url else [],
        "is_known_version": True,
    }


def test_engine_in_memory_hands_out_once_what_was_committed(sqlite_database: Database) -> None:
    done: list[ShardRef] = []
    engine = MemoryEngine()
    kept, unheard = ShardRef(new_id(), 1, 1, SWEEP), ShardRef(new_id(), 1, 1, "site:nowhere")
    for _ in range(2):
        with sqlite_database.unit() as db:
            engine.enqueue(db, [kept, unheard])

    engine.launch({SWEEP: 1}, done.append)
    engine.stop_listening()

    assert engine.waiting([kept.job_id, unheard.job_id]) >= {unheard.job_id}
    assert done in ([], [kept])
