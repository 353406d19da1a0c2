"""`netraven user link` and `unlink`: who proves a user in the password's place."""

from __future__ import annotations

from typing import Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, Yes
from netraven.cli.user import UserName


def link_user(
    name: UserName,
    *,
    subject: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="Who they are there: the provider's subject, or the entry's name."
        ),
    ],
    oidc: Annotated[
        str | None, typer.Option(metavar="ISSUER", help="The provider of OpenID Connect.")
    ] = None,
    ldap: Annotated[bool, typer.Option("--ldap", help="The LDAP directory.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have a provider or directory prove a user from now on; their password fits no more."""
    from netraven.admin.identities import link_identity
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_user
    from netraven.db.enums import IdentityKind
    from netraven.errors import Invalid
    from netraven.schemas.sso import IdentityLink, UserIdentityRead

    if ldap == (oidc is not None):
        raise Invalid("oidc", "say --oidc ISSUER or --ldap, one of them")
    link = IdentityLink(
        kind=IdentityKind.LDAP if ldap else IdentityKind.OIDC, issuer=oidc or "", subject=subject
    )
    home = reach_home()
    with home.reading() as db:
        user = named_user(db, name)
    with home.writing() as db:
        told = UserIdentityRead.model_validate(link_identity(db, user.id, link))
    if as_json:
        output.say_json(told)
    else:
        output.say(f"{user.username} logs in by {told.kind} now, as {told.subject}.")


def unlink_user(name: UserName, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Have nobody else prove a user any more; `netraven user password` gives them a password."""
    from netraven.admin.identities import unlink_identity
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_user
    from netraven.cli.questions import confirm
    from netraven.errors import Conflict

    home = reach_home()
    with home.reading() as db:
        user = named_user(db, name)
    confirm(f"End the link of the user {user.username}?", is_answered=yes)
    with home.writing() as db:
        is_unlinked = unlink_identity(db, user.id)
    if not is_unlinked:
        raise Conflict("identity", f"{user.username} is linked to nothing")
    if as_json:
        output.say_json({"id": user.id, "username": user.username})
    else:
        output.say(f"{user.username} is linked to nothing now, and needs a password to log in.")
