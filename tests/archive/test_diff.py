"""Diffs: exact counts, appliable by anybody's tools, bounded in time whatever the texts."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.archive.diff import TextDiff, diff_texts
from netraven.errors import Invalid

LINES = st.lists(st.sampled_from([b"!", b"interface 1", b" shutdown", b"\r", b"end"]), max_size=14)
ENDINGS = st.sampled_from([b"", b"\n"])
TEXTS = st.builds(lambda lines, ending: b"\n".join(lines) + ending, LINES, ENDINGS)


def test_equal_texts_differ_in_nothing() -> None:
    assert diff_texts(b"a\nb\n", b"a\nb\n") == TextDiff(0, 0, "")
    assert diff_texts(b"", b"") == TextDiff(0, 0, "")


def test_a_replaced_line_counts_on_both_sides() -> None:
    found = diff_texts(b"a\nb\n", b"a\nc\nd\n")

    assert (found.added, found.removed) == (2, 1)
    assert found.diff == "--- a\n+++ b\n@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n"


def test_a_missing_final_newline_is_a_difference() -> None:
    found = diff_texts(b"a\nb", b"a\nb\n")

    assert (found.added, found.removed) == (1, 1)
    assert found.diff.endswith(" a\n-b\n\\ No newline at end of file\n+b\n")


def test_an_empty_text_is_line_zero() -> None:
    assert "@@ -0,0 +1,2 @@" in diff_texts(b"", b"a\nb\n").diff
    assert "@@ -1 +0,0 @@" in diff_texts(b"a\n", b"").diff


def test_only_line_feeds_end_lines() -> None:
    found = diff_texts(b"a\rb\x0bc\xc2\x85d\n", b"a\rb\x0bc\xc2\x85e\n")

    assert (found.added, found.removed) == (1, 1)


def test_bytes_that_are_no_text_come_back() -> None:
    found = diff_texts(b"\xff\n", b"\xfe\n")

    assert found.diff.encode("utf-8", "surrogateescape").endswith(b"-\xff\n+\xfe\n")


def test_changes_far_apart_stand_in_hunks_of_their_own() -> None:
    lines = [b"%d\n" % number for number in range(30)]
    changed = [b"x\n" if number in {3, 9, 25} else line for number, line in enumerate(lines)]

    found = diff_texts(b"".join(lines), b"".join(changed))
    without_context = diff_texts(b"".join(lines), b"".join(changed), context=0)

    assert re.findall(r"@@ .*", found.diff) == ["@@ -1,13 +1,13 @@", "@@ -23,7 +23,7 @@"]
    assert without_context.diff.count("@@ -") == 3


def test_an_added_section_is_shown_as_one_piece() -> None:
    old = b"interface 1\n ip 1\n!\ninterface 3\n ip 3\n!\n"
    new = b"interface 1\n ip 1\n!\ninterface 2\n ip 2\n!\ninterface 3\n ip 3\n!\n"

    found = diff_texts(old, new)

    assert "\n !\n+interface 2\n+ ip 2\n+!\n interface 3\n" in found.diff


def test_negative_context_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        diff_texts(b"a\n", b"b\n", context=-1)

    assert refused.value.field == "context"


@given(TEXTS, TEXTS, st.integers(0, 4))
def test_applying_the_diff_to_a_gives_b(a: bytes, b: bytes, context: int) -> None:
    assert applied(diff_texts(a, b, context=context).diff, a) == b


@given(TEXTS, TEXTS)
def test_the_counts_are_the_fewest_possible(a: bytes, b: bytes) -> None:
    kept = longest_common(split(a), split(b))

    found = diff_texts(a, b)

    assert (found.added, found.removed) == (len(split(b)) - kept, len(split(a)) - kept)
    marks = [line[:1] for line in hunk_lines(found)]
    assert (marks.count(b"+"), marks.count(b"-")) == (found.added, found.removed)


@pytest.mark.skipif(shutil.which("patch") is None, reason="GNU patch is not installed here")
def test_patch_makes_b_of_a(tmp_path: Path) -> None:
    chance = random.Random(20)
    for number in range(25):
        a, b = edited_pair(chance)
        if a == b:
            continue
        target = tmp_path / f"{number}.cfg"
        target.write_bytes(a)

        subprocess.run(
            ["patch", "--binary", "--silent", str(target)],
            input=diff_texts(a, b).diff.encode("utf-8", "surrogateescape"),
            check=True,
        )

        assert target.read_bytes() == b


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed here")
def test_git_apply_makes_b_of_a(tmp_path: Path) -> None:
    chance = random.Random(21)
    for _ in range(25):
        a, b = edited_pair(chance)
        if a == b or not a or not b:
            continue
        (tmp_path / "a").write_bytes(a)
        diff = diff_texts(a, b).diff.replace("--- a\n+++ b\n", "--- x/a\n+++ y/a\n", 1)

        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            input=diff.encode("utf-8", "surrogateescape"),
            cwd=tmp_path,
            check=True,
        )

        assert (tmp_path / "a").read_bytes() == b


def test_long_texts_with_few_changes_are_compared_exactly() -> None:
    chance = random.Random(22)
    lines = [
        b"access-list 100 permit ip host %d any\n" % chance.randrange(10**9) for _ in range(110_000)
    ]
    changed = list(lines)
    for place in range(0, 110_000, 1_000):
        changed[place] = b"changed %d\n" % place

    found = diff_texts(b"".join(lines), b"".join(changed))

    assert (found.added, found.removed) == (110, 110)


def test_a_text_in_another_order_is_compared_exactly() -> None:
    chance = random.Random(23)
    lines = [b"%d\n" % number for number in range(2_000)]
    shuffled = chance.sample(lines, len(lines))
    kept = longest_common(lines[:400], [line for line in shuffled if line in set(lines[:400])])

    found = diff_texts(
        b"".join(lines[:400]), b"".join(line for line in shuffled if line in set(lines[:400]))
    )

    assert found.removed == 400 - kept


@pytest.mark.parametrize("distinct", [2, 60, 5_000])
def test_texts_of_repeated_lines_in_any_order_still_give_a_correct_diff(distinct: int) -> None:
    chance = random.Random(distinct)
    a = b"".join(b"word %d\n" % chance.randrange(distinct) for _ in range(30_000))
    b = b"".join(b"word %d\n" % chance.randrange(distinct) for _ in range(30_000))

    found = diff_texts(a, b, context=0)

    assert applied(found.diff, a) == b


def edited_pair(chance: random.Random) -> tuple[bytes, bytes]:
    a = [b"line %d\n" % chance.randrange(12) for _ in range(chance.randrange(60))]
    b = [line for line in a if chance.random() > 0.1]
    for _ in range(chance.randrange(6)):
        b.insert(chance.randrange(len(b) + 1), b"new %d\n" % chance.randrange(4))
    ending = chance.choice([b"", b"last"])
    return b"".join(a), b"".join(b) + ending


def split(text: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", text)


def longest_common(a: list[bytes], b: list[bytes]) -> int:
    """Return the length of the longest common subsequence, by the textbook's table."""
    row = [0] * (len(b) + 1)
    for left in a:
        above = row
        row = [0]
        for place, right in enumerate(b):
            row.append(above[place] + 1 if left == right else max(above[place + 1], row[place]))
    return row[-1]


