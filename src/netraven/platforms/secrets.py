"""What is a secret in a line of a configuration: the kinds of rules and how they are written.

A rule is data. `archive.redact` runs all rules of a platform with RE2, which takes linear time on
any input, so a pattern has no look-around and no back-reference. Patterns match within one line,
in upper and lower case alike, and **what their groups capture is the secret**; everything else of
the line stays readable. Rules stand in order: where two captures overlap, the rule that comes
first decides where the secret begins, so a platform's own rules stand before the common ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenValue:
    """A secret within a line.

    - `anywhere`: its shape alone proves it (a password hash), so it is hidden in free text too.
    - `outside`: not a secret where the header of the section that it stands in matches.
    - `inside`: a secret only where that header, or one of a section around it, matches.
    """

    name: str
    pattern: str
    anywhere: bool = False
    outside: str | None = None
    inside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenBlock:
    """Whole lines that are one secret: those after `begin`, to the line that holds `end`.

    What follows the match of `begin` on its own line belongs to the block. Without an end the
    block reaches to the end of the text.
    """

    name: str
    begin: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeText:
    """Words for people, or keywords that a rule would take for a value: no secret begins there.

    The span is what the first group captures, or the whole match where there is no group.
    """

    name: str
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenRest:
    """A value that a device wrote into the next line: where `pattern` is found, it breaks off.

    What the groups of `rest` capture in the line below is secret, and where `goes_on` is found in
    that, the value reaches into the one below it too.
    """

    name: str
    pattern: str
    rest: str
    goes_on: str


SecretRule: TypeAlias = HiddenValue | HiddenBlock | HiddenRest | FreeText


def hidden(
    name: str, template: str, *, outside: str | None = None, inside: str | None = None
) -> HiddenValue:
    """Return the rule that a template stands for.

    In a template a blank means any number of blanks and tabs; `^` at the start is the start of a
    command, a blank at the start is the start of a word, `$` at the end allows trailing blanks.
    Placeholders: `{word}` one word or a quoted text; `{rest}` a quoted text or all up to the end
    of the line; `{type}` an optional encryption type (`7`, `ciphertext`); `{secret}` a word behind
    the type of an encrypted value, else the rest of the line, because passwords in clear may hold
    blanks; `{typed}` the same with a type that must be there; `{item}` a value that `;` may end.
    """
    return HiddenValue(
        name=name,
        pattern=expand(template),
        outside=None if outside is None else expand(outside),
        inside=None if inside is None else expand(inside),
    )


def free(name: str, template: str) -> FreeText:
    """Return the free text that a template, written as for `hidden`, stands for."""
    return FreeText(name=name, pattern=expand(template))


def expand(template: str) -> str:
    """Return the template as a pattern in RE2's syntax."""
    start, rest = "", template
    if template.startswith("^"):
        start, rest = _COMMAND_START, template[1:]
    elif template.startswith(" "):
        start, rest = _WORD_START, template[1:]
    if rest.endswith("$"):
        rest = f"{rest[:-1]} *$"
    pattern = start + _BLANK.sub(lambda blank: "[ \t]" + (blank[1] or "+"), rest)
    for placeholder, meaning in _PLACEHOLDERS:
        pattern = pattern.replace(placeholder, meaning)
    return pattern


_BLANK = re.compile(r" ([*?]?)")
_BLANKS = "[ \t]+"
_WORD_START = '(?:^|[ \t"])'
# A command may be negated, and it may stand in an applet or a timed job that types it.
_COMMAND_START = (
    f"^[ \t]*(?:(?:no|default|inactive:|protect:){_BLANKS})?"
    f'(?:action{_BLANKS}\\S+{_BLANKS}cli{_BLANKS}command{_BLANKS}"|cli{_BLANKS})?'
)
_ENCRYPTED = "(?:[1-9]|1[0-9]|8a|encrypted|ciphertext|sha-?256|sha-?512|scrypt|pbkdf2)"
_CLEAR = "(?:0|clear-?text|plain-?text)"
# Fewer, because a number may stand behind such a word too: `ntp server 10.0.0.1 key 1`.
_KEYED = "(?:[5-9]|10|8a|encrypted|ciphertext|hidden)"
_TYPE = "(?:[0-9]|1[0-9]|8a|encrypted|ciphertext|hidden|clear|clear-?text|plain-?text|md5)"
_QUOTED = r'"((?:[^"\\]|\\.)+)"'
_UNCLOSED = r'"([^"]+)$'
_WORD = rf"(?:{_QUOTED}|{_UNCLOSED}|(\S+))"
# A second value with a type of its own may follow on the line.
_NEXT_VALUE = f"{_BLANKS}(?:password|secret|key){_BLANKS}(?:[0-9]|8a){_BLANKS}"
_REST = rf"(?:{_QUOTED}(?:[ \t]|$)|(\S(?:.*?\S)??)(?:{_NEXT_VALUE}|[ \t]*$))"
_ITEM = rf"(?:{_QUOTED}|{_UNCLOSED}|([^\s\";{{}}\[\]][^\s;]*))"
_PLACEHOLDERS = (
    ("{secret}", f"(?:{_ENCRYPTED}{_BLANKS}{_WORD}|(?:{_CLEAR}{_BLANKS})?{_REST})"),
    (
        "{typed}",
        f"(?:{_KEYED}{_BLANKS}{_WORD}|{_CLEAR}{_BLANKS}{_REST})",
    ),
    ("{type}", f"(?:{_TYPE}{_BLANKS})?"),
    ("{word}", _WORD),
    ("{rest}", _REST),
    ("{item}", _ITEM),
)
