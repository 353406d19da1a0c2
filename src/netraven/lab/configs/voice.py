"""What a platform's device has to say: texts written from a plan, and what moves in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from netraven.lab.mint import Mint
from netraven.lab.plan import Hardware, Plan

CLOCK = "\x00clock\x00"
"""Stands in a text where the time of day belongs."""
UPTIME = "\x00uptime\x00"
"""Stands in a text where the time since boot belongs."""
DRIFT = "\x00drift\x00"
"""Stands in a text where a value belongs that moves with every reading."""
CHATTER_ENDS = "\x00chatter-ends\x00"
"""Stands where the device's own remarks end and the configuration begins."""


class Topic(StrEnum):
    """What a device can be asked for."""

    RUNNING = "running"
    UNMASKED = "unmasked"
    STARTUP = "startup"
    VERSION = "version"
    INVENTORY = "inventory"
    SYSTEM = "system"
    CLOCK = "clock"


CONFIGURATIONS = frozenset({Topic.RUNNING, Topic.UNMASKED, Topic.STARTUP})
"""The topics that are configurations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When an answer is given; `readings` counts configurations shown before and with it."""

    now: datetime
    up: timedelta
    readings: int


Writer = Callable[[Plan, Mint], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A platform's texts: lines end in LF, the last one too.

    `main` names the text that is the device's configuration in full. `move` gives the
    replacement of each placeholder that the texts use. `files` is what `cat` finds. `role` is
    what some devices show above their prompt.
    """

    hardware: tuple[Hardware, ...]
    texts: Mapping[Topic, Writer]
    move: Callable[[Moment], Mapping[str, str]]
    main: Topic = Topic.RUNNING
    role: Callable[[Plan], str] = field(default=lambda _plan: "")
    files: Callable[[Plan, Mint], Mapping[str, str]] = field(default=lambda _plan, _mint: {})


def join(lines: Iterable[str]) -> str:
    """Return the lines as one text that ends with a line end."""
    return "\n".join(lines) + "\n"


def days_and_more(up: timedelta) -> tuple[int, int, int]:
    """Return whole days, hours and minutes."""
    return up.days, up.seconds // 3600, up.seconds % 3600 // 60
