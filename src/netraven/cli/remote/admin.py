"""Users, settings and the audit log of a server."""

from __future__ import annotations

from types import MappingProxyType

from netraven.admin import audit_chain, audit_log, identities, settings, users
from netraven.cli.remote.asking import (
    Asked,
    Table,
    changed,
    counted,
    deleted,
    found_by,
    listed,
    made,
    one,
    or_none,
    shown,
)
from netraven.cli.remote.server import Server
from netraven.db import name_key
from netraven.db.types import JsonValue
from netraven.schemas.audit import AuditChainReport, AuditEventRead
from netraven.schemas.setting import AdminSettingRead
from netraven.schemas.sso import IdentityLink, UserIdentityRead
from netraven.schemas.user import UserRead

_USERS, _SETTINGS, _EVENTS = "/users", "/settings", "/audit-events"


def _reset_password(server: Server, asked: Asked) -> bool:
    body = {"new_password": asked["new_password"]}
    server.send("POST", f"{_USERS}/{asked['user_id']}/password", body=body)
    return True


def _link(server: Server, asked: Asked) -> UserIdentityRead:
    body = IdentityLink.model_validate(asked["link"]).model_dump(mode="json")
    return server.read(UserIdentityRead, server.send("PUT", _identity(asked), body=body))


def _unlink(server: Server, asked: Asked) -> bool:
    return or_none(lambda: server.send("DELETE", _identity(asked)) or True) is not None


def _identity(asked: Asked) -> str:
    return f"{_USERS}/{asked['user_id']}/identity"


def _setting(server: Server, asked: Asked) -> AdminSettingRead | None:
    return one(server, _SETTINGS, asked["key"], AdminSettingRead)


def _value(server: Server, asked: Asked) -> JsonValue:
    row = _setting(server, asked)
    return None if row is None else row.value


def _set_value(server: Server, asked: Asked) -> AdminSettingRead:
    told = server.send("PUT", f"{_SETTINGS}/{asked['key']}", body={"value": asked["value"]})
    return server.read(AdminSettingRead, told)


def _reset(server: Server, asked: Asked) -> list[AdminSettingRead]:
    keys = asked.get("keys")
    told = server.send("POST", f"{_SETTINGS}/reset", body={"keys": keys} if keys else {})
    return server.read(list[AdminSettingRead], told)


def _stored_already(_server: Server, _asked: Asked) -> list[AdminSettingRead]:
    """Change nothing: a server stores its defaults when it is set up."""
    return []


def _event(server: Server, asked: Asked) -> AuditEventRead | None:
    return one(server, _EVENTS, next(iter(asked.values())), AuditEventRead)


def _verify(server: Server, asked: Asked) -> AuditChainReport:
    told = server.get(f"{_EVENTS}/verification", asked)
    return server.read(AuditChainReport, told)


TABLE: Table = MappingProxyType(
    {
        users.get_users: listed(_USERS, UserRead),
        users.count_users: counted(_USERS),
        users.get_user: shown(_USERS, UserRead),
        users.get_user_by_username: found_by(
            _USERS, UserRead, lambda row, name: name_key(row.username) == name_key(name)
        ),
        users.get_user_by_email: found_by(
            _USERS, UserRead, lambda row, name: name_key(row.email) == name_key(name)
        ),
        users.create_user: made(_USERS, UserRead),
        users.update_user: changed(_USERS, UserRead),
        users.delete_user: deleted(_USERS),
        users.reset_password: _reset_password,
        identities.link_identity: _link,
        identities.unlink_identity: _unlink,
        settings.get_admin_settings: listed(_SETTINGS, AdminSettingRead),
        settings.get_admin_setting_by_key: _setting,
        settings.get_setting_value: _value,
        settings.initialize_default_settings: _stored_already,
        settings.initialize_sso_settings: _stored_already,
        settings.initialize_sso_settings: _stored_already,
        settings.update_admin_setting_value: _set_value,
        settings.reset_admin_settings: _reset,
        audit_log.get_audit_events: listed(_EVENTS, AuditEventRead),
        audit_log.count_audit_events: counted(_EVENTS),
        audit_log.get_audit_event: _event,
        audit_log.get_audit_event_by_seq: _event,
        audit_chain.verify_audit_chain: _verify,
    }
)
"""How each operation is asked for."""
