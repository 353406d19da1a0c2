"""Instants in addresses: in words of ISO 8601 only, as the description says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator


def _not_a_number(value: object) -> object:
    """Refuse what would else be read as seconds since 1970, which may be a mistyped year."""
    if isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdecimal():
        message = "must be an instant such as 2026-03-01T12:00:00Z"
        raise ValueError(message)
    return value


Moment: TypeAlias = Annotated[datetime, BeforeValidator(_not_a_number)]
