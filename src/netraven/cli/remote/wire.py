"""Values as requests carry them: schemas as JSON with their secrets, filters as queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from enum import Enum
from typing import TypeAlias
from uuid import UUID

from pydantic import BaseModel, SecretStr

Query: TypeAlias = Mapping[str, object]
QueryItems: TypeAlias = list[tuple[str, str | int | float | bool | None]]


def on_the_wire(value: object) -> object:
    """Return a value as JSON takes it; of a schema only the fields that were given."""
    match value:
        case SecretStr():
            plain: object = value.get_secret_value()
        case BaseModel():
            names = sorted(value.model_fields_set)
            plain = {name: on_the_wire(getattr(value, name)) for name in names}
        case Enum():
            plain = value.value
        case UUID():
            plain = str(value)
        case date():
            plain = value.isoformat()
        case Mapping():
            plain = {str(name): on_the_wire(inner) for name, inner in value.items()}
        case Collection() if not isinstance(value, str | bytes):
            plain = [on_the_wire(inner) for inner in value]
        case _:
            plain = value
    return plain


def query_of(query: Query) -> QueryItems:
    """Return what stands behind the `?`: lists as repeated names, nothing for what was not said."""
    items: QueryItems = []
    for name, value in query.items():
        plain = on_the_wire(value)
        for each in plain if isinstance(plain, list) else [plain]:
            if each is not None:
                items.append((name, str(each).lower() if isinstance(each, bool) else str(each)))
    return items
