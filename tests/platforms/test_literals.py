from __future__ import annotations

import pytest

from netraven.platforms.arista_eos import ARISTA_EOS
from netraven.platforms.aruba_aoscx import ARUBA_AOSCX
from netraven.platforms.cisco_ios import CISCO_IOS
from netraven.platforms.juniper_junos import JUNIPER_JUNOS
from netraven.platforms.literals import literal_lines
from netraven.platforms.platform import Platform


@pytest.mark.parametrize(
    ("platform", "text", "free"),
    [
        (CISCO_IOS, "!\nbanner motd ^C\nend\n^C\nend", {2, 3}),
        (CISCO_IOS, "banner login #\nR1>\n# !\nend", {1, 2}),
        (CISCO_IOS, "banner motd ^Cshort^C\nend", set()),
        (CISCO_IOS, "banner exec ^Cfirst\nbanner motd ^C\nend", {1}),
        (CISCO_IOS, "banner motd ^C\none\n^C\nbanner exec ^C\ntwo\n^C\nend", {1, 2, 4, 5}),
        (CISCO_IOS, "banner motd ^C\nnever\nend", {1, 2}),
        (CISCO_IOS, " description banner motd ^C\nend", set()),
        (ARISTA_EOS, "banner login\nleaf1#\nEOF\nend", {1, 2}),
        (ARISTA_EOS, "no banner login\nend", set()),
        (ARUBA_AOSCX, "banner motd !\nsw#\n!\nvlan 1", {1, 2}),
        (JUNIPER_JUNOS, "banner motd ^C\nend", set()),
    ],
)
def test_free_text_is_told_from_commands(platform: Platform, text: str, free: set[int]) -> None:
    assert literal_lines(text.split("\n"), platform) == free
