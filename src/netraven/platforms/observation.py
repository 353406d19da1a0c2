"""What a session saw while one command ran: the facts that a grade rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Yields(StrEnum):
    """What a command's answer is."""

    RUNNING = "running"
    STARTUP = "startup"
    VERSION = "version"
    INVENTORY = "inventory"


CONFIGURATIONS = frozenset({Yields.RUNNING, Yields.STARTUP})
"""The answers that are configurations: these are proven whole, graded and stored."""


class Oddity(StrEnum):
    """What may have altered an answer on its way, found while the terminal was resolved."""

    TEXT_OVERWRITTEN = "text_overwritten"
    MIXED_ENCODING = "mixed_encoding"
    PAGER_IN_TEXT = "pager_in_text"
    PROMPT_IN_TEXT = "prompt_in_text"
    LOG_LINE = "log_line"
    ERROR_IN_TEXT = "error_in_text"
    END_IN_TEXT = "end_in_text"
    END_IN_FREE_TEXT = "end_in_free_text"
    BLOCKS_UNBALANCED = "blocks_unbalanced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One command's answer, with terminal codes, echo and prompt resolved away.

    `text` ends with a newline unless empty. `hostname` is read from the learned prompt,
    None where the prompt holds no name. `encoding` is `utf-8` or `latin-1`.
    `confirmed` is set where the platform's completeness is proven by the session (declared
    length, line count, second reading): whether the proof agreed. None: no proof was made.
    `oddities` names what a clean answer does not contain (see `Oddity`); any is suspicious.
    """

    yields: Yields
    command: str
    text: str
    echo_seen: bool
    prompt_seen: bool
    hostname: str | None
    encoding: str
    took_s: float
    confirmed: bool | None = None
    oddities: tuple[Oddity, ...] = ()
