"""An LDAP directory: whom a name and a password belong to there, and with which groups.

All of it blocks, for at most some seconds; servers call it in a thread.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from netraven.db.enums import IdentityKind
from netraven.errors import SignOnUnavailable
from netraven.schemas.sso import LdapSetup, Person, plain_dn
from netraven.sso.authorities import trusting
from netraven.sso.ldap_library import (
    Entry,
    Line,
    broken,
    escape_filter_chars,
    escape_rdn,
    opened_line,
)
from netraven.sso.roles import role_of

_MAX_GROUPS = 10_000
# What an unknown name's password is tried on; it fits nothing, but takes as long.
_NOBODY = "netraven-nobody"


def prove(setup: LdapSetup, username: str, password: str) -> Person | None:
    """Return who has this name and password in the directory; None where nobody has.

    The name must be the value of the setup's attribute, of one entry only. Raises
    SignOnUnavailable where no server answers as it must.
    """
    if not username.strip() or not password or "\x00" in username + password:
        return None
    with _any_server(setup) as line:
        entry = _found(line, setup, username.strip())
        nobody = f"{setup.username_attribute}={escape_rdn(_NOBODY)},{setup.user_base}"
        if not line.bind(nobody if entry is None else entry.dn, password) or entry is None:
            return None
        _bind_as_searcher(line, setup)
        return _person(setup, entry, _groups(line, setup, entry))


def look_up(setup: LdapSetup, username: str) -> Person | None:
    """Return who has this name in the directory, unproved, to see what would become of them.

    Raises as `prove` does.
    """
    with _any_server(setup) as line:
        entry = _found(line, setup, username.strip())
        return None if entry is None else _person(setup, entry, _groups(line, setup, entry))


def check_directory(setup: LdapSetup) -> str:
    """Return the first server that answers and lets NetRaven search; raises SignOnUnavailable."""
    with _any_server(setup) as line:
        line.search(setup.user_base, setup.user_filter, (), most=1)
        if setup.group_base:
            line.search(setup.group_base, setup.group_filter, (), most=1)
        return line.url


@contextmanager
def _any_server(setup: LdapSetup) -> Iterator[Line]:
    """Yield a line to the first server that answers, ready to search."""
    failure = broken(" ".join(setup.urls), "has no address")
    try:
        context = trusting(setup.ca_certificates)
    except (ssl.SSLError, ValueError) as error:
        why = f"cannot be checked, sso.ldap.ca_certificates is unusable: {error}"
        raise broken(setup.urls[0], why) from None
    for url in setup.urls:
        with ExitStack() as holding:
            line = opened_line(
                url,
                context,
                allows_cleartext=setup.allows_cleartext,
                allows_link_local=setup.allows_link_local,
            )
            try:
                opened = holding.enter_context(line)
                _bind_as_searcher(opened, setup)
            except SignOnUnavailable as error:
                failure = error
                continue
            yield opened
            return
    raise failure


def _bind_as_searcher(line: Line, setup: LdapSetup) -> None:
    if not setup.bind_dn:
        line.bind_anonymously()
        return
    password = "" if setup.bind_password is None else setup.bind_password.get_secret_value()
    if not line.bind(setup.bind_dn, password):
        raise broken(line.url, "does not take sso.ldap.bind_dn with sso.ldap.bind_password")


def _found(line: Line, setup: LdapSetup, username: str) -> Entry | None:
    """Return the one entry of this name; two of them prove nobody."""
    attribute = setup.username_attribute
    condition = f"(&{setup.user_filter}({attribute}={escape_filter_chars(username)}))"
    wanted = (attribute, setup.email_attribute, setup.name_attribute, setup.group_attribute)
    asked = [name for name in wanted if name]
    entries = line.search(setup.user_base, condition, asked, most=1)
    if len(entries) != 1 or not entries[0].dn:
        return None
    # A directory may find more than was asked for, such as a name without its accents.
    named = {value.lower() for value in entries[0].attributes.get(attribute.lower(), ())}
    return entries[0] if username.lower() in named else None


def _groups(line: Line, setup: LdapSetup, entry: Entry) -> tuple[str, ...]:
    names = entry.attributes.get(setup.group_attribute.lower(), ()) if setup.group_attribute else ()
    groups = {plain_dn(name) for name in names}
    if setup.group_base:
        is_by_name = setup.member_attribute.lower() == "memberuid"
        member = escape_filter_chars(_username(setup, entry) if is_by_name else entry.dn)
        condition = f"(&{setup.group_filter}({setup.member_attribute}={member}))"
        found = line.search(setup.group_base, condition, (), most=_MAX_GROUPS)
        groups |= {plain_dn(group.dn) for group in found}
    return tuple(sorted(groups))


def _person(setup: LdapSetup, entry: Entry, groups: tuple[str, ...]) -> Person:
    roles = {plain_dn(group): role for group, role in setup.roles.items()}
    return Person(
        kind=IdentityKind.LDAP,
        issuer="",
        subject=plain_dn(entry.dn),
        username=_username(setup, entry),
        email=_first(entry, setup.email_attribute),
        full_name=_first(entry, setup.name_attribute),
        groups=groups,
        role=role_of(groups, roles),
    )


def _username(setup: LdapSetup, entry: Entry) -> str:
    return entry.attributes[setup.username_attribute.lower()][0]


def _first(entry: Entry, attribute: str) -> str | None:
    values = entry.attributes.get(attribute.lower(), ()) if attribute else ()
    return values[0].strip() or None if values else None
