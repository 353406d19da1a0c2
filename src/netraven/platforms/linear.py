"""Patterns of people who are not us: run by RE2, in time proportional to the text, whatever it is.

That is their time limit: a text is at most as long as a session lets a device talk, and a pattern
may take only so much memory. What RE2 cannot run in that time (look-around, back-references) it
refuses before anything runs.
"""

from __future__ import annotations

import re
from typing import Final, cast

import re2

MAX_CHARACTERS: Final = 2000
"""The longest pattern that is taken."""


def linear_pattern(text: str) -> re.Pattern[str]:
    r"""Return the pattern as RE2 runs it, with the interface of the standard library's.

    Letters, digits and blanks (`\w`, `\d`, `\s`) are those of ASCII. Raises ValueError with the
    reason in a few words.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"it is longer than {MAX_CHARACTERS} characters")
    try:
        compiled = re2.compile(text, _options())
    except re2.error as error:
        raise ValueError(_in_words(text, error)) from None
    return _as_usual(compiled)


def joined_pattern(text: str) -> re.Pattern[str]:
    """Return what is made of patterns that were each taken before, however long it is."""
    return _as_usual(re2.compile(text, _options()))


_MEMORY_BYTES: Final = 8 * 1024 * 1024
_UNBOUNDED: Final = re.compile(r"\(\?(?:<?[=!]|P=|>)|(?<!\\)(?:\\\\)*\\[1-9]|[*+?}]\+")
_REASONS: Final = (
    ("missing ]", "a [ is never closed"),
    ("missing )", "a ( is never closed"),
    ("unexpected )", "a ) closes nothing"),
    ("no argument for repetition", "a * or + or ? or {} repeats nothing"),
    ("invalid repetition size", "it repeats too often; at most 1000 times in all"),
    ("bad repetition operator", "two repetitions stand behind each other"),
    ("invalid character class", "a character class in [] is wrong"),
    ("invalid escape sequence", "a \\ stands before a character that needs none"),
    ("trailing \\", "it ends in a lone \\"),
    ("pattern too large", "it needs too much memory"),
)


def _as_usual(compiled: object) -> re.Pattern[str]:
    # RE2's module is made to stand in for `re`; what is used of it here is tested.
    return cast("re.Pattern[str]", compiled)


def _in_words(text: str, error: Exception) -> str:
    if _UNBOUNDED.search(text) is not None:
        return (
            "it uses look-around, a back-reference or a possessive repetition, whose time has no "
            "limit; write it without"
        )
    said = error.args[0].decode("utf-8", "replace") if error.args else ""
    reason = next((words for sign, words in _REASONS if said.startswith(sign)), said)
    return f"it is no regular expression that RE2 takes: {reason}"


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    return options
