"""`netraven device test`: how far the way to one device goes, and why it ends there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from netraven.cli import output
from netraven.cli.device_replay import explain_newest_backup, replay_kept_session
from netraven.cli.evidence import (
    Fact,
    algorithms,
    explanation,
    last_words,
    offers,
    show_explanation,
    show_words,
)
from netraven.cli.options import AsJson, Deadline, DeviceName
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.cli.home import Home
    from netraven.collect.probe import ProbeStep
    from netraven.errors import CollectError, FailureReport
    from netraven.models import Device
    from netraven.tasks.probing import ProbedDevice

_NEXT = {
    "negotiation_failed": "`netraven device update {name} --legacy-ssh`, for this device alone",
    "host_key_changed": "compare the host key with the device's console, then "
    "`netraven device hostkey accept {name}`",
    "login_refused": "`netraven credential list`, then `netraven credential update CREDENTIAL`",
    "enable_refused": "`netraven credential update CREDENTIAL --ask-enable`",
    "dialogue_failed": "look at its last words; `netraven device update {name} --platform NAME` "
    "where it is another platform",
}


def try_device(
    name: DeviceName,
    *,
    deadline: Deadline = None,
    transcript: Annotated[
        bool, typer.Option("--transcript", help="Show all that the device said, not its end only.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say in words why it stopped and what would have gone on."),
    ] = False,
    replay: Annotated[
        bool,
        typer.Option(
            "--replay",
            help="Try the kept session of its newest bad backup on the present platform instead; "
            "the device is not touched.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Go the way of a backup up to the device's version, tell each step, and store nothing.

    Names the step that failed, what was awaited, the last words of the device and what was
    agreed on. Secrets in what it says are shown as tokens.
    """
    if replay:
        replay_kept_session(name, as_json=as_json)
        return
    from netraven.cli.home import open_home
    from netraven.cli.names import named_device
    from netraven.tasks.probing import probe_device

    home = open_home()
    with home.reading() as db:
        device = named_device(db, name)
    with output.waiting(f"Testing {device.hostname}", is_quiet=as_json):
        found = probe_device(home.sessions, device.id, actor=home.actor, deadline_s=deadline)
    if as_json:
        output.say_json(_told(found))
    else:
        _show(found, is_whole=transcript)
        if explain:
            _explain(home, found, device)
    if found.probe.error is not None:
        raise typer.Exit(found.probe.error.exit_code)


def _show(found: ProbedDevice, *, is_whole: bool) -> None:
    target = found.target
    output.say(
        f"{target.hostname}, {found.platform.label}, at {target.address} port {target.port}"
        + (" by telnet, which is not encrypted" if target.protocol == "telnet" else ""),
        style="bold",
    )
    _show_steps(found.probe.steps)
    output.say("")
    if found.probe.error is None:
        _show_success(found)
    else:
        _show_failure(found)
    if is_whole or found.probe.error is not None:
        _show_dialogue(found, is_whole=is_whole)


def _explain(home: Home, found: ProbedDevice, device: Device) -> None:
    """Say why the test failed; of one that did not, why the newest backup is not good."""
    if found.probe.error is None:
        explain_newest_backup(home, device)
        return
    show_explanation(_why(found, last_seen=""))


def _why(found: ProbedDevice, *, last_seen: str) -> list[str]:
    """Return in sentences why the test failed; nothing where it did not."""
    from netraven.collect.advice import advise
    from netraven.platforms.registry import PLATFORMS

    report = found.probe.report
    if found.probe.error is None:
        return []
    advice = (
        advise(report.dialogue, report.awaited, found.platform, PLATFORMS)
        if report.dialogue
        else []
    )
    return explanation(report.step, report.awaited, last_seen, advice=advice)


def _show_steps(steps: tuple[ProbeStep, ...]) -> None:
    columns = (
        Column(""),
        Column("Step"),
        Column("Took", right=True),
        Column("Came to", wraps=True),
    )
    output.say_table(
        columns,
        (
            (
                Text("✓", style="green") if step.is_ok else Text("✗", style="red"),
                step.name,
                output.milliseconds_in_words(round(step.took_s * 1000)),
                step.finding,
            )
            for step in steps
        ),
    )


def _show_success(found: ProbedDevice) -> None:
    facts = found.facts
    _show_facts(
        found,
        ("Credential", found.probe.login_name),
        ("Refused", ", ".join(found.probe.report.refused_logins)),
        ("Model", facts.model if facts else None),
        ("Version", facts.version if facts else None),
        ("Serial number", facts.serial if facts else None),
    )
    output.say("")
    took = output.milliseconds_in_words(round(found.probe.took_s * 1000))
    output.say(f"A backup can be made; this took {took}, nothing was stored.", style="green")


def _show_failure(found: ProbedDevice) -> None:
    report, error = found.probe.report, found.probe.error
    _show_facts(
        found,
        ("Awaited", report.awaited),
        ("Last seen", last_words(found.last_seen)),
        ("Refused", ", ".join(report.refused_logins)),
        *offers(report.offered),
        ("Next", "" if error is None else _next(error, report).format(name=found.target.hostname)),
    )


def _next(error: CollectError, report: FailureReport) -> str:
    # Whoever offers no algorithms is no old device: it speaks another protocol.
    if error.code == "negotiation_failed" and not report.offered:
        return ""
    return _NEXT.get(error.code, "")


def _show_facts(found: ProbedDevice, *facts: Fact) -> None:
    """Show what is known and was not told among the steps."""
    steps = " ".join(step.finding for step in found.probe.steps)
    agreed = algorithms(found.probe.report.negotiated)
    is_told = all(name in steps for name in agreed)
    shown = (
        *facts,
        ("Agreed on", "" if is_told else ", ".join(agreed)),
        ("Host key", _fingerprint(found)),
    )
    output.say_facts([(name, value) for name, value in shown if value and value not in steps])


def _show_dialogue(found: ProbedDevice, *, is_whole: bool) -> None:
    if found.dialogue is not None:
        show_words("What it said", found.dialogue, is_whole=is_whole)
    elif found.probe.report.dialogue:
        label = found.platform.label
        output.note(f"What it said is not shown: nobody knows what is secret in {label}.")


def _fingerprint(found: ProbedDevice) -> str | None:
    from netraven.collect.hostkeys import fingerprint

    line = found.probe.report.host_key
    return None if line is None else f"{line.split()[0]} {fingerprint(line)}"


def _told(found: ProbedDevice) -> dict[str, object]:
    probe, report = found.probe, found.probe.report
    error = probe.error
    return {
        "hostname": found.target.hostname,
        "address": found.target.address,
        "port": found.target.port,
        "protocol": found.target.protocol,
        "platform": found.platform.name,
        "ok": error is None,
        "error": None if error is None else {"code": error.code, "message": str(error)},
        "steps": probe.steps,
        "step": report.step,
        "awaited": report.awaited,
        "last_seen": found.last_seen,
        "negotiated": report.negotiated,
        "offered": report.offered,
        "host_key": report.host_key,
        "fingerprint": _fingerprint(found),
        "credential": probe.login_name,
        "refused_credentials": report.refused_logins,
        "prompt": probe.prompt,
        "facts": found.facts,
        "dialogue": found.dialogue,
        "why": _why(found, last_seen=found.last_seen),
        "took_s": round(probe.took_s, 3),
    }
