"""The prompt of one device: found by the platform's pattern, then known by its exact text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from netraven.platforms.platform import Platform

_NUMBER: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A learned prompt: `text` is how it was seen last, without blanks around it.

    `exact` is what it is known by: a text, or a pattern where numbers in it change. `name` is
    the host name in it, None where it shows none.
    """

    text: str
    exact: str | re.Pattern[str]
    name: str | None

    def is_shown_by(self, line: str) -> bool:
        """Tell whether a visible line is this prompt and nothing besides."""
        if isinstance(self.exact, str):
            return line in (self.text, self.exact)
        return line == self.text or self.exact.fullmatch(line) is not None

    def is_part_of(self, whole: Prompt) -> bool:
        """Tell whether it is only the beginning of another, the rest of which is on its way."""
        return self.text != whole.text and whole.text.startswith(self.text)


def find_prompt(line: str, platform: Platform) -> Prompt | None:
    """Return the prompt that a visible line is by the platform's pattern, or None."""
    match = platform.prompt.fullmatch(line)
    if match is None:
        return None
    name = next(filter(None, match.groupdict().values()), None)
    return Prompt(text=line, exact=line, name=name)


def merge_prompts(known: Prompt, seen: Prompt) -> Prompt:
    """Return the prompt that both sights stand for; where they disagree, the later one.

    Numbers in which they differ (a clock, a command counter) are left open, but never any in
    the host name.
    """
    if known.is_shown_by(seen.text):
        return known
    before, after = _NUMBER.split(known.text), _NUMBER.split(seen.text)
    if known.name != seen.name or before[::2] != after[::2]:
        return seen
    pairs = zip(before, after, strict=True)
    exact = "".join(re.escape(new) if old == new else r"\d+" for old, new in pairs)
    return Prompt(text=seen.text, exact=re.compile(exact), name=seen.name)
