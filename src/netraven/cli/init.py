"""`netraven init`: make the home, the key ring and the database, once; touch nothing that is."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson

if TYPE_CHECKING:
    from netraven.settings import Settings


@dataclass(frozen=True, slots=True)
class Installed:
    """What `init` made or found; states are `created`, `upgraded` or `present`."""

    home: str
    database: str
    database_state: str
    schema: str
    keyring: str
    keyring_state: str
    key_id: str
    setup_token: str | None = field(default=None, repr=False)

    @property
    def is_unchanged(self) -> bool:
        """Nothing was made or upgraded."""
        return self.database_state == self.keyring_state == "present"


def init(
    *,
    setup_token: Annotated[
        bool,
        typer.Option(
            "--setup-token",
            help="Make another set-up token, while there is no user; voids the old.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the home, its key ring and its database, and a token to make the first administrator.

    A second run says what is there, brings an older schema up to date and changes nothing else.
    A key ring is never overwritten.
    """
    from netraven.cli.home import read_settings

    settings = read_settings()
    installed = install(settings, renews_token=setup_token)
    if as_json:
        output.say_json(asdict(installed))
    else:
        _show(installed)


def install(settings: Settings, *, renews_token: bool = False) -> Installed:
    """Make what is missing of an installation and return what there is now.

    A new database gets a set-up token, one that is there only where `renews_token`.

    The key ring is on the disk before anything sealed under it is kept. Raises StorageFailed,
    SchemaMismatch or KeyUnavailable.
    """
    from netraven.admin.settings import initialize_default_settings, initialize_sso_settings
    from netraven.admin.setup import make_setup_token
    from netraven.cli.home import open_sessions, read_keyring, sqlite_path, whoever_runs_this
    from netraven.cli.keyfile import write_new_keyring
    from netraven.db import KeyRing, unit_of_work
    from netraven.db.schema import head_revision, upgrade_schema
    from netraven.inventory.tags import initialize_default_tag
    from netraven.jobs.commands import initialize_command_settings
    from netraven.jobs.system_jobs import initialize_system_jobs
    from netraven.vault.keyring import verify_keyring

    database = sqlite_path(settings)
    is_new_ring = settings.keyring is None and not settings.keyring_path.exists()
    keyring = KeyRing.generate() if is_new_ring else read_keyring(settings)
    if database is not None or settings.keyring is None:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if database is not None:
        _make_private(database)
    before = upgrade_schema(settings.url)
    sessions = open_sessions(settings, keyring)
    with unit_of_work(sessions, actor=whoever_runs_this()) as db:
        verify_keyring(db)
        initialize_default_tag(db)
        initialize_default_settings(db)
        initialize_sso_settings(db)
        initialize_command_settings(db)
        initialize_system_jobs(db)
        token = make_setup_token(db) if before is None or renews_token else None
        if is_new_ring:
            write_new_keyring(settings.keyring_path, keyring)
    return Installed(
        home=str(settings.home),
        database=_shown_address(settings),
        database_state=_state_after(before, head_revision()),
        schema=head_revision(),
        keyring=str(settings.keyring_path) if settings.keyring is None else "NETRAVEN_KEYRING",
        keyring_state="created" if is_new_ring else "present",
        key_id=keyring.active.key_id,
        setup_token=token,
    )


def _state_after(before: str | None, head: str) -> str:
    if before is None:
        return "created"
    return "present" if before == head else "upgraded"


def _make_private(database: Path) -> None:
    """Make an empty file that only its owner reads; SQLite gives its other files the same mode."""
    os.close(os.open(database, os.O_CREAT | os.O_RDWR, 0o600))


def _shown_address(settings: Settings) -> str:
    from sqlalchemy import make_url

    return make_url(settings.url).render_as_string(hide_password=True)


def _show(installed: Installed) -> None:
    if installed.is_unchanged and installed.setup_token is None:
        output.say("NetRaven is set up here; nothing was changed.")
    else:
        output.say("NetRaven is ready.", style="green")
    output.say_facts(
        (
            ("Home", installed.home),
            ("Database", f"{installed.database} ({installed.database_state})"),
            ("Schema", installed.schema),
            ("Key ring", f"{installed.keyring} ({installed.keyring_state})"),
            ("Active key", installed.key_id),
            *([("Set-up token", installed.setup_token)] if installed.setup_token else []),
        )
    )
    if installed.keyring_state == "created":
        output.say(
            f"Copy {installed.keyring} to a safe place now, apart from the database: without it "
            "every backup and every credential is lost, and nobody can bring them back. "
            "`netraven key export FILE` makes a copy that only a passphrase opens.",
            style="bold yellow",
        )
    if installed.setup_token is not None:
        output.say(
            "The set-up token makes the first administrator over HTTP, once, within 24 hours "
            "(docs/operations/access.md); `netraven user add` does it here."
        )
    if installed.keyring_state == "created":
        output.say(
            "Next: `netraven credential add NAME --username USER --tag default`, "
            "then `netraven device add`."
        )
