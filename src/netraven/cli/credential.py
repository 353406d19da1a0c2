"""`netraven credential`: logins for devices; their secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, Everything, Limit, Skip, Yes
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.db import Unit
    from netraven.models import Credential

app = typer.Typer(
    short_help="Keep logins for devices.",
    help="Keep logins for devices. Secrets come from a prompt, standard input, a variable or a "
    "file, never from an argument.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of a credential.")]
Text = Annotated[str | None, typer.Option(metavar="TEXT")]
TagLinks = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="NAME[:PRIORITY]",
        help="Offer it to devices with this tag; lower priorities are tried first (100 without "
        "one). May be repeated.",
    ),
]
AskPassword = Annotated[bool, typer.Option("--ask-password", help="Ask for the password.")]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help="Read it from standard input: a line each for password, enable secret and "
        "passphrase, of those asked for so.",
    ),
]
PasswordEnv = Annotated[
    str | None, typer.Option("--password-env", metavar="VARIABLE", help="Read it from a variable.")
]
AskEnable = Annotated[bool, typer.Option("--ask-enable", help="Ask for an enable secret.")]
EnableStdin = Annotated[
    bool, typer.Option("--enable-stdin", help="Read the enable secret from standard input.")
]
EnableEnv = Annotated[
    str | None,
    typer.Option("--enable-env", metavar="VARIABLE", help="Read the enable secret from it."),
]
KeyFile = Annotated[
    Path | None, typer.Option("--private-key", metavar="FILE", help="Private key for SSH.")
]
AskPassphrase = Annotated[
    bool, typer.Option("--ask-passphrase", help="Ask for the private key's passphrase.")
]
PassphraseStdin = Annotated[
    bool, typer.Option("--passphrase-stdin", help="Read the passphrase from standard input.")
]
PassphraseEnv = Annotated[
    str | None,
    typer.Option("--passphrase-env", metavar="VARIABLE", help="Read the passphrase from it."),
]


@app.command("add")
def add_credential(
    name: Annotated[str, typer.Argument(help="Name of the credential, unique.")],
    *,
    username: Annotated[str, typer.Option(help="Whom the device logs in.")],
    ask_password: AskPassword = False,
    password_stdin: PasswordStdin = False,
    password_env: PasswordEnv = None,
    ask_enable: AskEnable = False,
    enable_stdin: EnableStdin = False,
    enable_env: EnableEnv = None,
    private_key: KeyFile = None,
    ask_passphrase: AskPassphrase = False,
    passphrase_stdin: PassphraseStdin = False,
    passphrase_env: PassphraseEnv = None,
    description: Text = None,
    aaa_domain: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Server that checks it: refusals there count together."),
    ] = None,
    tag: TagLinks = None,
    as_json: AsJson = False,
) -> None:
    """Add a login; without another way of giving a secret, the password is asked for."""
    from netraven.cli.home import reach_home
    from netraven.schemas.credential import CredentialCreate, CredentialRead
    from netraven.vault.credentials import create_credential

    home = reach_home()
    has_other = password_stdin or password_env is not None or private_key is not None
    secrets = _read_secrets(
        password=(ask_password or not has_other, password_stdin, password_env),
        enable=(ask_enable, enable_stdin, enable_env),
        passphrase=(ask_passphrase, passphrase_stdin, passphrase_env),
        private_key=private_key,
    )
    with home.writing() as db:
        wanted = {
            "name": name,
            "username": username,
            "description": description,
            "aaa_domain": aaa_domain,
            "tags": _tag_links(db, tag or ()),
            **secrets,
        }
        told = CredentialRead.model_validate(
            create_credential(db, CredentialCreate.model_validate(wanted))
        )
    if as_json:
        output.say_json(told)
    else:
        output.say(f"Added the credential {told.name} for {told.username}.")
        if not tag:
            output.say(
                f"No device gets it yet: `netraven credential update {told.name} --tag default` "
                "offers it to all, `netraven device update HOST --credential ...` to one."
            )


@app.command("list")
def list_credentials(
    *,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Part of a name or user name.")
    ] = None,
    tag: Annotated[str | None, typer.Option(metavar="NAME", help="Only with this tag.")] = None,
    skip: Skip = 0,
    limit: Limit = 100,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List credentials by name, never their secrets."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_tag
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.schemas.credential import CredentialRead
    from netraven.vault.credentials import count_credentials, get_credentials

    page = Page(skip, limit, is_everything=everything)
    with reach_home().reading() as db:
        tag_id = named_tag(db, tag).id if tag else None
        rows = take(
            page,
            lambda skip, limit: get_credentials(db, skip, limit, search=search, tag_id=tag_id),
        )
        total = count_credentials(db, search=search, tag_id=tag_id)
    show_list(
        Listed(page, rows, total),
        Look(_COLUMNS, _cells, CredentialRead.model_validate),
        "credential",
        is_filtered=bool(search or tag),
        begin="add one with `netraven credential add NAME --username USER`",
        as_json=as_json,
    )


@app.command("update")
def change_credential(
    name: Name,
    *,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="New name.")
    ] = None,
    username: Annotated[str | None, typer.Option(help="New user name.")] = None,
    ask_password: AskPassword = False,
    password_stdin: PasswordStdin = False,
    password_env: PasswordEnv = None,
    ask_enable: AskEnable = False,
    enable_stdin: EnableStdin = False,
    enable_env: EnableEnv = None,
    private_key: KeyFile = None,
    ask_passphrase: AskPassphrase = False,
    passphrase_stdin: PassphraseStdin = False,
    passphrase_env: PassphraseEnv = None,
    description: Text = None,
    aaa_domain: Text = None,
    tag: TagLinks = None,
    thaw: Annotated[
        bool, typer.Option("--thaw", help="Use it again after it was frozen by refusals.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change a login; what is not named stays, and an empty text ("") clears.

    `--tag` replaces the tags it had. A new secret thaws it.
    """
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_credential
    from netraven.schemas.credential import CredentialRead, CredentialUpdate
    from netraven.vault.credentials import update_credential

    home = reach_home()
    changes: dict[str, object] = _read_secrets(
        password=(ask_password, password_stdin, password_env),
        enable=(ask_enable, enable_stdin, enable_env),
        passphrase=(ask_passphrase, passphrase_stdin, passphrase_env),
        private_key=private_key,
    )
    changes |= {"name": new_name} if new_name is not None else {}
    changes |= {"username": username} if username is not None else {}
    changes |= {"description": description or None} if description is not None else {}
    changes |= {"aaa_domain": aaa_domain or None} if aaa_domain is not None else {}
    changes |= {"frozen": False} if thaw else {}
    with home.writing() as db:
        credential = named_credential(db, name)
        if tag is not None:
            changes["tags"] = _tag_links(db, tag)
        changed = update_credential(db, credential.id, CredentialUpdate.model_validate(changes))
        told = CredentialRead.model_validate(changed)
    if as_json:
        output.say_json(told)
    elif changes:
        output.say(f"Changed {told.name}: {', '.join(sorted(changes))}.")
    else:
        output.say("Nothing to change was named; see `netraven credential update --help`.")


