"""`netraven db`: the database's schema: where it stands, whether it is whole, bringing it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from netraven.cli import output
from netraven.cli.options import AsJson

if TYPE_CHECKING:
    from netraven.settings import Settings

app = typer.Typer(
    help="Look at the database's schema, and bring it up to date.", no_args_is_help=True
)


@app.command("upgrade")
def upgrade_database(*, as_json: AsJson = False) -> None:
    """Bring the schema up to this program's, from a copy kept beside a SQLite file on.

    A SQLite database is brought up by whatever command comes first after an upgrade of NetRaven;
    PostgreSQL by this one, once, when every program that uses it has been upgraded.
    """
    from netraven.db.copies import copy_path
    from netraven.db.schema import current_revision, head_revision, require_schema, upgrade_schema

    settings = _settings_of_database()
    if current_revision(settings.url) is None:
        require_schema(settings.url)
    before = upgrade_schema(settings.url)
    head = head_revision()
    copy = copy_path(settings.url) if before != head else None
    if as_json:
        told = {"before": before, "schema": head, "copy": str(copy) if copy else None}
        output.say_json(told)
    elif before == head:
        output.say(f"The schema is {head} already; nothing was changed.")
    else:
        output.say(f"Brought the schema from {before} to {head}.", style="green")
        if copy:
            output.say(f"A copy of the database as it was lies at {copy}.")


@app.command("current")
def show_current(*, as_json: AsJson = False) -> None:
    """Say which schema the database has, and which one this program needs."""
    from netraven.db.schema import current_revision, head_revision

    current, head = current_revision(_settings_of_database().url), head_revision()
    if as_json:
        output.say_json({"schema": current, "needed": head, "is_current": current == head})
    else:
        output.say_facts((("Schema", current or "none"), ("Needed", head)))


@app.command("check")
def check_database(*, as_json: AsJson = False) -> None:
    """Check that the tables are this program's, and a SQLite file undamaged; change nothing.

    Reads the whole of a SQLite file: about a second a gigabyte. The backups' contents are checked
    by `netraven verify`.
    """
    import netraven.models  # noqa: F401  the tables must be known to be compared
    from netraven.db.facts import database_damage
    from netraven.db.schema import head_revision, require_schema, schema_differences
    from netraven.errors import ExitCode

    settings = _settings_of_database()
    require_schema(settings.url)
    with output.waiting("Reading the database ...", is_quiet=as_json):
        damage = database_damage(settings.url)
        differences = schema_differences(settings.url)
    if as_json:
        told = {"schema": head_revision(), "differences": differences, "damage": damage}
        output.say_json(told)
    elif not damage and not differences:
        output.say("The database is whole, its tables are this program's.", style="green")
    for sentence in () if as_json else damage:
        output.say(f"Damaged: {sentence}", style="red")
    for sentence in () if as_json else differences:
        output.say(f"Missing for this program's schema: {sentence}", style="red")
    if damage or differences:
        if not as_json:
            output.say("Restore the database from a copy, then run `netraven verify`.")
        raise typer.Exit(ExitCode.CORRUPT if damage else ExitCode.STORAGE)


def _settings_of_database() -> Settings:
    from netraven.cli.home import read_settings, require_database

    settings = read_settings()
    require_database(settings)
    return settings
