"""Which commands runs may give: harmless ones, and what an administrator allows."""

from __future__ import annotations

import pytest

from netraven.admin.settings import create_admin_setting, update_admin_setting_value
from netraven.db.types import JsonValue
from netraven.errors import Invalid
from netraven.jobs.commands import (
    ALLOWED_COMMANDS,
    CommandRules,
    get_command_rules,
    initialize_command_settings,
)
from netraven.platforms.platform import Platform
from netraven.platforms.registry import get_platform
from netraven.schemas.setting import AdminSettingCreate
from tests.planner import Planner


def test_nothing_but_harmless_commands_is_allowed_at_first(planner: Planner) -> None:
    before = planner.database.run(get_command_rules)
    planner.database.run(initialize_command_settings)
    planner.database.run(initialize_command_settings)
    after = planner.database.run(get_command_rules)

    for rules in (before, after):
        assert rules.objection("show version", ios()) is None
        assert "is not known to be harmless on cisco_ios" in (
            rules.objection("ping x", ios()) or ""
        )


def test_administrator_allows_what_begins_with_the_words_of_an_entry(planner: Planner) -> None:
    planner.database.run(initialize_command_settings)
    allowed: JsonValue = {"cisco_ios": ["ping", "show tech-support"], "*": ["traceroute"]}

    planner.database.run(update_admin_setting_value, ALLOWED_COMMANDS, allowed)

    rules = planner.database.run(get_command_rules)
    assert rules.objection("ping 192.0.2.1", ios()) is None
    assert rules.objection("PING 192.0.2.1", ios()) is None
    assert rules.objection("show tech-support ospf", ios()) is None
    assert rules.objection("traceroute 192.0.2.1", ios()) is None
    assert rules.objection("traceroute 192.0.2.1", junos()) is None
    assert rules.objection("pinging", ios()) is not None
    assert rules.objection("ping 192.0.2.1", junos()) is not None
    assert rules.objection("ping 192.0.2.1; reload", ios()) is not None


@pytest.mark.parametrize(
    "value",
    [
        [],
        "ping",
        True,
        {"cisco_ios": "ping"},
        {"cisco_ios": [["ping"], 1, None, "ping; reload", ""]},
        {"cisco_ios": {"ping": True}},
    ],
)
def test_setting_that_does_not_say_it_properly_allows_nothing(
    sqlite_planner: Planner, value: JsonValue
) -> None:
    wanted = AdminSettingCreate.model_validate(
        {"key": ALLOWED_COMMANDS, "value": value, "value_type": "json"}
    )
    sqlite_planner.database.run(create_admin_setting, wanted)

    rules = sqlite_planner.database.run(get_command_rules)

    assert rules.objection("ping 192.0.2.1", ios()) is not None
    assert rules.objection("show version", ios()) is None


@pytest.mark.parametrize("command", ["show version; reload", "show run | include x", "show ?"])
def test_job_with_more_than_plain_commands_is_refused(
    sqlite_planner: Planner, command: str
) -> None:
    device = sqlite_planner.add_device("sw-1")

    with pytest.raises(Invalid, match="not one plain command") as refusal:
        sqlite_planner.add_run(device, job_type="command", job_data={"commands": [command]})

    assert refusal.value.field == "job_data"


def test_no_rules_allow_nothing() -> None:
    assert CommandRules().objection("reload", ios()) is not None


def ios() -> Platform:
    return _platform("cisco_ios")


def junos() -> Platform:
    return _platform("juniper_junos")


def _platform(name: str) -> Platform:
    found = get_platform(name)
    assert found is not None
    return found
