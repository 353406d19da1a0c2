"""Spans of time, as people say them."""

from __future__ import annotations

from datetime import timedelta


def span(length: timedelta) -> str:
    """Return a span of time in its two largest units, such as `1 d 4 h`."""
    seconds = round(length.total_seconds())
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        number, seconds = divmod(seconds, size)
        if number or (parts and unit != "s"):
            parts.append(f"{number} {unit}")
    kept = [part for part in parts[:2] if not part.startswith("0 ")]
    return " ".join(kept) or "0 s"
