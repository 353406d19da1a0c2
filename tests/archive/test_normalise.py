from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from netraven.archive.normalise import changed, normal_hash, normalise, rules_differ
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS, get_platform
from netraven.platforms.volatile import settled_lines
from tests.collect.memory import MODELS
from tests.laboratory import IS_ABSENT, RECORDINGS, WHY_SKIPPED, admit_laboratory

needs_laboratory = pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)

VOLATILE = {
    "cisco_ios": (
        "! Last configuration change at 11:54:34 UTC Thu Aug 29 2024 by ops\n"
        "! NVRAM config last updated at 11:55:00 UTC Thu Aug 29 2024 by ops\n"
        "! No configuration change since last restart\n"
        "Current configuration : 5432 bytes\n"
        "Load for five secs: 2%/0%; one minute: 3%; five minutes: 3%\n"
        "Time source is NTP, 12:00:00.123 UTC Thu Aug 29 2024\n"
        "ntp clock-period 17179869\n"
    ),
    "cisco_asa": (
        ": Saved\n"
        ": Written by ops at 11:54:34.123 UTC Thu Aug 29 2024\n"
        "Cryptochecksum:0123456789abcdef0123456789abcdef\n"
    ),
    "arista_eos": (
        "! Time: Thu Aug 29 11:54:34 2024\n"
        "! Startup-config last modified at  Thu Aug 29 11:54:34 2024 by ops\n"
    ),
    "juniper_junos": (
        "## Last commit: 2024-08-29 11:54:34 UTC by ops\n## Last changed: 2024-08-29 11:54:34 UTC\n"
    ),
}


