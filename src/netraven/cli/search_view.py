"""How what a search finds is shown: by device and section, each line with its days."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from netraven.cli import output

if TYPE_CHECKING:
    from rich.console import Console

    from netraven.archive.search_history import DeviceHits
    from netraven.archive.search_scan import LineHit
    from netraven.cli.search_found import Asked, Found

_GUTTER = "  2026-06-03 → 2026-06-03  "


def write_device(console: Console, each: DeviceHits, asked: Asked, *, goes_on: bool) -> None:
    """Write the lines of a device below its name, which was written where it `goes_on`."""
    if not goes_on:
        name = each.hostname
        if each.config_type != "running":
            name = f"{name} ({each.config_type})"
        head = Text(output.visible(name), style="bold")
        head.append(f"  {output.counted(each.count, 'line')}", style="not bold dim")
        write(console, head)
    section: tuple[str, ...] = ()
    for hit in each.hits:
        if hit.section != section:
            section = hit.section
            write(console, Text(f"  {output.visible(' › '.join(section))}", style="cyan"))
        _write_hit(console, hit, asked)


def write(console: Console, text: Text) -> None:
    """Write a line, however long: at a terminal it folds, elsewhere it stays one."""
    if console.is_terminal:
        console.print(text, soft_wrap=True)
    else:
        console.file.write(f"{text.plain.rstrip()}\n")


def day(moment: datetime) -> str:
    """Return the day of a moment in the zone of this terminal."""
    return moment.astimezone().strftime("%Y-%m-%d")


def sum_up(found: Found) -> None:
    """Say on standard error what was found, and what of all there is was not looked at."""
    searched = output.counted(found.searched, "configuration")
    lines = output.counted(found.lines, "line")
    devices = output.counted(found.devices, "configuration")
    sentence = f"{lines} in {devices}; {searched} searched."
    output.note(sentence if found.lines else f"Nothing found; {searched} searched.", style="dim")
    if found.too_young and found.too_young == found.searched:
        output.note("Nothing was stored as early as that.", style="yellow")
    elif found.too_young:
        young = output.counted(found.too_young, "configuration")
        output.note(f"{young} had no version yet at that time.", style="dim")
    if found.pruned:
        output.note(
            f"Of {output.counted(found.pruned, 'configuration')} the version of that time is not "
            "kept any more; lines that stood only then are not known.",
            style="yellow",
        )
    note_gaps(found.unwoven, found.unreadable)
    if found.cut:
        output.note(f"The search ended {found.cut}.", style="yellow")


def note_gaps(unwoven: int, unreadable: list[str]) -> None:
    """Say of what could not be searched that it was not."""
    if unwoven:
        output.note(
            f"{output.counted(unwoven, 'configuration')} could not be searched: the history is "
            "not made yet; `netraven history build` makes it.",
            style="yellow",
        )
    if unreadable:
        output.note(
            f"The history of {', '.join(unreadable)} is damaged and was not searched; "
            "`netraven verify` makes it anew.",
            style="red",
        )


def _write_hit(console: Console, hit: LineHit, asked: Asked) -> None:
    for line in hit.before:
        _write_context(console, line)
    until = "now" if hit.gone_at is None else day(hit.gone_at)
    text = Text(f"  {day(hit.since)} → {until:<10}  ", style="dim")
    shown = Text(output.visible(hit.line, keep="\t"))
    if hit.gone_at is None:
        shown.stylize("not dim")
    found = [asked.pattern] if asked.kind != "words" else asked.pattern.split()
    if asked.kind != "regex":
        shown.highlight_words(found, style="bold red not dim", case_sensitive=asked.case)
    write(console, text.append_text(shown))
    for line in hit.after:
        _write_context(console, line)


def _write_context(console: Console, line: str) -> None:
    write(console, Text(f"{'':{len(_GUTTER)}}{output.visible(line, keep=chr(9))}", style="dim"))
