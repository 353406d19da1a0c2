"""Which platform a device is: what it has said so far, judged, and what to ask it next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from netraven.platforms.fingerprints import FINGERPRINTS, Fingerprint
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS

MOST_QUESTIONS: Final = 3
_HINT: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What is known of a device: its SSH server, greeting, prompt line, and answers by command."""

    server: str = ""
    greeting: str = ""
    prompt: str
    answers: tuple[tuple[str, str], ...] = ()

    def with_answer(self, command: str, text: str) -> Clues:
        """Return the clues with one more answer."""
        return replace(self, answers=(*self.answers, (command, text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the clues come to.

    `platform` is set where exactly one names itself; then `by` says where it did. `asks` is the
    command that would tell most, where the device may be asked more. `likely` are the platforms
    that something speaks for, but not enough; `fits` tells whether any has such a prompt.
    """

    platform: Platform | None = None
    by: str = ""
    asks: str | None = None
    likely: tuple[str, ...] = ()
    fits: bool = True


def weigh(clues: Clues) -> Finding:
    """Return what the clues come to: never a guess."""
    fitting = [platform for platform in PLATFORMS if _may_show(platform, clues.prompt)]
    if not fitting:
        return Finding(fits=False)
    named = [platform for platform in fitting if _answer_of(platform, clues)]
    proper = [platform for platform in named if not _print_of(platform).is_base]
    asks = None if proper else _next_question(fitting, clues)
    if asks is not None:
        return Finding(asks=asks)
    return _conclude(fitting, proper or named, clues)


def dismissal_of(line: str) -> str | None:
    """Return the control key that dismisses a line, a question of some platform, or None.

    Other answers are for those who know which platform asks.
    """
    questions = (question for platform in PLATFORMS for question in platform.questions)
    keys = (each for each in questions if each.answer and not each.answer.isprintable())
    return next((each.answer for each in keys if each.pattern.fullmatch(line)), None)


def _conclude(fitting: list[Platform], named: list[Platform], clues: Clues) -> Finding:
    """Return what is known when nothing more is asked: an answer counts before a greeting."""
    if len(named) == 1:
        return Finding(platform=named[0], by=f"its answer to '{_answer_of(named[0], clues)}'")
    greeting = [platform for platform in fitting if _is_greeting(platform, clues)]
    if len(greeting) == 1 and not named:
        return Finding(platform=greeting[0], by="its greeting")
    hinted = [platform for platform in fitting if _weight(platform, clues) > 1]
    hinted.sort(key=lambda platform: -_weight(platform, clues))
    return Finding(likely=tuple(platform.name for platform in named or hinted))


def _next_question(fitting: Iterable[Platform], clues: Clues) -> str | None:
    """Return the command that most may be known by, weighed by what speaks for each of them."""
    if len(clues.answers) >= MOST_QUESTIONS:
        return None
    asked = {command for command, _ in clues.answers}
    votes: Counter[str] = Counter()
    for platform in fitting:
        if not _is_command_line(platform, clues.prompt):
            continue
        command = next((ask for ask in _print_of(platform).asks if ask not in asked), None)
        if command is not None and not _is_ruled_out(platform, clues):
            votes[command] += _weight(platform, clues)
    return max(votes, key=lambda command: votes[command], default=None)


def _weight(platform: Platform, clues: Clues) -> int:
    mark = _print_of(platform)
    is_server = mark.server is not None and mark.server.search(clues.server) is not None
    is_prompt = mark.prompt is not None and mark.prompt.search(clues.prompt) is not None
    hints = is_server + is_prompt + 2 * _is_greeting(platform, clues) + _is_refusal(mark, clues)
    return (not mark.is_rare) + _HINT * hints


def _is_refusal(mark: Fingerprint, clues: Clues) -> bool:
    refuses = mark.refuses
    return refuses is not None and any(refuses.search(text) for _, text in clues.answers)


def _is_ruled_out(platform: Platform, clues: Clues) -> bool:
    mark = _print_of(platform)
    if mark.looks is None:
        return False
    first = next((text for command, text in clues.answers if command == mark.asks[0]), None)
    return first is not None and mark.looks.search(first) is None


def _answer_of(platform: Platform, clues: Clues) -> str | None:
    """Return the command at which a platform named itself."""
    says = _print_of(platform).says
    return next((command for command, text in clues.answers if says.search(text)), None)


def _is_greeting(platform: Platform, clues: Clues) -> bool:
    greets = _print_of(platform).greets
    return greets is not None and greets.search(clues.greeting) is not None


def _may_show(platform: Platform, line: str) -> bool:
    """Tell whether a line is a prompt or a question of the platform."""
    if _is_command_line(platform, line):
        return True
    return any(question.pattern.fullmatch(line) for question in platform.questions)


def _is_command_line(platform: Platform, line: str) -> bool:
    """Tell whether commands are typed at such a line; a menu would take them for a choice."""
    entry = platform.entry
    is_entry = entry is not None and entry.prompt.fullmatch(line) is not None
    return is_entry or platform.prompt.fullmatch(line) is not None


def _print_of(platform: Platform) -> Fingerprint:
    return FINGERPRINTS[platform.name]
