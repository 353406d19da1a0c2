"""Signs that an answer is not what the device meant to say, found in its bytes and its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from netraven.collect.prompt import Prompt
from netraven.collect.terminal import LATIN_1, Screen
from netraven.platforms.linear import joined_pattern
from netraven.platforms.literals import find_free_text
from netraven.platforms.observation import Oddity
from netraven.platforms.platform import BlockSyntax, Command, Platform

_PROGRESS: Final = re.compile(r"[\s.]*")
_FIRST_LETTERS: Final = re.compile(r"([A-Za-z0-9 :#!</>=_-]+)(?![*?+{A-Za-z0-9 :#!</>=_-])")
_BEFORE_NUMBERS: Final = re.compile(r"\D*")
_UTF_8_OR_NOTHING: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\x81\x8d\x8f\x90\x9d\xfe\xff]"
)


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks against an answer.

    `oddities` are never part of a whole configuration. `doubts` may be (free text may hold a
    prompt): a second reading that is the same dispels them.
    """

    oddities: frozenset[Oddity] = frozenset()
    doubts: frozenset[Oddity] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.oddities or self.doubts)

    def __or__(self, other: Signs) -> Signs:
        return Signs(self.oddities | other.oddities, self.doubts | other.doubts)

    def all(self) -> tuple[Oddity, ...]:
        """Return everything that speaks against the answer, in a fixed order."""
        return tuple(sorted(self.oddities | self.doubts))


GUESSED_PAGER: Final = Signs(doubts=frozenset({Oddity.PAGER_IN_TEXT}))
"""What was taken for a pager may have been a line of the text before a long pause."""


def find_overwriting(screen: Screen, start: int, command: Command) -> Signs:
    """Look for text of the answer, which begins at `start`, that was drawn over or erased."""
    first = screen.text.count("\n", 0, start)
    if any(_is_damage(number - first, gone, command) for number, gone in screen.lost):
        return Signs(oddities=frozenset({Oddity.TEXT_OVERWRITTEN}))
    return Signs()


def find_mixture(raw: bytes, screen: Screen) -> Signs:
    """Look for UTF-8, and bytes that are no letters, in a text that only Latin-1 could read.

    People do write both into one configuration, so it is a doubt only.
    """
    if screen.encoding == LATIN_1 and _UTF_8_OR_NOTHING.search(raw) is not None:
        return Signs(doubts=frozenset({Oddity.MIXED_ENCODING}))
    return Signs()


def find_intruders(text: str, prompt: Prompt, platform: Platform, *, typed: str = "") -> Signs:
    """Look for log messages, prompts, pagers and errors, and for an end in the middle.

    `typed` is the command: echoed again behind a prompt, it is no part of its own answer.
    """
    patterns = _patterns_of(platform)
    free_text = find_free_text(text, platform)
    oddities: set[Oddity] = set()
    doubts: set[Oddity] = set()
    last_line_at = text.rfind("\n") + 1
    if any(last_line_at in block for block in free_text):
        oddities.add(Oddity.END_IN_FREE_TEXT)
    # The end itself stands in the last line with text of nearly every answer.
    end_at = text.rstrip().rfind("\n") + 1
    is_strange = patterns.or_an_end.search(text[:end_at]) is not None
    if is_strange or patterns.any_of_them.search(text[end_at:]) is not None:
        for oddity, match in patterns.matches(text):
            if oddity is Oddity.PROMPT_IN_TEXT and not _is_prompt(match.group(), prompt):
                continue
            is_free = any(match.start() in block for block in free_text)
            (doubts if is_free else oddities).add(oddity)
    if _has_line_from_prompt(text, prompt, typed, free_text):
        oddities.add(Oddity.PROMPT_IN_TEXT)
    elif prompt.name is None and any(_lines_from_nameless(text, prompt)):
        doubts.add(Oddity.PROMPT_IN_TEXT)
    if is_strange and _has_end_in_the_middle(text, platform, free_text):
        oddities.add(Oddity.END_IN_TEXT)
    return Signs(frozenset(oddities), frozenset(doubts))


def find_open_blocks(text: str, platform: Platform) -> Signs:
    """Look for blocks in braces that are not closed: what a text cut in the middle leaves.

    A line opens a block with a brace at its end, and closes one where a brace is all it has;
    comments do neither.
    """
    if platform.blocks is not BlockSyntax.BRACES:
        return Signs()
    depth = 0
    for line in map(str.strip, text.split("\n")):
        if line.startswith(("/*", platform.comment)):
            continue
        depth += line.endswith("{") - (line == "}")
    return Signs(oddities=frozenset({Oddity.BLOCKS_UNBALANCED})) if depth else Signs()


class _Patterns:
    """A platform's signs: each apart, and all at once, which is quick to find none.

    Both by RE2, since the platform may be a user's own. `or_an_end` finds the end marker, too.
    """

    def __init__(self, signs: tuple[tuple[Oddity, str], ...], end: str) -> None:
        any_of_them = "(?m)" + "|".join(f"(?:{text})" for _, text in signs)
        self.any_of_them = joined_pattern(any_of_them)
        self.or_an_end = joined_pattern(f"{any_of_them}|{_whole_line(end)}" if end else any_of_them)
        self._apart = [(oddity, joined_pattern(f"(?m){text}")) for oddity, text in signs]

    def matches(self, text: str) -> Iterator[tuple[Oddity, re.Match[str]]]:
        for oddity, pattern in self._apart:
            for match in pattern.finditer(text):
                yield oddity, match


