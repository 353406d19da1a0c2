"""The job engine DBOS Transact behind the port; nothing else names it.

A shard is one workflow without steps: what survives a crash stands in NetRaven's tables, so that
the engine has to remember only who waits, and who was given what. A shard that is done again gets
an id of its own, because recovery is ours: whoever takes over a dead worker enqueues anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    WorkflowStatus,
)
from sqlalchemy import URL, Engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db.chunks import in_chunks
from netraven.db.engine import READ_ONLY, make_guest_engine
from netraven.db.failures import as_storage_failure
from netraven.errors import SchemaMismatch
from netraven.jobs.cutting import INTERACTIVE
from netraven.jobs.engine import Body
from netraven.jobs.shards import ShardRef

ENGINE_SCHEMA: Final = "dbos"
"""The schema of the engine's tables, where a database has schemas."""

KNOWN_VERSIONS: Final = {"sqlite": 125, "postgresql": 125}
"""The newest tables that the pinned release knows, by database."""

_APPLICATION: Final = "netraven"
# Who waits must be taken by any release: what a shard is stands in tables of ours.
_VERSION: Final = "1"
_WORKFLOW: Final = "shard"
# The engine asks four times a look for each queue; our tick, at a tenth of that, asks more often.
_POLL_S: Final = 0.5
_SWEEP_POLL_S: Final = 0.75
_DAY_S: Final = 86_400.0
_POOL: Final = 6
_OLDER_THAN_ANY_RUN: Final = timedelta(days=2)
_WAITS: Final = "ENQUEUED"
_GIVEN: Final = "PENDING"
_VERSION_PLAIN: Final = text("SELECT max(version) FROM dbos_migrations")
_VERSION_IN_SCHEMA: Final = text("SELECT max(version) FROM dbos.dbos_migrations")
_ENDED: Final = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


