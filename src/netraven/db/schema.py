"""The database's schema: bring it to this program's revision, or refuse it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, inspect
from sqlalchemy.exc import DBAPIError

from netraven.db.engine import READ_ONLY, make_engine
from netraven.db.failures import as_storage_failure
from netraven.errors import SchemaMismatch

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade_schema(url: str | URL, *, revision: str = "head") -> str | None:
    """Bring the database to a revision, `head` without one; return the revision before.

    Raises SchemaMismatch for a database that is newer than this program or not NetRaven's,
    StorageFailed for one that cannot be used.
    """
    return _run(url, revision=revision, step=command.upgrade)


def downgrade_schema(url: str | URL, *, revision: str = "base") -> str | None:
    """Take the database back to a revision, `base` without one; return the revision before."""
    return _run(url, revision=revision, step=command.downgrade)


def require_schema(url: str | URL) -> None:
    """Raise SchemaMismatch unless the database stands at exactly this program's revision."""
    engine = make_engine(url)
    try:
        # Looking must not wait for a writer, so it takes no writer's lock.
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            current = _current(connection)
    except DBAPIError as error:
        raise as_storage_failure(error) from error
    finally:
        engine.dispose()
    if current != head_revision():
        message = (
            f"the database's schema is {current or 'empty'}, this program needs {head_revision()}; "
            "run `netraven init`"
        )
        raise SchemaMismatch(message)


def head_revision() -> str:
    """Return the newest revision that this program knows."""
    head = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    if head is None:
        message = "this installation of NetRaven lacks its migrations; install it again"
        raise SchemaMismatch(message)
    return head


def _run(url: str | URL, *, revision: str, step: Callable[[Config, str], None]) -> str | None:
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            before = _current(connection)
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.attributes["connection"] = connection
            step(config, revision)
            return before
    except DBAPIError as error:
        raise as_storage_failure(error) from error
    finally:
        engine.dispose()


def _current(connection: Connection) -> str | None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
    if current is not None and current not in known:
        message = (
            f"the database's schema {current} is newer than this program, which knows up to "
            f"{head_revision()}; install a newer NetRaven"
        )
        raise SchemaMismatch(message)
    if current is None and set(inspect(connection).get_table_names()) - {"alembic_version"}:
        message = "the database holds tables that are not NetRaven's; give it an empty database"
        raise SchemaMismatch(message)
    return current
