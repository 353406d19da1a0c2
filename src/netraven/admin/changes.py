"""What a change was, as audit events tell it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from netraven.db.types import JsonValue

# Derived from other columns, so they tell nothing by themselves.
_DERIVED = frozenset({"email_key", "hostname_key", "jump_key", "name_key", "username_key"})


def told_changes(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, JsonValue]:
    """Return `{field: {"before": ..., "after": ...}}` for the fields of `after` that differ."""
    return {
        field: {"before": _told(before.get(field)), "after": _told(value)}
        for field, value in after.items()
        if field not in _DERIVED and before.get(field) != value
    }


def _told(value: object) -> JsonValue:
    match value:
        case Enum():
            return str(value.value)
        case None | bool() | int() | float():
            return value
        case datetime():
            return value.isoformat()
        case list() | tuple():
            return [_told(item) for item in value]
        case dict():
            return {str(key): _told(item) for key, item in value.items()}
        case _:
            return str(value)
