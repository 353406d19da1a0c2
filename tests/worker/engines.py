"""DBOS, driven by a process of its own: `python -m tests.worker.engines URL`, one answer as JSON.

There can be one DBOS in a process, and it leaves threads behind, which a test run had better not.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial

from sqlalchemy import Pool, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection

from netraven import clock
from netraven.db import make_engine, make_sessions, new_id, unit_of_work
from netraven.jobs.cutting import INTERACTIVE
from netraven.jobs.dbos_engine import KNOWN_VERSIONS, DbosEngine
from netraven.jobs.shards import ShardRef

_PATIENCE_S = 60.0


def main(url: str) -> None:
    """Enqueue, roll back, enqueue twice, wait, clean; say what came of each."""
    settings: set[tuple[object, ...]] = set()
    if url.startswith("sqlite"):
        event.listen(Pool, "checkout", partial(_note_settings, settings))
    name = f"test:{new_id()}"
    engine = DbosEngine(make_engine(url), name)
    sessions = make_sessions(url, None)
    done: list[str] = []
    came = threading.Semaphore(0)
    hold = threading.Event()

    def body(ref: ShardRef) -> None:
        done.append(ref.job_id)
        came.release()
        hold.wait(_PATIENCE_S)

    kept, undone = (ShardRef(new_id(), 1, 1, INTERACTIVE) for _ in range(2))
    unheard = ShardRef(new_id(), 1, 2, "site:nowhere")
    engine.launch({INTERACTIVE: 2}, body)
    with suppress(ZeroDivisionError), unit_of_work(sessions) as db:
        engine.enqueue(db, [undone])
        _ = 1 / 0
    for _ in range(2):
        with unit_of_work(sessions) as db:
            engine.enqueue(db, [kept, unheard])
    came.acquire(timeout=_PATIENCE_S)
    waiting = engine.waiting([kept.job_id, undone.job_id, unheard.job_id])
    given = engine.given([kept.job_id, undone.job_id, unheard.job_id])
    hold.set()
    table = "dbos_migrations" if url.startswith("sqlite") else "dbos.dbos_migrations"
    with unit_of_work(sessions) as db:
        version = db.scalar(text(f"SELECT max(version) FROM {table}"))
        kind = db.get_bind().dialect.name
    cleaned = _cleaned(engine)
    engine.stop_listening()
    engine.shutdown()
    answer = {
        "done": [one == kept.job_id for one in done],
        "waiting": sorted(one == unheard.job_id for one in waiting),
        "given": given == {kept.job_id: name},
        "cleaned": cleaned,
        "settings": sorted(settings),
        "is_known_version": version == KNOWN_VERSIONS[kind],
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def _note_settings(found: set[tuple[object, ...]], connection: DBAPIConnection, *_: object) -> None:
    """Note how SQLite was set up for whoever takes a connection, the engine's own among them."""
    cursor = connection.cursor()
    found.add(
        tuple(
            cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        )
    )
    cursor.close()


def _cleaned(engine: DbosEngine) -> int:
    """Return how much was cleaned away, once the shard that was done is known to have ended."""
    for _ in range(int(_PATIENCE_S * 10)):
        cleaned = engine.clean(clock.now() + timedelta(minutes=1))
        if cleaned:
            return cleaned
        threading.Event().wait(0.1)
    return 0


if __name__ == "__main__":
    main(sys.argv[1])
