"""What a user's declaration says of lines: errors, log messages, volatile lines, secrets, facts."""

from __future__ import annotations

import re
from typing import Final

from netraven.platforms.documents import Node
from netraven.platforms.linear import linear_pattern
from netraven.platforms.own_session import read_pattern, read_words
from netraven.platforms.platform import Block, BlockSyntax, FactRules, Literal
from netraven.platforms.secrets import (
    FreeText,
    HiddenBlock,
    HiddenValue,
    SecretRule,
    expand,
)


def read_errors(node: Node) -> tuple[re.Pattern[str], ...]:
    """Return the beginnings of lines that say that a command was refused."""
    return node.list_of(_read_beginning)


def read_intruders(node: Node) -> tuple[re.Pattern[str], ...]:
    """Return the beginnings of lines that are never part of a configuration."""
    return node.list_of(_read_beginning)


def read_literals(node: Node) -> tuple[Literal, ...]:
    """Return how blocks of free text begin and end."""
    return node.list_of(_read_literal)


def read_volatile(node: Node) -> tuple[re.Pattern[str], ...]:
    """Return whole lines that change by themselves."""
    return node.list_of(_read_line)


def read_volatile_blocks(node: Node) -> tuple[Block, ...]:
    """Return blocks of lines that change by themselves."""
    return node.list_of(_read_block)


def read_secrets(node: Node) -> tuple[SecretRule, ...]:
    """Return the rules that say what is secret in a line."""
    return node.list_of(_read_rule)


def read_facts_rules(node: Node) -> FactRules:
    """Return how name, model, serial number and version are found."""
    known = ("hostname", "model", "serial", "version")
    fields = node.fields(known)
    return FactRules(**{name: fields.list_of(name, _read_fact) for name in known})


def read_blocks(node: Node) -> BlockSyntax:
    """Return how lines belong to each other."""
    try:
        return BlockSyntax(node.text())
    except ValueError:
        raise node.fault(f"{node.text()!r} is none of {', '.join(BlockSyntax)}") from None


_ORDINARY: Final = ("", "interface Ethernet1", " ip address 192.0.2.1/24", "end")


def _read_beginning(node: Node) -> re.Pattern[str]:
    pattern = read_pattern(node)
    for line in _ORDINARY:
        if pattern.match(line) is not None:
            seen = f"the line {line.strip()!r}" if line else "an empty line"
            raise node.fault(f"{seen} would be one too, so no capture would ever be good")
    return pattern


def _read_line(node: Node) -> re.Pattern[str]:
    pattern = read_pattern(node)
    for line in _ORDINARY:
        if pattern.fullmatch(line) is not None:
            seen = f"the line {line.strip()!r}" if line else "an empty line"
            raise node.fault(f"{seen} would be one too, so its changes would never be seen")
    return pattern


def _read_literal(node: Node) -> Literal:
    fields = node.fields(("word", "opens", "closes"))
    opens = read_pattern(fields.need("opens"))
    closes = fields.read("closes", read_words, "")
    if not closes and "end" not in opens.groupindex:
        raise node.fault("say how it `closes`, or capture its delimiter as (?P<end>…) in `opens`")
    return Literal(word=read_words(fields.need("word")), opens=opens, closes=closes)


def _read_block(node: Node) -> Block:
    fields = node.fields(("begin", "end"))
    return Block(begin=_read_line(fields.need("begin")), end=read_pattern(fields.need("end")))


def _read_rule(node: Node) -> SecretRule:
    fields = node.fields(("hide", "outside", "inside", "free", "block"))
    kinds = [kind for kind in ("hide", "free", "block") if kind in fields]
    if len(kinds) != 1:
        raise node.fault("a rule has exactly one of `hide`, `free` and `block`")
    if kinds != ["hide"] and ("inside" in fields or "outside" in fields):
        raise node.fault("`inside` and `outside` go with `hide` only")
    match kinds[0]:
        case "hide":
            return HiddenValue(
                name="own",
                pattern=_read_capturing(fields.need("hide")),
                outside=fields.read("outside", _read_template, None),
                inside=fields.read("inside", _read_template, None),
            )
        case "free":
            return FreeText(name="own", pattern=_read_template(fields.need("free")))
        case _:
            return _read_hidden_block(fields.need("block"))


def _read_hidden_block(node: Node) -> HiddenBlock:
    fields = node.fields(("begin", "end"))
    begin = fields.need("begin")
    return HiddenBlock(
        name="own", begin=read_pattern(begin).pattern, end=read_words(fields.need("end"))
    )


def _read_template(node: Node) -> str:
    pattern = expand(node.text())
    try:
        linear_pattern(pattern)
    except ValueError as error:
        raise node.fault(str(error)) from None
    return pattern


def _read_capturing(node: Node) -> str:
    pattern = _read_template(node)
    if linear_pattern(pattern).groups < 1:
        raise node.fault("it captures nothing; write {word}, {rest} or (…) where the secret stands")
    return pattern


def _read_fact(node: Node) -> re.Pattern[str]:
    pattern = read_pattern(node)
    if pattern.groups < 1:
        raise node.fault("its first group must hold the value, as in `Version (\\S+)`")
    return pattern
