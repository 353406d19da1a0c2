"""Options of the commands over histories, spelled and explained once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from uuid import UUID

    from netraven.cli.home import AnyHome

Pattern: TypeAlias = Annotated[
    str, typer.Argument(metavar="PATTERN", help="A text, or a token such as ‹secret:7f3a2c91b04e›.")
]
Regex: TypeAlias = Annotated[
    bool, typer.Option("--regex", "-E", help="PATTERN is a regular expression (RE2).")
]
Words: TypeAlias = Annotated[
    bool, typer.Option("--words", "-w", help="Whole words, all in one line, in any order.")
]
IgnoreCase: TypeAlias = Annotated[
    bool, typer.Option("--ignore-case", "-i", help="Upper and lower case are the same.")
]
At: TypeAlias = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="What stood then: '2026-06-03 02:00', 7d, now."),
]
Since: TypeAlias = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="What stood then or later: 2026-06-03, 7d."),
]
Until: TypeAlias = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="What stood then or earlier.")
]
Devices: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--device", metavar="NAME", help="Only this device; repeatable."),
]
Tags: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME", help="Only devices with this tag; repeatable."),
]
PlatformNames: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--platform", metavar="NAME", help="Only this platform; repeatable."),
]
AnyConfigType: TypeAlias = Annotated[
    str | None, typer.Option("--config-type", help="Only this configuration.")
]
Section: TypeAlias = Annotated[
    str | None, typer.Option("--section", metavar="TEXT", help="Only below a header with this.")
]
Context: TypeAlias = Annotated[
    int, typer.Option("--context", "-C", min=0, max=100, help="Lines around each.")
]
Count: TypeAlias = Annotated[
    bool, typer.Option("--count", "-c", help="Only how many lines of each device.")
]
MostLines: TypeAlias = Annotated[
    int, typer.Option("--limit", min=1, help="Show at most so many lines.")
]
SearchDeadline: TypeAlias = Annotated[
    int,
    typer.Option("--deadline", min=1, metavar="SECONDS", help="End then, with what was found."),
]


@dataclass(frozen=True, slots=True)
class Scope:
    """The devices, tags and platforms that names mean."""

    devices: list[UUID]
    tags: list[UUID]
    platforms: list[str]


def read_scope(
    home: AnyHome,
    devices: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
    platforms: Sequence[str] | None = None,
) -> Scope:
    """Return what these names mean; raises NotFound, and Invalid for a platform."""
    from netraven.cli.names import named_device, named_tag, platform_name

    with home.reading() as db:
        return Scope(
            [named_device(db, name).id for name in devices or ()],
            [named_tag(db, name).id for name in tags or ()],
            [platform_name(name, home.platforms) for name in platforms or ()],
        )
