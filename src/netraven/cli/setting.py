"""`netraven setting`: what administrators set while NetRaven runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, Yes
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.db import Unit
    from netraven.db.types import JsonValue
    from netraven.models import AdminSetting

app = typer.Typer(
    help="See and change what NetRaven works by; running processes follow at once.",
    no_args_is_help=True,
)

Key: TypeAlias = Annotated[
    str, typer.Argument(metavar="KEY", help="Key of a setting, as `setting list` shows it.")
]

_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off"), False),
}


@app.command("list")
def list_settings(
    *,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Part of a key or its meaning.")
    ] = None,
    category: Annotated[
        str | None, typer.Option(metavar="NAME", help="First part of the keys.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List settings with their values; a secret shows only that there is one."""
    from netraven.admin.settings import get_admin_settings
    from netraven.cli.home import reach_home
    from netraven.cli.pages import take_all
    from netraven.schemas.setting import AdminSettingRead

    with reach_home().reading() as db:
        rows = take_all(lambda skip, limit: get_admin_settings(db, skip, limit, category, search))
        settings = [AdminSettingRead.model_validate(row) for row in rows]
    if as_json:
        output.say_json({"items": settings, "total": len(settings)})
    elif settings:
        columns = (
            Column("Setting", wraps=True),
            Column("Value", wraps=True),
            Column("Meaning", wraps=True),
        )
        output.say_table(columns, ((s.key, _told(s.value), s.description) for s in settings))
    elif search or category:
        output.say("No setting fits.")
    else:
        output.say("No settings are stored, the defaults hold; `netraven init` stores them.")


@app.command("show")
def show_setting(key: Key, *, as_json: AsJson = False) -> None:
    """Show one setting with its default and bounds."""
    from netraven.admin.declared_settings import BY_KEY
    from netraven.cli.home import reach_home
    from netraven.schemas.setting import AdminSettingRead

    with reach_home().reading() as db:
        setting = AdminSettingRead.model_validate(_named(db, key))
    builtin = BY_KEY.get(key)
    if as_json:
        output.say_json({**setting.model_dump(mode="json"), "default": builtin and builtin.default})
        return
    facts = [
        ("Setting", setting.key),
        ("Value", _told(setting.value)),
        ("Meaning", setting.description),
        ("Type", setting.value_type.value),
        ("Changed", setting.updated_at),
    ]
    if builtin is not None:
        facts[3:3] = [("Default", _told(builtin.default))]
        if setting.value_type == "number":
            facts[4:4] = [("Bounds", f"{builtin.least} to {builtin.most}")]
    output.say_facts(facts)


@app.command("set")
def change_setting(
    key: Key,
    value: Annotated[
        str | None,
        typer.Argument(metavar="[VALUE]", help="The new value; of a secret it is asked for."),
    ] = None,
    *,
    value_stdin: Annotated[
        bool, typer.Option("--value-stdin", help="Read a secret from standard input.")
    ] = False,
    value_env: Annotated[
        str | None, typer.Option("--value-env", metavar="VARIABLE", help="Read a secret from it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a setting; running processes work with it from their next use on.

    Switches take true and false, yes and no, on and off. A secret is never an argument.
    """
    from netraven.admin.settings import (
        initialize_default_settings,
        initialize_sso_settings,
        update_admin_setting_value,
    )
    from netraven.cli.home import reach_home
    from netraven.errors import Invalid
    from netraven.schemas.setting import AdminSettingRead

    home = reach_home()
    with home.writing() as db:
        initialize_default_settings(db)
        initialize_sso_settings(db)
        row = _named(db, key)
    if row.is_sensitive:
        if value:
            raise Invalid("value", f"{key} is a secret, which others could read in an argument")
        wanted: JsonValue = "" if value == "" else _secret(value_stdin, value_env)
    elif value is None or value_stdin or value_env:
        raise Invalid("value", f"{key} is no secret; write the value behind the key")
    else:
        wanted = _parsed(value, row.value_type)
    with home.writing() as db:
        told = AdminSettingRead.model_validate(update_admin_setting_value(db, key, wanted))
    if as_json:
        output.say_json(told)
    else:
        output.say(f"{key} is now {_told(told.value)}.")


@app.command("reset")
def reset_settings(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Keys of settings.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every built-in setting.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put settings back to their defaults."""
    from netraven.admin.settings import reset_admin_settings
    from netraven.cli.home import reach_home
    from netraven.cli.questions import confirm
    from netraven.errors import Invalid

    if bool(keys) == everything:
        raise Invalid("key", "name the settings, or say --all for every built-in one")
    home = reach_home()
    if everything:
        confirm("Put every built-in setting back to its default?", is_answered=yes)
    with home.writing() as db:
        changed = [row.key for row in reset_admin_settings(db, keys or None)]
    if as_json:
        output.say_json({"reset": changed})
    elif changed:
        output.say(f"Back to the default: {', '.join(changed)}.")
    else:
        output.say("Nothing differed from its default.")


def _named(db: Unit, key: str) -> AdminSetting:
    from netraven.admin.settings import get_admin_setting_by_key
    from netraven.errors import NotFound

    row = get_admin_setting_by_key(db, key)
    if row is None:
        message = f"there is no setting {key}; see `netraven setting list`"
        raise NotFound(message)
    return row


def _secret(from_stdin: bool, variable: str | None) -> str:  # noqa: FBT001  as they were given
    from netraven.cli.secrets import Source, read_secrets

    is_asked = not from_stdin and variable is None
    (secret,) = read_secrets(Source("value", "value", is_asked, from_stdin, variable))
    return secret.get_secret_value() if secret else ""


def _parsed(text: str, value_type: str) -> JsonValue:
    """Return what was typed as a value of this type; what does not fit is refused later."""
    if value_type == "string":
        return text
    if value_type == "boolean":
        return _SWITCHES.get(text.lower(), text)
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def _told(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
