"""`netraven key`: the key ring, without which nothing that is kept can be read."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.output import Column

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from netraven.cli.home import Home
    from netraven.db import KeyRing
    from netraven.settings import Settings

app = typer.Typer(
    help="Look after the key ring: without it every backup and every credential is lost.",
    no_args_is_help=True,
)

_MAX_COPY_BYTES = 1024 * 1024

PassphraseStdin: TypeAlias = Annotated[
    bool, typer.Option("--passphrase-stdin", help="Read the passphrase from standard input.")
]
PassphraseEnv: TypeAlias = Annotated[
    str | None,
    typer.Option("--passphrase-env", metavar="VARIABLE", help="Read the passphrase from it."),
]


@app.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List the keys of the ring, and how many values each one still opens; reads every row."""
    from netraven.cli.home import open_home
    from netraven.vault.rotation import get_key_usage

    with open_home().reading() as db:
        keys = get_key_usage(db)
    if as_json:
        output.say_json({"items": keys, "total": len(keys)})
        return
    columns = (Column("Key"), Column("State"), Column("Values", right=True))
    rows = ((key.key_id, key.state.value if key.state else "missing", key.values) for key in keys)
    output.say_table(columns, rows)


@app.command("rotate")
def rotate(
    *,
    goes_on: Annotated[
        bool,
        typer.Option("--continue", help="Make no new key: finish what was interrupted."),
    ] = False,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Rows in one transaction.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Make a new key, and wrap every sealed value anew under it.

    The old keys stay in the ring: they open older copies of the database. Other processes of
    NetRaven must be started again, and the ring needs a new copy. An interrupted rotation loses
    nothing; --continue finishes it.
    """
    from netraven.cli.home import open_home, read_settings

    # One at a time: a rotation beside it would seal rows under a key that this one does not hold.
    with _alone(read_settings()):
        home = open_home()
        if not goes_on:
            _add_key(home.settings)
            home = open_home()
        wrapped = _wrap_all(home, batch)
    key_id = home.keyring.active.key_id
    if as_json:
        output.say_json({"key_id": key_id, "wrapped": wrapped})
        return
    output.say(f"{output.counted(wrapped, 'row')} wrapped under {key_id}.", style="green")
    if not goes_on:
        output.say(
            "Copy the key ring again (`netraven key export FILE`): copies from before do not open "
            "what is stored from now on. Start other processes of NetRaven again.",
            style="bold yellow",
        )


@app.command("export")
def export_keyring(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Where the copy goes; - is standard output.")
    ],
    *,
    passphrase_stdin: PassphraseStdin = False,
    passphrase_env: PassphraseEnv = None,
    as_json: AsJson = False,
) -> None:
    """Write a copy of the key ring that only a passphrase opens; an audit event tells of it.

    Without a copy of the key ring every backup is lost with the disk that holds it.
    """
    from netraven.cli.home import open_home
    from netraven.cli.keyfile import write_new_file
    from netraven.vault.keycopy import make_keyring_copy

    home = open_home()
    passphrase = _passphrase(passphrase_stdin, passphrase_env, is_new=True)
    text = make_keyring_copy(home.keyring, passphrase)
    if file == "-":
        with home.writing() as db:
            _record_export(db, home.keyring, "standard output")
        sys.stdout.write(text)
        return
    path = Path(file).absolute()
    with home.writing() as db:
        _record_export(db, home.keyring, str(path))
        try:
            write_new_file(path, text)
        except FileExistsError:
            raise _taken(path) from None
    if as_json:
        output.say_json({"file": path, "keys": [key.key_id for key in home.keyring.keys]})
    else:
        output.say(f"The key ring is in {path}; keep it apart from the database.")
        output.say("Whoever has the file and the passphrase can read everything.")


@app.command("import")
def import_keyring(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `key export` wrote.")],
    *,
    passphrase_stdin: PassphraseStdin = False,
    passphrase_env: PassphraseEnv = None,
    as_json: AsJson = False,
) -> None:
    """Put a copy of the key ring back where it is missing; it never overwrites one.

    A database that is there must be sealed with the ring, else nothing is written.
    """
    from netraven.cli.home import read_settings
    from netraven.vault.keycopy import open_keyring_copy

    settings = read_settings()
    text = _read_copy(file)
    passphrase = _passphrase(passphrase_stdin, passphrase_env, is_new=False)
    keyring = open_keyring_copy(text, passphrase)
    is_written = _put_back(settings, keyring)
    key_id = keyring.active.key_id
    if as_json:
        output.say_json({"key_id": key_id, "state": "created" if is_written else "present"})
    elif is_written:
        output.say(f"The key ring with {key_id} is back at {settings.keyring_path}.", style="green")
    else:
        output.say(f"{settings.keyring_path} holds these keys; nothing was changed.")


def _alone(settings: Settings) -> AbstractContextManager[None]:
    """Keep other processes from changing the ring; one of the environment is not changed here."""
    from netraven.cli.keyfile import locked_keyring

    is_file = settings.keyring is None and settings.keyring_path.parent.is_dir()
    return locked_keyring(settings.keyring_path) if is_file else nullcontext()


def _add_key(settings: Settings) -> None:
    from netraven.cli.home import read_keyring
    from netraven.cli.keyfile import replace_keyring
    from netraven.errors import Invalid

    if settings.keyring is not None:
        reason = (
            "NETRAVEN_KEYRING holds the key ring; put one with a new active key there, then run "
            "`netraven key rotate --continue`"
        )
        raise Invalid("keyring", reason)
    # On the disk before anything is sealed under it.
    replace_keyring(settings.keyring_path, read_keyring(settings).rotated())


def _wrap_all(home: Home, batch: int) -> int:
    from netraven.vault.rotation import rotate_keys

    wrapped = 0
    while True:
        with home.writing() as db:
            step = rotate_keys(db, batch=batch)
        if step == 0:
            return wrapped
        wrapped += step


def _record_export(db: Session, keyring: KeyRing, where: str) -> None:
    from netraven.admin.audit import record_audit_event
    from netraven.db.enums import EventType
    from netraven.schemas.audit import AuditEventCreate

    event = AuditEventCreate(
        event_type=EventType.KEY,
        event_name="key_ring_exported",
        target_type="key",
        target_name=keyring.active.key_id,
        description=f"wrote a copy of the key ring to {where}",
    )
    record_audit_event(db, event)


def _passphrase(from_stdin: bool, variable: str | None, *, is_new: bool) -> str:  # noqa: FBT001
    from netraven.cli.secrets import Source, read_secrets

    is_asked = not from_stdin and variable is None
    source = Source("passphrase", "passphrase", is_asked, from_stdin, variable, is_new=is_new)
    (passphrase,) = read_secrets(source)
    return passphrase.get_secret_value() if passphrase else ""


def _read_copy(file: Path) -> str:
    from netraven.errors import Invalid

    with file.open("rb") as stream:
        raw = stream.read(_MAX_COPY_BYTES + 1)
    if len(raw) > _MAX_COPY_BYTES:
        raise Invalid("copy", "is too large for a copy of a key ring")
    return raw.decode("utf-8", "replace")


def _put_back(settings: Settings, keyring: KeyRing) -> bool:
    """Write the ring and return True; False where its keys are there already."""
    from netraven.cli.home import read_keyring
    from netraven.cli.keyfile import write_new_keyring
    from netraven.errors import Conflict, Invalid

    path = settings.keyring_path
    if settings.keyring is not None:
        raise Invalid("keyring", "NETRAVEN_KEYRING holds the key ring; unset it to use a file")
    if path.exists():
        held = {key.secret for key in read_keyring(settings).keys}
        if held >= {key.secret for key in keyring.keys}:
            return False
        message = f"another key ring lies at {path}; move it away first, nothing was changed"
        raise Conflict("keyring", message)
    _check_fits(settings, keyring)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        write_new_keyring(path, keyring)
    except FileExistsError:
        raise _taken(path) from None
    return True


def _check_fits(settings: Settings, keyring: KeyRing) -> None:
    """Raise KeyUnavailable where there is a database that another ring seals."""
    from netraven.cli.home import open_sessions, sqlite_path
    from netraven.db import unit_of_work
    from netraven.db.schema import require_schema
    from netraven.vault.keyring import verify_keyring

    database = sqlite_path(settings)
    if database is not None and not database.exists():
        return
    require_schema(settings.url)
    with unit_of_work(open_sessions(settings, keyring), read_only=True) as db:
        verify_keyring(db)


def _taken(path: Path) -> Exception:
    from netraven.errors import Conflict

    return Conflict("file", f"{path} is there already; nothing was written over it")
