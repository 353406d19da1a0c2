"""What is searched for: a text, whole words, or a regular expression, found in time by its length.

Regular expressions are those of RE2, which takes time in proportion to the text whatever they say;
it knows no look-around and no back-references.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

import re2
from typing_extensions import override

from netraven.errors import Invalid

LEAST_CHARACTERS = 2
MOST_CHARACTERS = 1000


class PatternKind(StrEnum):
    """How a pattern is read; `line` is a whole line, whatever stands before and behind it."""

    LITERAL = "literal"
    WORDS = "words"
    REGEX = "regex"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class SearchPattern:
    """A pattern ready to run, which another process makes anew from what was `asked`.

    `find` returns where the next candidate begins at or behind an offset, or -1; `fits` tells
    whether a line is a hit. No hit lies in a line without a candidate.
    """

    asked: tuple[str, PatternKind, bool]
    find: Callable[[bytes, int], int]
    fits: Callable[[bytes], bool]

    @override
    def __reduce__(self) -> tuple[Callable[..., SearchPattern], tuple[str, PatternKind, bool]]:
        return _read_again, self.asked


def read_pattern(pattern: str, kind: PatternKind | str, *, case: bool) -> SearchPattern:
    """Return the pattern, minding upper and lower case where `case`; raises Invalid("pattern").

    Patterns that would find nearly every line are refused: of less than two characters, or such
    as match an empty line.
    """
    try:
        read_as = PatternKind(kind)
    except ValueError:
        raise Invalid("kind", f"is none of {', '.join(PatternKind)}") from None
    wanted = pattern if read_as is PatternKind.REGEX else pattern.strip()
    if len(wanted) < LEAST_CHARACTERS:
        reason = f"write at least {LEAST_CHARACTERS} characters; less stands in nearly every line"
        raise Invalid("pattern", reason)
    if len(wanted) > MOST_CHARACTERS:
        raise Invalid("pattern", f"has more than {MOST_CHARACTERS} characters")
    if any(letter in wanted for letter in "\n\r\0"):
        raise Invalid("pattern", "a pattern stays within one line")
    finder = _finder(wanted, read_as, case=case)
    return SearchPattern((pattern, read_as, case), finder.find, finder.fits)


@lru_cache(maxsize=32)
def _read_again(pattern: str, kind: PatternKind, case: bool) -> SearchPattern:  # noqa: FBT001
    return read_pattern(pattern, kind, case=case)


class _Finder(NamedTuple):
    find: Callable[[bytes, int], int]
    fits: Callable[[bytes], bool]


def _finder(wanted: str, kind: PatternKind, *, case: bool) -> _Finder:
    match kind:
        case PatternKind.LITERAL:
            return _literal(wanted, case=case)
        case PatternKind.LINE:
            return _line(wanted, case=case)
        case PatternKind.WORDS:
            return _words(wanted.split(), case=case)
        case PatternKind.REGEX:
            return _regex(wanted, case=case)


# A word reaches from one end of a run of letters, digits and underscores to another; points and
# colons within addresses belong to it, those behind sentences do not.
_BEGIN = r"(?:^|[^\pL\pN_.:]|(?:^|[^\pL\pN_])[.:])"
_END = r"(?:$|[^\pL\pN_.:]|[.:](?:$|[^\pL\pN_]))"
# Only these three look beyond a line, or at bytes that are no characters.
_BEYOND_LINES = re.compile(r"(?<!\\)(?:\\\\)*\\[AzC]")
_MEMORY_BYTES = 64 * 1024 * 1024
_ORDERED_WORDS = 3


def _literal(text: str, *, case: bool) -> _Finder:
    if not case:
        return _compiled(re2.escape(text), case=False)
    wanted = _bytes(text)
    return _Finder(lambda lines, start: lines.find(wanted, start), lambda line: wanted in line)


def _line(text: str, *, case: bool) -> _Finder:
    if not case:
        return _compiled(rf"^[ \t]*{re2.escape(text)}[ \t\r]*$", case=False)
    wanted = _bytes(text)
    return _Finder(
        lambda lines, start: lines.find(wanted, start), lambda line: line.strip() == wanted
    )


def _words(words: list[str], *, case: bool) -> _Finder:
    """Return the pattern of lines that have all these words, in any order."""
    if max(map(len, words)) < LEAST_CHARACTERS:
        reason = f"one word needs at least {LEAST_CHARACTERS} characters"
        raise Invalid("pattern", reason)
    fits = [_word_fits(word, case=case) for word in words]
    # One automaton finds the lines that have the longest of them in any order.
    longest = sorted(words, key=len)[-_ORDERED_WORDS:]
    orders = (".*".join(map(re2.escape, order)) for order in permutations(longest))
    candidates = _compiled("|".join(orders), case=case)
    return _Finder(candidates.find, lambda line: all(fit(line) for fit in fits))


def _word_fits(word: str, *, case: bool) -> Callable[[bytes], bool]:
    # What begins or ends in brackets or quotes does so by itself.
    begin, end = _BEGIN if _is_wordy(word[0]) else "", _END if _is_wordy(word[-1]) else ""
    return _compiled(f"{begin}{re2.escape(word)}{end}", case=case).fits


def _is_wordy(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _regex(text: str, *, case: bool) -> _Finder:
    if _BEYOND_LINES.search(text):
        raise Invalid("pattern", r"\A, \z and \C are not known; ^ and $ are the ends of a line")
    pattern = _compiled(text, case=case)
    if pattern.fits(b""):
        raise Invalid("pattern", "it matches an empty line, so it would find every line there is")
    return pattern


def _compiled(text: str, *, case: bool) -> _Finder:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.UTF8
    options.case_sensitive = case
    options.never_nl = True
    options.never_capture = True
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    try:
        # By itself first: in brackets something wrong may come out right.
        re2.compile(_bytes(text), options)
        pattern = re2.compile(_bytes(f"(?m:{text})"), options)
    except re2.error as error:
        told = error.args[0] if error.args else b""
        told = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        reason = f"RE2 knows no such regular expression ({told}); it has no look-around"
        raise Invalid("pattern", f"{reason} and no back-references") from None

    def find(lines: bytes, start: int) -> int:
        match = pattern.search(lines, start)
        return -1 if match is None else int(match.start())

    return _Finder(find, lambda line: pattern.search(line) is not None)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Invalid("pattern", "holds characters that are no text") from None
