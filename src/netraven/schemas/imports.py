"""Rows of an import, as every importer gives them, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from netraven.schemas.device import DeviceCreate


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One device of a file; `device` knows which fields the row gave, by `model_fields_set`.

    `number` counts rows from 1 without the header, `line` is where the row begins. `tags`,
    `jump_device` and `credential` are names or ids.
    """

    number: int
    line: int
    device: DeviceCreate
    tags: tuple[str, ...] = ()
    jump_device: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """A row that cannot be read: one sentence that names the column and the remedy."""

    number: int
    line: int
    hostname: str
    reason: str


class RowAction(StrEnum):
    """What an import does with a row."""

    CREATE = "create"
    UPDATE = "update"
    SAME = "same"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVerdict:
    """What became of a row; `changed` names an update's fields, `reason` says why it is refused."""

    number: int
    line: int
    hostname: str
    action: RowAction
    changed: tuple[str, ...] = ()
    reason: str = ""
