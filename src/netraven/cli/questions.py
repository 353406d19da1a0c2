"""Questions before what cannot be undone."""

from __future__ import annotations

import sys

import typer

from netraven.cli.output import visible
from netraven.errors import Invalid


def confirm(question: str, *, is_answered: bool) -> None:
    """Return when the answer is yes; raises Abort on no, Invalid where nobody can be asked."""
    if is_answered:
        return
    if not sys.stdin.isatty():
        raise Invalid("yes", "there is no terminal to ask at; say --yes to go ahead")
    typer.confirm(visible(question), abort=True, err=True)
