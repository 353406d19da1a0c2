"""From the bytes of one command's answer to its text, and what speaks against it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from netraven.collect.prompt import Prompt
from netraven.collect.suspicion import (
    Signs,
    find_intruders,
    find_mixture,
    find_open_blocks,
    find_overwriting,
)
from netraven.collect.terminal import LATIN_1, UTF_8, decode, resolve, squash
from netraven.platforms.observation import CONFIGURATIONS
from netraven.platforms.platform import Command, Pager, Platform

_ECHO_LINES: Final = 24
_WRAPPED_LINES: Final = 8
_REFUSAL_LINES: Final = 12
_ECHO_BYTES: Final = 8192
_TAIL_BYTES: Final = 2048
_SEQUENCE: Final = rb"\x1b\[[0-?]*[ -/]*[@-~]"
_ERASING: Final = re.compile(rb"(?:[ \x08\r]|" + _SEQUENCE + rb")*")
# GNU readline wraps a long line by writing the first character of the next row twice.
_REPEATED_AT_MARGIN: Final = re.compile(r"(.)\r\1")
_UP_TO_CONTROL: Final = re.compile(rb"([^\x08\r\n\x1b]*)(?:\x08|\x1b|\r(?!\r*\n))")
_LAST_CONTROL: Final = re.compile(rb".*(?:[\x08\r]|" + _SEQUENCE + rb")", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One command's answer: its text without echo, chatter and prompt, ended by a newline.

    `confirmed` is what a trailer proved, None where the platform declares none.
    """

    text: str
    encoding: str
    echo_seen: bool
    confirmed: bool | None
    signs: Signs


def read_answer(
    raw: bytes,
    pages: Sequence[int],
    prompt: Prompt,
    *,
    command: Command,
    platform: Platform,
    pagers: Sequence[Pager] = (),
) -> Answer:
    """Return the answer within `raw`: from the prompt it was typed at to the prompt after it.

    `pages` are the offsets at which a pager's prompt ended, one of the platform's or of `pagers`.
    """
    screen = resolve(drop_pagers(raw, pages, (*platform.pagers, *pagers)))
    echo_end = _end_of_echo(raw, _first_lines(screen.text), prompt.text, command.text)
    body = _body_of(screen.text, echo_end or 0, command, platform)
    text, confirmed = _split_trailer(screen.text[body], screen.encoding, platform)
    signs = Signs()
    if command.yields in CONFIGURATIONS:
        signs = find_overwriting(screen, body.start, command) | find_mixture(raw, screen)
        if platform.completeness.trailer is None:
            signs |= find_intruders(text, prompt, platform, typed=command.text)
            signs |= find_open_blocks(text, platform)
    return Answer(
        text=f"{text}\n" if text and not text.endswith("\n") else text,
        encoding=screen.encoding,
        echo_seen=echo_end is not None,
        confirmed=confirmed,
        signs=signs,
    )


def join_answers(first: Answer | None, second: Answer) -> Answer:
    """Return two answers as one text; what speaks against either speaks against both."""
    if first is None:
        return second
    return Answer(
        text=first.text + second.text,
        encoding=max(first.encoding, second.encoding, key=[UTF_8, LATIN_1].index),
        echo_seen=first.echo_seen and second.echo_seen,
        confirmed=None,
        signs=first.signs | second.signs,
    )


def is_refused(text: str, platform: Platform) -> bool:
    """Tell whether a short answer says that the device did not take the command."""
    lines = text.split("\n", _REFUSAL_LINES + 1)
    if len(lines) > _REFUSAL_LINES:
        return False
    return any(pattern.match(line.strip()) for pattern in platform.errors for line in lines)


def ends_in_error(text: str, platform: Platform) -> bool:
    """Tell whether the device ended its answer by saying that it broke off."""
    last = text.rstrip().rpartition("\n")[2].strip()
    return any(pattern.match(last) for pattern in platform.errors)


def find_echo(lines: Sequence[str], prompt: str, command: str) -> int | None:
    """Return the number of the line after the command's echo, None where there is none.

    The echo may be wrapped over lines and drawn anew after a log message.
    """
    wanted = (squash(prompt + command), squash(command))
    for start in range(min(len(lines), _ECHO_LINES)):
        seen = ""
        for number in range(start, min(len(lines), start + _WRAPPED_LINES)):
            seen += squash(lines[number])
            if seen and seen in wanted:
                return number + 1
            if not any(want.startswith(seen) for want in wanted):
                break
    return None


def is_echoed(received: bytes | bytearray, prompt: str, command: str) -> bool:
    """Tell whether a command's echo, ended by a newline, has been received.

    An empty `prompt` means that it is not certain yet: any line that ends in the command counts.
    """
    first_end = received.find(b"\n", 0, _ECHO_BYTES)
    if first_end < 0:
        return False
    first, _ = decode(bytes(received[:first_end]))
    if squash(first).endswith(squash(command)) and (command or not prompt):
        return True
    head = bytes(received[:_ECHO_BYTES])
    lines = resolve(head).lines[:_ECHO_LINES]
    if not prompt and any(squash(line).endswith(squash(command)) for line in lines[:-1]):
        return True
    return _end_of_echo(head, lines, prompt, command) is not None


