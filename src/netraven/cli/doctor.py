"""`netraven doctor`: everything that must hold, checked, and what to do where it does not."""

from __future__ import annotations

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.output import Column


def doctor(*, as_json: AsJson = False) -> None:
    """Check settings, home, key ring, database and inventory, and say what to do about each."""
    from netraven.cli.checks import CheckState, examine

    checks = list(examine())
    healthy = all(check.state is not CheckState.ERROR for check in checks)
    if as_json:
        output.say_json({"healthy": healthy, "checks": checks})
    else:
        columns = (Column("Check"), Column("State"), Column("Finding", wraps=True))
        rows = (
            (
                check.name,
                output.state(check.state),
                "; ".join(filter(None, (check.finding, check.remedy))),
            )
            for check in checks
        )
        output.say_table(columns, rows)
        output.say("")
        if healthy:
            output.say("Nothing stands in the way of backups.", style="green")
        else:
            output.say("Mend what is marked as an error, from the top.", style="red")
    worst = next((check for check in checks if check.state is CheckState.ERROR), None)
    if worst is not None:
        raise typer.Exit(worst.exit_code)
