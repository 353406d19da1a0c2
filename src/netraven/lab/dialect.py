"""How a platform's command line behaves: prompts, refusals, pager, the commands it knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from netraven.lab.configs.voice import Topic


class Mode(IntEnum):
    """How far a session's privileges go."""

    USER = 1
    ENABLED = 2
    CONFIGURING = 3


class Does(StrEnum):
    """What a command does besides answering."""

    NOTHING = "nothing"
    ENABLE = "enable"
    DISABLE = "disable"
    CONFIGURE = "configure"
    LEAVE = "leave"
    PAGE_OFF = "page off"
    PAGE_ON = "page on"
    PAGE_LENGTH = "page length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One command; each word of `syntax` may be shortened where the dialect allows it.

    `<n>` in it stands for a number. `says` is what comes back, with the number as `{n}`;
    `topic` is what is shown instead.
    """

    syntax: str
    topic: Topic | None = None
    does: Does = Does.NOTHING
    says: str = ""
    mode: Mode = Mode.USER

    @property
    def words(self) -> tuple[str, ...]:
        """The syntax, word by word."""
        return tuple(self.syntax.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """What is shown when a page is full, and the bytes that take it off the screen again.

    `rows` is a page's length where the platform does not ask the terminal for it.
    """

    prompt: str
    erase: str
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enable:
    """The question for the second password, and the answers to a wrong one.

    `mask` is echoed for each character typed.
    """

    question: str = "Password: "
    wrong: str
    denied: str
    mask: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelnetManners:
    """What a login over telnet looks like; `asks_name` is a format with the field `host`."""

    greeting: str = ""
    asks_name: str = "{host} login: "
    asks_secret: str = "Password: "  # noqa: S105  the question, not an answer
    refused: str = "\nLogin incorrect\n"


class Trouble(StrEnum):
    """Why a command line is refused."""

    UNKNOWN = "unknown"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refused line: where in it the first wrong word stands, and how wide the prompt is."""

    trouble: Trouble
    line: str
    at: int
    prompt_width: int

    @property
    def word(self) -> str:
        """The first wrong word, or nothing at the end of the line."""
        return self.line[self.at :].split(" ", 1)[0]

    @property
    def caret(self) -> str:
        """A line with a caret under the first wrong word."""
        return " " * (self.prompt_width + self.at) + "^"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How refused lines are answered: formats with the fields `line`, `word` and `caret`.

    `misplaced` is for an unknown word behind known ones. What a platform has no words of its own
    for is None, and answered as an unknown word.
    """

    unknown: str
    misplaced: str | None = None
    incomplete: str | None = None
    ambiguous: str | None = None
    forbidden: str | None = None

    def answer(self, refusal: Refusal) -> str:
        """Return what the device says to a line that it refuses."""
        by_trouble = {
            Trouble.UNKNOWN: self.misplaced if refusal.at else None,
            Trouble.INCOMPLETE: self.incomplete,
            Trouble.AMBIGUOUS: self.ambiguous,
            Trouble.FORBIDDEN: self.forbidden,
        }
        wording = by_trouble[refusal.trouble] or self.unknown
        return wording.format(line=refusal.line, word=refusal.word, caret=refusal.caret)


Filter = Callable[[list[str], str], list[str]]
"""Makes other lines of an answer's lines; the second argument is what stands behind its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A platform's command line.

    `prompts`, `before_prompt` and `greeting` are formats with the fields of `Facts`. `filters`
    are what may stand behind `|`. `read_error` is the complaint when the configuration cannot
    be read to its end, `after_running` follows each one. `ssh_version` is the SSH server's name.
    Where `is_posix`, a line that is none of `verbs` is a shell's.
    """

    prompts: Mapping[Mode, str]
    verbs: tuple[Verb, ...]
    refusals: Refusals
    read_error: str
    ssh_version: str
    greeting: str = ""
    before_prompt: str = ""
    telnet: TelnetManners = field(default_factory=TelnetManners)
    enable: Enable | None = None
    pager: Pager | None = None
    filters: Mapping[str, Filter] = field(default_factory=dict)
    may_abbreviate: bool = True
    is_posix: bool = False
    after_running: str = ""


def find_verb(dialect: Dialect, line: str, mode: Mode, *, prompt_width: int) -> Verb | Refusal:
    """Return the command that a line of at least one word means, or why it means none.

    Where commands are abbreviated, each word may be the beginning of one that fits there; a
    word given in full wins over longer ones.
    """
    candidates = dialect.verbs
    column = 0
    words = line.split()
    for index, word in enumerate(words):
        column = line.index(word, column)
        candidates = _fitting(candidates, index, word, dialect)
        if not candidates:
            break
        column += len(word)
    verb = _settle(candidates, len(words), mode)
    if isinstance(verb, Verb):
        return verb
    if verb is not Trouble.UNKNOWN:
        column = len(line) if verb is Trouble.INCOMPLETE else line.rindex(words[-1])
    return Refusal(trouble=verb, line=line, at=column, prompt_width=prompt_width)


def number_in(line: str) -> str:
    """Return the number at the end of a line, or nothing."""
    found = re.search(r"(\d+)\s*$", line)
    return found.group(1) if found else ""


def _fitting(verbs: tuple[Verb, ...], index: int, word: str, dialect: Dialect) -> tuple[Verb, ...]:
    """Return the verbs that a word may mean at its place: the word itself, a number, a prefix."""
    placed = tuple(verb for verb in verbs if index < len(verb.words))
    fitting = tuple(verb for verb in placed if verb.words[index] == word.lower())
    if not fitting and word.isdecimal():
        fitting = tuple(verb for verb in placed if verb.words[index] == "<n>")
    if not fitting and dialect.may_abbreviate:
        fitting = tuple(verb for verb in placed if verb.words[index].startswith(word.lower()))
    return fitting


def _settle(verbs: tuple[Verb, ...], count: int, mode: Mode) -> Verb | Trouble:
    if not verbs:
        return Trouble.UNKNOWN
    complete = [verb for verb in verbs if len(verb.words) <= count]
    if not complete:
        return Trouble.INCOMPLETE
    if len({verb.syntax for verb in complete}) > 1:
        return Trouble.AMBIGUOUS
    allowed = [verb for verb in complete if verb.mode <= mode]
    return allowed[-1] if allowed else Trouble.FORBIDDEN
