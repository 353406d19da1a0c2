"""Frames: any text comes back exactly, on any base, and from nothing but its own frame."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.archive.codec import check_text, content_hash, make_frame, open_frame
from netraven.db import KeyRing
from netraven.errors import Corrupt, KeyUnavailable
from netraven.seal import SEAL_OVERHEAD_BYTES

RING = KeyRing.generate()
TEXTS = st.binary(max_size=300) | st.text(alphabet="ab\n", max_size=3_000).map(str.encode)


def through_a_frame(text: bytes, base: bytes | None) -> tuple[bytes, bool]:
    address = content_hash(text)
    frame = make_frame(RING, text, address=address, base=base)
    below = base if frame.is_delta else None
    return read(frame.data, address, below, len(text)), frame.is_delta


def read(data: bytes, address: str, base: bytes | None, size: int) -> bytes:
    opened = open_frame(RING, data, address=address, base=base, size=size)
    return check_text(opened, address=address, size=size)


@given(TEXTS, st.none() | TEXTS)
def test_any_text_on_any_base_comes_back(text: bytes, base: bytes | None) -> None:
    assert through_a_frame(text, base)[0] == text


@given(TEXTS, st.lists(st.tuples(st.integers(0, 3_000), st.binary(max_size=20)), max_size=5))
def test_an_edited_text_comes_back_from_its_delta(
    base: bytes, edits: list[tuple[int, bytes]]
) -> None:
    text = base
    for place, inserted in edits:
        text = text[:place] + inserted + text[place:]

    assert through_a_frame(text, base)[0] == text


def test_a_changed_line_takes_a_few_bytes() -> None:
    chance = random.Random(1)
    lines = [b"interface %d description %d\n" % (n, chance.randrange(10**9)) for n in range(1_500)]
    base = b"".join(lines)
    lines[700] = b"interface 700 shutdown\n"
    text = b"".join(lines)

    frame = make_frame(RING, text, address=content_hash(text), base=base)

    assert frame.is_delta
    assert len(frame.data) - SEAL_OVERHEAD_BYTES < 80


@pytest.mark.parametrize("base", [b"", b"short", random.Random(2).randbytes(9_000)])
def test_a_base_that_does_not_help_is_not_used(base: bytes) -> None:
    text = random.Random(3).randbytes(9_000)

    assert through_a_frame(text, base) == (text, False)


def test_a_base_is_used_however_far_away_the_same_lines_stand() -> None:
    chance = random.Random(4)
    block = chance.randbytes(3 * 1024 * 1024)
    base, text = block + b"end\n", b"first\n" + block

    frame = make_frame(RING, text, address=content_hash(text), base=base)

    assert len(frame.data) < 10_000
    assert through_a_frame(text, base) == (text, True)


def test_a_frame_opens_only_at_its_address() -> None:
    text = b"hostname core-1\n"
    frame = make_frame(RING, text, address=content_hash(text), base=None)

    with pytest.raises(Corrupt):
        open_frame(RING, frame.data, address=content_hash(b"other"), base=None, size=len(text))


def test_a_frame_needs_its_key() -> None:
    text = b"hostname core-1\n"
    address = content_hash(text)
    frame = make_frame(KeyRing.generate(), text, address=address, base=None)

    with pytest.raises(KeyUnavailable):
        open_frame(RING, frame.data, address=address, base=None, size=len(text))


def test_on_another_base_a_delta_gives_no_text() -> None:
    chance = random.Random(5)
    base, other = chance.randbytes(2_000), chance.randbytes(2_000)
    text = base + b"changed"
    address = content_hash(text)
    frame = make_frame(RING, text, address=address, base=base)

    for wrong in (other, None):
        with pytest.raises(Corrupt):
            read(frame.data, address, wrong, len(text))


@pytest.mark.parametrize("size", [0, 1_999, 2_001])
def test_a_wrong_size_is_noticed_before_memory_is_spent(size: int) -> None:
    text = b"x" * 2_000
    address = content_hash(text)
    frame = make_frame(RING, text, address=address, base=None)

    with pytest.raises(Corrupt):
        read(frame.data, address, None, size)
