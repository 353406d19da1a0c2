"""`netraven serve`: the web door, the schedules and a worker in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer
from typing_extensions import override

from netraven.cli import output
from netraven.cli.worker import Concurrency, Queues, given_options, lost

if TYPE_CHECKING:
    from netraven.cli.home import Home
    from netraven.worker.member import Member
    from netraven.worker.options import WorkerOptions

# By name, because the application stands above all doors: it is what puts them together.
_APPLICATION = "netraven.app"


def serve(
    *,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The TCP port.")] = 8480,
    queues: Queues = None,
    concurrency: Concurrency = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C: `/healthz`, `/readyz`, schedules, and the work itself.

    On SQLite one server has the home for itself; other commands write runs down for it. On
    PostgreSQL any number of servers and workers share the work.
    """
    from netraven.cli.home import open_home, sqlite_path
    from netraven.worker.garbage import less_searched_for_garbage
    from netraven.worker.lock import held

    options = given_options(queues, concurrency)
    home = open_home()
    path = sqlite_path(home.settings)
    with ExitStack() as holding:
        if path is not None:
            holding.enter_context(held(path.parent, by="`netraven serve`"))
            options = replace(options, is_alone=True)
        holding.enter_context(less_searched_for_garbage())
        if not asyncio.run(_serve(home, options, host=host, port=port)):
            raise lost()


async def _serve(home: Home, options: WorkerOptions, *, host: str, port: int) -> bool:
    """Serve until a signal; False where others took the worker for dead."""
    import uvicorn

    from netraven.jobs.dbos_engine import DbosEngine
    from netraven.worker.member import Member
    from netraven.worker.notify import Notifier
    from netraven.worker.signals import set_by_signals

    class Server(uvicorn.Server):
        """A server whose signals are ours: the worker must end with it."""

        @override
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    stop, notifier = asyncio.Event(), Notifier()
    member = Member(home.sessions, DbosEngine, options)
    app = import_module(_APPLICATION).create_app(lambda: _why_not_ready(home, member))
    server = Server(uvicorn.Config(app, host=host, port=port, log_level="warning", lifespan="off"))
    with set_by_signals(stop):
        serving = asyncio.create_task(server.serve())
        working = asyncio.create_task(
            member.work(
                stop,
                on_ready=lambda _id: notifier.ready(f"serving {host}:{port}"),
                on_pulse=notifier.alive,
            )
        )
        output.note(f"NetRaven serves http://{host}:{port}; Ctrl-C ends it.", style="dim")
        try:
            await asyncio.wait((serving, working), return_when=asyncio.FIRST_COMPLETED)
        finally:
            notifier.stopping()
            stop.set()
            server.should_exit = True
        is_whole = await working
        await serving
    return is_whole


async def _why_not_ready(home: Home, member: Member) -> str | None:
    from netraven.errors import NetRavenError

    if not member.is_ready:
        return "the worker has not begun yet, or is ending"
    try:
        await asyncio.wait_for(asyncio.to_thread(_ask, home), timeout=5.0)
    except (NetRavenError, TimeoutError) as error:
        return str(error) or "the database does not answer"
    return None


def _ask(home: Home) -> None:
    from netraven.jobs.cutting import has_uncut_runs

    with home.reading() as db:
        has_uncut_runs(db)
