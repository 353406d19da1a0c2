"""What a user's declaration says of a session: prompts, questions, paging, commands, proof."""

from __future__ import annotations

import re
from typing import Final

from netraven.platforms.documents import Node
from netraven.platforms.linear import linear_pattern
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Enable,
    Entry,
    LineCount,
    Pager,
    Question,
)
from netraven.platforms.registry import get_platform

NOT_PROMPTS: Final = (
    "",
    "!",
    "}",
    "end",
    "exit",
    "hostname core-1",
    "interface GigabitEthernet0/1",
    "ip address 192.0.2.1 255.255.255.0",
    "set system host-name core-1",
    "Last login: Mon Nov 23 08:00:00 2026 from 192.0.2.7",
)
"""Lines that no platform's prompt may look like: a session would end in the middle of a text."""


def read_pattern(node: Node) -> re.Pattern[str]:
    """Return the regular expression that stands there, run by RE2."""
    try:
        return linear_pattern(node.text())
    except ValueError as error:
        raise node.fault(str(error)) from None


def read_words(node: Node) -> str:
    """Return one line of text for people."""
    return _one_line(node, node.text())


def read_typed(node: Node) -> tuple[str, ...]:
    """Return texts that are typed, each one line; an empty one is Enter alone."""
    return node.list_of(_read_typed)


def read_aliases(node: Node | None) -> Aliases:
    """Return other tools' names for the platform, lower case; of nothing, none."""
    if node is None:
        return Aliases()
    tools = ("netmiko", "oxidized", "rancid", "napalm")
    fields = node.fields(tools)
    return Aliases(**{tool: fields.list_of(tool, _read_alias) for tool in tools})


def read_prompt(node: Node) -> re.Pattern[str]:
    """Return the pattern of the prompt; it must not look like the lines of a configuration."""
    pattern = read_pattern(node)
    for line in NOT_PROMPTS:
        if pattern.fullmatch(line) is not None:
            seen = f"the line {line!r}" if line else "an empty line"
            raise node.fault(f"{seen} would be a prompt too; say more exactly how it ends")
    return pattern


def read_prompt_lead(node: Node) -> re.Pattern[str]:
    """Return the pattern of a line above the prompt."""
    return _filled(node, read_pattern(node))


def read_entry(node: Node) -> Entry:
    """Return how a session gets from a login shell to the platform's own command line."""
    fields = node.fields(("prompt", "command"))
    return Entry(
        prompt=read_prompt(fields.need("prompt")), command=read_words(fields.need("command"))
    )


def read_questions(node: Node) -> tuple[Question, ...]:
    """Return the questions between login and prompt with their answers."""
    return node.list_of(_read_question)


def read_pagers(node: Node) -> tuple[Pager, ...]:
    """Return the pagers' prompts and keys."""
    return node.list_of(_read_pager)


def read_enable(node: Node) -> Enable | None:
    """Return how privileges are got; None where `enable:` says that they need not be."""
    if node.is_null():
        return None
    fields = node.fields(("command", "from", "question", "optional"))
    usual = Enable()
    return Enable(
        command=fields.read("command", read_words, usual.command),
        from_suffix=fields.read("from", read_words, usual.from_suffix),
        question=fields.read("question", _read_filled, usual.question),
        is_optional=fields.read("optional", Node.flag, usual.is_optional),
    )


def read_commands(node: Node) -> tuple[Command, ...]:
    """Return the commands in order."""
    return node.list_of(_read_command)


def read_completeness(node: Node) -> Completeness:
    """Return what proves a configuration whole; without a word of it, a second reading does."""
    fields = node.fields(("end", "end_shown", "trailer", "count", "reread", "sections"))
    end = fields.read("end", _read_filled, None)
    trailer = fields.read("trailer", _read_trailer, None)
    count = fields.read("count", _read_count, None)
    is_proven = end is not None or trailer is not None or count is not None
    return Completeness(
        end_marker=end,
        end_shown=fields.read("end_shown", read_words, ""),
        trailer=trailer,
        count=count,
        reread=fields.read("reread", Node.flag, not is_proven),
        sections=fields.list_of("sections", _read_filled),
    )


_MAX_TYPED: Final = 500
_MAX_KEY: Final = 8


def _one_line(node: Node, text: str) -> str:
    if not all(char.isprintable() for char in text):
        raise node.fault("it must be one line without control characters")
    if len(text) > _MAX_TYPED:
        raise node.fault(f"it is longer than {_MAX_TYPED} characters")
    return text


def _read_typed(node: Node) -> str:
    return _one_line(node, node.text(may_be_empty=True))


def _read_alias(node: Node) -> str:
    name = read_words(node).lower()
    if get_platform(name.replace("-", "_")) is not None:
        raise node.fault(f"{name} is a native platform of NetRaven, so no name for another one")
    return name


def _filled(node: Node, pattern: re.Pattern[str]) -> re.Pattern[str]:
    if pattern.fullmatch("") is not None:
        raise node.fault("it matches an empty line too; say what must stand there")
    return pattern


def _read_filled(node: Node) -> re.Pattern[str]:
    return _filled(node, read_pattern(node))


def _read_question(node: Node) -> Question:
    fields = node.fields(("pattern", "answer"))
    return Question(
        pattern=_read_filled(fields.need("pattern")), answer=_read_typed(fields.need("answer"))
    )


def _read_pager(node: Node) -> Pager:
    fields = node.fields(("pattern", "key"))
    pattern = fields.need("pattern")
    found = read_pattern(pattern)
    if found.search("") is not None:
        raise pattern.fault("it is found in every line; say what the pager shows")
    return Pager(pattern=found, key=fields.read("key", _read_key, " "))


def _read_key(node: Node) -> str:
    key = node.text()
    if len(key) > _MAX_KEY:
        raise node.fault(f"a key of at most {_MAX_KEY} characters is due here")
    return key


def _read_command(node: Node) -> Command:
    fields = node.fields(("text", "yields", "alternatives", "preamble", "parts"))
    return Command(
        text=read_words(fields.need("text")),
        yields=_read_yields(fields.need("yields")),
        alternatives=fields.list_of("alternatives", read_words),
        preamble=fields.read("preamble", _read_filled, None),
        parts=fields.list_of("parts", read_words),
    )


def _read_yields(node: Node) -> Yields:
    try:
        return Yields(node.text())
    except ValueError:
        raise node.fault(f"{node.text()!r} is none of {', '.join(Yields)}") from None


def _read_trailer(node: Node) -> re.Pattern[str]:
    pattern = _read_filled(node)
    if set(pattern.groupindex) - {"bytes"}:
        raise node.fault("its only named group may be (?P<bytes>…), the size of the text before it")
    return pattern


def _read_count(node: Node) -> LineCount:
    fields = node.fields(("command", "pattern"))
    pattern = fields.need("pattern")
    found = read_pattern(pattern)
    if found.groups < 1 or r"\d" not in found.pattern:
        raise pattern.fault(r"its first group must hold the number of lines, as in `(\d+) lines`")
    return LineCount(command=read_words(fields.need("command")), pattern=found)
