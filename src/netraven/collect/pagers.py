"""Pagers as most command lines word them, for those that a platform does not declare."""

from __future__ import annotations

import re
from typing import Final

from netraven.platforms.platform import Pager

_COMMON: Final = (
    Pager(pattern=re.compile(r"(?i:(?:.{0,60} )?\(END\))"), key="q"),
    Pager(pattern=re.compile(r"(?i:[-<>(\[* ]{0,8}more\b.{0,100})")),
    Pager(pattern=re.compile(r"(?i:lines \d+-\d+.{0,60})")),
    Pager(
        pattern=re.compile(
            r"(?i:[-<(\[* ]{0,6}(?:press|hit|type|strike)\b.{0,40}"
            r"\b(?:space|any key|a key|q|cr|enter|return)\b.{0,80})"
        )
    ),
    Pager(pattern=re.compile(r"(?i:(?:CTRL|ESC|q\b).{0,30}\bq(?:uit)?\b.{0,40}\bspace\b.{0,80})")),
)
_NUMBER: Final = re.compile(r"\d+")


def learn_pager(line: str) -> Pager | None:
    """Return the pager that a whole visible line is, known by its text from then on, or None.

    Such lines stand in many a configuration, so this is asked only where a device says no more.
    Numbers in it (a percentage, lines shown) are left open.
    """
    for pager in _COMMON:
        if line and pager.pattern.fullmatch(line):
            shape = _NUMBER.sub(r"\\d+", re.escape(line))
            return Pager(pattern=re.compile(rf"^\s*{shape}$"), key=pager.key)
    return None
