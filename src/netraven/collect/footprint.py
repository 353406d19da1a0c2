"""When each step of a collection was begun, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Footprint:
    """A step that was begun at a time of the event loop's clock; `finding` is one short line."""

    step: str
    at_s: float
    finding: str = ""
    is_ok: bool = True
