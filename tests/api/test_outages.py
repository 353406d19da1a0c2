"""Databases that go away, clients that leave, and clocks that differ."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from netraven import clock
from netraven.admin.sessions import open_session
from netraven.admin.settings import initialize_default_settings
from netraven.db import KeyRing
from netraven.db.enums import LoginKind
from netraven.db.schema import upgrade_schema
from netraven.inventory.tags import initialize_default_tag
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.runs import create_job_log, finish_job_log, start_job_log
from netraven.log import configure_logging
from netraven.request.bearers import make_access_token
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate
from tests.api.conftest import BASE, Site
from tests.api.server import Running, running
from tests.conftest import Database
from tests.failures.server import OwnServer, own_server

PATIENCE_S = 60.0


@pytest.fixture
def server_of_its_own() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


def installed(database: Database) -> Database:
    configure_logging(level="critical", log_format="json")
    with database.unit() as db:
        initialize_default_tag(db)
        initialize_default_settings(db)
    return database


def begin_run(database: Database) -> UUID:
    with database.unit() as db:
        run = create_job_log(db, JobLogCreate.model_validate({"job_type": "verify"}))
        start_job_log(db, run.id)
        return run.id


def say(database: Database, run_id: UUID, message: str) -> None:
    with database.unit() as db:
        append_job_log_entries(db, run_id, [JobLogEntryCreate(message=message)])


def until(holds: Callable[[], bool]) -> None:
    """Return when this holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.02)


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Let everybody who asks for devices wait, until the server is gone."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE"))
        yield
        connection.invalidate()


def entries_of(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield id and message of each entry, as far as the stream goes."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        fields[name] = value
        if not line:
            if fields.get("event") == "entry":
                yield fields["id"], json.loads(fields["data"])["message"]
            fields = {}


def test_a_database_that_goes_away_during_a_request_and_comes_back(
    server_of_its_own: OwnServer, keyring: KeyRing
) -> None:
    postgres = server_of_its_own
    upgrade_schema(postgres.url)
    database = installed(Database(postgres.url, keyring, "sync"))
    with running(database) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        assert server.ground is not None
        site = Site(database, httpx.AsyncClient(), server.ground.keys)
        headers = {"Authorization": f"Bearer {site.token(site.add_user('ana', 'admin'))}"}
        run_id = begin_run(database)
        say(database, run_id, "before")
        with (
            ThreadPoolExecutor(1) as elsewhere,
            client.stream("GET", f"{BASE}/runs/{run_id}/events", headers=headers) as stream,
        ):
            told = entries_of(stream.iter_lines())
            last_id, message = next(told)

            def ask() -> httpx.Response:
                return httpx.get(f"{server.url}{BASE}/devices", headers=headers, timeout=60)

            with locked(postgres.url):
                asked = elsewhere.submit(ask)
                until(lambda: _is_waited_for(database))
                # As a crash does it: nobody is told before.
                postgres.stop(signal.SIGQUIT)
                cut = asked.result(PATIENCE_S)
            with pytest.raises(httpx.HTTPError):
                list(told)
            away = [client.get(f"{BASE}/{path}", headers=headers) for path in ("devices", "runs")]
            alive = client.get("/healthz")
            postgres.start()
        back = client.get(f"{BASE}/devices", headers=headers)
        say(database, run_id, "after")
        with database.unit() as db:
            finish_job_log(db, run_id)
        again = {**headers, "Last-Event-ID": last_id}
        with client.stream("GET", f"{BASE}/runs/{run_id}/events", headers=again) as stream:
            rest = [message for _, message in entries_of(stream.iter_lines())]

    assert message == "before"
    for refused in (cut, *away):
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_failed")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["remedy"]
        assert "psycopg" not in refused.text
        assert "SELECT" not in refused.text
    assert alive.status_code == 200
    assert back.status_code == 200
    assert rest == ["after"]


def test_a_client_that_leaves_in_mid_stream_leaves_nothing_behind(sync_database: Database) -> None:
    database = installed(sync_database)
    with running(database) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        assert server.ground is not None
        site = Site(database, httpx.AsyncClient(), server.ground.keys)
        headers = {"Authorization": f"Bearer {site.token(site.add_user('ana', 'admin'))}"}
        run_id = begin_run(database)
        say(database, run_id, "one")

        for _ in range(5):
            with client.stream("GET", f"{BASE}/runs/{run_id}/events", headers=headers) as stream:
                next(entries_of(stream.iter_lines()))
        say(database, run_id, "two")

        until(lambda: _is_idle(server, database))
        # Who writes waits for nobody.
        made = client.post(f"{BASE}/tags", headers=headers, json={"name": "edge"})

    assert made.status_code == 201


@pytest.mark.parametrize(
    ("ahead_s", "status"), [(-31 * 60, 401), (-30 * 60 - 20, 200), (20, 200), (120, 401)]
)
async def test_clocks_of_web_processes_may_differ_a_little(
    site: Site, ahead_s: int, status: int
) -> None:
    user_id = site.add_user("ana")
    with site.database.unit() as db:
        opened = open_session(db, user_id, kind=LoginKind.CLIENT)
    assert opened is not None
    issued = clock.now() + timedelta(seconds=ahead_s)
    token = make_access_token(site.keys.access, opened.row.id, minutes=30, now=issued)

    reply = await site.ask("GET", "/account", token)

    assert reply.status_code == status


def _is_waited_for(database: Database) -> bool:
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with database.unit() as db:
        return bool(db.scalar(waiting))


def _is_idle(server: Running, database: Database) -> bool:
    """Tell whether no connection of the server is within a transaction."""
    assert server.ground is not None
    taken = [
        server.ground.sessions.kw["bind"].pool.checkedout(),
        server.ground.async_sessions.kw["bind"].pool.checkedout(),
    ]
    if database.url.startswith("postgresql"):
        within = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND state LIKE '%in transaction%'"
        )
        with database.unit() as db:
            taken.append(db.scalar(within))
    return not any(taken)
