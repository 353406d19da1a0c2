"""Workers: they show that they live, and one that stopped is answered for by exactly one other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import Id, as_uuid, new_id, operation, present_time
from netraven.db.enums import WorkerState
from netraven.models import Worker

DEFAULT_SILENCE_S = 30


@operation
def register_worker(
    db: Session,
    name: str,
    *,
    queues: Collection[str] = (),
    version: str = "",
    now: datetime | None = None,
) -> Worker:
    """Return a new live worker; a process that starts again is another worker.

    `queues` are those that it listens to, `version` is its program's.
    """
    moment = clock.moment(now)
    worker = Worker(
        id=new_id(),
        name=name,
        started_at=moment,
        heartbeat_at=moment,
        state=WorkerState.LIVE,
        version=version,
        queues=list(queues),
        created_at=moment,
    )
    db.add(worker)
    db.flush()
    return worker


@operation
def beat_worker(db: Session, worker_id: Id, *, now: datetime | None = None) -> bool:
    """Show that the worker lives; False where it is unknown or has been given up meanwhile."""
    beaten = (
        update(Worker)
        .where(Worker.id == as_uuid(worker_id), Worker.state == WorkerState.LIVE)
        .values(heartbeat_at=clock.moment(now))
        .returning(Worker.id)
        .execution_options(synchronize_session=False)
    )
    return db.scalar(beaten) is not None


@operation
def take_dead_workers(
    db: Session, *, silent_seconds: int = DEFAULT_SILENCE_S, now: datetime | None = None
) -> list[Worker]:
    """Return workers that were silent so long, each to one caller only, now recovering.

    From here on the caller answers for them: their `heartbeat_at` is that of the taking. One that
    is not buried within `silent_seconds` was taken by a caller that died, and is given out again.
    """
    moment = clock.moment(now)
    silent = select(Worker).where(
        Worker.state != WorkerState.DEAD,
        Worker.heartbeat_at <= moment - timedelta(seconds=silent_seconds),
    )
    ordered = silent.order_by(Worker.id).with_for_update(skip_locked=True)
    taken = list(db.scalars(ordered.execution_options(populate_existing=True)))
    for worker in taken:
        worker.state = WorkerState.RECOVERING
        worker.heartbeat_at = moment
    db.flush()
    return taken


@operation
def take_silent_workers(db: Session, last_seen: Mapping[UUID, datetime]) -> list[Worker]:
    """Return those workers whose last sign of life is still this one, now recovering.

    Each goes to one caller only. It is for callers that watched long enough by a clock of their
    own: no time is compared with another host's.
    """
    wanted = select(Worker).where(Worker.id.in_(last_seen), Worker.state != WorkerState.DEAD)
    held = wanted.order_by(Worker.id).with_for_update(skip_locked=True)
    taken = [
        worker
        for worker in db.scalars(held.execution_options(populate_existing=True))
        if worker.heartbeat_at == last_seen[worker.id]
    ]
    moment = present_time(db)
    for worker in taken:
        worker.state, worker.heartbeat_at = WorkerState.RECOVERING, moment
    db.flush()
    return taken


@operation
def get_live_workers(db: Session) -> list[Worker]:
    """Return those that count as alive, the oldest first."""
    live = select(Worker).where(Worker.state == WorkerState.LIVE)
    return list(db.scalars(live.order_by(Worker.started_at, Worker.id)))


@operation
def get_answered_for(db: Session) -> set[UUID]:
    """Return those that are not dead: they live, or somebody is taking up what they left."""
    return set(db.scalars(select(Worker.id).where(Worker.state != WorkerState.DEAD)))


@operation
def get_served_queues(db: Session) -> set[str]:
    """Return the queues to which a live worker listens."""
    return {queue for worker in get_live_workers(db) for queue in worker.queues}


@operation
def bury_worker(db: Session, worker_id: Id) -> bool:
    """Mark the worker dead for good, its work being in other hands; False if there is none."""
    buried = (
        update(Worker)
        .where(Worker.id == as_uuid(worker_id))
        .values(state=WorkerState.DEAD)
        .returning(Worker.id)
        .execution_options(synchronize_session=False)
    )
    return db.scalar(buried) is not None
