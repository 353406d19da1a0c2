"""Which commands change nothing: known ones only, one plain line each."""

from __future__ import annotations

import pytest

from netraven.platforms.harmless import HARMLESS_VERBS, is_harmless, is_one_plain_line
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS, get_platform, platform_names

NOT_PLAIN = [
    *("", " ", " show version", "show version\n", "show version\r", "show\tversion"),
    *("show version; reload", "show version && reload", "show version & reload"),
    *("show run | redirect flash:x", "show run > flash:x", "cat < /etc/passwd"),
    *("echo `id`", "echo $(id)", "echo $HOME", "show ip ?", "show \\", "show \x1b[A"),
    *("show \u2028version", "-show", "!show"),
]

HARMLESS = [
    ("cisco_ios", "show version"),
    ("cisco_ios", "SHOW  ip interface brief"),
    ("cisco_ios", "show running-config"),
    ("juniper_junos", "show configuration"),
    ("huawei_vrp", "display interface"),
    ("fortinet_fortios", "get system status"),
    ("frr", "show ip bgp summary"),
]

NOT_HARMLESS = [
    ("cisco_ios", "reload"),
    ("cisco_ios", "sh version"),
    ("cisco_ios", "configure terminal"),
    ("cisco_ios", "clear counters"),
    ("cisco_ios", "show tech-support"),
    ("cisco_xr", "show techsupport"),
    ("huawei_vrp", "display diagnostic-information"),
    ("huawei_vrp", "show version"),
    ("linux", "show version"),
    ("linux", "rm -rf /tmp/x"),
    ("cisco_ios", ""),
]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_is_more_than_one_command_is_refused(text: str) -> None:
    assert not is_one_plain_line(text)
    assert not is_harmless(text, platform("cisco_ios"))


@pytest.mark.parametrize(("name", "command"), HARMLESS)
def test_query_of_the_platform_is_harmless(name: str, command: str) -> None:
    assert is_harmless(command, platform(name))


@pytest.mark.parametrize(("name", "command"), NOT_HARMLESS)
def test_what_is_not_known_to_be_harmless_is_not(name: str, command: str) -> None:
    assert not is_harmless(command, platform(name))


def test_only_known_platforms_are_named() -> None:
    assert HARMLESS_VERBS.keys() <= set(platform_names())


@pytest.mark.parametrize("one", PLATFORMS, ids=lambda one: one.name)
def test_what_a_backup_asks_is_harmless_where_it_is_one_plain_line(one: Platform) -> None:
    typed = [command.text for command in one.commands if not command.file]

    assert all(is_harmless(text, one) for text in typed if is_one_plain_line(text))


def platform(name: str) -> Platform:
    found = get_platform(name)
    assert found is not None
    return found
