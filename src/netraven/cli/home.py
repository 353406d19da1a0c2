"""What a command works on: the settings, the key ring, the database, and who acts."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union, cast

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

from netraven.cli import output
from netraven.cli.ending import at_end
from netraven.cli.remote.address import named_server
from netraven.db import Actor, ActorKind, KeyRing, make_sessions, unit_of_work
from netraven.db.copies import copy_path
from netraven.db.schema import bring_schema, head_revision, require_schema
from netraven.errors import Invalid, KeyUnavailable, OnlyHere, StorageFailed
from netraven.inventory.platforms import give_platforms
from netraven.log import configure_logging
from netraven.platforms.catalogue import NATIVE, Platforms
from netraven.settings import Settings, load_settings
from netraven.tasks.home_platforms import platforms_in
from netraven.vault.keyring import verify_keyring

if TYPE_CHECKING:
    from netraven.cli.remote.installation import RemoteHome
    from netraven.platforms.described import Described

CLIENT = "command line"


@dataclass(frozen=True, slots=True)
class Home:
    """One installation, checked: its schema is this program's and its key ring opens it."""

    settings: Settings
    sessions: sessionmaker[Session]
    actor: Actor
    keyring: KeyRing
    platforms: Platforms

    def reading(self) -> AbstractContextManager[Session]:
        """Return a unit of work that may only read."""
        return unit_of_work(self.sessions, actor=self.actor, read_only=True)

    def writing(self) -> AbstractContextManager[Session]:
        """Return a unit of work that is kept when it ends well."""
        return unit_of_work(self.sessions, actor=self.actor)


AnyHome: TypeAlias = Union[Home, "RemoteHome"]
"""An installation here, or one elsewhere that is asked by its API: with `platforms`, `reading`
and `writing` both."""


def reach_home() -> AnyHome:
    """Return the installation that is meant: a server that is named, else the one of this machine.

    Where there is none here either, it is the server at which somebody is logged in. Raises as
    `open_home` does, and what is wrong with the server's address.
    """
    settings = client_settings()
    server = named_server(settings)
    if server is None and has_installation(settings):
        return _brought(settings)
    from netraven.cli.remote.reaching import reach_server

    return reach_server(settings, server) or _brought(settings)


def reach_platforms(names: Sequence[str] = ()) -> list[Described]:
    """Return platforms in words, those of these names or all; raises Invalid for an unknown name.

    Netmiko's names and those with a file's path stand in no list, and are platforms all the same.
    """
    from netraven.cli.names import platform_name
    from netraven.platforms.described import described

    settings = client_settings()
    server = named_server(settings)
    there = None
    if server is not None:
        from netraven.cli.remote.reaching import reach_server

        there = reach_server(settings, server)
    if there is None:
        known = known_platforms(settings)
        asked = dict.fromkeys(platform_name(name, known) for name in names)
        wanted = [*filter(None, map(known.get, asked))] if names else [*known]
        return [described(platform) for platform in wanted]
    theirs = there.platforms
    asked = dict.fromkeys(platform_name(name, theirs) for name in names)
    return [*filter(None, map(theirs.resolve, asked))] if names else theirs.described()


def open_home() -> Home:
    """Return the installation of this machine, an older SQLite database upgraded.

    Raises SettingsInvalid, StorageFailed, SchemaMismatch or KeyUnavailable, each before anything
    but the schema was changed, and OnlyHere where a server is named.
    """
    return _brought(read_settings())


def _brought(settings: Settings) -> Home:
    require_database(settings)
    keyring = read_keyring(settings)
    before = bring_schema(settings.url)
    if before is not None:
        output.note(
            f"The database was brought from schema {before} to {head_revision()}; "
            f"a copy of it as it was lies at {copy_path(settings.url)}."
        )
    return _opened(settings, keyring)


def open_installation(settings: Settings) -> Home:
    """Return the installation of these settings, changing nothing; raises as `open_home` does."""
    require_schema(settings.url)
    return _opened(settings, read_keyring(settings))


