"""The settings of single sign-on: a provider of OpenID Connect, and an LDAP directory."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from cryptography.x509 import load_pem_x509_certificates

from netraven.admin.builtin_settings import Builtin
from netraven.db.enums import Role, ValueType
from netraven.db.types import JsonValue
from netraven.schemas.sso import CALLBACK_PATH, why_unsafe

_MAX_ADDRESS = 1000
_MAX_CLAIM = 255
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9.;:-]{0,254}")
_LDAP_SERVER = re.compile(r"ldaps?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?")
_SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")


def _no_web_address(value: str) -> str | None:
    return why_unsafe(value) if value else None


def _no_callback(value: str) -> str | None:
    if not value:
        return None
    if not urlsplit(value).path.endswith(CALLBACK_PATH):
        return f"must end with {CALLBACK_PATH}"
    return why_unsafe(value)


def _no_servers(value: str) -> str | None:
    for server in value.split():
        if not _LDAP_SERVER.fullmatch(server) or not _has_usable_port(server):
            return "must be ldaps://HOST or ldap://HOST, several separated by blanks"
    return None


def _has_usable_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:  # beyond 65535
        return False


def _no_certificates(value: str) -> str | None:
    try:
        load_pem_x509_certificates(value.encode()) if value else None
    except ValueError:
        return "must be certificates in PEM form"
    return None


def _no_attribute(value: str) -> str | None:
    is_usable = not value or _ATTRIBUTE.fullmatch(value)
    return None if is_usable else "must be the name of an LDAP attribute"


def _no_filter(value: str) -> str | None:
    is_usable = value.startswith("(") and value.endswith(")") and "\x00" not in value
    return None if is_usable else "must be an LDAP filter in brackets, such as (objectClass=person)"


def _no_scopes(value: str) -> str | None:
    if not _SCOPES.fullmatch(value) or "openid" not in value.split():
        return "must be scopes separated by single blanks, `openid` among them"
    return None


def _no_roles(value: JsonValue) -> str | None:
    known = {role.value for role in Role}
    if isinstance(value, dict) and all(map(str.strip, value)):
        roles = list(value.values())
        if all(isinstance(role, str) and role in known for role in roles):
            return None
    return 'must give groups roles: {"name of a group": "viewer"}'


def _nothing(_value: str) -> str | None:
    return None


def _text(
    key: str,
    default: str,
    meaning: str,
    *,
    lacking: Callable[[str], str | None] = _nothing,
    most: int = _MAX_ADDRESS,
) -> Builtin:
    return Builtin(
        key, default, ValueType.STRING, meaning, most=most, is_required=False, lacking=lacking
    )


def _switch(key: str, meaning: str) -> Builtin:
    return Builtin(key, default=False, value_type=ValueType.BOOLEAN, meaning=meaning)


def _secret(key: str, meaning: str) -> Builtin:
    return Builtin(
        key,
        "",
        ValueType.STRING,
        meaning,
        most=_MAX_CLAIM,
        is_sensitive=True,
        is_required=False,
    )


def _roles(key: str, meaning: str) -> Builtin:
    return Builtin(key, {}, ValueType.JSON, meaning, is_required=False, unfit=_no_roles)


def _certificates(key: str) -> Builtin:
    meaning = "certificates of the authorities that are believed, as PEM; empty: the system's"
    return Builtin(key, "", ValueType.STRING, meaning, is_required=False, lacking=_no_certificates)


SSO_SETTINGS: tuple[Builtin, ...] = (
    _switch(
        "sso.allow_link_local",
        "provider and directory may have link-local addresses, or those of a cloud's metadata",
    ),
    _switch("sso.oidc.enabled", "logging in by OpenID Connect"),
    _text("sso.oidc.issuer", "", "the provider's issuer address", lacking=_no_web_address),
    _text("sso.oidc.client_id", "", "NetRaven's name at the provider", most=_MAX_CLAIM),
    _secret("sso.oidc.client_secret", "NetRaven's secret at the provider; empty: none"),
    _text(
        "sso.oidc.redirect_uri",
        "",
        f"where the provider sends people back: NetRaven's own address and {CALLBACK_PATH}",
        lacking=_no_callback,
    ),
    _text("sso.oidc.scopes", "openid profile email", "scopes asked for", lacking=_no_scopes),
    _text(
        "sso.oidc.username_claim",
        "preferred_username",
        "claim that names the user made at a first login",
        most=_MAX_CLAIM,
    ),
    _text(
        "sso.oidc.groups_claim",
        "groups",
        "claim with the person's groups; a dotted path leads into nested claims",
        most=_MAX_CLAIM,
    ),
    _roles("sso.oidc.roles", "which group has which role; who is in none of them is refused"),
    _text(
        "sso.oidc.acr_values",
        "",
        "ways of proof of which the provider must have used one (acr), separated by blanks; "
        "empty: any",
    ),
    _certificates("sso.oidc.ca_certificates"),
    _switch("sso.ldap.enabled", "logging in by an LDAP directory"),
    _text(
        "sso.ldap.urls",
        "",
        "the directory's servers, tried in this order: ldaps://HOST, or ldap://HOST with StartTLS",
        lacking=_no_servers,
    ),
    _switch("sso.ldap.allow_cleartext", "ldap:// without StartTLS: passwords can be read"),
    _text("sso.ldap.bind_dn", "", "entry that NetRaven searches as; empty: anonymously"),
    _secret("sso.ldap.bind_password", "that entry's password"),
    _text("sso.ldap.user_base", "", "entry below which people are found"),
    _text(
        "sso.ldap.user_filter",
        "(objectClass=person)",
        "which entries are people who may be asked for",
        lacking=_no_filter,
    ),
    _text(
        "sso.ldap.username_attribute",
        "uid",
        "attribute with the name that people log in with",
        lacking=_no_attribute,
    ),
    _text("sso.ldap.email_attribute", "mail", "attribute with the address", lacking=_no_attribute),
    _text("sso.ldap.name_attribute", "cn", "attribute with the full name", lacking=_no_attribute),
    _text(
        "sso.ldap.group_attribute",
        "memberOf",
        "attribute of people with the names of their groups; empty: none",
        lacking=_no_attribute,
    ),
    _text("sso.ldap.group_base", "", "entry below which groups are searched; empty: they are not"),
    _text(
        "sso.ldap.group_filter",
        "(objectClass=groupOfNames)",
        "which entries are groups",
        lacking=_no_filter,
    ),
    _text(
        "sso.ldap.member_attribute",
        "member",
        "attribute of groups with their members' entries; memberUid holds user names",
        lacking=_no_attribute,
    ),
    _roles(
        "sso.ldap.roles",
        "which group, by its distinguished name, has which role; who is in none is refused",
    ),
    _certificates("sso.ldap.ca_certificates"),
)