def _is_damage(line: int, gone: str, command: Command) -> bool:
    """Tell whether overwritten text was part of the answer, not progress shown before it."""
    if line != 0:
        return line > 0
    is_chatter = command.preamble is not None and command.preamble.fullmatch(gone) is not None
    return not is_chatter and _PROGRESS.fullmatch(gone) is None


def _has_line_from_prompt(
    text: str, prompt: Prompt, typed: str, free_text: Sequence[range]
) -> bool:
    """Tell whether a line begins with the learned prompt: something was typed or told behind it.

    A prompt without a name, such as `#`, may begin any line, but not one that goes on as typed;
    an arrow begins none.
    """
    begins: Iterable[int] = _lines_from_prompt(text, prompt)
    if prompt.name is None and not prompt.text.endswith(">"):
        echo = re.compile(rf"{re.escape(prompt.text)} ?{re.escape(typed)}[ \t]*$", re.MULTILINE)
        begins = (at for at in begins if typed and echo.match(text, at))
    return any(not any(at in block for block in free_text) for at in begins)


def _lines_from_nameless(text: str, prompt: Prompt) -> Iterator[bool]:
    """Yield True for each line that goes on behind the prompt: `#` and a blank begin a comment."""
    if not prompt.text.endswith("#"):
        yield from (True for _ in _lines_beginning(f"{prompt.text} ", text))


def _lines_from_prompt(text: str, prompt: Prompt) -> Iterator[int]:
    """Yield where the lines begin that begin with the prompt, whatever the numbers that move."""
    exact = prompt.exact
    if isinstance(exact, str):
        yield from _lines_beginning(prompt.text, text)
        return
    letters = _BEFORE_NUMBERS.match(prompt.text)
    for at in _lines_beginning(letters.group() if letters else "", text):
        if exact.match(text, at) is not None:
            yield at


def _has_end_in_the_middle(text: str, platform: Platform, free_text: Sequence[range]) -> bool:
    """Tell whether the end marker stands above the last line with text, but in free text."""
    marker = platform.completeness.end_marker
    if marker is None:
        return False
    last_line_at = text.rstrip().rfind("\n") + 1
    ends = (at for at in _ends(marker.pattern, text) if at < last_line_at)
    return any(not any(at in block for block in free_text) for at in ends)


def _ends(marker: str, text: str) -> Iterator[int]:
    """Yield where the lines begin that are an end marker.

    RE2 in Python turns a whole text into bytes for each question, so where a marker begins with
    letters, only lines that do are asked about.
    """
    pattern, letters = _end_marker(marker)
    if not letters:
        yield from (match.start() for match in pattern.finditer(text))
        return
    for at in _lines_beginning(letters, text):
        behind = text.find("\n", at)
        if pattern.match(text[at : behind if behind >= 0 else len(text)]) is not None:
            yield at


def _lines_beginning(letters: str, text: str) -> Iterator[int]:
    """Yield where the lines begin that begin with these letters."""
    if text.startswith(letters):
        yield 0
    wanted = f"\n{letters}"
    at = text.find(wanted)
    while at >= 0:
        yield at + 1
        at = text.find(wanted, at + 1)


@lru_cache(maxsize=256)
def _end_marker(pattern: str) -> tuple[re.Pattern[str], str]:
    """Return the marker as a whole line, and the letters that every such line begins with."""
    begins = _FIRST_LETTERS.match(pattern)
    letters = "" if begins is None or "|" in pattern else begins.group(1)
    return joined_pattern(f"(?m){_whole_line(pattern)}"), letters


def _whole_line(marker: str) -> str:
    return rf"^(?:{marker})[ \t\r]*$"


def _is_prompt(line: str, prompt: Prompt) -> bool:
    """Tell whether a line is a prompt: one with blanks in it could be any sentence."""
    line = line.rstrip()
    return " " not in line or line == prompt.text


def _patterns_of(platform: Platform) -> _Patterns:
    marker = platform.completeness.end_marker
    return _compile(
        prompt=platform.prompt.pattern,
        pagers="|".join(pager.pattern.pattern for pager in platform.pagers),
        intruders="|".join(pattern.pattern for pattern in platform.intruders),
        errors="|".join(pattern.pattern for pattern in platform.errors),
        end="" if marker is None else marker.pattern,
    )


@lru_cache(maxsize=256)
def _compile(*, prompt: str, pagers: str, intruders: str, errors: str, end: str) -> _Patterns:
    signs = (
        (Oddity.PROMPT_IN_TEXT, rf"^(?:{prompt}) *$"),
        (Oddity.PAGER_IN_TEXT, pagers),
        (Oddity.LOG_LINE, rf"^(?:{intruders})" if intruders else ""),
        (Oddity.ERROR_IN_TEXT, rf"^ *(?:{errors})" if errors else ""),
    )
    return _Patterns(tuple((oddity, text) for oddity, text in signs if text), end)
