"""`netraven blame`: since when each line of a configuration stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from netraven.cli import output
from netraven.cli.options import AsJson, ConfigType, DeviceName

if TYPE_CHECKING:
    from rich.console import Console

    from netraven.archive.history_annotate import AnnotatedLine, Annotation
    from netraven.cli.home import AnyHome


def blame(
    name: DeviceName,
    *,
    version: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="That version, not the newest.")
    ] = None,
    config_type: ConfigType = "running",
    as_json: AsJson = False,
) -> None:
    """Show a version with the version and the time since which each line stands."""
    from netraven.cli.home import reach_home

    annotation = annotated(reach_home(), name, version, config_type=config_type)
    if as_json:
        from netraven.schemas.backup import BackupRead

        backup = BackupRead.model_validate(annotation.backup)
        lines = [line._asdict() for line in annotation.lines]
        output.say_json({"backup": backup, "lines": lines})
    else:
        show_annotation(annotation)


def annotated(
    home: AnyHome, name: str, version: int | None = None, *, config_type: str = "running"
) -> Annotation:
    """Return the device's annotated version; raises NotFound."""
    from netraven.archive.history_annotate import annotate
    from netraven.cli.names import named_backup, named_device
    from netraven.errors import NotFound

    with home.reading() as db:
        device = named_device(db, name)
        found = annotate(db, device.id, version, config_type=config_type)
        if found is None:
            at = "latest" if version is None else version
            backup = named_backup(db, f"{device.hostname}@{at}", config_type=config_type)
            title = output.versioned(device.hostname, backup.version)
            message = f"{title} is {backup.status.value}; only completed versions have a history"
            raise NotFound(message)
        return found


def show_annotation(annotation: Annotation) -> None:
    """Write each line behind its version and time; equal neighbours name them once."""
    from netraven.cli.pager import paged

    backup = annotation.backup
    title = output.versioned(backup.device.hostname, backup.version)
    output.note(f"{title} · stored {output.local_time(backup.created_at)}", style="dim")
    with paged() as console:
        write_annotation(console, annotation)


def write_annotation(console: Console, annotation: Annotation) -> None:
    """Write the lines of an annotation to a console."""
    from netraven.cli.search_view import write

    lines = [*annotation.lines]
    # Behind the last line feed there is nothing.
    if lines and not lines[-1].text:
        lines.pop()
    width = max((len(str(line.version)) for line in lines), default=1)
    author_width = min(12, max((len(line.author or "") for line in lines), default=0))
    before: AnnotatedLine | None = None
    for line in lines:
        is_same = before is not None and before.version == line.version
        gutter = _gutter(line, width, author_width)
        text = Text(" " * len(gutter) if is_same else gutter, style="cyan")
        text.append(output.visible(line.text.removesuffix("\r"), keep="\t"), style="default")
        write(console, text)
        before = line


def _gutter(line: AnnotatedLine, width: int, author_width: int) -> str:
    author = output.visible(line.author or "")[:author_width]
    named = f" {author:<{author_width}}" if author_width else ""
    return f"v{line.version:<{width}} {output.local_minute(line.since)}{named}  "
