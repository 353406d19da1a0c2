"""The database's schema: bring it to this program's revision, or refuse it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, event, func, inspect, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from netraven.db.base import Base
from netraven.db.copies import copy_path, keep_copy
from netraven.db.engine import READ_ONLY, make_engine
from netraven.db.failures import as_storage_failure
from netraven.errors import SchemaMismatch, StorageFailed

ENGINE_TABLES = frozenset(
    {
        "application_versions",
        "dbos_migrations",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_events_history",
        "workflow_input",
        "workflow_output",
        "workflow_schedules",
        "workflow_status",
    }
)
"""The job engine's tables, which stand beside ours where a database has no schemas."""

NOT_OURS = ENGINE_TABLES | {"alembic_version"}

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"

# Any number that no other program takes on this database.
_LOCK = 0x6E65747261766E


def upgrade_schema(url: str | URL, *, revision: str = "head") -> str | None:
    """Bring the database to a revision, `head` without one; return the revision before.

    Of a SQLite database that holds something a copy is kept first (`copy_path`). Raises
    SchemaMismatch for a database that is newer than this program or not NetRaven's, StorageFailed
    for one that cannot be used or copied.
    """
    return _run(url, revision=revision, step=_upgrade)


def downgrade_schema(url: str | URL, *, revision: str = "base") -> str | None:
    """Take the database back to a revision, `base` without one; return the revision before."""
    return _run(url, revision=revision, step=_downgrade)


def bring_schema(url: str | URL) -> str | None:
    """Upgrade a SQLite database that is older than this program; return the revision before.

    None where nothing was to do. Raises SchemaMismatch for any other database that does not stand
    at this program's revision: several programs use such a server, so a person decides.
    """
    current = current_revision(url)
    if current is not None and current != head_revision() and copy_path(url) is not None:
        return upgrade_schema(url)
    _require_head(current)
    return None


def require_schema(url: str | URL) -> None:
    """Raise SchemaMismatch unless the database stands at exactly this program's revision."""
    _require_head(current_revision(url))


def current_revision(url: str | URL) -> str | None:
    """Return the database's revision, None for an empty one; raises as `upgrade_schema` does."""
    with _looking(url) as connection:
        return _current(connection)


def schema_differences(url: str | URL) -> list[str]:
    """Return what sets the tables apart from the models that the program has loaded."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    with _looking(url) as connection:
        options = {"compare_type": True, "include_object": _is_ours}
        context = MigrationContext.configure(connection, opts=options)
        return [_in_words(step) for step in compare_metadata(context, Base.metadata)]


def head_revision() -> str:
    """Return the newest revision that this program knows."""
    revisions = _revisions()
    if not revisions:
        message = "this installation of NetRaven lacks its migrations; install it again"
        raise SchemaMismatch(message)
    return revisions[-1]


# Loading Alembic takes as long as all the rest of a command that only looks at a database, so it
# is loaded where the tables are changed or compared.


def _run(
    url: str | URL, *, revision: str, step: Callable[[Connection, Config, str], None]
) -> str | None:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with _used(url) as engine, _changing(engine) as connection:
        before = _current(connection)
        config.attributes["connection"] = connection
        step(connection, config, revision)
        return before


def _upgrade(connection: Connection, config: Config, revision: str) -> None:
    from alembic import command  # noqa: PLC0415

    current = _current(connection)
    if current is not None and current != head_revision():
        keep_copy(connection.engine.url)
    command.upgrade(config, revision)


def _downgrade(_connection: Connection, config: Config, revision: str) -> None:
    from alembic import command  # noqa: PLC0415

    command.downgrade(config, revision)


@contextmanager
def _changing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction for steps that change tables, one program at a time."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            yield connection
        return
    # To alter a table SQLite copies it and drops the old one, which would delete what refers to
    # its rows; within a transaction foreign keys cannot be put aside any more.
    event.listen(engine, "connect", _put_foreign_keys_aside)
    with engine.begin() as connection:
        yield connection
        if connection.execute(text("PRAGMA foreign_key_check")).first():
            message = (
                "rows of the database refer to rows that are gone, so its schema was left as it "
                "is; see `netraven db check`"
            )
            raise StorageFailed(message)


def _put_foreign_keys_aside(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()


@contextmanager
def _looking(url: str | URL) -> Iterator[Connection]:
    # Looking must not wait for a writer, so it takes no writer's lock.
    with (
        _used(url) as engine,
        engine.connect().execution_options(**{READ_ONLY: True}) as connection,
    ):
        yield connection


@contextmanager
def _used(url: str | URL) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        yield engine
    except DBAPIError as error:
        raise as_storage_failure(error) from error
    finally:
        engine.dispose()


@cache
def _revisions() -> tuple[str, ...]:
    """Return all revisions, the oldest first: one chain, whose files are named by their numbers."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


def _require_head(current: str | None) -> None:
    head = head_revision()
    if current is None:
        message = f"the database's schema is empty, this program needs {head}; run `netraven init`"
        raise SchemaMismatch(message)
    if current != head:
        message = (
            f"the database's schema is {current}, this program needs {head}; "
            "run `netraven db upgrade`"
        )
        raise SchemaMismatch(message)


def _current(connection: Connection) -> str | None:
    tables = set(inspect(connection).get_table_names())
    current: str | None = None
    if "alembic_version" in tables:
        current = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if current is not None and current not in _revisions():
        message = (
            f"the database's schema {current} is newer than this program, which knows up to "
            f"{head_revision()}; install a newer NetRaven"
        )
        raise SchemaMismatch(message)
    if current is None and tables - NOT_OURS:
        message = "the database holds tables that are not NetRaven's; give it an empty database"
        raise SchemaMismatch(message)
    return current


def _is_ours(
    _thing: object,
    name: str | None,
    kind: str,
    is_reflected: bool,  # noqa: FBT001  Alembic's signature
    _other: object,
) -> bool:
    """Tell Alembic to leave the job engine's tables alone."""
    return not (kind == "table" and is_reflected and name in ENGINE_TABLES)


def _in_words(step: Sequence[Any]) -> str:
    """Return one of Alembic's steps, or several for one column, as a sentence's end."""
    kind, *parts = step[0] if isinstance(step[0], tuple) else step
    names = [getattr(part, "name", part) for part in parts]
    told = [name for name in names if isinstance(name, str)]
    return " ".join([str(kind).replace("_", " "), *told])
