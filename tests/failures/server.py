"""A PostgreSQL server of a test's own, which may be stopped and started as it likes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.postgres import SERVER_OPTIONS, UNPRIVILEGED, await_ready, copied, wheel

# What a test asserts about a restart must not rest on what the server was allowed to lose.
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class OwnServer:
    """One cluster; `start` and `stop` as often as wanted."""

    def __init__(self, installation: Path, place: Path) -> None:
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._place = place
        if self._user:
            installation = copied(installation, place)
            for path in (place, *place.rglob("*")):
                shutil.chown(path, self._user)
        self._programs = installation / "bin"
        self._cluster = place / "cluster"
        self._server: subprocess.Popen[bytes] | None = None
        initdb = [str(self._programs / "initdb"), "--auth=trust", "--username=postgres"]
        command = [*initdb, "--encoding=utf8", "--no-locale", "--no-sync", str(self._cluster)]
        subprocess.run(command, check=True, user=self._user, cwd=place, capture_output=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"postgresql://postgres@/postgres?host={self._place}"

    def start(self) -> None:
        """Return once it is ready."""
        options = {**SERVER_OPTIONS, **_DURABLE, "unix_socket_directories": self._place}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        command = [str(self._programs / "postgres"), "-D", str(self._cluster), *arguments]
        with (self._place / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                command, user=self._user, cwd=self._place, stdout=log, stderr=log
            )
        await_ready(self._server, self._cluster / "postmaster.pid")

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT breaks connections off in order, SIGQUIT as a crash does."""
        if self._server is not None:
            self._server.send_signal(number)
            self._server.wait()
            self._server = None


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """Run a server; skips where its wheel is not installed."""
    installation = wheel()
    if installation is None:
        pytest.skip("PostgreSQL's wheel is not installed, and this test needs its own server")
    place = Path(tempfile.mkdtemp(prefix="netraven-own-postgres-"))
    server = OwnServer(installation, place)
    try:
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(place, ignore_errors=True)
