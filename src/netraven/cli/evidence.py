"""How a session went, as people see it: what was agreed, what was offered, what the device said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from netraven.cli import output
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.archive.transcripts import TypedLine
    from netraven.errors import Negotiated
    from netraven.tasks.proving import ProofStep

Fact = tuple[str, str | None]
JUDGEMENT = "judgement"
"""The step of a session that came to its end and gave nothing to rely on."""

_LAST_LINES = 12
# Three lines of a terminal: what came last may be a whole KiB of escaped bytes.
_LAST_CHARACTERS = 240


def algorithms(negotiated: Negotiated | None) -> list[str]:
    """Return what both sides agreed on, each name once; nothing where it came to no agreement."""
    if negotiated is None:
        return []
    names = (negotiated.kex, negotiated.host_key, negotiated.cipher, negotiated.mac)
    return [*dict.fromkeys(name for name in names if name)]


def offers(offered: Mapping[str, Sequence[str]] | None) -> list[Fact]:
    """Return a fact for each kind of algorithm that the device offered in vain."""
    return [(f"Offered {kind}", ", ".join(names)) for kind, names in (offered or {}).items()]


def last_words(last_seen: str) -> str:
    """Return what came last, of more than fits three lines the end."""
    if len(last_seen) <= _LAST_CHARACTERS:
        return last_seen
    return f"…{last_seen[1 - _LAST_CHARACTERS :]}"


def explanation(
    step: str, awaited: str, last_seen: str = "", *, advice: Sequence[str] = ()
) -> list[str]:
    """Return in sentences where a session stopped, what it awaited, what came and was missing.

    `last_seen` is left out where it is told beside them.
    """
    sentences = [f"The session stopped while {step}."]
    if step == JUDGEMENT:
        sentences = ["The session came to its end; what it gave was doubted."]
    elif awaited:
        sentences.append(f"It awaited {awaited}.")
    if last_seen:
        sentences.append(f"What came last is: {last_words(last_seen)}")
    return [*sentences, *(f"{each[:1].upper()}{each[1:]}." for each in advice if each)]


def show_explanation(sentences: Sequence[str]) -> None:
    """Show an explanation, a sentence a line."""
    output.say("")
    output.say("Why:", style="bold")
    for sentence in sentences:
        output.say(f"  {sentence}")


def show_times(typed: Sequence[TypedLine]) -> None:
    """Show when what was typed, and how long the device took for its answer."""
    if typed:
        output.say("")
        columns = (
            Column("At", right=True),
            Column("Typed", wraps=True),
            Column("Answered in", right=True),
        )
        output.say_table(
            columns,
            (
                (f"{one.at_s:.1f} s", one.text or "(Enter)", f"{one.answered_s:.1f} s")
                for one in typed
            ),
        )


def show_proof(steps: Sequence[ProofStep]) -> None:
    """Show how a session went with a recording, step by step, and what differs."""
    columns = (Column(""), Column("Step", wraps=True), Column("Came to", wraps=True))
    output.say_table(columns, ((_mark(step), step.name, step.finding) for step in steps))
    for step in steps:
        if step.details:
            output.say("")
            output.say(f"{step.name}:", style="bold")
            for detail in step.details:
                output.say(f"  {detail}")


def show_words(title: str, text: str, *, is_whole: bool) -> None:
    """Show the last lines of what a device said, or all of them."""
    lines = text.replace("\r", "").strip("\n").split("\n")
    if lines == [""]:
        return
    shown = lines if is_whole else lines[-_LAST_LINES:]
    left_out = len(lines) - len(shown)
    output.say("")
    output.say(f"{title}, its last {len(shown)} lines:" if left_out else f"{title}:", style="bold")
    for line in shown:
        output.say(f"  {line}")
    if left_out:
        output.note(f"{left_out} lines before them: `--transcript` shows all.", style="dim")


def _mark(step: ProofStep) -> Text:
    return Text("✓", style="green") if step.is_ok else Text("✗", style="red")
