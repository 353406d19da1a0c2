"""Recorded devices as others of their kind: other names, greetings, terminals, pagers, alphabets.

What a device prints is altered on its way, and the configuration must come out as it was printed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from netraven.archive.grade import grade
from netraven.collect.session import Session
from netraven.collect.terminal import visible_line
from netraven.db.enums import BackupStatus
from netraven.platforms.observation import Observation, Yields
from tests.collect.clock import run_virtual
from tests.collect.memory import Behaviour, LabStream, load_recordings
from tests.laboratory import IS_ABSENT, LABORATORY, WHY_SKIPPED
from tests.transcripts.recorded import ENABLE_SECRET, LIMITS
from tests.transcripts.test_recordings import platform_of

if TYPE_CHECKING:
    from devicelab.transcript import Transcript

Alter = Callable[[bytes], bytes]

pytestmark = pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)


def one_of_each() -> list[Transcript]:
    """Return the smallest recording of each model."""
    if IS_ABSENT:
        return []
    found = sorted(load_recordings(LABORATORY), key=lambda one: -one.path.stat().st_size)
    return [*{one.model: one for one in found}.values()]


RECORDINGS = one_of_each()
each_model = pytest.mark.parametrize(
    "recording", RECORDINGS, ids=[recording.model for recording in RECORDINGS]
)


@dataclass(frozen=True, slots=True)
class Gate:
    """Something a device waits for: what it says, and what must be typed."""

    says: bytes
    wants: bytes


class VariedStream:
    """A recorded device whose words are altered on their way, answer by answer.

    `gates` stand before the first prompt; `pager` shows so many lines and waits for a key.
    """

    def __init__(
        self,
        recording: Transcript,
        alter: Alter = bytes,
        *,
        gates: tuple[Gate, ...] = (),
        pager: tuple[bytes, bytes] | None = None,
        echoes: bool = True,
        page_lines: int = 24,
    ) -> None:
        large = Behaviour(piece_bytes=(10**7, 10**7), pause_s=0, latency_s=0.001)
        self.stream = LabStream(recording, large)
        self._alter = alter
        self._gates = list(gates)
        self._pager = pager
        self._page_lines = page_lines
        self._echoes = echoes
        self._pages: list[bytes] = []
        self._typed = b""
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        self._pump: asyncio.Task[None] | None = None
        self._passed = asyncio.Event()
        if self._gates:
            self._said.put_nowait(self._gates[0].says)
        else:
            self._passed.set()

    async def read(self) -> bytes:
        """Return the next piece; what the recorded device says is held back by the gates."""
        if self._pump is None:
            self._pump = asyncio.create_task(self._carry())
        return await self._said.get()

    async def write(self, data: bytes) -> None:
        """Type: at a gate, at a pager, else to the recorded device."""
        if self._gates:
            if data == self._gates[0].wants:
                del self._gates[0]
                if self._gates:
                    self._said.put_nowait(self._gates[0].says)
                else:
                    self._passed.set()
        elif self._pages:
            self._turn()
        else:
            self._typed = data
            await self.stream.write(data)

    async def close(self) -> None:
        """Hang up."""
        if self._pump is not None:
            self._pump.cancel()
        await self.stream.close()

    async def _carry(self) -> None:
        while True:
            said = await self._whole_answer()
            await self._passed.wait()
            typed = self._typed.rstrip(b"\r")
            if not self._echoes and typed and said.startswith(typed):
                said = said[len(typed) :].lstrip(b"\r\n") or b"\r\n"
            said = self._alter(said)
            lines = said.split(b"\n")
            if self._pager is not None and len(lines) > self._page_lines:
                step = self._page_lines
                self._pages = [
                    b"\n".join(lines[at : at + step]) + (b"\n" if at + step < len(lines) else b"")
                    for at in range(0, len(lines), step)
                ]
                self._turn(is_first=True)
            else:
                self._said.put_nowait(said)
            if not said:
                return

    async def _whole_answer(self) -> bytes:
        """Return all that is said until the device is quiet; its pieces are cut within prompts."""
        said = await self.stream.read()
        while said:
            try:
                async with asyncio.timeout(0.2):
                    said += await self.stream.read()
            except TimeoutError:
                break
        return said

    def _turn(self, *, is_first: bool = False) -> None:
        assert self._pager is not None
        shown, erase = self._pager
        page = self._pages.pop(0)
        self._said.put_nowait((b"" if is_first else erase) + page + (shown if self._pages else b""))


def read(recording: Transcript, alter: Alter = bytes, **options: object) -> Observation:
    async def collect() -> Observation:
        stream = VariedStream(recording, alter, **options)  # type: ignore[arg-type]
        platform = platform_of(recording)
        session = Session(stream, platform, LIMITS, enable_secret=ENABLE_SECRET)
        try:
            await session.open()
            (command,) = platform.commands_for(Yields.RUNNING)
            return await session.run(command)
        finally:
            await stream.close()

    return run_virtual(collect())


def is_completed(running: Observation, recording: Transcript) -> bool:
    return grade(running, platform_of(recording), None).status is BackupStatus.COMPLETED


def name_of(recording: Transcript) -> str:
    """Return the host name in the recorded prompt."""
    match = platform_of(recording).prompt.fullmatch(visible_line(recording.script.prompt))
    assert match is not None
    return str(next(filter(None, match.groupdict().values())))


PLAIN = {recording.name: read(recording) for recording in RECORDINGS}


# Names

NAMES = ("a", "x" * 60, "core-1.example.net", "R2D2", "lab-config-if", "sw_1", "10-1-1-1")


@each_model
@pytest.mark.parametrize("name", NAMES)
def test_any_host_name_will_do(recording: Transcript, name: str) -> None:
    before, after = name_of(recording).encode(), name.encode()
    if recording.model == "tplink" and len(name) > 50:
        pytest.skip("the recorded echo is wrapped for a short name")

    running = read(recording, lambda said: said.replace(before, after))

    assert running.text == PLAIN[recording.name].text.replace(before.decode(), name)
    assert running.hostname
    assert name.startswith(running.hostname)
    assert is_completed(running, recording)


ODD_NAMES = ("R&D, floor 2", "core #1", "lab (old) [2]", "Küche", "!test!", "a>b", "12:34 sw")


@each_model
@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_prompt_that_no_pattern_knows_is_learned_from_the_device(
    recording: Transcript, name: str
) -> None:
    before, after = name_of(recording).encode(), name.encode()

    running = read(recording, lambda said: said.replace(before, after))

    assert running.text == PLAIN[recording.name].text.replace(before.decode(), name)
    assert running.hostname
    assert is_completed(running, recording)


# Greetings

GREETINGS = {
    "a prompt of another": b"\r\nThis was other-switch#\r\nnow it is not>\r\n",
    "hashes": b"\r\n" + b"#" * 78 + b"\r\n#  KEEP OUT  #\r\n" + b"#" * 78 + b"\r\n",
    "a last login": b"Last login: Mon Nov 23 10:11:12 2026 from 10.0.0.1\r\r\n",
    "a wall": b"\r\nBroadcast message from root@host (pts/0):\r\n\r\nreboot at 5\r\n\r\n",
    "many lines": b"\r\n".join(b"line %d of a long text" % n for n in range(300)) + b"\r\n",
    "a question that is none": b"\r\nDo you agree? Then stay. Password: is secret.\r\n",
    "cursor moves": b"\x1b[2J\x1b[1;1H\x1b[?25l\x1b[1;31mHello\x1b[0m\x1b[24;1H\x1b[K\r\n",
    "a title": b"\x1b]0;device\x07\x1b]2;device\x1b\\\x1b[?2004h\x1b[?1h\x1b=",
    "bells and nulls": b"\x00\x00\x07\x07\r\n\x00\r\n",
    "latin letters": "Grüße aus Zürich\r\n".encode("latin-1"),
    "chinese letters": "未经授权禁止访问\r\n".encode("gbk"),
}


@each_model
@pytest.mark.parametrize("greeting", GREETINGS)
def test_any_greeting_is_read_over(recording: Transcript, greeting: str) -> None:
    said_before = [GREETINGS[greeting]]

    def greet(said: bytes) -> bytes:
        return (said_before.pop() if said_before else b"") + said

    running = read(recording, greet)

    assert running.text == PLAIN[recording.name].text
    assert is_completed(running, recording)


GATES = {
    "any key": Gate(b"\r\nPress any key to continue", b"\r"),
    "return": Gate(b"\r\n\r\nPress RETURN to get started.\r\n\r\n\r\n", b"\r"),
    "enter": Gate(b"\r\n*** Press <Enter> to access the switch ***", b"\r"),
    "space": Gate(b"\r\n-- Hit the space bar to continue --", b" \r"),
    "terms": Gate(b"\r\nUse is monitored.\r\nDo you accept the terms [y/n]? ", b"y\r"),
    "words": Gate(b"\r\nType 'I agree' to proceed: ", b"I agree\r"),
    "yes": Gate(b"\r\nI have read and accept the policy (yes/no): ", b"yes\r"),
    "decline": Gate(b"\r\nAcknowledge [ACCEPT/DECLINE]: ", b"ACCEPT\r"),
    "use": Gate(b"\r\nUnauthorised use is forbidden.\r\nDo you wish to continue? [Y/N]: ", b"Y\r"),
    "expiry": Gate(b"\r\nYour password expires in 3 days. Change it now? (y/n) ", b"n\r"),
    "position": Gate(b"\x1b[6n", b"\x1b[1;1R"),
    "size": Gate(b"\x1b[999;999H\x1b[6n", b"\x1b[1000;512R"),
    "kind": Gate(b"\x1b[c", b"\x1b[?6c"),
}


@each_model
@pytest.mark.parametrize("gate", GATES)
def test_what_stands_before_the_first_prompt_is_answered(recording: Transcript, gate: str) -> None:
    running = read(recording, gates=(GATES[gate],))

    assert running.text == PLAIN[recording.name].text
    assert is_completed(running, recording)


# Terminals


def at_prompts(recording: Transcript, before: bytes, after: bytes) -> Alter:
    """Return what puts bytes around every prompt."""
    prompt = recording.script.prompt

    def alter(said: bytes) -> bytes:
        return said.replace(prompt, before + prompt + after)

    return alter


AROUND = {
    "colours": (b"\x1b[0;32m", b"\x1b[0m"),
    "paste mode": (b"\x1b[?2004h", b""),
    "a title": (b"\x1b]0;user@host: ~\x07", b""),
    "an erased line": (b"\r\x1b[K", b""),
    "a drawn line": (b"\x1b[1;24r\x1b[24;1H\x1b[2K\x1b[24;1H", b"\x1b[24;30H\x1b[?25h"),
    "a bell": (b"\x07", b"\x07"),
    "nulls": (b"\x00\x00", b"\x00"),
    "blanks": (b"", b"   "),
}


@each_model
@pytest.mark.parametrize("around", AROUND)
def test_prompts_are_known_whatever_is_drawn_around_them(
    recording: Transcript, around: str
) -> None:
    running = read(recording, at_prompts(recording, *AROUND[around]))

    assert running.text == PLAIN[recording.name].text
    assert is_completed(running, recording)


ENDS = {
    "CR CR LF": (rb"\r*\n", b"\r\r\n"),
    "LF": (rb"\r*\n", b"\n"),
    "NUL CR LF": (rb"\r*\n", b"\x00\r\n"),
    "CR NUL LF": (rb"\r*\n", b"\r\x00\n"),
    "LF CR": (rb"\r*\n", b"\n\r"),
    "NEL": (rb"\r*\n", b"\x1bE"),
}


@each_model
@pytest.mark.parametrize("end", ENDS)
def test_lines_end_as_they_like(recording: Transcript, end: str) -> None:
    pattern, instead = ENDS[end]

    running = read(recording, lambda said: re.sub(pattern, instead, said))

    assert running.text == PLAIN[recording.name].text
    assert is_completed(running, recording)


# Pagers

PAGERS = {
    "--More--": (b" --More-- ", b"\b" * 10 + b" " * 10 + b"\b" * 10),
    "-- more --": (b"-- more --", b"\r          \r"),
    "<--- More --->": (b"<--- More --->", b"\r              \r"),
    "---- More ----": (b"  ---- More ----", b"\x1b[42D" + b" " * 42 + b"\x1b[42D"),
    "next page": (
        b"-- MORE --, next page: Space, next line: Enter, quit: Control-C",
        b"\r" + b" " * 64 + b"\r",
    ),
    "press any key": (b"Press any key to continue (Q to quit)", b"\r\x1b[K"),
    "press space": (b"Press <SPACE> for more, q to quit", b"\r\x1b[2K"),
    "lines": (b"\x1b[7mlines 1-24\x1b[m", b"\r\x1b[K"),
    "percent": (b"--More--(42%)", b"\r             \r"),
    "q quits": (b"CTRL+C ESC q Quit SPACE n Next Page ENTER Next Entry a All", b"\r\x1b[K"),
    "not erased": (b"--More--", b"\r\n"),
    "erased by moving": (b"--More--", b"\x1b[8D\x1b[K"),
    "brackets": (b"[More: <space>, Quit: q]", b"\r                        \r"),
}


@each_model
@pytest.mark.parametrize("pager", PAGERS)
def test_a_pager_of_any_wording_is_answered(recording: Transcript, pager: str) -> None:
    if recording.model == "opnsense":
        pytest.skip("a file printed by cat is not paged")
    if PLAIN[recording.name].text.count("\n") < 30:
        pytest.skip("too short for a second page")
    running = read(recording, pager=PAGERS[pager])

    assert running.text == PLAIN[recording.name].text
    assert is_completed(running, recording)


# Echoes


WRAPS = {"by CR": b" \r", "by CR LF": b"\r\n", "by a repeated letter": None}


@each_model
@pytest.mark.parametrize("wrap", WRAPS)
def test_an_echo_that_is_wrapped_is_known(recording: Transcript, wrap: str) -> None:
    (command,) = platform_of(recording).commands_for(Yields.RUNNING)
    typed = command.text.encode()
    half = len(typed) // 2
    margin = WRAPS[wrap] or typed[half : half + 1] + b"\r"

    def at_the_margin(said: bytes) -> bytes:
        is_echo = said.startswith(typed)
        return typed[:half] + margin + said[half:] if is_echo else said

    running = read(recording, at_the_margin)

    assert running.text == PLAIN[recording.name].text
    assert running.echo_seen


@each_model
def test_without_an_echo_nothing_is_completed_as_if_there_were_one(recording: Transcript) -> None:
    if recording.model == "asa":
        pytest.skip("its enable question then stands behind the prompt on one line")
    running = read(recording, echoes=False)

    assert running.echo_seen is False
    assert not is_completed(running, recording)
    last_lines = PLAIN[recording.name].text.split("\n")[1:]
    assert running.text.endswith("\n".join(last_lines[-5:]))


# Alphabets

WRITTEN = {
    "UTF-8": "Gerät – Straße ☎".encode(),
    "Latin-1": "Gerät Straße".encode("latin-1"),
    "Windows-1252": "Gerät – „Straße“".encode("cp1252"),
    "GBK": "核心交换机".encode("gbk"),
    "Shift JIS": "コアスイッチ".encode("shift_jis"),
}
FREE_TEXT = re.compile(rb"(?m)^( *(?:description|snmp-server location|location) )(\S+)")


@each_model
@pytest.mark.parametrize("alphabet", WRITTEN)
def test_a_text_in_any_alphabet_is_kept_byte_for_byte(recording: Transcript, alphabet: str) -> None:
    plain = PLAIN[recording.name].text
    anchor = FREE_TEXT.search(plain.encode())
    if anchor is None or not plain.isascii():
        pytest.skip("it has no free text to write into, or has letters there already")
    line = anchor[0]

    running = read(recording, lambda said: said.replace(line, line + WRITTEN[alphabet], 1))

    encoding = "utf-8" if alphabet == "UTF-8" else "latin-1"
    assert running.encoding == encoding
    wanted = plain.encode().replace(line, line + WRITTEN[alphabet], 1)
    assert running.text.encode(encoding) == wanted
    assert is_completed(running, recording)
