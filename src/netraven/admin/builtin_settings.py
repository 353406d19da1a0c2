"""The built-in settings: their defaults, bounds and meanings, and what a value must be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from netraven import nextrun
from netraven.db.enums import ValueType
from netraven.db.types import JsonValue, is_storable
from netraven.errors import Invalid

CATEGORIES = ("security", "system", "notification")

_MAX_TEXT = 10_000
_MAX_JSON = 100_000
_MAX_ADDRESS = 254
_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9.])?|[0-9A-Fa-f:.]{2,45}")


@dataclass(frozen=True, slots=True)
class Builtin:
    """One built-in setting; bounds are inclusive, of the number or of the text's length.

    `lacking` and `unfit` say what a text, or a JSON value, lacks; None where it is as it must be.
    """

    key: str
    default: JsonValue
    value_type: ValueType
    meaning: str
    least: int = 0
    most: int = _MAX_TEXT
    is_sensitive: bool = False
    is_required: bool = True
    lacking: Callable[[str], str | None] | None = None
    unfit: Callable[[JsonValue], str | None] | None = None

    @property
    def category(self) -> str:
        """Return the first part of the key."""
        return self.key.partition(".")[0]

    def check(self, value: JsonValue) -> None:
        """Raise Invalid("value") for another type or a value outside the bounds."""
        if self.value_type == ValueType.NUMBER:
            if not isinstance(value, int) or not self.least <= value <= self.most:
                reason = f"must be a whole number from {self.least} to {self.most}"
                raise Invalid("value", reason)
        elif isinstance(value, str):
            if not self.least <= len(value) <= self.most:
                raise Invalid("value", f"must have {self.least} to {self.most} characters")
            if self.lacking is not None and (lack := self.lacking(value)):
                raise Invalid("value", lack)
        if self.unfit is not None and (why := self.unfit(value)):
            raise Invalid("value", why)


def check_value(value: JsonValue, value_type: ValueType) -> None:
    """Raise Invalid("value") where the value is not of the type; null is of none but json.

    `true` is not a number, and neither is what JSON cannot write.
    """
    fits = {
        ValueType.STRING: isinstance(value, str),
        ValueType.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
        ValueType.BOOLEAN: isinstance(value, bool),
        ValueType.JSON: True,
    }
    if not fits[value_type]:
        raise Invalid("value", f"must be a {value_type} value")
    try:
        size = len(json.dumps(value, allow_nan=False))
    except (RecursionError, TypeError, ValueError):
        raise Invalid("value", "cannot be written as JSON") from None
    if size > _MAX_JSON or (isinstance(value, str) and len(value) > _MAX_TEXT):
        raise Invalid("value", f"is too long: {_MAX_TEXT} characters, {_MAX_JSON} as JSON")
    if not all(map(is_storable, _texts(value))):
        raise Invalid("value", "holds a character that cannot be stored")


def is_blank(value: JsonValue) -> bool:
    """Tell whether a value says nothing: null, or a text of blanks."""
    return value is None or (isinstance(value, str) and not value.strip())


def same_value(one: JsonValue, other: JsonValue) -> bool:
    """Tell whether two JSON values are written alike: `true` is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _texts(value: JsonValue) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from value
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)


def _no_zone(value: str) -> str | None:
    try:
        nextrun.checked_zone(value)
    except Invalid as error:
        return error.reason
    return None


def _no_address(value: str) -> str | None:
    is_address = len(value) <= _MAX_ADDRESS and _ADDRESS.fullmatch(value)
    return None if is_address else "must be a mail address, such as netraven@example.com"


def _no_host(value: str) -> str | None:
    return None if _HOST.fullmatch(value) else "must be the name or address of a host"


def _number(key: str, default: int, bounds: tuple[int, int], meaning: str) -> Builtin:
    return Builtin(key, default, ValueType.NUMBER, meaning, least=bounds[0], most=bounds[1])


