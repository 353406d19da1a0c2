"""What may be shown of a session's record, which is not the clean text that rules are made for.

A record holds terminal codes, breaks off anywhere, and lacks its middle where it was too long.
Where that may keep a rule from seeing a secret, the line is not shown.
"""

from __future__ import annotations

import re

from netraven.archive.redact import NOTHING_SHOWN, redact
from netraven.platforms.linear import joined_pattern
from netraven.platforms.platform import Platform
from netraven.platforms.secrets import HiddenBlock, HiddenRest


def bounded(text: str, most_bytes: int) -> str:
    """Return the text, or its first and last lines that fit, with a mark of what was left out.

    What is kept takes at most `most_bytes` of UTF-8, without the mark.
    """
    whole = text.encode("utf-8", "replace")
    if len(whole) <= most_bytes:
        return whole.decode()
    head = whole[: most_bytes // _HEAD_SHARE]
    tail = whole[len(whole) - (most_bytes - len(head)) :]
    # Whole lines only: of half a line nobody can tell what it holds.
    head, tail = head[: head.rfind(b"\n") + 1], tail.partition(b"\n")[2]
    left_out = len(whole) - len(head) - len(tail)
    return head.decode() + f"[... {left_out} bytes left out ...]\n" + tail.decode()


def show(record: str, platform: Platform, key: bytes, *, breaks_off: bool = False) -> str:
    """Return the record with each secret as its token and each doubtful line as `NOTHING_SHOWN`.

    Doubtful are lines that a terminal would draw over, what follows a gap until the context is
    known again, and a line that may be half: the last one of a record that `breaks_off` and the
    one before a gap, else an unfinished one that is neither prompt nor question.
    """
    pieces = _GAP.split(record)
    marks = [*_GAP.findall(record), ""]
    shown = [
        _show_piece(piece, platform, key, is_first=number == 0, breaks_off=bool(mark) or breaks_off)
        for number, (piece, mark) in enumerate(zip(pieces, marks, strict=True))
    ]
    return "".join(piece + mark for piece, mark in zip(shown, marks, strict=True))


_HEAD_SHARE = 4
# As the session's own record has it, too; whoever forges one only has more hidden.
_GAP = re.compile(r"^\[\.\.\. \d+ bytes left out \.\.\.\]\n?", re.MULTILINE)
# Colours, modes and titles, and erasing where there is nothing to erase: nothing is drawn over.
_HARMLESS = re.compile(
    r"\x1b\[[0-9;]*m|\x1b\[\?[0-9;]*[hl]|\x1b[=>]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)"
    r"|^[\r\x07]*\x1b\[[0-9;]*[KJ]|\x1b\[[0-9;]*[KJ](?=\r*$)|[\x00\x07]"
)
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b.?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# A sentence without digits, at most with a choice behind it: no value can stand in it.
_QUESTION = re.compile(
    r"%? ?[A-Z][A-Za-z ,.'-]*(?:[?] )?(?:[\[(][A-Za-z/ ]*[\])])? ?[?:.]?(?<=[?:.\])])"
)


def _show_piece(
    piece: str, platform: Platform, key: bytes, *, is_first: bool, breaks_off: bool
) -> str:
    """Return what may be shown of one unbroken piece of a record."""
    lines = [_HARMLESS.sub("", line).strip("\r") for line in piece.split("\n")]
    plain = [_CONTROLS.sub("", _SEQUENCE.sub("", line)) for line in lines]
    view = redact("\n".join(plain), platform, key).split("\n")
    # By RE2, since the platform may be a user's own.
    pagers = [joined_pattern(pager.pattern.pattern.removesuffix("$")) for pager in platform.pagers]
    hidden = {
        number
        for number, line in enumerate(lines)
        if line != plain[number] or any(_goes_on_behind(pager, line) for pager in pagers)
    }
    if not is_first:
        hidden |= set(range(_lines_without_context(plain, platform)))
    if breaks_off:
        hidden |= _last_of(plain)
    elif not _may_stand_last(plain[-1], view[-1], platform):
        hidden.add(len(plain) - 1)
    for number in hidden:
        view[number] = NOTHING_SHOWN if lines[number].strip() else ""
    return "\n".join(view)


def _goes_on_behind(pager: re.Pattern[str], line: str) -> bool:
    """Tell whether text follows a pager on its line, where no rule looks for a command."""
    match = pager.search(line)
    return match is not None and bool(line[match.end() :].strip())


def _last_of(lines: list[str]) -> set[int]:
    """Return the number of the last line that is not blank, in a set for want of any."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return set(filled[-1:])


def _lines_without_context(lines: list[str], platform: Platform) -> int:
    """Return how many lines behind a gap may belong to a section or a key that began in it."""
    starts = (number for number, line in enumerate(lines) if line.strip() and line[0] not in " \t")
    unsure = next(starts, len(lines))
    for rule in platform.secrets:
        if isinstance(rule, HiddenBlock):
            begins = joined_pattern(f"(?i){rule.begin}")
            for number, line in enumerate(lines):
                if begins.search(line):
                    break
                if rule.end in line:
                    unsure = max(unsure, number + 1)
                    break
        elif isinstance(rule, HiddenRest):
            goes_on = joined_pattern(f"(?i){rule.goes_on}")
            ended = (number for number, line in enumerate(lines) if goes_on.search(line) is None)
            unsure = max(unsure, next(ended, len(lines)) + 1)
    return min(unsure, len(lines))


def _may_stand_last(line: str, shown: str, platform: Platform) -> bool:
    """Tell whether an unfinished line is what a session may have waited at, and no half secret."""
    if line != shown:
        return False
    awaited = [platform.prompt, _QUESTION]
    awaited += [pager.pattern for pager in platform.pagers]
    awaited += [question.pattern for question in platform.questions]
    awaited += [] if platform.enable is None else [platform.enable.question]
    return any(pattern.fullmatch(line.strip()) for pattern in awaited)
