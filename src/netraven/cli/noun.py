"""How a noun lists its verbs: each with its whole first sentence, however narrow the terminal.

Alone it is a question for them: they are shown as for `--help`, to whom the mistake is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer
from typer.core import TyperGroup
from typing_extensions import override

from netraven.errors import ExitCode

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

_NO_LIMIT: Final = 1000


class Noun(TyperGroup):
    """A group of commands whose help cuts no sentence off."""

    @override
    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            ctx.exit(ExitCode.USAGE)
        return super().parse_args(ctx, args)

    @override
    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [
            (name, command.get_short_help_str(_NO_LIMIT))
            for name, command in found
            if command is not None and not command.hidden
        ]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
