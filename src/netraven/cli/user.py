"""`netraven user`: people who log in, their roles, and their passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, Everything, Limit, Skip, Yes
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.db import Unit
    from netraven.schemas.user import UserRead

app = typer.Typer(
    short_help="Keep the people who log in.",
    help="Keep the people who log in. Passwords come from a prompt, standard input or a "
    "variable, never from an argument.",
    no_args_is_help=True,
)

UserName: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="User name, address or id of a user.")
]
RoleName: TypeAlias = Annotated[
    str | None, typer.Option("--role", metavar="ROLE", help="viewer, operator or admin.")
]
FullName: TypeAlias = Annotated[str | None, typer.Option("--full-name", metavar="TEXT")]
LimitTags: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="NAME",
        help="Show them only their own devices and those with this tag. May be repeated.",
    ),
]
PasswordStdin: TypeAlias = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
PasswordEnv: TypeAlias = Annotated[
    str | None,
    typer.Option("--password-env", metavar="VARIABLE", help="Read the password from a variable."),
]


@app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="User name, unique.")],
    *,
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="Mail address, unique.")],
    role: RoleName = None,
    full_name: FullName = None,
    tag: LimitTags = None,
    inactive: Annotated[bool, typer.Option("--inactive", help="They cannot log in yet.")] = False,
    password_stdin: PasswordStdin = False,
    password_env: PasswordEnv = None,
    as_json: AsJson = False,
) -> None:
    """Make a user; without another way of giving it, the password is asked for."""
    from netraven.admin.users import create_user
    from netraven.cli.home import reach_home
    from netraven.schemas.user import UserCreate, UserRead

    home = reach_home()
    wanted = {
        "username": name,
        "email": email,
        "full_name": full_name,
        "role": role or "viewer",
        "is_active": not inactive,
        "limited_to_tags": bool(tag),
        "password": _password(from_stdin=password_stdin, variable=password_env),
    }
    with home.writing() as db:
        create = UserCreate.model_validate({**wanted, "tag_ids": _tag_ids(db, tag)})
        told = UserRead.model_validate(create_user(db, create))
    if as_json:
        output.say_json(told)
    else:
        output.say(f"Made the user {told.username}, {_article(told.role)}.")


@app.command("list")
def list_users(
    *,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Part of a name or address.")
    ] = None,
    role: RoleName = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only those of this state.")
    ] = None,
    skip: Skip = 0,
    limit: Limit = 100,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List users by name."""
    from netraven.admin.users import count_users, get_users
    from netraven.cli.home import reach_home
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.schemas.user import UserRead

    page = Page(skip, limit, is_everything=everything)
    with reach_home().reading() as db:
        rows = take(
            page,
            lambda skip, limit: get_users(
                db, skip, limit, role=role, is_active=active, search=search
            ),
        )
        users = [UserRead.model_validate(row) for row in rows]
        total = count_users(db, role=role, is_active=active, search=search)
    columns = (
        Column("User", wraps=True),
        Column("Role"),
        Column("State"),
        Column("Address", wraps=True),
        Column("Last login"),
    )
    show_list(
        Listed(page, users, total),
        Look(columns, lambda u: (u.username, u.role.value, _state(u), u.email, u.last_login)),
        "user",
        is_filtered=bool(search or role or active is not None),
        begin="add one with `netraven user add NAME --email ADDRESS`",
        as_json=as_json,
    )


