"""A setting holds what its type and its bounds allow."""

from __future__ import annotations

import math

import pytest

from netraven.admin.builtin_settings import BUILTIN_SETTINGS, Builtin
from netraven.admin.settings import (
    initialize_default_settings,
)
from netraven.db.enums import ValueType
from netraven.db.types import JsonValue
from netraven.errors import Invalid
from tests.admin.conftest import Office
from tests.conftest import Database

PASSWORD = "notification.email.smtp_password"
LIMIT = "security.login.max_failed_attempts"
SCALARS = [one for one in BUILTIN_SETTINGS if one.value_type is ValueType.NUMBER]


@pytest.mark.parametrize("setting", SCALARS, ids=lambda setting: setting.key)
def test_bounds_hold_on_both_sides(sqlite_database: Database, setting: Builtin) -> None:
    office = Office(sqlite_database)
    sqlite_database.run(initialize_default_settings)

    for value in (setting.least, setting.most):
        office.set(setting.key, value)
        assert office.effective(setting.key) == value
    for value in (setting.least - 1, setting.most + 1):
        with pytest.raises(Invalid) as caught:
            office.set(setting.key, value)
        assert caught.value.field == "value"

    assert office.effective(setting.key) == setting.most


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (LIMIT, "abc"),
        (LIMIT, 5.5),
        (LIMIT, True),
        (LIMIT, None),
        ("notification.email.enabled", 1),
        ("notification.email.enabled", "true"),
        ("notification.email.enabled", None),
        ("system.general.application_name", " "),
        ("system.general.application_name", "a" * 61),
        ("system.general.application_name", 7),
        ("system.schedule.default_timezone", "Mars/Base"),
        ("system.schedule.default_timezone", "../etc/passwd"),
        ("notification.email.from_address", "nobody"),
        ("notification.email.smtp_server", "a b"),
        ("notification.email.smtp_server", "-a"),
        (PASSWORD, "a" * 256),
        (PASSWORD, 7),
    ],
)
def test_a_value_that_does_not_fit_leaves_the_old_one(
    office: Office, key: str, value: JsonValue
) -> None:
    before = office.read(key).value

    with pytest.raises(Invalid) as caught:
        office.set(key, value)

    assert caught.value.field == "value"
    assert office.read(key).value == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("system.schedule.default_timezone", "Europe/Zurich"),
        ("notification.email.from_address", "raven@lab.local"),
        ("notification.email.smtp_server", "2001:db8::25"),
        ("notification.email.smtp_server", "mail-1.example.com"),
        ("system.general.application_name", "Räven"),
    ],
)
def test_a_value_that_fits_is_stored(office: Office, key: str, value: JsonValue) -> None:
    office.set(key, value)

    assert office.effective(key) == value


@pytest.mark.parametrize(
    ("value_type", "fits", "does_not"),
    [
        ("string", "text", 1),
        ("number", 1.5, True),
        ("number", -3, "3"),
        ("number", 0, math.inf),
        ("boolean", False, 0),
        ("json", {"a": [1, None, {"b": True}]}, {"a": "\0"}),
        ("json", ["x"], [math.nan]),
    ],
)
def test_own_settings_hold_what_their_type_says(
    office: Office, value_type: str, fits: JsonValue, does_not: JsonValue
) -> None:
    setting_id = office.add("own.value", fits, value_type=value_type)

    with pytest.raises(Invalid, match="value"):
        office.update(setting_id, value=does_not)

    assert office.read(setting_id).value == fits


def _deep(levels: int) -> JsonValue:
    value: JsonValue = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [_deep(100_000), 10**5000, "x" * 100_001, ["x" * 100_000], {"a": "\ud800"}, {"\0": 1}],
    ids=["deep", "large", "long", "long in a list", "broken", "nul"],
)
def test_no_value_is_beyond_what_can_be_kept(office: Office, value: JsonValue) -> None:
    office.add("own.json", {}, value_type="json")

    with pytest.raises(Invalid) as caught:
        office.set("own.json", value)

    assert caught.value.field == "value"
    assert office.effective("own.json") == {}
