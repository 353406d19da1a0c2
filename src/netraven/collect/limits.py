"""How long a session may take and how much a device may say."""

from __future__ import annotations

from dataclasses import dataclass

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one collection: seconds, and bytes received per command.

    `idle_s` is the longest silence within a command; `deadline_s` is absolute, for everything
    from the first packet to leaving.
    """

    connect_s: float = 15.0
    idle_s: float = 30.0
    deadline_s: float = 300.0
    max_bytes: int = 32 * _MEBIBYTE