@app.command("show")
def show_user(name: UserName, *, as_json: AsJson = False) -> None:
    """Show one user."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_user
    from netraven.schemas.user import UserRead

    with reach_home().reading() as db:
        user = UserRead.model_validate(named_user(db, name))
    if as_json:
        output.say_json(user)
        return
    output.say_facts(
        (
            ("User", user.username),
            ("Full name", user.full_name),
            ("Address", user.email),
            ("Role", user.role.value),
            ("State", _state(user)),
            ("Sees", "own and tagged devices" if user.limited_to_tags else "what the role sees"),
            ("Last login", user.last_login),
            ("Failed logins", user.failed_logins),
            ("Made", user.created_at),
            ("Changed", user.updated_at),
            ("Id", user.id),
        )
    )


@app.command("update")
def change_user(
    name: UserName,
    *,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="New user name.")
    ] = None,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="New address.")] = None,
    full_name: FullName = None,
    role: RoleName = None,
    active: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether they can log in.")
    ] = None,
    tag: LimitTags = None,
    no_tags: Annotated[
        bool, typer.Option("--no-tags", help="Let them see what their role sees.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change a user; what is not named stays, and an empty text ("") clears.

    Another role, and --disable, end every login of theirs.
    """
    from netraven.admin.users import update_user
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_user
    from netraven.errors import Invalid
    from netraven.schemas.user import UserRead, UserUpdate

    if tag and no_tags:
        raise Invalid("tag", "choose one of --tag and --no-tags")
    given: dict[str, object] = {
        "username": new_name,
        "email": email,
        "full_name": full_name,
        "role": role,
        "is_active": active,
        "limited_to_tags": (bool(tag) or None) if not no_tags else False,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    with reach_home().writing() as db:
        if tag or no_tags:
            changes["tag_ids"] = _tag_ids(db, tag)
        user = named_user(db, name)
        told = UserRead.model_validate(update_user(db, user.id, UserUpdate.model_validate(changes)))
    if as_json:
        output.say_json(told)
    elif changes:
        output.say(f"Changed {told.username}.")
    else:
        output.say("Nothing to change was named; see `netraven user update --help`.")


@app.command("password")
def set_password(
    name: UserName,
    *,
    password_stdin: PasswordStdin = False,
    password_env: PasswordEnv = None,
    as_json: AsJson = False,
) -> None:
    """Give a user a new password; it ends their logins, and a lock after failed ones."""
    from netraven.admin.users import reset_password
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_user

    home = reach_home()
    with home.reading() as db:
        user = named_user(db, name)
    password = _password(from_stdin=password_stdin, variable=password_env)
    with home.writing() as db:
        reset_password(db, user.id, password)
    if as_json:
        output.say_json({"id": user.id, "username": user.username})
    else:
        output.say(f"{user.username} has a new password.")


@app.command("delete")
def remove_user(
    name: UserName,
    *,
    reassign_to: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who takes over their devices and schedules."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete a user; what they did keeps their name.

    Without --reassign-to their schedules are switched off, and devices of theirs protect them.
    """
    from netraven.admin.users import delete_user
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_user
    from netraven.cli.questions import confirm

    home = reach_home()
    with home.reading() as db:
        user = named_user(db, name)
        heir = named_user(db, reassign_to) if reassign_to else None
    confirm(f"Delete the user {user.username}?", is_answered=yes)
    with home.writing() as db:
        delete_user(db, user.id, reassign_to=heir.id if heir else None)
    if as_json:
        output.say_json({"deleted": user.id, "username": user.username})
    else:
        output.say(f"Deleted the user {user.username}.")


def _password(*, from_stdin: bool, variable: str | None) -> str:
    from netraven.cli.secrets import Source, read_secrets

    is_asked = not from_stdin and variable is None
    source = Source("password", "password", is_asked, from_stdin, variable)
    (password,) = read_secrets(source)
    return password.get_secret_value() if password else ""


def _tag_ids(db: Unit, names: list[str] | None) -> list[object]:
    from netraven.cli.names import named_tag

    return [named_tag(db, name).id for name in names or ()]


def _state(user: UserRead) -> str:
    from netraven import clock

    if not user.is_active:
        return "inactive"
    is_locked = user.locked_until is not None and user.locked_until > clock.now()
    return "locked" if is_locked else "active"


def _article(role: str) -> str:
    return f"{'a' if role == 'viewer' else 'an'} {role}"