def known_platforms(settings: Settings) -> Platforms:
    """Return the platforms of this installation; says of each file that is wrong what is."""
    platforms = platforms_in(settings.home)
    for fault in platforms.faults:
        end = "" if fault.endswith("?") else "."
        output.note(f"A platform is left out: {fault}{end}", style="yellow")
    return platforms


def open_sessions(
    settings: Settings, keyring: KeyRing, platforms: Platforms = NATIVE
) -> sessionmaker[Session]:
    """Return a factory of sessions whose connections close when the running command ends."""
    sessions = make_sessions(settings.url, keyring)
    give_platforms(sessions, platforms)
    at_end(cast("Engine", sessions.kw["bind"]).dispose)
    return sessions


def read_settings() -> Settings:
    """Return the settings of the environment, with logging set up as they say.

    Raises OnlyHere where a server is named: it is asked by commands that can work on one.
    """
    settings = client_settings()
    server = named_server(settings)
    if server is not None:
        message = (
            f"this works on the machine of the installation itself, not over {server}; run it "
            "there, without --server and NETRAVEN_SERVER"
        )
        raise OnlyHere(message)
    return settings


def has_installation(settings: Settings) -> bool:
    """Tell whether this machine has an installation of its own."""
    path = sqlite_path(settings)
    return path is None or path.exists()


def client_settings() -> Settings:
    """Return the settings of the environment, a server named or not."""
    settings = load_settings()
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    return settings


def require_database(settings: Settings) -> None:
    """Raise StorageFailed where there is no SQLite file, or none that can be worked with.

    Connecting would make an empty one, and even reading writes beside it.
    """
    path = sqlite_path(settings)
    if path is None:
        return
    if not path.exists():
        message = f"there is no NetRaven database at {path}; run `netraven init`"
        raise StorageFailed(message)
    for needed in (path.parent, path):
        if not os.access(needed, os.R_OK | os.W_OK):
            message = f"{needed} is read-only for this user; make it writable and retry"
            raise StorageFailed(message)


def sqlite_path(settings: Settings) -> Path | None:
    """Return where the SQLite database lies; None for another database."""
    try:
        url = make_url(settings.url)
    except ArgumentError:  # whoever connects says so
        return None
    is_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    return Path(url.database or "").absolute() if is_file else None


def read_keyring(settings: Settings) -> KeyRing:
    """Return the key ring of the environment, else that of the home; raises KeyUnavailable."""
    if settings.keyring is not None:
        return _parsed(settings.keyring.get_secret_value(), "NETRAVEN_KEYRING")
    path = settings.keyring_path
    try:
        return _parsed(path.read_text(encoding="ascii"), str(path))
    except FileNotFoundError:
        message = (
            f"there is no key ring at {path}; put your copy back there or set NETRAVEN_KEYRING, "
            "or run `netraven init` for a new installation"
        )
        raise KeyUnavailable("ring", message) from None
    except UnicodeDecodeError:
        raise KeyUnavailable("ring", f"{path} is not a key ring; put your copy back") from None
    except OSError as error:
        message = f"the key ring {path} cannot be read: {error.strerror}; check its rights"
        raise KeyUnavailable("ring", message) from None


def whoever_runs_this() -> Actor:
    """Return the system's user behind this process; audit events and runs name it."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"uid {number}"
    return Actor(kind=ActorKind.USER, name=name, client=CLIENT)


def _opened(settings: Settings, keyring: KeyRing) -> Home:
    platforms = known_platforms(settings)
    sessions = open_sessions(settings, keyring, platforms)
    home = Home(settings, sessions, whoever_runs_this(), keyring, platforms)
    with home.reading() as db:
        verify_keyring(db)
    return home


def _parsed(text: str, source: str) -> KeyRing:
    try:
        return KeyRing.from_text(text)
    except Invalid as error:
        message = f"{source} is not a usable key ring: {error.reason}; put your copy back"
        raise KeyUnavailable("ring", message) from None
