"""The options of `netraven schedule`: when, for what, and how."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import typer

JobTypeName: TypeAlias = Literal["backup", "reachability", "retention", "command", "verify"]
ScheduleName: TypeAlias = Annotated[
    str, typer.Argument(metavar="SCHEDULE", help="Name or id of a schedule.")
]
OfType: TypeAlias = Annotated[
    JobTypeName | None, typer.Option("--type", help="Only those of this type.")
]
OfState: TypeAlias = Annotated[
    bool | None, typer.Option("--enabled/--disabled", help="Only those of this state.")
]
At: TypeAlias = Annotated[
    str | None, typer.Option(metavar="HH:MM", help="Time of day; alone it means each day.")
]
Weekday: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DAYS", help="Only these days, such as mon,thu.")
]
MonthDay: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DAY", help="Only this day of the month, or last.")
]
Month: TypeAlias = Annotated[
    str | None, typer.Option(metavar="MONTH", help="Only this month, such as feb.")
]
Every: TypeAlias = Annotated[
    str | None, typer.Option(metavar="SPACING", help="Again and again: 30m, 6h, 2d.")
]
Once: TypeAlias = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"],
        help="A single time; UTC unless it carries its offset.",
    ),
]
Cron: TypeAlias = Annotated[
    str | None, typer.Option(metavar="EXPR", help="A cron expression of five fields.")
]
Zone: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="Zone of the times, such as Europe/Berlin; else that of the settings.",
    ),
]
Devices: TypeAlias = Annotated[
    list[str] | None, typer.Option("--device", metavar="NAME", help="A device; may be repeated.")
]
Tags: TypeAlias = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="Devices so tagged; likewise.")
]
AllDevices: TypeAlias = Annotated[bool, typer.Option("--all", help="All devices.")]
ConfigTypes: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--config-type", metavar="TYPE", help="Which configurations a backup collects."),
]
Commands: TypeAlias = Annotated[
    list[str] | None, typer.Option("--command", metavar="TEXT", help="What a command job runs.")
]
Jitter: TypeAlias = Annotated[
    int, typer.Option(metavar="SECONDS", help="Run up to this much later, always the same.")
]
WhileRunning: TypeAlias = Annotated[
    Literal["skip", "queue"], typer.Option(help="What to do while its last run still goes.")
]
Disabled: TypeAlias = Annotated[bool, typer.Option("--disabled", help="Keep it switched off.")]
