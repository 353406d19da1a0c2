"""`netraven worker`: processes that do the work, as many as are wanted, on as many hosts."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Annotated, TypeAlias
from uuid import UUID

import typer

from netraven.cli.ending import ending
from netraven.errors import ExitCode, InUse, Invalid, NetRavenError

if TYPE_CHECKING:
    from netraven.cli.home import Home
    from netraven.worker.options import WorkerOptions

Queues: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,...",
        help="Queues to listen to: interactive, sweep, site:NAME; the first two without it.",
    ),
]
Concurrency: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1, max=10_000, help="Devices at a time in each process, instead of the setting's."
    ),
]


def worker(
    *,
    queues: Queues = None,
    concurrency: Concurrency = None,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Collector processes; several need PostgreSQL.")
    ] = 1,
) -> None:
    """Do runs until SIGTERM or Ctrl-C; what is not done by then goes to other workers.

    A process that is stuck or dies is replaced, and its devices are taken up again.
    """
    from netraven.cli.home import open_home, sqlite_path
    from netraven.db.schema import require_schema
    from netraven.worker.supervisor import Supervisor

    options = given_options(queues, concurrency)
    home = open_home()
    path = sqlite_path(home.settings)
    if path is None:
        Supervisor(
            work_as_child,
            options,
            processes=processes,
            check=lambda: require_schema(home.settings.url),
        ).supervise()
        return
    if processes > 1:
        reason = "SQLite takes one collector process; use PostgreSQL for several"
        raise Invalid("processes", reason)
    _work_alone(home, replace(options, is_alone=True))


def given_options(queues: str | None, concurrency: int | None) -> WorkerOptions:
    """Return what a member is told; raises Invalid("queues")."""
    from netraven.worker.options import WorkerOptions, parsed_queues

    try:
        names = parsed_queues(queues)
    except ValueError as error:
        raise Invalid("queues", str(error)) from None
    return WorkerOptions(queues=names, concurrency=concurrency)


def lost() -> InUse:
    """Return what is said where other members took this one for dead, and do its work."""
    return InUse(
        "other workers took this one for dead, after it gave no sign of life for long, and do its"
        " work; start it again"
    )


def work_as_child(options: WorkerOptions, predecessor: UUID | None, signs: Connection) -> None:
    """Work as one of several processes of a worker, until told to end or left alone."""
    from netraven.cli.home import open_home

    # Ctrl-C is for the parent, which tells its children.
    os.setsid()
    try:
        with ending():
            is_whole = asyncio.run(_work(open_home(), options, signs, predecessor=predecessor))
    except NetRavenError as error:
        sys.exit(f"netraven: {error}")
    sys.exit(ExitCode.OK if is_whole else ExitCode.CONFLICT)


def _work_alone(home: Home, options: WorkerOptions) -> None:
    from netraven.cli.home import sqlite_path
    from netraven.worker.lock import held

    path = sqlite_path(home.settings)
    if path is not None:
        with held(path.parent, by="`netraven worker`"):
            asyncio.run(_work(home, options))


async def _work(
    home: Home,
    options: WorkerOptions,
    signs: Connection | None = None,
    *,
    predecessor: UUID | None = None,
) -> bool:
    from netraven.jobs.dbos_engine import DbosEngine
    from netraven.worker.garbage import less_searched_for_garbage
    from netraven.worker.member import Member
    from netraven.worker.notify import Notifier
    from netraven.worker.signals import set_by_signals

    stop, notifier = asyncio.Event(), Notifier()

    def on_ready(worker_id: UUID) -> None:
        if signs is not None:
            signs.send(worker_id)
        else:
            notifier.ready("at work")

    def on_pulse() -> None:
        if signs is None:
            notifier.alive()
            return
        try:
            signs.send(None)
        except OSError:  # nobody listens any more: the parent is gone
            stop.set()

    member = Member(home.sessions, DbosEngine, options)
    with set_by_signals(stop), less_searched_for_garbage():
        return await member.work(
            stop, predecessor=predecessor, on_ready=on_ready, on_pulse=on_pulse
        )