def last_text_line(received: bytes | bytearray) -> str:
    """Return the last line with text before the one that the cursor stands in."""
    lines = resolve(bytes(received[-_TAIL_BYTES:])).lines[:-1]
    return next((line for line in reversed(lines) if line.strip()), "")


def drop_pagers(raw: bytes, pages: Sequence[int], pagers: Sequence[Pager]) -> bytes:
    """Return the bytes without pager prompts and without what erases them."""
    if not pages:
        return raw
    bounds = [0, *pages, len(raw)]
    parts = [raw[a:b] for a, b in pairwise(bounds)]
    whole = _before_pager(parts[0], pagers)
    for before, part in pairwise(parts):
        rest = _after_pager(part[_late_end(before, part, pagers) :])
        whole += rest if part is parts[-1] else _before_pager(rest, pagers)
    return whole


def _late_end(before: bytes, part: bytes, pagers: Sequence[Pager]) -> int:
    """Return how much of a pager's prompt came only after it had been answered.

    That is up to what erases it, where it was known by its beginning already.
    """
    late = _UP_TO_CONTROL.match(part)
    if late is None or not late.group(1):
        return 0
    begun = before[before.rfind(b"\n") + 1 :]
    line = resolve(begun + late.group(1)).lines[0].rstrip()
    is_pager = any(pager.pattern.search(line) is not None for pager in pagers)
    return late.end(1) if is_pager else 0


def _before_pager(part: bytes, pagers: Sequence[Pager]) -> bytes:
    start = part.rfind(b"\n") + 1
    line = resolve(part[start:]).lines[0].rstrip()
    for pager in pagers:
        match = pager.pattern.search(line)
        if match is not None:
            before = line[: match.start()]
            return part[:start] + (before.encode() if before.strip() else b"")
    return part


def _after_pager(part: bytes) -> bytes:
    """Drop what erases a pager's prompt; where nothing does, the newline that ends its line."""
    match = _ERASING.match(part)
    run = match.group() if match is not None else b""
    rest = part[len(run) :]
    if rest.startswith(b"\n"):
        return rest if run.strip(b" \r") or b"\r" in run.rstrip(b"\r") else rest[1:]
    control = _LAST_CONTROL.match(run)
    return run[control.end() :] + rest if control is not None else part


def _first_lines(text: str) -> list[str]:
    """Return the lines in which an echo is looked for, and the text after them as one more."""
    return text.split("\n", _ECHO_LINES + _WRAPPED_LINES)


def _end_of_echo(raw: bytes, lines: Sequence[str], prompt: str, command: str) -> int | None:
    """Return where the line after the echo begins, also where the cursor garbled the echo."""
    end = find_echo(lines, prompt, command)
    if end is None and command:
        line, _ = decode(raw.partition(b"\n")[0])
        drawn = (squash(line), squash(_REPEATED_AT_MARGIN.sub(r"\1", line)))
        end = 1 if any(echo.endswith(squash(command)) for echo in drawn) else None
    return None if end is None else sum(len(line) + 1 for line in lines[:end])


def _body_of(text: str, start: int, command: Command, platform: Platform) -> slice:
    """Return where the answer stands: after echo and chatter, before the closing prompt.

    Blank lines around it are the terminal's, except where the answer's size is declared.
    """
    end = text.rfind("\n") + 1
    if platform.completeness.trailer is None:
        end = _end_before(text, start, end, platform.prompt_lead)
        start = _start_behind(text, start, end, command.preamble)
    return slice(start, max(start, end - 1))


def _end_before(text: str, start: int, end: int, blank: re.Pattern[str] | None) -> int:
    """Return where lines with text end; `end` is where the closing prompt's line begins."""
    while end > start:
        line_at = text.rfind("\n", 0, end - 1) + 1
        if not _is_blank_or(text[line_at : end - 1], blank):
            break
        end = line_at
    return end


def _start_behind(text: str, start: int, end: int, blank: re.Pattern[str] | None) -> int:
    while start < end:
        line_end = text.index("\n", start)
        if not _is_blank_or(text[start:line_end], blank):
            break
        start = line_end + 1
    return start


def _is_blank_or(line: str, pattern: re.Pattern[str] | None) -> bool:
    return not line.strip() or (pattern is not None and pattern.fullmatch(line) is not None)


def _split_trailer(text: str, encoding: str, platform: Platform) -> tuple[str, bool | None]:
    """Return the text before the trailer, and whether the trailer confirms it."""
    trailer = platform.completeness.trailer
    if trailer is None:
        return text, None
    before, _, last = text.rpartition("\n")
    match = trailer.fullmatch(last)
    if match is None:
        return text, False
    declared = match.groupdict().get("bytes")
    return before, declared is None or int(declared) == len(before.encode(encoding))
