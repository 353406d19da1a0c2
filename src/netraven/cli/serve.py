"""`netraven serve`: the web door, the schedules and a worker in one process."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.listening import address_of, bound
from netraven.cli.worker import Concurrency, Queues, given_options, lost
from netraven.errors import SettingsInvalid

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from netraven.cli.home import Home
    from netraven.request.ground import Ground
    from netraven.settings import Settings
    from netraven.worker.options import WorkerOptions

# By name, because the application stands above all doors: it is what puts them together.
_APPLICATION = "netraven.app"
# So long replies and streams may still go on when the server is asked to end.
_GRACE_S = 5


def serve(
    *,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The TCP port.")] = 8480,
    queues: Queues = None,
    concurrency: Concurrency = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C: `/healthz`, `/readyz`, schedules, and the work itself.

    Where nothing is set up yet, an installation on SQLite is made first, as by `netraven init`.
    On SQLite one server has the home for itself; other commands write runs down for it. On
    PostgreSQL any number of servers and workers share the work.
    """
    from netraven.worker.garbage import less_searched_for_garbage, unsearched_for_garbage

    with unsearched_for_garbage():
        from netraven.cli.home import open_home, sqlite_path
        from netraven.worker.lock import held

        options = given_options(queues, concurrency)
        _install_where_nothing_is()
        home = open_home()
        import_module(_APPLICATION)
    path = sqlite_path(home.settings)
    with ExitStack() as holding:
        if path is not None:
            holding.enter_context(held(path.parent, by="`netraven serve`"))
            options = replace(options, is_alone=True)
        holding.enter_context(less_searched_for_garbage())
        sockets = [holding.enter_context(each) for each in bound(host, port)]
        where = address_of(host, sockets)
        if not asyncio.run(_serve(home, options, sockets, where=where)):
            raise lost()


async def why_not_ready(home: Home, *, is_at_work: bool) -> str | None:
    """Return what keeps this process from working, None where nothing does, for anybody to see."""
    from netraven.errors import NetRavenError

    if not is_at_work:
        return "the worker has not begun yet, or is ending"
    try:
        await asyncio.wait_for(asyncio.to_thread(_ask, home), timeout=5.0)
    except NetRavenError:
        # Anybody may ask, so where the database is stays with the log, where the worker tells it.
        return "the database cannot be used; the server's log tells why"
    except TimeoutError:
        return "the database does not answer"
    return None


def _install_where_nothing_is() -> None:
    """Make an installation where neither a key ring nor a SQLite file is, and tell of it.

    What has lost one of the two is not made anew: its backups would be lost with it.
    """
    from netraven.cli.home import read_settings, sqlite_path
    from netraven.cli.init import init

    settings = read_settings()
    database = sqlite_path(settings)
    is_begun = settings.keyring is not None or settings.keyring_path.exists()
    if database is not None and not database.exists() and not is_begun:
        init()


async def _serve(
    home: Home, options: WorkerOptions, sockets: list[socket.socket], *, where: str
) -> bool:
    """Serve on these sockets until a signal; False where others took the worker for dead."""
    from netraven.cli.http_server import HttpServer
    from netraven.jobs.dbos_engine import DbosEngine
    from netraven.worker.member import Member
    from netraven.worker.notify import Notifier
    from netraven.worker.signals import set_by_signals

    stop, notifier = asyncio.Event(), Notifier()
    member = Member(home.sessions, DbosEngine, options)
    async with _ground(home) as ground:
        create_app = import_module(_APPLICATION).create_app
        app = create_app(lambda: why_not_ready(home, is_at_work=member.is_ready), ground)
        server = HttpServer(_config(app, home.settings))
        with set_by_signals(stop):
            serving = asyncio.create_task(server.serve(sockets))
            working = asyncio.create_task(
                member.work(
                    stop,
                    on_ready=lambda _id: notifier.ready(f"serving {where}"),
                    on_pulse=notifier.alive,
                )
            )
            scheme = "http" if home.settings.tls_certificate is None else "https"
            output.note(f"NetRaven serves {scheme}://{where}; Ctrl-C ends it.", style="dim")
            try:
                await asyncio.wait((serving, working), return_when=asyncio.FIRST_COMPLETED)
            finally:
                notifier.stopping()
                stop.set()
                server.end()
            is_whole = await working
            await serving
    return is_whole


def _ground(home: Home) -> AbstractAsyncContextManager[Ground]:
    """Return what the requests of this process stand on."""
    from netraven.request.ground import Bounds
    from netraven.request.opening import opened_ground

    settings = home.settings
    bounds = Bounds(
        max_body_bytes=settings.max_body_mib * 1024 * 1024,
        timeout_s=settings.request_timeout_s,
        trusted_proxies=settings.trusted_proxies,
        requests_per_minute=settings.requests_per_minute,
    )
    return opened_ground(
        settings.url, home.sessions, home.keyring, platforms=home.platforms, bounds=bounds
    )


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return how the server serves; whom a proxy speaks for is the application's matter."""
    import uvicorn

    if (settings.tls_certificate is None) != (settings.tls_key is None):
        message = "NETRAVEN_TLS_CERTIFICATE and NETRAVEN_TLS_KEY belong together; set both"
        raise SettingsInvalid(message)
    _check_certificate(settings)
    return uvicorn.Config(
        app,
        log_level="warning",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _check_certificate(settings: Settings) -> None:
    """Raise SettingsInvalid where certificate and key cannot be read or are not a pair."""
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return
    for path in (certificate, key):
        try:
            path.read_bytes()
        except OSError as error:
            raise SettingsInvalid(f"{path} cannot be read: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError):
        message = f"{certificate} and {key} are no certificate and its unencrypted key in PEM form"
        raise SettingsInvalid(message) from None


def _ask(home: Home) -> None:
    from netraven.jobs.pending import get_pending

    with home.reading() as db:
        get_pending(db)