def _switch(key: str, meaning: str, *, is_on: bool) -> Builtin:
    return Builtin(key, is_on, ValueType.BOOLEAN, meaning)


def _secret(key: str, meaning: str) -> Builtin:
    return Builtin(
        key, "", ValueType.STRING, meaning, most=255, is_sensitive=True, is_required=False
    )


def _text(
    key: str, default: str, meaning: str, lacking: Callable[[str], str | None] | None = None
) -> Builtin:
    most = 60 if lacking is None else _MAX_TEXT
    return Builtin(key, default, ValueType.STRING, meaning, least=1, most=most, lacking=lacking)


BUILTIN_SETTINGS: tuple[Builtin, ...] = (
    _number("security.password_policy.min_length", 8, (8, 128), "shortest password"),
    _switch("security.password_policy.require_uppercase", "a capital letter", is_on=True),
    _switch("security.password_policy.require_lowercase", "a small letter", is_on=True),
    _switch("security.password_policy.require_number", "a digit", is_on=True),
    _switch(
        "security.password_policy.require_special",
        "a character that is neither letter nor digit",
        is_on=True,
    ),
    _number("security.token.access_token_expire_minutes", 30, (1, 1440), "life of an access token"),
    _number("security.token.refresh_token_expire_days", 7, (1, 365), "life of a refresh token"),
    _number("security.login.max_failed_attempts", 5, (1, 100), "failures until a user is locked"),
    _number("security.login.lockout_minutes", 15, (1, 1440), "length of the lock"),
    _number(
        "security.device_login.max_auth_failures",
        2,
        (1, 20),
        "refused logins per device and credential before it is left alone",
    ),
    _number("security.device_login.window_minutes", 30, (1, 1440), "window of that count"),
    _number(
        "security.device_login.rate_per_minute",
        30,
        (0, 10000),
        "logins per minute and AAA domain (that of the credential, else the credential itself) "
        "while a refusal is younger than the window; 0 = no limit",
    ),
    _number("security.audit.retention_days", 365, (30, 3650), "age of audit events"),
    _text("system.general.application_name", "NetRaven", "name shown and mailed"),
    _text(
        "system.schedule.default_timezone",
        "UTC",
        "zone of new schedules and of retention's days",
        _no_zone,
    ),
    _number("system.jobs.max_concurrent_jobs", 5, (1, 100), "runs at a time, all workers"),
    _number(
        "system.jobs.max_concurrent_devices",
        200,
        (1, 10000),
        "devices at a time, per collector process",
    ),
    _number("system.jobs.device_deadline_seconds", 300, (10, 3600), "longest work on one device"),
    _number("system.jobs.log_retention_days", 30, (1, 3650), "age of runs without their own"),
    _switch("system.backup.enabled", "automatic backups", is_on=True),
    _number("system.backup.frequency_hours", 24, (1, 8760), "spacing of automatic backups"),
    _number("system.backup.max_size_mib", 32, (1, 256), "largest content"),
    _number("system.backup.retention_days", 3650, (1, 3650), "keep_days"),
    _number("system.retention.keep_last", 10, (1, 1000), "keep_last"),
    _number("system.retention.keep_daily", 90, (0, 3650), "keep_daily"),
    _number("system.retention.keep_weekly", 26, (0, 520), "keep_weekly"),
    _number("system.retention.keep_monthly", 24, (0, 240), "keep_monthly"),
    _switch("notification.email.enabled", "mail", is_on=False),
    _text("notification.email.from_address", "noreply@example.com", "sender", _no_address),
    _text("notification.email.smtp_server", "smtp.example.com", "server", _no_host),
    _number("notification.email.smtp_port", 587, (1, 65535), "port"),
    _switch("notification.email.smtp_use_tls", "encryption", is_on=True),
    _secret("notification.email.smtp_username", "login"),
    _secret("notification.email.smtp_password", "secret"),
)
