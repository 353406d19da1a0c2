"""What one network operating system looks like to a session, a grade and a diff: data only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from netraven.platforms.observation import Yields
from netraven.platforms.secrets import SecretRule


class Proof(StrEnum):
    """What the declaration rests on."""

    RECORDED = "recorded"
    DOCUMENTED = "documented"
    OWN = "own"
    BRIDGED = "bridge"


class BlockSyntax(StrEnum):
    """How lines belong to each other: by indentation, by braces, or not at all."""

    INDENT = "indent"
    BRACES = "braces"
    FLAT = "flat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aliases:
    """Other tools' names for the platform, lower case, so that their inventories map."""

    netmiko: tuple[str, ...] = ()
    oxidized: tuple[str, ...] = ()
    rancid: tuple[str, ...] = ()
    napalm: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """A pager's prompt (found at the end of the last line) and the key that shows the next page."""

    pattern: re.Pattern[str]
    key: str = " "


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question between login and first prompt (whole last line), and what is typed at it."""

    pattern: re.Pattern[str]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How a session gets from a login shell, known by its prompt, to the platform's own CLI."""

    prompt: re.Pattern[str]
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A block of free text: nothing in it is a command, an error, a prompt or an end marker.

    `opens` matches its first line from the start, and `word` is in it; the block ends with the
    line that holds the text of group `end` once more, or, where `opens` has no such group, that
    is exactly `closes`.
    """

    word: str
    opens: re.Pattern[str]
    closes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that belong together, by the whole first one and the whole last one."""

    begin: re.Pattern[str]
    end: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enable:
    """How a session gets its privileges: `command` at a prompt that ends in `from_suffix`.

    Where it `is_optional`, a login without an enable secret goes on with what it has.
    """

    command: str = "enable"
    from_suffix: str = ">"
    question: re.Pattern[str] = re.compile(r"pass(?:word|code|phrase)[^\n]*:\s*", re.IGNORECASE)
    is_optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, what its answer is, and spellings to try in turn where the device refuses it.

    `preamble` matches leading lines that are the device's chatter and no part of the answer.
    `parts` are commands whose answers together take its place where every spelling is refused:
    each stands under a comment line that names it, and those refused are left out.
    A `file` is not typed for but copied by SCP under that name.
    """

    text: str
    yields: Yields
    alternatives: tuple[str, ...] = ()
    preamble: re.Pattern[str] | None = None
    parts: tuple[str, ...] = ()
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCount:
    """A command that answers how many lines the configuration has (group 1 of `pattern`)."""

    command: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What proves that a configuration is whole; a platform without any is never graded A.

    - `end_marker` matches the whole last line of a complete configuration, and not the beginning
      of that line; `end_shown` is how it looks, where the pattern says more than that.
    - `trailer` matches the whole last line of an answer that carries its own proof; the session
      takes it off. Its group `bytes`, where it has one, is the size of the text before it.
    - `count` and `reread`: the session asks a second time, for the number of lines or for the
      whole text, and both answers must agree. Needed where the device prints no end.
    - `is_file`: the configuration is a copied file, whose size the device declares before it.
    - `sections`: each of these must be found in the text.
    """

    end_marker: re.Pattern[str] | None = None
    end_shown: str = ""
    trailer: re.Pattern[str] | None = None
    count: LineCount | None = None
    reread: bool = False
    is_file: bool = False
    sections: tuple[re.Pattern[str], ...] = ()

    @property
    def is_confirmed_by_session(self) -> bool:
        """The proof is made while collecting and read from `Observation.confirmed`."""
        is_asked_twice = self.count is not None or self.reread
        return self.trailer is not None or is_asked_twice or self.is_file


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRules:
    """Patterns (multi-line, group 1 is the value) tried in turn on version, inventory, running."""

    hostname: tuple[re.Pattern[str], ...] = ()
    model: tuple[re.Pattern[str], ...] = ()
    serial: tuple[re.Pattern[str], ...] = ()
    version: tuple[re.Pattern[str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Platform:
    """One network operating system.

    - `recordings` is how many recorded sessions of real devices prove it; `source` is the file
      that declares it, where its users do.
    - `bridge` is Netmiko's device type where sessions are Netmiko's, else empty.
    - `prompt` matches the whole visible last line, without trailing blanks; a named group in it
      is the host name.
    - `questions` are answered between login and first prompt.
    - `paging_off` commands are typed once; their refusal is noted and tolerated.
    - `errors` match the start of a line that says that a command was refused or broke off.
    - `intruders` match the start of a line that is never part of a configuration: log messages,
      broadcasts.
    - `prompt_lead` matches a line that the device shows above its prompt, as Junos does its
      role; it is no part of an answer.
    - `volatile` match whole lines that change by themselves: no new version because of them;
      `volatile_blocks` are lines that do so together.
    - `unordered` match whole lines that the device shows in any order where they follow each
      other: another order of those that match the same pattern is no new version.

    Patterns carry their flags within, scoped (`(?i:...)`), so that they can be joined. Equal is
    only the same object: what is compiled from a platform is kept by it.
    """

    name: str
    vendor: str
    label: str
    proof: Proof
    recordings: int = 0
    source: str = ""
    bridge: str = ""
    prompt: re.Pattern[str]
    commands: tuple[Command, ...]
    prompt_lead: re.Pattern[str] | None = None
    entry: Entry | None = None
    aliases: Aliases = field(default_factory=Aliases)
    pagers: tuple[Pager, ...] = ()
    paging_off: tuple[str, ...] = ()
    enable: Enable | None = None
    questions: tuple[Question, ...] = ()
    leave: tuple[str, ...] = ("exit",)
    completeness: Completeness = field(default_factory=Completeness)
    errors: tuple[re.Pattern[str], ...] = ()
    intruders: tuple[re.Pattern[str], ...] = ()
    literals: tuple[Literal, ...] = ()
    volatile: tuple[re.Pattern[str], ...] = ()
    volatile_blocks: tuple[Block, ...] = ()
    unordered: tuple[re.Pattern[str], ...] = ()
    secrets: tuple[SecretRule, ...] = ()
    facts: FactRules = field(default_factory=FactRules)
    comment: str = "!"
    blocks: BlockSyntax = BlockSyntax.INDENT

    def commands_for(self, yields: Yields) -> tuple[Command, ...]:
        """Return the commands whose answer is of that kind, in order."""
        return tuple(command for command in self.commands if command.yields is yields)