class DbosEngine:
    """DBOS in this process; there can be one at a time.

    `engine` is the database's, `executor` a name that no process had before.
    """

    def __init__(self, engine: Engine, executor: str) -> None:
        self._engine = engine
        self._executor = executor
        self._client: DBOSClient | None = None
        is_embedded = engine.dialect.name == "sqlite"
        self._own = make_guest_engine(engine.url, pool_size=_POOL) if is_embedded else None

    def launch(self, queues: Mapping[str, int], body: Body) -> None:
        """Listen; see `Engine`. Makes the engine's tables, or brings them to this release."""
        _require_known(self._engine)
        _say_no_less_than(logging.ERROR)
        DBOS(config=self._config())

        @DBOS.workflow(name=_WORKFLOW)
        def shard(run_id: str, number: int, attempt: int, queue: str) -> None:
            body(ShardRef(UUID(run_id), number, attempt, queue))

        DBOS.listen_queues(list(queues))
        with _engine_errors():
            DBOS.launch()
            for name, at_once in queues.items():
                DBOS.register_queue(
                    name,
                    worker_concurrency=at_once,
                    polling_interval_sec=_POLL_S if name == INTERACTIVE else _SWEEP_POLL_S,
                    on_conflict="always_update",
                )
        self._client = self._connect()

    def enqueue(self, db: Session, refs: Iterable[ShardRef]) -> None:
        """Enqueue in the caller's unit; see `Engine`."""
        for ref in refs:
            options: EnqueueOptions = {
                "workflow_name": _WORKFLOW,
                "queue_name": ref.queue,
                "workflow_id": ref.job_id,
                "app_version": _VERSION,
            }
            arguments = (str(ref.run_id), ref.number, ref.attempt, ref.queue)
            self._connected().enqueue_in_transaction(db, options, *arguments)

    def waiting(self, job_ids: Iterable[str]) -> set[str]:
        """Return which of these still wait for their turn."""
        return {each.workflow_id for each in self._known(job_ids, _WAITS)}

    def given(self, job_ids: Iterable[str]) -> dict[str, str]:
        """Return which process was given each of these that has not ended; see `Engine`."""
        known = self._known(job_ids, _GIVEN)
        return {each.workflow_id: each.executor_id for each in known if each.executor_id}

    def _known(self, job_ids: Iterable[str], status: str) -> Iterator[WorkflowStatus]:
        for chunk in in_chunks(job_ids):
            yield from self._connected().list_workflows(
                workflow_ids=chunk, status=status, load_input=False, load_output=False
            )

    def clean(self, before: datetime) -> int:
        """Delete what is known of work from before then; see `Engine`."""
        ended = self._delete(list(_ENDED), before)
        # What a killed process was given stays with it for good: its shard went on as another.
        return ended + self._delete(None, min(before, clock.now() - _OLDER_THAN_ANY_RUN))

    def _delete(self, status: list[str] | None, before: datetime) -> int:
        deleted = 0
        while found := self._connected().list_workflows(
            status=status,
            end_time=before.isoformat(),
            limit=500,
            load_input=False,
            load_output=False,
        ):
            self._connected().delete_workflows([each.workflow_id for each in found])
            deleted += len(found)
        return deleted

    def stop_listening(self) -> None:
        """Take no more shards; those under way go on."""
        # It cannot note any more how these end, and would say so at length; our tables know.
        _say_no_less_than(logging.CRITICAL)
        DBOS.destroy(destroy_registry=True)

    def shutdown(self) -> None:
        """Let go of the engine's tables, after `stop_listening`."""
        if self._client is not None:
            self._client.destroy()
            self._client = None
        if self._own is not None:
            self._own.dispose()

    def _config(self) -> DBOSConfig:
        config: DBOSConfig = {
            "name": _APPLICATION,
            "system_database_url": _address(self._engine.url),
            "sys_db_pool_size": _POOL,
            "executor_id": self._executor,
            "application_version": _VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "use_listen_notify": False,
            "enable_otlp": False,
            "log_level": "ERROR",
            # Schedules of its own, of which there are none here.
            "scheduler_polling_interval_sec": _DAY_S,
            "dbos_system_schema": ENGINE_SCHEMA,
        }
        if self._own is not None:
            config["system_database_engine"] = self._own
        return config

    def _connect(self) -> DBOSClient:
        return DBOSClient(
            system_database_url=_address(self._engine.url),
            system_database_engine=self._own,
            dbos_system_schema=ENGINE_SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            system_database_pool_size=2,
            application_name=_APPLICATION,
            lazy=True,
        )

    def _connected(self) -> DBOSClient:
        if self._client is None:
            message = "the job engine is not launched"
            raise RuntimeError(message)
        return self._client


def _require_known(engine: Engine) -> None:
    """Refuse tables of a newer release, which this one would use without understanding them."""
    kind = engine.dialect.name
    schema = ENGINE_SCHEMA if kind == "postgresql" else None
    statement = _VERSION_IN_SCHEMA if schema else _VERSION_PLAIN
    try:
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            if not inspect(connection).has_table("dbos_migrations", schema=schema):
                return
            found = connection.scalar(statement) or 0
    except DBAPIError as error:
        raise as_storage_failure(error) from error
    if found > KNOWN_VERSIONS[kind]:
        message = (
            f"the job engine's tables are of a newer release ({found}, this program knows up to"
            f" {KNOWN_VERSIONS[kind]}); install the newer NetRaven here too"
        )
        raise SchemaMismatch(message)


@contextmanager
def _engine_errors() -> Iterator[None]:
    """Say in one of our errors that the engine cannot reach its tables."""
    try:
        yield
    except DBAPIError as error:
        raise as_storage_failure(error) from error


def _say_no_less_than(level: int) -> None:
    """Let the engine's own log lines be seen only where they are as grave as this."""
    logging.getLogger("dbos").setLevel(level)


def _address(url: URL) -> str:
    """Return the database's address in the form that DBOS takes: it chooses the driver."""
    name = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
    return url.set(drivername=name).render_as_string(hide_password=False)
