"""Why a session did not go on, in words: what was awaited, what came, which rule would have helped.

The sentences hold patterns and names of platforms, and nothing that the device said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from netraven.collect.terminal import visible_line
from netraven.platforms.platform import Platform


def advise(record: str, awaited: str, platform: Platform, others: Iterable[Platform]) -> list[str]:
    """Return why the session did not go on behind the last line of its record.

    `others` are the platforms among which one that would have gone on is looked for.
    """
    line = visible_line(record.rpartition("\n")[2].encode("utf-8", "replace"))
    return [
        *_what_was_awaited(awaited, platform),
        *_what_the_line_is(line, platform),
        *(_who_knows(line, others) if line and not platform.prompt.fullmatch(line) else ()),
    ]


_LOGIN_QUESTION: Final = re.compile(
    r"(?i)(?:.*\b)?(?:user ?name|login|password|passcode|token|otp)\b[^:]{0,40}[:>?]"
)
_YES_NO: Final = re.compile(r"(?i).*(?:[\[(]y(?:es)?[/|]n(?:o)?[\])]|\(yes/no\)).{0,4}")
_ANY_KEY: Final = re.compile(r"(?i).*press\b.*")
_MOST_NAMES: Final = 4


def _what_was_awaited(awaited: str, platform: Platform) -> Iterator[str]:
    if "enable password" in awaited and platform.enable is not None:
        yield f"the question for the enable secret matches `{platform.enable.question.pattern}`"
    elif "prompt" in awaited:
        yield f"a prompt of {platform.name} is a last line that matches `{platform.prompt.pattern}`"


def _what_the_line_is(line: str, platform: Platform) -> Iterator[str]:
    """Yield what can be said of the last line by the platform itself."""
    if not line:
        yield "the last line is empty: the device said nothing behind its last newline"
    elif platform.prompt.fullmatch(line):
        yield (
            "the last line looks like a prompt of this platform, but it is not the one that was "
            "learned, or the echo of what was typed was not seen before it"
        )
    elif any(pager.pattern.search(line) for pager in platform.pagers):
        yield "the last line is a pager that was answered, and the device did not go on"
    elif any(question.pattern.fullmatch(line) for question in platform.questions):
        yield "the last line is a question that the platform answers between login and prompt only"
    elif _LOGIN_QUESTION.fullmatch(line):
        yield "the last line looks like a login question: the device asks who is there once more"
    elif _YES_NO.fullmatch(line) or _ANY_KEY.fullmatch(line):
        yield (
            "the last line looks like a question; an entry under `questions` whose pattern matches "
            "it would have answered it"
        )
    else:
        yield (
            f"no rule of {platform.name} goes on behind the last line: a `prompt` or an entry "
            "under `pagers` or `questions` that matches it would have"
        )


def _who_knows(line: str, others: Iterable[Platform]) -> Iterator[str]:
    """Yield which other platforms have a rule for the line."""
    known = [*others]
    kinds: tuple[tuple[str, Callable[[Platform], bool]], ...] = (
        ("a pager", lambda other: any(one.pattern.search(line) for one in other.pagers)),
        ("a question", lambda other: any(one.pattern.fullmatch(line) for one in other.questions)),
        ("a prompt", lambda other: other.prompt.fullmatch(line) is not None),
    )
    for what, knows in kinds:
        names = [other.name for other in known if knows(other)]
        if names:
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            yield f"for {', '.join(names[:_MOST_NAMES])}{more} that line is {what}"
