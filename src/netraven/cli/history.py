"""`netraven history`: whether the lines of all versions can be searched, and seeing to it."""

from __future__ import annotations

import typer

from netraven.cli import output
from netraven.cli.options import AsJson

app = typer.Typer(
    short_help="See whether all versions can be searched, and make what is missing.",
    help="Histories hold every line that a device ever had; `search`, `blame`, `biography` and "
    "`changes` read them. They are kept as backups are stored, and can always be made anew from "
    "them: after an upgrade that hides more secrets, or over versions older than this feature.",
    no_args_is_help=True,
)


@app.command("status")
def show_status(*, as_json: AsJson = False) -> None:
    """Say of how many devices' configurations the history is complete."""
    from netraven.archive.weave_standing import get_history_status
    from netraven.cli.home import reach_home

    with reach_home().reading() as db:
        status = get_history_status(db)
    if as_json:
        output.say_json(
            {"series": status.series, "current": status.current, "missing": status.unwoven}
        )
    elif status.unwoven:
        output.say(
            f"{status.current} of {output.counted(status.series, 'history', 'histories')} complete;"
            " `netraven history build` makes the others.",
            style="yellow",
        )
    else:
        count = output.counted(status.series, "history", "histories")
        output.say(f"{count}, all complete.", style="green")


@app.command("build")
def build_histories(*, as_json: AsJson = False) -> None:
    """Make the histories that are missing or out of date.

    It may be stopped at any time and goes on where it was; backups are stored meanwhile.
    """
    from netraven.archive.weave_standing import get_history_status
    from netraven.cli.home import open_home
    from netraven.cli.weaves import weave_all, weave_units
    from netraven.tasks.weaving import find_series_to_weave

    home = open_home()
    with home.reading() as db:
        total = get_history_status(db).unwoven
    units = weave_units(home)
    made, versions = weave_all(units, find_series_to_weave(units), total=total, is_quiet=as_json)
    if as_json:
        output.say_json({"made": made, "versions": versions})
    elif made:
        histories = output.counted(made, "history", "histories")
        output.say(f"Made {histories} of {output.counted(versions, 'version')}.", style="green")
    else:
        output.say("Every history is complete.", style="green")
