"""Which commands a run may give to devices: harmless ones, and those that an admin allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import new_id, operation
from netraven.db.enums import ValueType
from netraven.db.types import JsonValue
from netraven.errors import Invalid
from netraven.models import AdminSetting
from netraven.platforms.harmless import is_harmless, is_one_plain_line
from netraven.platforms.platform import Platform

ALLOWED_COMMANDS: Final = "command.run.allowed"
EVERY_PLATFORM: Final = "*"

_DESCRIPTION: Final = (
    "commands that runs may give to devices besides harmless ones: a list for each platform, "
    "or for * all; each entry allows every command that begins with its words"
)


@dataclass(frozen=True, slots=True)
class CommandRules:
    """What an administrator allows: beginnings of commands as words, by platform."""

    allowed: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

    def objection(self, command: str, platform: Platform) -> str | None:
        """Return why the command may not be given to devices of the platform, None if it may."""
        if not is_one_plain_line(command):
            return _unfit(command)
        if is_harmless(command, platform):
            return None
        words = tuple(command.lower().split())
        for name in (platform.name, EVERY_PLATFORM):
            if any(words[: len(entry)] == entry for entry in self.allowed.get(name, ())):
                return None
        return (
            f"'{command}' is not known to be harmless on {platform.name}, and the setting "
            f"{ALLOWED_COMMANDS} does not allow it"
        )


def check_commands(commands: Iterable[str]) -> None:
    """Raise Invalid("job_data") for a text that is more, or less, than one plain command."""
    for command in commands:
        if not is_one_plain_line(command):
            raise Invalid("job_data", _unfit(command))


@operation
def get_command_rules(db: Session) -> CommandRules:
    """Return what the setting allows now; one that does not say it properly allows nothing."""
    wanted = select(AdminSetting.value).where(AdminSetting.key == ALLOWED_COMMANDS)
    value = db.scalar(wanted)
    if not isinstance(value, dict):
        return CommandRules()
    return CommandRules({name: _beginnings(entries) for name, entries in value.items()})


@operation
def initialize_command_settings(db: Session) -> None:
    """Make the setting, which allows nothing, where it is missing."""
    if db.scalar(select(AdminSetting.id).where(AdminSetting.key == ALLOWED_COMMANDS)) is not None:
        return
    db.add(
        AdminSetting(
            id=new_id(),
            key=ALLOWED_COMMANDS,
            value={},
            value_type=ValueType.JSON,
            category=ALLOWED_COMMANDS.partition(".")[0],
            description=_DESCRIPTION,
            is_required=True,
            is_sensitive=False,
            display_order=1,
            is_builtin=False,
        )
    )
    db.flush()


def _beginnings(entries: JsonValue) -> tuple[tuple[str, ...], ...]:
    listed = entries if isinstance(entries, list) else []
    texts = (entry for entry in listed if isinstance(entry, str) and is_one_plain_line(entry))
    return tuple(tuple(text.lower().split()) for text in texts)


def _unfit(command: str) -> str:
    return (
        f"{command!r} is not one plain command: line ends, separators, filters, redirections "
        "and help are refused"
    )
