from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.collect.terminal import decode, resolve, squash, visible_line


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (b"one\r\ntwo\r\n", "one\ntwo\n"),
        (b"one\r\r\ntwo\r\r\r\n", "one\ntwo\n"),
        (b"one\ntwo", "one\ntwo"),
        (b"abc\rX", "Xbc"),
        (b"abc\b\bX", "aXc"),
        (b"\b\babc", "abc"),
        (b"a\tb\t \r\n", "a\tb\t \n"),
        (b"a\0b\x07c", "abc"),
        (b"\x1b[4m\rlab-router#\x1b[m ", "lab-router# "),
        (b"\x1b[?2004hroot@spine1:~# ", "root@spine1:~# "),
        (b"\x1b]0;root@spine1: ~\x07root@spine1:~# ", "root@spine1:~# "),
        (b"\x1b]2;title\x1b\\text", "text"),
        (b"\x1b(Btext\x1b)0", "text"),
        (b"\x1b=\x1b>text", "text"),
        (b"\x1b[24;0htelnet prompt> \x1b[24;12h\x1b[24;1H\x1b[24;42h", "telnet prompt> "),
        (b"\x1b[H\x1b[J19sw011# ", "19sw011# "),
        (b"old text\r\x1b[Knew", "new"),
        (b"old text\x1b[2K\x1b[1Gnew", "new"),
        (b"abcdef\x1b[3D\x1b[Px", "abcxf"),
        (b"abc\x1b[2Cdef", "abc  def"),
        (b"abc\x1b[2D\x1b[@x", "axbc"),
        (b"abc\r\x1b[2Xz", "z c"),
        ("caf\u00e9\r\n".encode(), "caf\u00e9\n"),
        (b"caf\xe9\r\n", "caf\u00e9\n"),
    ],
)
def test_bytes_leave_on_the_screen_what_a_terminal_shows(said: bytes, seen: str) -> None:
    screen = resolve(said)

    assert "\n".join(screen.lines) == seen


def test_text_that_is_not_utf_8_is_read_as_latin_1_and_that_is_said() -> None:
    assert resolve(b"caf\xe9").encoding == "latin-1"
    assert resolve("caf\u00e9".encode()).encoding == "utf-8"


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        (b"interface Gi0/1\x1b[2K\x1b[1Gernet", ((0, "interface Gi0/1"),)),
        (b"one\r\nabc\rXYZ\r\n", ((1, "abc"),)),
        (b"abc\rabc", ()),
        (b"\rLAB#", ()),
        (b"LAB# \rLAB# show", ()),
        (b"    \x1b[2Ktext", ()),
        (b"text \x1b\xc3\xa9", ((0, "\x1b"),)),
    ],
)
def test_text_that_was_drawn_over_is_reported(said: bytes, lost: tuple[object, ...]) -> None:
    assert resolve(said).lost == lost


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_plain_text_comes_back_as_it_was(text: str) -> None:
    assert resolve(text.encode()).lines == [text]


@given(st.binary(max_size=300))
def test_any_bytes_resolve_to_text_without_what_a_terminal_acts_upon(said: bytes) -> None:
    screen = resolve(said)

    assert not set("\0\a\b\r\x1b\x7f") & set("".join(screen.lines))


@given(st.binary(max_size=200))
def test_every_byte_string_can_be_decoded(said: bytes) -> None:
    text, encoding = decode(said)

    assert text.encode(encoding) == said


def test_an_unfinished_line_is_seen_without_blanks_around_it() -> None:
    assert visible_line(b"\r \x1b[1mLAB-SW1#\x1b[0m ") == "LAB-SW1#"


def test_a_wrapped_echo_is_squashed_to_the_command() -> None:
    assert squash("show runn \r\n\x1b[King-config") == "showrunning-config"


NINES = b"9" * 5000


@pytest.mark.parametrize("final", [b"C", b"G", b"@", b"X", b"P", b"D", b"K"])
def test_no_number_is_too_large_and_none_makes_a_line_longer_than_a_screen(final: bytes) -> None:
    assert len(resolve(b"a\x1b[" + NINES + final + b"b").text) <= 513
    assert len(resolve(b"a" + (b"\x1b[1;" + NINES + b"H\x1b[" + NINES + final) * 9).text) <= 513


def test_little_output_does_not_become_endless_blank_space() -> None:
    said = b"\x1b[9999Cx\n" * 70_000

    text = resolve(said).text

    assert len(text) < 17 * 1024 * 1024
    assert text.count("x") == 70_000
