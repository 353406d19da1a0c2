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
    from netraven.platforms.platform import Platform

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
    """Show each platform: vendor, names in other tools, and what its declaration rests on."""
    from netraven.cli.home import known_platforms, read_settings
    from netraven.cli.names import platform_name

    known = known_platforms(read_settings())
    asked = dict.fromkeys(platform_name(name, known) for name in names or ())
    # Netmiko's names and those with a file's path stand in no list, and are platforms all the same.
    wanted = [*filter(None, map(known.get, asked))] if names else [*known]
    if as_json:
        output.say_json([_described(platform) for platform in wanted])
    elif names or in_full:
        for number, platform in enumerate(wanted):
            if number:
                output.say("")
            _say_in_full(platform)
    else:
        output.say_table(_COLUMNS, [_row(platform) for platform in wanted])
        output.note(
            f"{len(wanted)} platforms, and `netmiko:TYPE` for what Netmiko bridges to;"
            " `netraven platform list NAME` shows one in full",
            style="dim",
        )


def _row(platform: Platform) -> tuple[str, ...]:
    from netraven.platforms.evidence import proof_in_words

    others = sorted({name for _, names in _aliases(platform) for name in names} - {platform.name})
    return platform.name, platform.vendor, proof_in_words(platform), ", ".join(others)


def _say_in_full(platform: Platform) -> None:
    from netraven.platforms.evidence import completeness_in_words, paging_in_words, proof_in_words

    output.say_facts(
        [
            ("Platform", platform.name),
            ("System", platform.label),
            ("Vendor", platform.vendor),
            ("Proof", proof_in_words(platform)),
            *((tool, ", ".join(names)) for tool, names in _aliases(platform)),
            *((yields.capitalize(), text) for yields, text in _commands(platform)),
            ("Paging", paging_in_words(platform)),
            ("Enable", platform.enable.command if platform.enable else None),
            ("Whole by", completeness_in_words(platform)),
        ]
    )


def _described(platform: Platform) -> dict[str, JsonValue]:
    from netraven.platforms.evidence import completeness_in_words

    return {
        "name": platform.name,
        "vendor": platform.vendor,
        "label": platform.label,
        "proof": platform.proof.value,
        "recordings": platform.recordings,
        "source": platform.source or None,
        "aliases": {tool.lower(): list(names) for tool, names in _aliases(platform)},
        "commands": [{"yields": yields, "text": text} for yields, text in _commands(platform)],
        "paging_off": list(platform.paging_off),
        "answers_pagers": bool(platform.pagers),
        "enable": platform.enable.command if platform.enable else None,
        "completeness": completeness_in_words(platform),
    }


def _aliases(platform: Platform) -> tuple[tuple[str, tuple[str, ...]], ...]:
    names = platform.aliases
    return (
        ("Netmiko", names.netmiko),
        ("Oxidized", names.oxidized),
        ("RANCID", names.rancid),
        ("NAPALM", names.napalm),
    )


def _commands(platform: Platform) -> list[tuple[str, str]]:
    return [(command.yields.value, command.text) for command in platform.commands]
