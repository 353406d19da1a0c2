"""Options that several commands share, spelled and explained once."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Write JSON (docs/operations/cli.md) instead of text.")
]
Skip: TypeAlias = Annotated[int, typer.Option(min=0, help="Leave out the first N.")]
Limit: TypeAlias = Annotated[int, typer.Option(min=1, help="Show at most N.")]
Everything: TypeAlias = Annotated[bool, typer.Option("--all", help="Show all, however many.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before it.")]
Deadline: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=10,
        max=3600,
        metavar="SECONDS",
        help="Longest work on one device, instead of the setting's.",
    ),
]
ConfigType: TypeAlias = Annotated[
    str, typer.Option("--config-type", help="Which configuration of the device.")
]
DeviceName: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="Hostname (upper or lower case) or id of a device.")
]
VersionName: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="BACKUP",
        help="HOST (newest completed), HOST@3 (version 3), HOST@quarantined (newest in "
        "quarantine), or the id of a backup.",
    ),
]
