"""The program itself: run in this process for speed, or as a process of its own."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.orm import Session

from netraven.cli.main import run_command
from netraven.db import KeyRing, make_sessions, unit_of_work
from tests.parts import PART


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command wrote, and its exit code."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.out)
        return told

    @property
    def text(self) -> str:
        return self.out + self.err


class Program:
    """`netraven` with a home of its own."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self._monkeypatch = monkeypatch
        self.set(NETRAVEN_HOME=str(home))

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def run(self, *arguments: object, stdin: str = "") -> Answer:
        """Run a command as `main` does, in this process."""
        out, err = _stream(), _stream()
        with redirect_stdout(out), redirect_stderr(err), _standard_input(stdin):
            code = run_command([str(argument) for argument in arguments])
        return Answer(int(code), _written(out), _written(err))

    def ok(self, *arguments: object, stdin: str = "") -> Answer:
        """Run a command that must succeed."""
        answer = self.run(*arguments, stdin=stdin)
        assert answer.exit_code == 0, answer.text
        return answer

    def json(self, *arguments: object, stdin: str = "") -> dict[str, Any]:
        """Run a command that must succeed, with `--json`, and return what it tells."""
        return self.ok(*arguments, "--json", stdin=stdin).json

    def start(
        self, *arguments: object, prepare: Callable[[], object] | None = None
    ) -> subprocess.Popen[str]:
        """Start a command as a process of its own; `prepare` runs in it before the program."""
        script = Path(sys.executable).with_name("netraven")

        def begin() -> None:
            # A shell ignores interrupts for what it runs in the background; that is inherited.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if prepare is not None:
                prepare()

        return subprocess.Popen(
            [str(script), *(str(each) for each in arguments)],
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=begin,  # noqa: PLW1509  the tests start no threads of their own
        )

    def process(self, *arguments: object, prepare: Callable[[], object] | None = None) -> Answer:
        """Run a command as a process of its own."""
        with self.start(*arguments, prepare=prepare) as process:
            out, err = process.communicate(timeout=120)
        return Answer(process.returncode, out, err)

    def process_bytes(self, *arguments: object) -> bytes:
        """Run a command that must succeed as a process, and return the bytes it wrote."""
        script = Path(sys.executable).with_name("netraven")
        command = [str(script), *(str(each) for each in arguments)]
        return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout

    @property
    def database(self) -> Path:
        return self.home / "netraven.sqlite3"

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """Open a unit of work on the home's database, for arranging and for checking."""
        ring = KeyRing.from_text((self.home / "keyring").read_text())
        sessions = make_sessions(f"sqlite:///{self.database}", ring)
        try:
            with unit_of_work(sessions) as db:
                yield db
        finally:
            sessions.kw["bind"].dispose()


@pytest.fixture(autouse=True)
def _servers_log_aside() -> None:
    """Keep lines that a server's thread logs out of what a command of this process writes."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.__stderr__))


@pytest.fixture(scope="session")
def home_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home as `netraven init` makes it."""
    home = tmp_path_factory.mktemp("template") / "home"
    with pytest.MonkeyPatch.context() as monkeypatch:
        Program(home, monkeypatch).ok("init")
    return home


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Return the program where nothing was set up yet."""
    return Program(tmp_path / "home", monkeypatch)


@pytest.fixture
def program(tmp_path: Path, home_template: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Return the program with a home that was set up."""
    shutil.copytree(home_template, tmp_path / "home")
    return Program(tmp_path / "home", monkeypatch)


@contextmanager
def _standard_input(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, _stream(text)
    try:
        yield
    finally:
        sys.stdin = before


@pytest.fixture
def postgres_database(request: pytest.FixtureRequest, postgres_server: str) -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database of its own."""
    request.node.user_properties.append((PART, "PostgreSQL behind the command line"))
    name = f"cli_{uuid4().hex}"
    server = create_engine(
        make_url(postgres_server).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
    )
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline="")


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
