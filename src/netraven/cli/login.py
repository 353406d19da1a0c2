"""`netraven login` and `logout`: a server elsewhere, and a login there that is kept."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.errors import NotAuthenticated, SecondFactorNeeded

if TYPE_CHECKING:
    from pathlib import Path

    from netraven.cli.remote.bearers import Login, Tokens
    from netraven.cli.remote.server import Server


def login(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Address of the server, such as https://...")
    ],
    *,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="User name; else it is asked for.")
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="Read the password from standard input, and the code, if any, from its next line.",
        ),
    ] = False,
    password_env: Annotated[
        str | None,
        typer.Option(
            "--password-env", metavar="VARIABLE", help="Read the password from a variable."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Log in at a server, and keep the login for the commands that follow.

    Where this machine has no installation of its own they work on that server; else, and for
    another one, --server or NETRAVEN_SERVER names it. `netraven logout` ends the login.
    """
    from netraven.cli.home import client_settings, has_installation
    from netraven.cli.remote.address import read_address
    from netraven.cli.remote.bearers import FILE, Login, write_login
    from netraven.cli.remote.server import Server

    settings = client_settings()
    address = read_address(settings, url)
    server = Server(address)
    name = user or _user_name()
    tokens = _tokens(server, name, from_stdin=password_stdin, variable=password_env)
    path = settings.home / FILE
    end_kept(path)
    kept = Login.of(address, name, tokens)
    write_login(path, kept)
    if as_json:
        output.say_json({"server": address.url, "username": name, "file": path})
        return
    output.say(f"{name} is logged in at {address.url}; {path} keeps it.")
    if has_installation(settings):
        output.note(
            "This machine has an installation of its own, which commands work on; "
            f"`netraven --server {address.url} ...` works on the server."
        )


def logout(*, as_json: AsJson = False) -> None:
    """End the login that is kept, at the server and here."""
    from netraven.cli.home import client_settings
    from netraven.cli.remote.bearers import FILE

    path = client_settings().home / FILE
    ended = end_kept(path)
    if as_json:
        output.say_json({"ended": ended and ended.url})
    elif ended is None:
        output.say("Nobody was logged in.")
    else:
        output.say(f"{ended.username} is logged out of {ended.url}.")


def end_kept(path: Path) -> Login | None:
    """End the login that is kept there, and return it; None where there is none.

    Raises ServerFailed where the server cannot be asked; the login is kept then.
    """
    from netraven.cli.remote.bearers import KeptLogin, read_login
    from netraven.cli.remote.server import Server

    kept = read_login(path)
    if kept is None:
        return None
    server = Server(kept.address, KeptLogin(path))
    with suppress(NotAuthenticated):  # it was over already
        server.send("POST", "/auth/logout")
    path.unlink(missing_ok=True)
    return kept


def _tokens(server: Server, name: str, *, from_stdin: bool, variable: str | None) -> Tokens:
    from netraven.cli.secrets import Source, read_secrets

    is_asked = not from_stdin and variable is None
    source = Source("password", "password", is_asked, from_stdin, variable, is_new=False)
    (secret,) = read_secrets(source)
    password = "" if secret is None else secret.get_secret_value()
    try:
        return server.log_in(name, password)
    except SecondFactorNeeded:
        code = Source("code", "password", not from_stdin, from_stdin, is_new=False)
        (given,) = read_secrets(code)
        return server.log_in(name, password, "" if given is None else given.get_secret_value())


def _user_name() -> str:
    from netraven.cli.secrets import can_ask
    from netraven.errors import Invalid

    if not can_ask():
        raise Invalid("user", "there is no terminal to ask at; use --user NAME")
    name: str = typer.prompt("User name", err=True)
    return name
