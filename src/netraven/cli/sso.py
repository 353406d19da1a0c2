"""`netraven sso`: single sign-on tried out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.errors import Conflict, NotFound

if TYPE_CHECKING:
    from netraven.schemas.sso import LdapSetup, OidcSetup

app = typer.Typer(help="Try single sign-on out before people do.", no_args_is_help=True)

_OIDC, _LDAP = "sso.oidc.issuer", "sso.ldap.urls"


@app.command("test")
def try_sign_on(
    *,
    user: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Look this person up in the directory, unproved."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the provider and the directory that are set up, switched on or not."""
    from netraven.admin.settings import get_setting_value
    from netraven.admin.sso_setups import get_ldap_setup, get_oidc_setup
    from netraven.cli.home import open_home

    with open_home().reading() as db:
        oidc = get_oidc_setup(db) if get_setting_value(db, _OIDC) else None
        ldap = get_ldap_setup(db) if get_setting_value(db, _LDAP) else None
    if oidc is None and ldap is None:
        raise Conflict("sso", f"single sign-on is not set up: set {_OIDC} or {_LDAP}")
    told: dict[str, object] = {}
    if oidc is not None:
        told |= {"provider": _ask_provider(oidc), "provider_roles": dict(oidc.roles)}
    if ldap is not None:
        told |= {"directory": _ask_directory(ldap), "directory_roles": dict(ldap.roles)}
    if user is not None:
        told |= _look_up(ldap, user)
    if as_json:
        output.say_json(told)
        return
    output.say_facts((_TITLES[name], _shown(value)) for name, value in told.items())


_TITLES = {
    "provider": "Provider answers",
    "provider_roles": "Roles of its groups",
    "directory": "Directory answers",
    "directory_roles": "Roles of its groups",
    "user": "Person",
    "subject": "Entry",
    "groups": "Groups",
    "role": "Role",
}


def _ask_provider(setup: OidcSetup) -> str:
    from netraven.sso.oidc import discover

    return asyncio.run(discover(setup)).issuer


def _ask_directory(setup: LdapSetup) -> str:
    from netraven.sso.ldap import check_directory

    return check_directory(setup)


def _look_up(setup: LdapSetup | None, name: str) -> dict[str, object]:
    from netraven.sso.ldap import look_up

    if setup is None:
        raise Conflict("user", f"people are looked up in a directory: set {_LDAP}")
    person = look_up(setup, name)
    if person is None:
        raise NotFound(f"the directory has no person, or several, of the name {name}")
    return {
        "user": person.username,
        "subject": person.subject,
        "groups": list(person.groups),
        "role": person.role,
    }


def _shown(value: object) -> str:
    match value:
        case None:
            return "none: refused"
        case dict():
            return ", ".join(f"{group}: {role}" for group, role in value.items()) or "none"
        case list():
            return "; ".join(map(str, value)) or "none"
        case _:
            return str(value)
