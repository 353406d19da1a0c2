"""The program `netraven`: nouns and verbs put together, and the last word on every error."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer.main import get_command

from netraven import __version__
from netraven.cli import (
    audit,
    backup,
    biography,
    blackout,
    blame,
    changes,
    credential,
    database,
    demo,
    device,
    doctor,
    faults,
    history,
    init,
    key,
    login,
    output,
    platform,
    retention,
    rule,
    run,
    run_answers,
    run_control,
    schedule,
    schedule_change,
    search,
    serve,
    setting,
    sso,
    status,
    tag,
    user,
    user_link,
    verify,
    worker,
)
from netraven.cli.ending import ending
from netraven.cli.noun import Noun
from netraven.cli.remote.address import Named, name_server
from netraven.errors import ExitCode

if TYPE_CHECKING:
    from typer._click import Command

app = typer.Typer(
    name="netraven",
    cls=Noun,
    no_args_is_help=True,
    # Plain text: in boxes of eighty columns the names of long options would be cut off.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init.init)
app.add_typer(device.app, name="device", cls=Noun)
app.add_typer(credential.app, name="credential", cls=Noun)
app.add_typer(tag.app, name="tag", cls=Noun)
app.add_typer(rule.app, name="rule", cls=Noun)
app.add_typer(backup.app, name="backup", cls=Noun)
app.add_typer(run.app, name="run", cls=Noun)
run.app.command("answers")(run_answers.show_answers)
run.app.command("start")(run_control.start_run)
run.app.command("watch")(run_control.watch_run)
run.app.command("cancel")(run_control.cancel_run)
run.app.command("retry")(run_control.retry_run)
app.command("login")(login.login)
app.command("logout")(login.logout)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.add_typer(platform.app, name="platform", cls=Noun)
app.add_typer(schedule.app, name="schedule", cls=Noun)
schedule.app.command("change")(schedule_change.change_schedule)
app.add_typer(blackout.app, name="blackout", cls=Noun)
app.add_typer(user.app, name="user", cls=Noun)
user.app.command("link")(user_link.link_user)
user.app.command("unlink")(user_link.unlink_user)
app.add_typer(sso.app, name="sso", cls=Noun)
app.add_typer(setting.app, name="setting", cls=Noun)
app.add_typer(audit.app, name="audit", cls=Noun)
app.add_typer(key.app, name="key", cls=Noun)
app.add_typer(database.app, name="db", cls=Noun)
app.command("search")(search.search)
app.command("blame")(blame.blame)
app.command("biography")(biography.biography)
app.command("changes")(changes.changes)
app.add_typer(history.app, name="history", cls=Noun)
app.command("verify")(verify.verify)
app.command("retention")(retention.retention)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)


def main() -> NoReturn:
    """Run the command of this process's arguments and leave with its exit code."""
    _tolerate_any_text()
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are told in one sentence."""
    try:
        with ending():
            ended = _program().main(
                args=list(arguments), prog_name="netraven", standalone_mode=False
            )
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  no user sees a stack trace
        return _tell(faults.fault_of(error), as_json="--json" in arguments)
    code = ended if isinstance(ended, int) else 0
    # Typer makes a number of Ctrl-C; a command that ends with this code has said why.
    if code == ExitCode.INTERRUPTED and not isinstance(ended, ExitCode):
        return _tell(faults.fault_of(KeyboardInterrupt()), as_json="--json" in arguments)
    return code


@cache
def _program() -> Command:
    return get_command(app)


def _show_version(is_asked: bool) -> None:  # noqa: FBT001  as Typer calls it
    if is_asked:
        output.say(f"netraven {__version__}")
        raise typer.Exit


@app.callback()
def netraven(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say which version this is.", callback=_show_version, is_eager=True
        ),
    ] = False,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Work on the NetRaven there, not on this machine's (`login`)."
        ),
    ] = None,
    server_ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PEM file of who signed that server's certificate."),
    ] = None,
    plain_http: Annotated[
        bool,
        typer.Option("--plain-http", help="Speak to it without TLS, on another machine too."),
    ] = False,
) -> None:
    """Keep the configurations of network devices: collected, proven complete, sealed, compared.

    State lives in `~/.netraven`, or where NETRAVEN_HOME says. Begin with `netraven init`.
    """
    name_server(Named(server=server, ca_file=server_ca, is_plain_http=plain_http))


def _tell(fault: faults.Fault, *, as_json: bool) -> int:
    if as_json:
        output.note_json({"error": {"code": fault.code, "message": fault.message}})
    else:
        output.note(f"netraven: {fault.message}", style="red")
        if fault.hint:
            output.note(fault.hint, style="dim")
    return fault.exit_code


def _tolerate_any_text() -> None:
    """Let a terminal without UTF-8 show what it cannot as an escape instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