def hunk_lines(found: TextDiff) -> list[bytes]:
    lines = split(found.diff.encode("utf-8", "surrogateescape"))
    return [line for line in lines[2:] if not line.startswith((b"@@", b"\\"))]


def applied(diff: str, a: bytes) -> bytes:
    """Apply a unified diff, checking every line and every number it states about both texts."""
    if not diff:
        return a
    lines = split(diff.encode("utf-8", "surrogateescape"))
    assert lines[:2] == [b"--- a\n", b"+++ b\n"]
    source, made = split(a), []
    position = 0
    left_a = left_b = 0
    for number, line in enumerate(lines[2:], start=2):
        mark, text = line[:1], line[1:]
        if mark == b"@":
            assert left_a == left_b == 0
            heading = re.fullmatch(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n", line)
            assert heading
            start_a, left_a, start_b, left_b = (
                int(group) if group is not None else 1 for group in heading.groups()
            )
            begin = start_a - 1 if left_a else start_a
            made += source[position:begin]
            position = begin
            assert len(made) == (start_b - 1 if left_b else start_b)
            continue
        if mark == b"\\":
            continue
        if number + 1 < len(lines) and lines[number + 1].startswith(b"\\"):
            text = text[:-1]
        if mark in b" -":
            assert source[position] == text
            position += 1
            left_a -= 1
        if mark in b" +":
            made.append(text)
            left_b -= 1
    assert left_a == left_b == 0
    return b"".join(made + source[position:])
