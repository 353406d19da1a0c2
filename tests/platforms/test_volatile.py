from __future__ import annotations

from netraven.archive.normalise import normalise
from netraven.platforms.fortinet_fortios import FORTINET_FORTIOS
from netraven.platforms.volatile import settled_lines

KEY = """config vpn certificate local
    edit "web"
        set password ENC abc=
        set private-key "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIFHDBOBgkqhkiG
-----END ENCRYPTED PRIVATE KEY-----"
        set comments "kept"
    next
end"""


def test_lines_and_blocks_that_change_by_themselves_are_left_out() -> None:
    assert settled_lines(KEY, FORTINET_FORTIOS) == [
        "config vpn certificate local",
        '    edit "web"',
        '        set comments "kept"',
        "    next",
        "end",
    ]


def test_a_block_that_is_never_closed_is_none() -> None:
    text = KEY.replace("-----END", "-----AND")

    assert "MIIFHDBOBgkqhkiG" in settled_lines(text, FORTINET_FORTIOS)


def test_the_archive_leaves_out_the_same() -> None:
    for text in (KEY, KEY.replace("-----END", "-----AND"), f"{KEY}\n{KEY}"):
        assert normalise(text, FORTINET_FORTIOS).split("\n") == settled_lines(
            text, FORTINET_FORTIOS
        )
