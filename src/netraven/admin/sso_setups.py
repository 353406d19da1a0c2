"""How single sign-on is set up now, read from the settings at each use."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr
from sqlalchemy.orm import Session

from netraven.admin.settings import get_setting_value
from netraven.db import operation
from netraven.db.enums import Role
from netraven.errors import Conflict
from netraven.schemas.sso import LdapSetup, OidcSetup


@operation
def is_oidc_enabled(db: Session) -> bool:
    """Tell whether people may log in by OpenID Connect."""
    return get_setting_value(db, "sso.oidc.enabled") is True


@operation
def is_ldap_enabled(db: Session) -> bool:
    """Tell whether people may log in by an LDAP directory."""
    return get_setting_value(db, "sso.ldap.enabled") is True


@operation
def get_oidc_setup(db: Session) -> OidcSetup:
    """Return the provider of OpenID Connect, switched on or not.

    Raises Conflict naming a setting that is empty and must not be.
    """
    return OidcSetup(
        issuer=_given(db, "sso.oidc.issuer"),
        client_id=_given(db, "sso.oidc.client_id"),
        client_secret=_secret(db, "sso.oidc.client_secret"),
        redirect_uri=_given(db, "sso.oidc.redirect_uri"),
        scopes=_given(db, "sso.oidc.scopes"),
        username_claim=_given(db, "sso.oidc.username_claim"),
        groups_claim=_given(db, "sso.oidc.groups_claim"),
        acr_values=tuple(_text(db, "sso.oidc.acr_values").split()),
        roles=_roles(db, "sso.oidc.roles"),
        ca_certificates=_text(db, "sso.oidc.ca_certificates"),
        allows_link_local=_allows_link_local(db),
    )


@operation
def get_ldap_setup(db: Session) -> LdapSetup:
    """Return the LDAP directory, switched on or not.

    Raises Conflict naming a setting that is empty and must not be.
    """
    return LdapSetup(
        urls=tuple(_given(db, "sso.ldap.urls").split()),
        allows_cleartext=get_setting_value(db, "sso.ldap.allow_cleartext") is True,
        bind_dn=_text(db, "sso.ldap.bind_dn"),
        bind_password=_secret(db, "sso.ldap.bind_password"),
        user_base=_given(db, "sso.ldap.user_base"),
        user_filter=_given(db, "sso.ldap.user_filter"),
        username_attribute=_given(db, "sso.ldap.username_attribute"),
        email_attribute=_text(db, "sso.ldap.email_attribute"),
        name_attribute=_text(db, "sso.ldap.name_attribute"),
        group_attribute=_text(db, "sso.ldap.group_attribute"),
        group_base=_text(db, "sso.ldap.group_base"),
        group_filter=_given(db, "sso.ldap.group_filter"),
        member_attribute=_given(db, "sso.ldap.member_attribute"),
        roles=_roles(db, "sso.ldap.roles"),
        ca_certificates=_text(db, "sso.ldap.ca_certificates"),
        allows_link_local=_allows_link_local(db),
    )


def _allows_link_local(db: Session) -> bool:
    return get_setting_value(db, "sso.allow_link_local") is True


def _text(db: Session, key: str) -> str:
    value = get_setting_value(db, key)
    return value.strip() if isinstance(value, str) else ""


def _given(db: Session, key: str) -> str:
    value = _text(db, key)
    if not value:
        raise Conflict("sso", f"single sign-on is not set up: the setting {key} is empty")
    return value


def _secret(db: Session, key: str) -> SecretStr | None:
    value = get_setting_value(db, key)
    return SecretStr(value) if isinstance(value, str) and value else None


def _roles(db: Session, key: str) -> Mapping[str, Role]:
    value = get_setting_value(db, key)
    table = value if isinstance(value, dict) else {}
    return {group: Role(role) for group, role in table.items() if role in set(Role)}
