"""Lines of views: what a weave knows to be plain is not looked at, and nothing comes out other."""

from __future__ import annotations

from itertools import compress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.archive.opaque import fold
from netraven.archive.redact import redact
from netraven.archive.view_lines import KnownLines, ViewLines, view_lines
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS, get_platform

KEY = bytes(range(32))
SAMPLES = {
    path.stem: path.read_text(encoding="utf-8").replace("«", "").replace("»", "").encode()
    for path in (Path(__file__).parent / "secret_lines").glob("*.txt")
}
# What opens, closes and forges, and what is a secret only where it stands.
TURNING = [
    b"banner motd ^C",
    b"^C",
    b"-----BEGIN RSA PRIVATE KEY-----",
    b"-----END RSA PRIVATE KEY----- snmp-server community behind RO",
    b"key chain KEYS",
    b" key 1",
    b"  key-string 7 110A0C003F212F1A3D30323305601E7135",
    b" key 7 11101D351D3332292A1278702B6A1E1619144F",
    b"tacacs server ISE",
    b"  30820330 30820218 A0030201 02020900",
    b"  30 82",
    "‹opaque:123456789012›".encode(),
    "‹secret:123456789012›".encode(),
    b"snmp-server community a\rsnmp-server community b",
    b" description password of the day",
    b"x" * 4097,
    b"\xff\xfe",
    b"",
    b"!",
]
PLATFORM_NAMES = st.sampled_from(sorted(SAMPLES))


def platform(name: str) -> Platform:
    found = get_platform(name)
    assert found is not None
    return found


def looked_at_whole(content: bytes, of: Platform) -> list[bytes]:
    text = redact(content.decode("utf-8", "surrogateescape"), of, KEY)
    lines = text.encode("utf-8", "surrogateescape").split(b"\n")
    fold(lines, KEY, [range(len(lines))])
    return lines


def known_from(view: ViewLines) -> KnownLines:
    return KnownLines(set(compress(view.lines, view.are_plain)), view.seen)


def lines_of(name: str) -> st.SearchStrategy[list[bytes]]:
    return st.lists(st.sampled_from([*SAMPLES[name].split(b"\n"), *TURNING]), max_size=30)


@pytest.mark.parametrize("name", [each.name for each in PLATFORMS])
def test_samples_come_out_as_they_do_whole(name: str) -> None:
    content, of = SAMPLES[name], platform(name)
    first = view_lines(content, of, KEY)

    again = view_lines(content, of, KEY, known_from(first))

    assert first.lines == again.lines == looked_at_whole(content, of)
    assert again.are_plain == first.are_plain
    assert again.seen == first.seen
    assert 0 in first.are_plain


@given(PLATFORM_NAMES, st.data())
def test_what_is_known_of_one_text_holds_in_any_other(name: str, data: st.DataObject) -> None:
    of = platform(name)
    texts = [b"\n".join(data.draw(lines_of(name))) for _ in range(3)]
    plain: set[bytes] = set()
    seen: dict[int, bytes] = {}
    for text in texts:
        view = view_lines(text, of, KEY, KnownLines(plain, seen))

        assert view == view_lines(text, of, KEY)
        assert view.lines == looked_at_whole(text, of)
        known = known_from(view)
        plain.update(known.plain)
        seen.update(known.seen)


@given(PLATFORM_NAMES, st.data())
def test_an_edited_text_comes_out_as_it_does_whole(name: str, data: st.DataObject) -> None:
    of = platform(name)
    lines = SAMPLES[name].split(b"\n")
    known = known_from(view_lines(SAMPLES[name], of, KEY))
    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    lines[start:end] = data.draw(lines_of(name))

    view = view_lines(b"\n".join(lines), of, KEY, known)

    assert view.lines == looked_at_whole(b"\n".join(lines), of)


def test_plain_are_only_lines_that_stand_in_the_view_as_they_are() -> None:
    block = [b"  30820330 30820218 A0030201 02020900"] * 3
    content = b"\n".join([b"hostname r1", *block, b"  30 82", b"enable secret 0 tr0ub4dor", b"end"])

    view = view_lines(content, platform("cisco_ios"), KEY)

    assert known_from(view).plain == {b"hostname r1", b"end"}


def test_nothing_is_known_of_a_text_without_a_platform() -> None:
    view = view_lines(b"hostname r1\n", None, KEY, KnownLines({b"hostname r1"}))

    assert view.lines == ["‹hidden›".encode(), b""]
    assert not any(view.are_plain)


def test_a_secret_is_known_again_wherever_it_stands_alone() -> None:
    line = b"snmp-server community tr0ub4dor RO"
    first = view_lines(b"hostname r1\n" + line, platform("cisco_ios"), KEY)

    again = view_lines(b"ip routing\n!\n" + line, platform("cisco_ios"), KEY, known_from(first))

    assert [*first.seen.values()] == [first.lines[1]]
    assert again.seen == first.seen
    assert again.lines[2] == first.lines[1] != line


@pytest.mark.parametrize("above", [b"banner motd ^C", b"-----BEGIN RSA PRIVATE KEY-----"])
def test_what_stands_above_a_known_secret_decides_how_it_is_read(above: bytes) -> None:
    of = platform("cisco_ios")
    line = b"snmp-server community tr0ub4dor RO"
    known = known_from(view_lines(line, of, KEY))
    content = b"\n".join([b"hostname r1", above, line, b"^C"])

    view = view_lines(content, of, KEY, known)

    assert view.lines == looked_at_whole(content, of)
    assert view.lines[2] != view_lines(line, of, KEY).lines[0]
    assert not view.seen