def platform(name: str) -> Platform:
    found = get_platform(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", sorted(VOLATILE))
class TestLinesThatChangeByThemselves:
    def test_they_are_left_out(self, name: str) -> None:
        text = f"hostname r1\n{VOLATILE[name]}interface e0\n"

        assert normalise(text, platform(name)) == "hostname r1\ninterface e0\n"

    def test_they_make_no_change(self, name: str) -> None:
        before = f"hostname r1\n{VOLATILE[name]}end\n"
        after = f"hostname r1\n{VOLATILE[name].replace('1', '2')}end\n"

        assert not changed(before, after, platform(name))
        assert normal_hash(before, platform(name)) == normal_hash(after, platform(name))

    def test_another_line_beside_them_does(self, name: str) -> None:
        before = f"hostname r1\n{VOLATILE[name]}end\n"
        after = f"hostname r2\n{VOLATILE[name]}end\n"

        assert changed(before, after, platform(name))
        assert normal_hash(before, platform(name)) != normal_hash(after, platform(name))

    def test_they_are_known_by_the_whole_line(self, name: str) -> None:
        text = "".join(f" description {line}\n" for line in VOLATILE[name].splitlines())

        assert normalise(text, platform(name)) == text

    def test_carriage_returns_and_a_missing_last_newline_do_not_hide_them(self, name: str) -> None:
        text = f"hostname r1\r\n{VOLATILE[name]}".replace("\n", "\r\n").removesuffix("\r\n")

        assert normalise(text, platform(name)).split() == ["hostname", "r1"]


class TestLinesInAnyOrder:
    """Where a platform says so, neighbours may change places; nothing else may."""

    A, B, C = (f"snmp-server host 192.0.2.{number} public" for number in (1, 2, 3))

    def test_another_order_is_no_change(self) -> None:
        before = f"hostname r1\n{self.A}\n{self.B}\n{self.C}\nend\n"
        after = f"hostname r1\n{self.C}\n{self.A}\n{self.B}\nend"

        assert not changed(before, after + "\n", platform("cisco_ios"))
        assert not changed(f"{self.B}\n{self.A}", f"{self.A}\n{self.B}", platform("cisco_ios"))

    def test_one_more_one_less_and_one_twice_are_changes(self) -> None:
        whole = f"{self.A}\n{self.B}\n"
        for other in (f"{self.A}\n", f"{whole}{self.C}\n", f"{whole}{self.A}\n"):
            assert changed(whole, other, platform("cisco_ios"))

    def test_those_apart_keep_their_places(self) -> None:
        before = f"{self.B}\ninterface e0\n{self.A}\n"

        assert changed(before, f"{self.A}\ninterface e0\n{self.B}\n", platform("cisco_ios"))
        assert normalise(before, platform("cisco_ios")) == before

    def test_a_session_takes_two_readings_for_the_same(self) -> None:
        ios = platform("cisco_ios")

        assert settled_lines(f"{self.B}\n{self.A}\nend", ios) == [self.A, self.B, "end"]


class TestTheHash:
    def test_it_is_short_enough_for_its_column(self) -> None:
        assert all(len(normal_hash("x" * 99, platform)) <= 80 for platform in PLATFORMS)

    def test_its_revision_follows_the_rules_of_the_platform(self) -> None:
        ios = platform("cisco_ios")
        later = replace(ios, volatile=(*ios.volatile, re.compile("! uptime .*")))

        a, b = normal_hash("end\n", ios), normal_hash("end\n", later)

        assert rules_differ(a, b)
        assert not rules_differ(a, normal_hash("another\n", ios))

    def test_bytes_that_are_no_utf_8_count(self) -> None:
        ios = platform("cisco_ios")

        assert changed("a \udcff\n", "a \udcfe\n", ios)
        assert normalise("a \udcff\n", ios) == "a \udcff\n"


LINES = st.sampled_from(
    [line for text in VOLATILE.values() for line in text.splitlines()]
    + ["", " ", "!", "end", "\r", "interface e0", "café", "! Time:", ": Saved "]
)
TEXTS = st.lists(st.one_of(LINES, st.text(max_size=12)), max_size=12).map("\n".join)
ANY_PLATFORM = st.sampled_from(PLATFORMS)


class TestProperties:
    @given(TEXTS, ANY_PLATFORM)
    def test_twice_is_once(self, text: str, platform: Platform) -> None:
        once = normalise(text, platform)

        assert normalise(once, platform) == once

    @given(TEXTS, ANY_PLATFORM)
    def test_what_is_left_are_the_lines_in_their_order(self, text: str, platform: Platform) -> None:
        lines = iter(text.split("\n"))

        assert all(line in lines for line in normalise(text, platform).split("\n") if line)

    @given(TEXTS, TEXTS, ANY_PLATFORM)
    def test_equal_hashes_are_no_change(self, a: str, b: str, platform: Platform) -> None:
        same = normal_hash(a, platform) == normal_hash(b, platform)

        assert changed(a, b, platform) is not same


@needs_laboratory
def test_what_recordings_list_as_no_change_is_left_out_and_the_rest_is_kept() -> None:
    for path in RECORDINGS.glob("*#significant_changes.yaml"):
        name = path.name.removesuffix("#significant_changes.yaml")
        if name.partition("#")[0] not in MODELS:
            continue
        lists = yaml.safe_load(path.read_text(encoding="utf-8"))
        text = path.with_name(f"{name}#output.txt").read_text(encoding="utf-8")

        normal = normalise(text, platform(MODELS[name.partition("#")[0]]))

        assert [line for line in lists["fail"] if re.search(line, normal) or line in normal] == []
        assert [line for line in lists.get("pass", ()) if line not in normal] == []


@needs_laboratory
def test_a_synthetic_device_changes_when_its_version_does() -> None:
    admit_laboratory()
    from devicelab.iosconfig import IosDevice  # noqa: PLC0415

    ios = platform("cisco_ios")
    device = IosDevice(seed=3, number=8, size=20_000)
    texts = [device.running_config(2, collection) for collection in (0, 9)]
    later = device.running_config(3, 10)

    assert texts[0] != texts[1]
    assert not changed(texts[0], texts[1], ios)
    assert changed(texts[0], later, ios)
