"""`netraven platform`: the network operating systems that can be collected from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.output import Column
from netraven.cli.platform_record import prove_platform, record_session

if TYPE_CHECKING:
    from netraven.db.types import JsonValue
    from netraven.platforms.described import Described

app = typer.Typer(
    help="Show which network operating systems can be collected from, record and prove them.",
    no_args_is_help=True,
)
app.command("record")(record_session)
app.command("test")(prove_platform)

_COLUMNS = (
    Column("Platform"),
    Column("Vendor", wraps=True),
    Column("Proof"),
    Column("Other tools' names", wraps=True),
)


_TOOLS = ("Netmiko", "Oxidized", "RANCID", "NAPALM")


@app.command("list")
def list_platforms(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Only these, by any tool's name, in full."),
    ] = None,
    *,
    in_full: Annotated[
        bool, typer.Option("--full", help="Show commands, paging and evidence as well.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show each platform: vendor, names in other tools, and what its declaration rests on.

    With --full also its commands, paging, and what proves that a configuration is whole.
    """
    from netraven.cli.home import reach_platforms

    wanted = reach_platforms(names or ())
    if as_json:
        output.say_json([_told(platform) for platform in wanted])
    elif names or in_full:
        for number, platform in enumerate(wanted):
            if number:
                output.say("")
            _say_in_full(platform)
    else:
        output.say_table(_COLUMNS, [_row(platform) for platform in wanted])
        output.note(
            f"{len(wanted)} platforms, and `netmiko:TYPE` for what Netmiko bridges to;"
            " with --full or a NAME, their commands, paging and evidence",
            style="dim",
        )


def _row(platform: Described) -> tuple[str, ...]:
    others = {name for names in platform.aliases.values() for name in names} - {platform.name}
    return platform.name, platform.vendor, platform.proof_in_words, ", ".join(sorted(others))


def _say_in_full(platform: Described) -> None:
    output.say_facts(
        [
            ("Platform", platform.name),
            ("System", platform.label),
            ("Vendor", platform.vendor),
            ("Proof", platform.proof_in_words),
            *((tool, ", ".join(platform.aliases[tool.lower()])) for tool in _TOOLS),
            *((command.yields.capitalize(), command.text) for command in platform.commands),
            ("Paging", platform.paging),
            ("Enable", platform.enable),
            ("Whole by", platform.completeness),
        ]
    )


def _told(platform: Described) -> dict[str, JsonValue]:
    return {
        "name": platform.name,
        "vendor": platform.vendor,
        "label": platform.label,
        "proof": platform.proof.value,
        "recordings": platform.recordings,
        "source": platform.source,
        "aliases": {tool: list(names) for tool, names in platform.aliases.items()},
        "commands": [{"yields": one.yields, "text": one.text} for one in platform.commands],
        "paging_off": list(platform.paging_off),
        "answers_pagers": platform.answers_pagers,
        "enable": platform.enable,
        "completeness": platform.completeness,
    }
