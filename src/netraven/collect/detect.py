"""Finding out which platform a device is: its first screen, and at most three harmless commands."""

from __future__ import annotations

import re
from typing import Final

from netraven.collect.conversation import Conversation
from netraven.collect.greetings import answer_to_greeting
from netraven.collect.terminal import resolve, squash
from netraven.collect.walk import Step, Walk
from netraven.errors import DialogueFailed
from netraven.platforms.detection import Clues, Finding, dismissal_of, weigh
from netraven.platforms.manners import MORE
from netraven.platforms.platform import Platform
from netraven.platforms.undetermined import UNDETERMINED

_SETTLE_S: Final = 1.0
_SILENCE_S: Final = 5.0
_MOST_QUESTIONS: Final = 8
_DIGITS: Final = re.compile(r"\d+")


async def detect(talk: Conversation, walk: Walk) -> Platform:
    """Return the platform of the device at the other end, its prompt being the last line.

    Raises `DialogueFailed`, which says what was seen and what to do, where not exactly one
    platform names itself; `DeviceTimeout`, `SessionLost` or `OutputTooLarge` as a session does.
    """
    walk.begin(Step.DETECT, "a prompt of any platform")
    talk.pagers = (MORE,)
    clues = await _first_screen(talk, walk)
    finding = weigh(clues)
    while finding.asks is not None:
        walk.awaited = f"the answer to '{finding.asks}'"
        answer = await _ask(talk, finding.asks, clues.prompt)
        clues = clues.with_answer(finding.asks, answer)
        finding = weigh(clues)
    if finding.platform is None:
        raise _unknown(walk, clues, finding)
    walk.note(Step.DETECT, f"{finding.platform.label} ({finding.platform.name}), by {finding.by}")
    talk.begin()
    talk.pagers = finding.platform.pagers
    return finding.platform


async def _first_screen(talk: Conversation, walk: Walk) -> Clues:
    """Return what is known once the device waits: greetings are answered on the way."""

    def waits() -> str | None:
        return talk.last_line() or None

    def dismissal() -> str:
        return dismissal_of(talk.line_above()) or ""

    for _ in range(_MOST_QUESTIONS):
        await talk.until(waits, walk.awaited, nudge=True, wake=dismissal)
        while await talk.receive(within_s=_SETTLE_S):
            pass
        line = talk.last_line()
        answer = answer_to_greeting(line, talk.lines_above())
        answer = dismissal_of(line) if answer is None else answer
        if answer is not None:
            talk.consume()
            await talk.type(answer)
        elif UNDETERMINED.prompt.fullmatch(line) or (line and weigh(Clues(prompt=line)).fits):
            greeting = resolve(bytes(talk.received)).text
            return Clues(server=walk.server, greeting=greeting, prompt=line)
    raise DialogueFailed(
        f"{walk.name} shows no prompt that is known; set its platform with"
        f" `netraven device update {walk.name} --platform NAME`",
        step=Step.DETECT,
        awaited=walk.awaited,
    )


async def _ask(talk: Conversation, command: str, prompt: str) -> str:
    """Return the answer to a command: until the prompt is back, or nothing more comes."""
    talk.begin()
    await talk.type(command)
    shown = _DIGITS.sub("0", prompt)

    def is_back() -> bool | None:
        if b"\n" not in talk.received:
            return None
        return True if _DIGITS.sub("0", talk.last_line()) == shown else None

    while is_back() is None:
        if not await talk.turn_pages(within_s=_SILENCE_S) and talk.last_line():
            break
    lines = resolve(bytes(talk.received)).lines
    echo = next((n for n, line in enumerate(lines) if squash(line).endswith(squash(command))), -1)
    return "\n".join(lines[echo + 1 : -1])


def _unknown(walk: Walk, clues: Clues, finding: Finding) -> DialogueFailed:
    """Say what was seen: the device's own words stay in the report, which is shown redacted."""
    seen = [f"the SSH server {clues.server}" if clues.server else "", f"the prompt {clues.prompt}"]
    asked = ", ".join(f"'{command}'" for command, _ in clues.answers)
    fact = f"{walk.name} does not say which platform it is ({' and '.join(filter(None, seen))}"
    fact += f"; asked {asked})" if asked else ")"
    if len(finding.likely) > 1:
        fact += f"; it could be {' or '.join(finding.likely)}"
    elif finding.likely:
        fact += f"; it is perhaps {finding.likely[0]}"
    return DialogueFailed(
        f"{fact}; set it with `netraven device update {walk.name} --platform NAME`",
        step=Step.DETECT,
        awaited="a platform that names itself",
    )
