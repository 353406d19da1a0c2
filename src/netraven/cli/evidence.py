"""How a session went, as people see it: what was agreed, what was offered, what the device said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from netraven.cli import output

if TYPE_CHECKING:
    from netraven.errors import Negotiated

Fact = tuple[str, str | None]

_LAST_LINES = 12


def algorithms(negotiated: Negotiated | None) -> list[str]:
    """Return what both sides agreed on, each name once; nothing where it came to no agreement."""
    if negotiated is None:
        return []
    names = (negotiated.kex, negotiated.host_key, negotiated.cipher, negotiated.mac)
    return [*dict.fromkeys(name for name in names if name)]


def offers(offered: Mapping[str, Sequence[str]] | None) -> list[Fact]:
    """Return a fact for each kind of algorithm that the device offered in vain."""
    return [(f"Offered {kind}", ", ".join(names)) for kind, names in (offered or {}).items()]


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