@app.command("delete")
def remove_credential(name: Name, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a login; one that a device names is protected."""
    from netraven.cli.names import named_credential
    from netraven.cli.removal import remove
    from netraven.vault.credentials import delete_credential

    remove(
        lambda db: named_credential(db, name),
        delete_credential,
        noun="credential",
        is_answered=yes,
        as_json=as_json,
    )


def _read_secrets(
    *,
    password: tuple[bool, bool, str | None],
    enable: tuple[bool, bool, str | None],
    passphrase: tuple[bool, bool, str | None],
    private_key: Path | None,
) -> dict[str, object]:
    """Return the secrets that were given, by field; each source is (asked, stdin, variable)."""
    from netraven.cli.secrets import Source, read_private_key, read_secrets

    key = read_private_key(private_key)
    given = read_secrets(
        Source("password", "password", *password),
        Source("enable secret", "enable", *enable),
        Source("passphrase", "passphrase", *passphrase),
    )
    fields = ("password", "enable_secret", "private_key_passphrase", "private_key")
    found = zip(fields, (*given, key), strict=True)
    return {field: secret for field, secret in found if secret is not None}


def _tag_links(db: Unit, wanted: Sequence[str]) -> list[dict[str, object]]:
    from netraven.cli.names import named_tag
    from netraven.errors import Invalid
    from netraven.schemas.texts import whole_number

    links: list[dict[str, object]] = []
    for text in wanted:
        name, colon, priority = text.rpartition(":")
        number = whole_number(priority) if colon else 100
        if number is None:
            raise Invalid("tag", f"the priority in {text} is not a number; write NAME:PRIORITY")
        tag = named_tag(db, name if colon else text)
        links.append({"tag_id": tag.id, "priority": number})
    return links


_COLUMNS = (
    Column("Name", wraps=True),
    Column("User", wraps=True),
    Column("Secrets"),
    Column("Tags", wraps=True),
    Column("Used", right=True),
    Column("State", wraps=True),
)


def _cells(row: Credential) -> Sequence[object]:
    return (
        row.name,
        row.username,
        _secrets_of(row),
        ", ".join(f"{link.tag.name}:{link.priority}" for link in row.tag_links),
        f"{row.success_count}/{row.success_count + row.failure_count}",
        f"frozen: {row.frozen_reason}" if row.frozen_at else output.state("ok"),
    )


def _secrets_of(row: Credential) -> str:
    kept = {
        "password": row.has_password,
        "key": row.has_private_key,
        "passphrase": row.has_private_key_passphrase,
        "enable": row.has_enable_secret,
    }
    return ", ".join(name for name, is_kept in kept.items() if is_kept)
