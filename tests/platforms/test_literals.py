from __future__ import annotations

import pytest

from netraven.platforms.arista_eos import ARISTA_EOS
from netraven.platforms.aruba_aoscx import ARUBA_AOSCX
from netraven.platforms.cisco_ios import CISCO_IOS
from netraven.platforms.juniper_junos import JUNIPER_JUNOS
from netraven.platforms.literals import find_free_text
from netraven.platforms.platform import Platform


@pytest.mark.parametrize(
    ("platform", "text", "free"),
    [
        (CISCO_IOS, "!\nbanner motd ^C\nend\n^C\nend", ["end\n^C\n"]),
        (CISCO_IOS, "banner login #\nR1>\n# !\nend", ["R1>\n# !\n"]),
        (CISCO_IOS, "banner motd ^Cshort^C\nend", []),
        (CISCO_IOS, "banner exec ^Cfirst\nbanner motd ^C\nend", ["banner motd ^C\n"]),
        (CISCO_IOS, "banner motd ^C\na\n^C\nbanner exec ^C\nb\n^C\nend", ["a\n^C\n", "b\n^C\n"]),
        (CISCO_IOS, "banner motd ^C\nnever\nend", ["never\nend"]),
        (CISCO_IOS, "banner motd ^C", [""]),
        (CISCO_IOS, " description banner motd ^C\nend", []),
        (ARISTA_EOS, "banner login\nleaf1#\nEOF\nend", ["leaf1#\nEOF\n"]),
        (ARISTA_EOS, "no banner login\nend", []),
        (ARUBA_AOSCX, "banner motd !\nsw#\n!\nvlan 1", ["sw#\n!\n"]),
        (JUNIPER_JUNOS, "banner motd ^C\nend", []),
    ],
)
def test_free_text_is_told_from_commands(platform: Platform, text: str, free: list[str]) -> None:
    blocks = find_free_text(text, platform)

    assert [text[block.start : block.stop] for block in blocks] == free
