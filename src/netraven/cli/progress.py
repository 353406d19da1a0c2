"""A progress bar with counts and rate; nothing at all where nobody watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text
from typing_extensions import override

from netraven.cli import output


@dataclass(frozen=True, slots=True)
class Bar:
    """One running bar; `advance` moves it, `tell` changes the words behind it."""

    progress: Progress
    task: TaskID

    def advance(self, steps: int = 1) -> None:
        """Count steps as done."""
        self.progress.advance(self.task, steps)

    def tell(self, words: str) -> None:
        """Show words behind the bar."""
        self.progress.update(self.task, words=output.visible(words))


@contextmanager
def progress_bar(title: str, total: int | None, *, is_quiet: bool = False) -> Iterator[Bar]:
    """Show a bar on standard error while the block runs; it goes when the block ends.

    Quiet where standard error is no terminal, so that logs and scripts see results only.
    """
    console = output.err()
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}", markup=False, style="dim"),
        console=console,
        transient=True,
        expand=True,
        disable=is_quiet or not console.is_terminal,
    )
    with progress:
        yield Bar(progress, progress.add_task(title, total=total, words=""))


class _RateColumn(ProgressColumn):
    """Steps a second, over the last half minute or so."""

    @override
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "-/s", style="dim")
