"""One member of those that work on a database: it shows that it lives, ticks, rescues, does shards.

Everything here happens on one event loop; what touches the database happens in threads beside it.
A heartbeat comes from the loop itself, so a loop that is stuck looks as dead as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, ParamSpec, TypeVar, cast
from uuid import UUID

from sqlalchemy import Engine as DatabaseEngine
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from netraven import __version__
from netraven.db import present_time, unit_of_work
from netraven.db.advisory import NameLocks
from netraven.db.enums import ACTIVE_RUN
from netraven.db.schema import head_revision
from netraven.errors import NetRavenError, SchemaMismatch, StorageFailed
from netraven.inventory.platforms import given_platforms
from netraven.jobs.engine import Engine
from netraven.jobs.leases import renew_leases
from netraven.jobs.shards import ShardRef
from netraven.jobs.workers import beat_worker, bury_worker, get_live_workers, register_worker
from netraven.log import get_logger
from netraven.models import Credential, JobLog
from netraven.tasks.collector import Collector
from netraven.tasks.plan import get_proven_logins
from netraven.worker.executors import executor_name
from netraven.worker.options import WorkerOptions
from netraven.worker.rescue import Rescue, take_over
from netraven.worker.run import ShardRunner
from netraven.worker.ticking import Ticker

P = ParamSpec("P")
R = TypeVar("R")
MakeEngine = Callable[[DatabaseEngine, str], Engine]

_REVISION: Final = text("SELECT version_num FROM alembic_version")
_log = get_logger("worker")


class Member:
    """One process of NetRaven that does work; `make_engine` is given a name nobody had before."""

    def __init__(
        self, sessions: sessionmaker[Session], make_engine: MakeEngine, options: WorkerOptions
    ) -> None:
        self.is_ready = False
        self._sessions = sessions
        self._make_engine = make_engine
        # What only some workers can collect goes to those that have its platform.
        own = given_platforms(sessions).own
        self._options = options.knowing(platform.name for platform in own)
        self._control = ThreadPoolExecutor(3, "control")
        self._is_database_away = False
        self._told_versions: frozenset[str] = frozenset()

    async def work(
        self,
        stop: asyncio.Event,
        *,
        predecessor: UUID | None = None,
        on_ready: Callable[[UUID], None] | None = None,
        on_pulse: Callable[[], None] | None = None,
    ) -> bool:
        """Work until `stop` is set; False where others took this member for dead before.

        `predecessor` is a member known to be dead, whose work is taken up at once. `on_pulse` is
        called on the event loop each second, whatever the database does. Raises SchemaMismatch
        where the database is of another program's, StorageFailed where work cannot begin.
        """
        self._loop = asyncio.get_running_loop()
        self._id = await self._in_thread(self._register)
        bind = cast("DatabaseEngine", self._sessions.kw["bind"])
        self._engine = self._make_engine(bind, executor_name(self._options.name, self._id))
        locks = NameLocks(bind) if bind.dialect.name == "postgresql" else None
        self._collector = Collector(concurrency=self._options.concurrency, locks=locks)
        self._broken: asyncio.Future[None] = self._loop.create_future()
        self._runner = ShardRunner(
            self._sessions,
            self._engine,
            self._collector,
            worker_id=self._id,
            on_broken=None if self._options.waits_for_storage else self._break,
        )
        self._lost = asyncio.Event()
        try:
            await self._in_thread(self._engine.launch, self._options.shards_at_once, self._body)
            if predecessor is not None:
                await self._in_thread(take_over, self._sessions, self._engine, predecessor)
        except NetRavenError:
            # Else it would look alive for a while, though it never worked.
            with suppress(StorageFailed):
                await self._in_thread(self._resign)
            raise
        self.is_ready = True
        _log.info("a worker began", worker=str(self._id), queues=list(self._options.queues))
        if on_ready is not None:
            on_ready(self._id)
        try:
            await self._until(stop, on_pulse)
        finally:
            self.is_ready = False
            await self._leave()
        return not self._lost.is_set()

    async def _until(self, stop: asyncio.Event, on_pulse: Callable[[], None] | None) -> None:
        options = self._options
        rescue = Rescue(self._sessions, self._engine, options, own_id=self._id)
        ticker = Ticker(self._sessions, self._engine, fires_schedules=options.fires_schedules)
        chores = [
            asyncio.create_task(chore)
            for chore in (
                self._until_broken(),
                _call_each_second(on_pulse),
                self._every(options.beat_s, self._beat),
                self._every(options.tick_s, ticker.tick),
                self._every(options.rescue_s, rescue.look),
                self._every(options.look_s, self._look_after_runs, only=self._is_busy),
                self._every(options.renew_s, self._renew, only=self._is_busy),
            )
        ]
        ends = [asyncio.create_task(event.wait()) for event in (stop, self._lost)]
        try:
            await asyncio.wait((*ends, *chores), return_when=asyncio.FIRST_COMPLETED)
            for chore in chores:
                if chore.done():
                    chore.result()
        finally:
            for task in (*ends, *chores):
                task.cancel()
            await asyncio.gather(*ends, *chores, return_exceptions=True)
            ticker.close()

    async def _until_broken(self) -> None:
        await self._broken

    def _break(self, error: StorageFailed) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)

    def _is_busy(self) -> bool:
        return bool(self._runner.under_way)

    async def _every(
        self,
        pause_s: float,
        body: Callable[[], object],
        *,
        only: Callable[[], bool] = lambda: True,
    ) -> None:
        """Do this again and again, where `only` says so; a database that is away is waited for."""
        while True:
            if not only():
                await asyncio.sleep(pause_s)
                continue
            try:
                await self._in_thread(body)
            except StorageFailed as error:
                if not (error.is_passing or self._options.waits_for_storage):
                    raise
                if not self._is_database_away:
                    _log.warning("the database could not be asked", reason=str(error))
                self._is_database_away = True
            else:
                if self._is_database_away:
                    _log.warning("the database answered again")
                self._is_database_away = False
            await asyncio.sleep(pause_s)

    async def _leave(self) -> None:
        """Give back what is not done, within the time that an end may take."""
        if self._lost.is_set():
            self._runner.give_up()
        else:
            self._runner.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._options.stop_s):
                await self._in_thread(self._engine.stop_listening)
                await self._runner.idle()
                if not self._lost.is_set():
                    await self._in_thread(self._resign)
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._in_thread(self._engine.shutdown)
        self._collector.close()
        self._control.shutdown(wait=False)

    def _body(self, ref: ShardRef) -> None:
        """Do a shard for the engine, whose thread waits here until it is done."""
        try:
            asyncio.run_coroutine_threadsafe(self._runner.do(ref), self._loop).result()
        except RuntimeError:  # the loop has ended: whoever looks for lost shards finds it
            _log.warning("a shard came too late", job=ref.job_id)

    def _register(self) -> UUID:
        with unit_of_work(self._sessions) as db:
            worker = register_worker(
                db,
                self._options.name,
                queues=self._options.queues,
                version=__version__,
                now=present_time(db),
            )
            return worker.id

    def _resign(self) -> None:
        with unit_of_work(self._sessions) as db:
            bury_worker(db, self._id)

    def _beat(self) -> None:
        with unit_of_work(self._sessions) as db:
            is_alive = beat_worker(db, self._id, now=present_time(db))
            live = get_live_workers(db)
            revision = db.scalar(_REVISION)
        if revision != head_revision():
            message = (
                f"the database's schema has become {revision} while this program, which needs"
                f" {head_revision()}, was running; install the same NetRaven everywhere"
            )
            raise SchemaMismatch(message)
        self._collector.processes = max(1, len(live))
        others = frozenset(one.version for one in live if one.version != __version__)
        if others - self._told_versions:
            _log.warning(
                "workers of other versions work here too; let all run the same one",
                own=__version__,
                others=sorted(others),
            )
        self._told_versions = others
        if not is_alive:
            _log.error("others took this worker for dead; it ends, and is to be started again")
            self._loop.call_soon_threadsafe(self._lost.set)

    def _look_after_runs(self) -> None:
        """Stop what was cancelled, or ended by somebody else, and heed what others froze."""
        run_ids = {ref.run_id for ref in list(self._runner.under_way)}
        if not run_ids:
            return
        to_confirm = self._collector.to_confirm
        with unit_of_work(self._sessions, read_only=True) as db:
            goes_on = JobLog.status.in_(ACTIVE_RUN) & JobLog.cancel_requested_at.is_(None)
            going = set(db.scalars(select(JobLog.id).where(JobLog.id.in_(run_ids), goes_on)))
            is_frozen = Credential.frozen_at.is_not(None)
            frozen = db.execute(select(Credential.name, Credential.frozen_reason).where(is_frozen))
            reasons = {row.name: row.frozen_reason or "" for row in frozen}
            proven = get_proven_logins(db, self._collector.awaited)
        told = partial(self._collector.hear_of, reasons, proven, confirmed=to_confirm)
        self._loop.call_soon_threadsafe(told)
        self._loop.call_soon_threadsafe(self._runner.stop_runs, run_ids - going)

    def _renew(self) -> None:
        owners = [ref.owner for ref in list(self._runner.under_way)]
        if not owners:
            return
        with unit_of_work(self._sessions) as db:
            renew_leases(db, owners, now=present_time(db))

    async def _in_thread(self, body: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._loop.run_in_executor(self._control, lambda: body(*args, **kwargs))


async def _call_each_second(pulse: Callable[[], None] | None) -> None:
    while True:
        if pulse is not None:
            pulse()
        await asyncio.sleep(1.0)
