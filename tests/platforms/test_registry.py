from __future__ import annotations

from pathlib import Path

import pytest

from netraven import platforms
from netraven.platforms.observation import Yields
from netraven.platforms.registry import (
    PLATFORMS,
    get_platform,
    platform_names,
    resolve_platform,
)


def test_the_names_are_sorted_and_found() -> None:
    names = platform_names()

    assert list(names) == sorted({platform.name for platform in PLATFORMS})
    assert len(names) == len(PLATFORMS)
    assert all(get_platform(name) is not None for name in names)


def test_each_platform_is_in_a_file_of_its_name() -> None:
    files = {path.stem for path in Path(platforms.__file__).parent.glob("*.py")}

    assert set(platform_names()) <= files


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("cisco_ios", "cisco_ios"),
        ("IOS", "cisco_ios"),
        ("cisco_xe", "cisco_ios"),
        ("cisco", "cisco_ios"),
        ("cisco-asa", "cisco_asa"),
        ("asa", "cisco_asa"),
        (" eos ", "arista_eos"),
        ("arista", "arista_eos"),
        ("JunOS", "juniper_junos"),
        ("juniper", "juniper_junos"),
        ("aoscx", "aruba_aoscx"),
        ("aruba_aoscx", "aruba_aoscx"),
        ("frr", "frr"),
        ("fortigate", "fortinet_fortios"),
        ("fortinet", "fortinet_fortios"),
        ("comware", "hp_comware"),
        ("h3c_comware", "hp_comware"),
        ("ironware", "ruckus_fastiron"),
        ("foundry", "ruckus_fastiron"),
        ("cumulus_linux", "cumulus_linux"),
        ("tplink", "tplink_jetstream"),
        ("linuxgeneric", "linux"),
    ],
)
def test_any_tools_name_leads_to_the_platform(name: str, platform: str) -> None:
    found = resolve_platform(name)

    assert found is not None
    assert found.name == platform


@pytest.mark.parametrize("name", ["", "cisco_nothing", "ios:/etc/passwd", "linux:", "linux:x"])
def test_an_unknown_name_leads_to_none(name: str) -> None:
    assert resolve_platform(name) is None
    assert get_platform(name) is None


def test_no_two_platforms_share_a_name_or_an_alias() -> None:
    names = [
        name
        for platform in PLATFORMS
        for name in {
            platform.name,
            *platform.aliases.netmiko,
            *platform.aliases.oxidized,
            *platform.aliases.rancid,
            *platform.aliases.napalm,
        }
    ]

    assert len(names) == len(set(names))


class TestLinuxFiles:
    def test_the_name_says_which_file_is_read(self) -> None:
        platform = get_platform("linux:/etc/frr/frr.conf")

        assert platform is not None
        assert platform.name == "linux:/etc/frr/frr.conf"
        (command,) = platform.commands_for(Yields.RUNNING)
        assert command.text.startswith("cat /etc/frr/frr.conf && printf ")

    def test_another_tools_name_takes_a_file_too(self) -> None:
        platform = resolve_platform("linuxgeneric:/etc/hosts")

        assert platform is not None
        assert platform.name == "linux:/etc/hosts"

    def test_the_usual_file_is_the_platform_itself(self) -> None:
        platform = get_platform("linux:/etc/network/interfaces")

        assert platform is not None
        assert platform.name == "linux"

    def test_a_blank_in_a_path_is_quoted(self) -> None:
        platform = get_platform("linux:/etc/my file")

        assert platform is not None
        assert platform.commands_for(Yields.RUNNING)[0].text.startswith("cat '/etc/my file' && ")

    @pytest.mark.parametrize(
        "path",
        ["relative", "/etc/x; reboot", "/etc/$(id)", "/etc/`id`", "/a\nb", "/etc/../x/", "/"],
    )
    def test_nothing_but_a_plain_path_is_taken(self, path: str) -> None:
        assert get_platform(f"linux:{path}") is None
