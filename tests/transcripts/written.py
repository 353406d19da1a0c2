"""Devices as manuals and their users show them: what each says to what is typed, as data."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from netraven.collect.stream import Stream
from netraven.errors import SessionLost
from netraven.platforms.observation import Yields
from netraven.platforms.platform import Platform
from netraven.platforms.registry import get_platform
from tests.transcripts.recorded import ENABLE_SECRET, PASSWORD, USERNAME

DIALOGUES: Final = Path(__file__).parent / "dialogues"
MARKS: Final = re.compile("[«»]")
ENTER: Final = "\r"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a device pages: what it shows, how it draws that over, and what switches it off.

    `keys` are those that it goes on at.
    """

    shown: str
    erased: str = ""
    lines: int = 10
    off: str = ""
    keys: str = " "


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One device.

    - `gates` stand before the first prompt: what is said, and what must be typed.
    - `prompts` are one for each rank, the login's first; `{n}` in them counts. `enable` is what
      leads to the next one, `asks` what it asks before, `secret` what must be typed then.
    - `answers` are by command; `running` is that for the configuration, with `before` and `after`
      around it. All else is met with `refusal`.
    - `echo` is how a typed line is shown; `newline` ends each line.
    - `config` has its secrets between « and »; `{t}` in it is another number each time.
    - `says_what_it_is` where some answer or greeting names the platform.
    """

    name: str
    platform: str
    prompts: Sequence[str]
    config: str
    greeting: str = ""
    gates: Sequence[tuple[str, str]] = ()
    enable: str = "enable"
    asks: str = "Password: "
    secret: str = ENABLE_SECRET
    answers: Mapping[str, str] = field(default_factory=dict)
    accepts: Sequence[str] = ()
    running: str = ""
    before: str = ""
    after: str = ""
    refusal: str = "% Invalid input detected at '^' marker.\n"
    echo: str = "{}"
    newline: str = "\r\n"
    paging: Paging | None = None
    says_what_it_is: bool = True

    @property
    def declared(self) -> Platform:
        """The platform that it is one of."""
        found = get_platform(self.platform)
        assert found is not None, self.platform
        return found

    @property
    def text(self) -> str:
        """Its configuration, without the marks around secrets."""
        return MARKS.sub("", self.config)

    def is_its_configuration(self, text: str) -> bool:
        """Tell whether a text is the configuration, whatever the numbers in it that move."""
        pattern = re.escape(self.text.strip("\n")).replace(r"\{t\}", r"\d+")
        return re.fullmatch(rf"{pattern}\n", text) is not None

    @property
    def wants_login(self) -> bool:
        """It asks for name and password on its terminal."""
        return any("{username}" in wanted for _, wanted in self.gates)

    @property
    def command(self) -> str:
        """The command that it answers with its configuration."""
        return self.running or self.declared.commands_for(Yields.RUNNING)[0].text


def written_devices() -> list[Written]:
    """Return all devices of the folder, in the order of its files."""
    return [device for path in sorted(DIALOGUES.glob("*.yaml")) for device in _read(path)]


def _read(path: Path) -> Iterator[Written]:
    for fields in yaml.safe_load(path.read_text(encoding="utf-8")):
        paging = fields.pop("paging", None)
        yield Written(**fields, paging=None if paging is None else Paging(**paging))


class PacedStream:
    """Another `Stream` whose words arrive in pieces, each of the first after a pause."""

    def __init__(self, stream: Stream, *, piece: int, pause_s: float, pauses: int) -> None:
        self._stream = stream
        self._piece = piece
        self._pause_s = pause_s
        self._pauses_left = pauses
        self._said = b""
        self._ready_at_s: float | None = None

    async def read(self) -> bytes:
        """Return the next piece; whoever stops waiting for it does not begin anew."""
        self._said = self._said or await self._stream.read()
        if self._pauses_left:
            now_s = asyncio.get_running_loop().time()
            self._ready_at_s = self._ready_at_s or now_s + self._pause_s
            await asyncio.sleep(self._ready_at_s - now_s)
            self._ready_at_s = None
            self._pauses_left -= 1
        piece, self._said = self._said[: self._piece], self._said[self._piece :]
        return piece

    async def write(self, data: bytes) -> None:
        """Type."""
        await self._stream.write(data)

    async def close(self) -> None:
        """Hang up."""
        await self._stream.close()


class WrittenStream:
    """A `Stream` to such a device; `typed` holds the lines that were typed."""

    def __init__(self, device: Written) -> None:
        self.typed: list[str] = []
        self._device = device
        self._gates = list(device.gates)
        self._rank = 0
        self._shown = self._told = 0
        self._pages: list[str] = []
        self._is_asking = False
        self._pages_on = device.paging is not None
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        self._is_ended = False
        self._say(self._gates[0][0] if self._gates else device.greeting + self._prompt())

    async def read(self) -> bytes:
        """Return what has been said."""
        return await self._said.get()

    async def write(self, data: bytes) -> None:
        """Take what is typed: at a gate, a pager, a password question or a prompt."""
        if self._is_ended:
            raise SessionLost("the device has gone", step="test")
        text = data.decode()
        if self._pages:
            self._turn_page(text)
        elif self._gates:
            self._pass_gate(text)
        elif self._is_asking:
            self._take_secret(text.removesuffix(ENTER))
        else:
            self._answer(text.removesuffix(ENTER))

    async def close(self) -> None:
        """Hang up."""
        self._is_ended = True

    def _pass_gate(self, text: str) -> None:
        wanted = self._gates[0][1].format(username=USERNAME, password=PASSWORD)
        if text == wanted:
            del self._gates[0]
            device = self._device
            self._say(self._gates[0][0] if self._gates else device.greeting + self._prompt())

    def _take_secret(self, text: str) -> None:
        self._is_asking = False
        self._rank += text == self._device.secret
        self._say("\n" + self._prompt())

    def _answer(self, line: str) -> None:
        device = self._device
        self.typed.append(line)
        echo = device.echo.format(line) + "\n"
        if line in device.declared.leave and line not in device.answers:
            self._is_ended = True
        elif line == device.enable and self._rank + 1 < len(device.prompts):
            self._is_asking = bool(device.asks)
            self._rank += not device.asks
            self._say(echo + (device.asks or self._prompt()))
        elif device.paging is not None and line and line == device.paging.off:
            self._pages_on = False
            self._say(echo + self._prompt())
        else:
            self._say_paged(echo + self._answer_to(line) + self._prompt())

    def _answer_to(self, line: str) -> str:
        device = self._device
        if line == device.command and self._rank + 1 == len(device.prompts):
            self._told += 1
            return device.before + device.text.replace("{t}", str(10 + self._told)) + device.after
        if not line or line in device.accepts:
            return ""
        return device.answers.get(line, device.refusal)

    def _say_paged(self, text: str) -> None:
        paging = self._device.paging
        lines = text.split("\n")
        if paging is None or not self._pages_on or len(lines) <= paging.lines + 1:
            self._say(text)
            return
        step = paging.lines
        starts = range(0, len(lines), step)
        pages = ["\n".join(lines[at : at + step]) for at in starts]
        self._pages = [page + "\n" for page in pages[:-1]] + pages[-1:]
        self._say(self._pages.pop(0) + paging.shown)

    def _turn_page(self, key: str) -> None:
        paging = self._device.paging
        assert paging is not None
        if key not in paging.keys:
            self._pages = []
            self._say(paging.erased + self._prompt())
            return
        page = self._pages.pop(0)
        self._say(paging.erased + page + (paging.shown if self._pages else ""))

    def _prompt(self) -> str:
        self._shown += 1
        return self._device.prompts[self._rank].replace("{n}", str(self._shown))

    def _say(self, text: str) -> None:
        ended = re.sub(r"(?<!\r)\n", self._device.newline, text)
        self._said.put_nowait(ended.encode("utf-8", "surrogateescape"))
