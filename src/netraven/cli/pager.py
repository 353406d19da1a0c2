"""A pager for long answers at a terminal, as git uses one: what fits a screen is just written."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console

from netraven.cli import output
from netraven.settings import read_variable


@contextmanager
def paged() -> Iterator[Console]:
    """Give a console whose text goes through the user's PAGER, `less` without one.

    What is piped goes where it goes. Raises nothing when the reader leaves the pager early: the
    block then ends where it was.
    """
    command = shlex.split(read_variable("PAGER") or "less")
    if not sys.stdout.isatty() or not command or shutil.which(command[0]) is None:
        yield output.out()
        return
    terminal = output.out()
    # Quit when all fits one screen, keep colours, leave the text on the screen.
    options = {} if read_variable("LESS") is not None else {"LESS": "FRX"}
    with subprocess.Popen(  # noqa: S603  the user's own choice, without a shell
        command, stdin=subprocess.PIPE, env={**_environment(), **options}, text=True
    ) as pager:
        if pager.stdin is None:
            return
        console = Console(
            file=pager.stdin,
            force_terminal=True,
            width=terminal.width,
            markup=False,
            highlight=False,
            emoji=False,
        )
        with suppress(BrokenPipeError):
            yield console
        with suppress(BrokenPipeError):
            pager.stdin.close()


def _environment() -> dict[str, str]:
    names = ("PATH", "HOME", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "COLUMNS", "LINES", "LESS")
    found = {name: read_variable(name) for name in names}
    return {name: value for name, value in found.items() if value is not None}
