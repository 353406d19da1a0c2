"""Settings that administrators edit: the built-in ones with their defaults and bounds."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import get_keyring, operation
from netraven.db.enums import ValueType
from netraven.db.types import JsonValue
from netraven.errors import Invalid, KeyUnavailable
from netraven.models import AdminSetting
from netraven.seal import Place


@dataclass(frozen=True, slots=True)
class Builtin:
    """One built-in setting; bounds are inclusive, of the number or of the text's length."""

    key: str
    default: JsonValue
    value_type: ValueType
    meaning: str
    least: int | None = None
    most: int | None = None
    is_sensitive: bool = False


BUILTIN_SETTINGS: tuple[Builtin, ...] = (
    Builtin(
        "security.password_policy.min_length",
        8,
        ValueType.NUMBER,
        "shortest password",
        least=8,
        most=128,
    ),
    Builtin(
        "security.password_policy.require_uppercase",
        default=True,
        value_type=ValueType.BOOLEAN,
        meaning="a capital letter",
    ),
    Builtin(
        "security.password_policy.require_lowercase",
        default=True,
        value_type=ValueType.BOOLEAN,
        meaning="a small letter",
    ),
    Builtin(
        "security.password_policy.require_number",
        default=True,
        value_type=ValueType.BOOLEAN,
        meaning="a digit",
    ),
    Builtin(
        "security.password_policy.require_special",
        default=True,
        value_type=ValueType.BOOLEAN,
        meaning="a character that is neither letter nor digit",
    ),
    Builtin(
        "security.token.access_token_expire_minutes",
        30,
        ValueType.NUMBER,
        "life of an access token",
        least=1,
        most=1440,
    ),
    Builtin(
        "security.token.refresh_token_expire_days",
        7,
        ValueType.NUMBER,
        "life of a refresh token",
        least=1,
        most=365,
    ),
    Builtin(
        "security.login.max_failed_attempts",
        5,
        ValueType.NUMBER,
        "failures until a user is locked",
        least=1,
        most=100,
    ),
    Builtin(
        "security.login.lockout_minutes",
        15,
        ValueType.NUMBER,
        "length of the lock",
        least=1,
        most=1440,
    ),
    Builtin(
        "security.device_login.max_auth_failures",
        2,
        ValueType.NUMBER,
        "refused logins per device and credential before it is left alone",
        least=1,
        most=20,
    ),
    Builtin(
        "security.device_login.window_minutes",
        30,
        ValueType.NUMBER,
        "window of that count",
        least=1,
        most=1440,
    ),
    Builtin(
        "security.device_login.rate_per_minute",
        30,
        ValueType.NUMBER,
        "logins per minute and AAA domain (that of the credential, else the credential itself) "
        "while a refusal is younger than the window; 0 = no limit",
        least=0,
        most=10000,
    ),
    Builtin(
        "security.audit.retention_days",
        365,
        ValueType.NUMBER,
        "age of audit events",
        least=30,
        most=3650,
    ),
    Builtin(
        "system.general.application_name",
        "NetRaven",
        ValueType.STRING,
        "name shown and mailed",
        least=1,
        most=60,
    ),
    Builtin(
        "system.schedule.default_timezone",
        "UTC",
        ValueType.STRING,
        "zone of new schedules and of retention's days",
    ),
    Builtin(
        "system.jobs.max_concurrent_jobs",
        5,
        ValueType.NUMBER,
        "runs at a time, all workers",
        least=1,
        most=100,
    ),
    Builtin(
        "system.jobs.max_concurrent_devices",
        200,
        ValueType.NUMBER,
        "devices at a time, per collector process",
        least=1,
        most=10000,
    ),
    Builtin(
        "system.jobs.device_deadline_seconds",
        300,
        ValueType.NUMBER,
        "longest work on one device",
        least=10,
        most=3600,
    ),
    Builtin(
        "system.jobs.log_retention_days",
        30,
        ValueType.NUMBER,
        "age of runs without their own",
        least=1,
        most=3650,
    ),
    Builtin(
        "system.backup.enabled",
        default=True,
        value_type=ValueType.BOOLEAN,
        meaning="automatic backups",
    ),
    Builtin(
        "system.backup.frequency_hours",
        24,
        ValueType.NUMBER,
        "spacing of automatic backups",
        least=1,
        most=8760,
    ),
    Builtin(
        "system.backup.max_size_mib", 32, ValueType.NUMBER, "largest content", least=1, most=256
    ),
    Builtin(
        "system.backup.retention_days", 3650, ValueType.NUMBER, "keep_days", least=1, most=3650
    ),
    Builtin("system.retention.keep_last", 10, ValueType.NUMBER, "keep_last", least=1, most=1000),
    Builtin("system.retention.keep_daily", 90, ValueType.NUMBER, "keep_daily", least=0, most=3650),
    Builtin("system.retention.keep_weekly", 26, ValueType.NUMBER, "keep_weekly", least=0, most=520),
    Builtin(
        "system.retention.keep_monthly", 24, ValueType.NUMBER, "keep_monthly", least=0, most=240
    ),
    Builtin(
        "notification.email.enabled", default=False, value_type=ValueType.BOOLEAN, meaning="mail"
    ),
    Builtin("notification.email.from_address", "noreply@example.com", ValueType.STRING, "sender"),
    Builtin("notification.email.smtp_server", "smtp.example.com", ValueType.STRING, "server"),
    Builtin("notification.email.smtp_port", 587, ValueType.NUMBER, "port", least=1, most=65535),
    Builtin(
        "notification.email.smtp_use_tls",
        default=True,
        value_type=ValueType.BOOLEAN,
        meaning="encryption",
    ),
    Builtin(
        "notification.email.smtp_username",
        "",
        ValueType.STRING,
        "login",
        least=0,
        most=255,
        is_sensitive=True,
    ),
    Builtin(
        "notification.email.smtp_password",
        "",
        ValueType.STRING,
        "secret",
        least=0,
        most=255,
        is_sensitive=True,
    ),
)

_BY_KEY = {setting.key: setting for setting in BUILTIN_SETTINGS}


@operation
def get_setting_value(db: Session, key: str) -> JsonValue:
    """Return the effective value: the stored one, else the built-in default.

    Sensitive values are opened, so this is for services, never for a reply. Raises
    Invalid("key") for a key that is neither stored nor built in.
    """
    row = db.scalar(select(AdminSetting).where(AdminSetting.key == key))
    if row is None:
        if key not in _BY_KEY:
            raise Invalid("key", f"{key} is not a setting")
        return _BY_KEY[key].default
    if row.is_sensitive and isinstance(row.value, str) and row.value:
        return _opened(db, row.key, row.value)
    return row.value


@operation
def get_number(db: Session, key: str) -> int:
    """Return the effective value of a setting that holds a whole number."""
    value = get_setting_value(db, key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid("key", f"{key} does not hold a number")
    return value


def _opened(db: Session, key: str, sealed_hex: str) -> JsonValue:
    keyring = get_keyring(db)
    if keyring is None:
        raise KeyUnavailable("ring", f"there is no key ring to open the setting {key}")
    place = Place(AdminSetting.__tablename__, key, "value")
    value: JsonValue = json.loads(keyring.open(bytes.fromhex(sealed_hex), place))
    return value
