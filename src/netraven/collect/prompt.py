"""The prompt of one device: found by the platform's pattern, then known by its exact text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from netraven.collect.greetings import asks_for_name, asks_for_password
from netraven.collect.pagers import learn_pager
from netraven.platforms.platform import Platform

_NUMBER: Final = re.compile(r"(\d+)")
_CLOCK: Final = re.compile(r"(\d+(?::\d+)*)")
_PROMPT_SHAPE: Final = re.compile(r"(?=.*\w)[^\n]{1,100}[>#$%\]]")
_MENU: Final = re.compile(r"(?i)\b(?:select\w*|choose|choice|option|menu|enter|press|more)\b")
_WORD: Final = re.compile(r"[\w.-]*[^\W\d_][\w.-]*")


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


def repeated_prompt(line: str, again: str) -> Prompt | None:
    """Return the prompt that a line is because it is shown again at Enter, or None.

    So a device is understood whose prompt its users have changed: whatever the line says, it
    ends as prompts do, is no question, menu or pager, and differs in numbers at most (a clock).
    """
    is_repeated = _NUMBER.sub("0", line) == _NUMBER.sub("0", again)
    if not is_repeated or _PROMPT_SHAPE.fullmatch(again) is None or _MENU.search(again):
        return None
    if asks_for_name(again) or asks_for_password(again) or learn_pager(again):
        return None
    name = max(_WORD.findall(again), key=len, default=None)
    first = Prompt(text=line, exact=line, name=name)
    return merge_prompts(first, Prompt(text=again, exact=again, name=name))


def like_prompt(line: str, known: Prompt) -> Prompt | None:
    """Return the prompt that a line is by looking like one, its last character and numbers apart.

    The last character tells what one may do: `>` becomes `#`.
    """
    alike = _NUMBER.sub("0", line[:-1]) == _NUMBER.sub("0", known.text[:-1])
    if not alike or _PROMPT_SHAPE.fullmatch(line) is None:
        return None
    return Prompt(text=line, exact=line, name=known.name)


def merge_prompts(known: Prompt, seen: Prompt) -> Prompt:
    """Return the prompt that both sights stand for; where they disagree, the later one.

    Numbers in which they differ (a command counter, a clock, of which all then do) are left
    open, but never any in the host name.
    """
    if known.is_shown_by(seen.text):
        return known
    before, after = _CLOCK.split(known.text), _CLOCK.split(seen.text)
    if known.name != seen.name or before[::2] != after[::2]:
        return seen
    pairs = zip(before, after, strict=True)
    exact = "".join(
        re.escape(new) if old == new else _NUMBER.sub(r"\\d+", new) for old, new in pairs
    )
    return Prompt(text=seen.text, exact=re.compile(exact), name=seen.name)
