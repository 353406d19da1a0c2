"""A simulated terminal session: echo, passwords, pages, faults; on any byte stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from netraven.lab.device import SimulatedDevice
from netraven.lab.faults import Ending, spoil
from netraven.lab.interpreter import Interpreter, Reply, Step
from netraven.lab.keys import LineEditor

_TRICKLE_S = 0.25
_TRICKLE_BYTES = 16
_REPEAT_S = 0.01
_DEFAULT_ROWS = 24
_PASSWORD_TRIES = 3


class Terminal(Protocol):
    """Where a session's bytes go."""

    @property
    def is_clogged(self) -> bool:
        """The client takes bytes more slowly than they are written."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def close(self) -> None:
        """End the session as a device does after `exit`."""

    def reset(self) -> None:
        """Break the connection off."""

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call after so many seconds, unless the session has ended by then."""


class _Reads(Enum):
    """What the next key is taken for."""

    LINE = auto()
    PASSWORD = auto()
    PAGER = auto()
    NOTHING = auto()


class Shell:
    """One session; keys that arrive while an answer is under way are taken after it."""

    def __init__(
        self, device: SimulatedDevice, terminal: Terminal, *, username: str, rows: int
    ) -> None:
        """`rows` is the height of the client's terminal, 0 where it has none."""
        self._device = device
        self._terminal = terminal
        self._interpreter = Interpreter(device, username, page_rows=rows or _DEFAULT_ROWS)
        self._dialect = self._interpreter.dialect
        self._editor = LineEditor()
        self._reads = _Reads.NOTHING
        self._ahead: deque[str] = deque()
        self._tries_left = 0
        self._pages: deque[str] = deque()
        self._after_pages: Callable[[], None] = self._show_prompt
        self._screen: list[str] = []

    def start(self) -> None:
        """Greet, and show the first prompt."""
        self._say(self._interpreter.greeting())
        self._show_prompt()
        self._flush()

    def feed(self, data: bytes) -> None:
        """Take what the client typed."""
        self._ahead.extend(data.decode("utf-8", "replace"))
        self._take_keys()

    def execute(self, line: str) -> None:
        """Answer one line without prompt, echo or pages, and end the session."""
        self._interpreter.page_rows = 0
        reply = self._interpreter.reply(line)
        data, ending = self._spoiled(reply)
        self._terminal.write(data)
        self._end_answer(ending, data, self._terminal.close)

    def _take_keys(self) -> None:
        while self._ahead and self._reads is not _Reads.NOTHING:
            key = self._ahead.popleft()
            if self._reads is _Reads.PAGER:
                self._turn_page(key)
            elif self._editor.is_end(key):
                self._say("\n")
                self._submit(self._editor.take())
            elif key == "\x03":
                self._editor.take()
                self._say("^C\n")
                self._show_prompt()
            elif key == "\x04" and not self._editor.text:
                self._leave()
            else:
                self._screen.append(self._editor.edit(key))
        self._flush()

    # Answers

    def _submit(self, line: str) -> None:
        if self._reads is _Reads.PASSWORD:
            self._after_latency(lambda: self._check_password(line))
        elif line.strip():
            self._after_latency(lambda: self._answer(line))
        else:
            self._after_latency(self._show_prompt)

    def _after_latency(self, call: Callable[[], None]) -> None:
        """Call now, or after the device's latency; nothing is read in the meantime."""
        if not self._device.spec.latency_s:
            call()
            return

        def resume() -> None:
            call()
            self._take_keys()

        self._reads = _Reads.NOTHING
        self._flush()
        self._terminal.later(self._device.spec.latency_s, resume)

    def _answer(self, line: str) -> None:
        reply = self._interpreter.reply(line)
        match reply.step:
            case Step.LEAVE:
                self._leave()
            case Step.ASK_PASSWORD:
                self._tries_left = _PASSWORD_TRIES
                self._ask_password()
            case Step.SHOW:
                self._show(reply)

    def _show(self, reply: Reply) -> None:
        data, ending = self._spoiled(reply)
        rows = self._page_rows if reply.may_page else 0

        def go_on() -> None:
            self._end_answer(ending, data, self._show_prompt)

        if rows and data.count(b"\n") >= rows:
            self._pages = deque(data.decode("utf-8", "replace").split("\r\n"))
            self._after_pages = go_on
            self._show_page(rows - 1)
            return
        self._flush()
        if ending is not Ending.TRICKLE:
            self._terminal.write(data)
        go_on()

    @property
    def _page_rows(self) -> int:
        return self._interpreter.page_rows

    def _spoiled(self, reply: Reply) -> tuple[bytes, Ending]:
        data = reply.text.replace("\n", "\r\n").encode()
        if not reply.is_configuration:
            return data, Ending.PROMPT
        return spoil(data, self._device.fault, self._dialect.read_error)

    def _end_answer(self, ending: Ending, data: bytes, go_on: Callable[[], None]) -> None:
        """Go on after an answer, or leave the client as a fault does."""
        self._reads = _Reads.NOTHING
        match ending:
            case Ending.PROMPT:
                go_on()
            case Ending.RESET:
                self._terminal.later(_REPEAT_S, self._terminal.reset)
            case Ending.REPEAT:
                self._repeat(data)
            case Ending.TRICKLE:
                self._trickle(data, go_on)
            case Ending.SILENCE:
                pass

    def _repeat(self, data: bytes) -> None:
        if not self._terminal.is_clogged:
            self._terminal.write(data)
        self._terminal.later(_REPEAT_S, lambda: self._repeat(data))

    def _trickle(self, data: bytes, go_on: Callable[[], None]) -> None:
        self._terminal.write(data[:_TRICKLE_BYTES])
        rest = data[_TRICKLE_BYTES:]

        def resume() -> None:
            if rest:
                self._trickle(rest, go_on)
            else:
                go_on()
                self._take_keys()

        self._terminal.later(_TRICKLE_S, resume)

    # Passwords and pages

    def _ask_password(self) -> None:
        if self._dialect.enable is None:
            raise AssertionError(self._device.spec.platform)
        self._say(self._dialect.enable.question)
        self._editor.mask = self._dialect.enable.mask
        self._reads = _Reads.PASSWORD

    def _check_password(self, typed: str) -> None:
        enable = self._dialect.enable
        if enable is None:
            raise AssertionError(self._device.spec.platform)
        self._tries_left -= 1
        if typed == self._device.spec.enable_secret:
            self._interpreter.enable()
        elif self._tries_left:
            self._say(enable.wrong)
            self._ask_password()
            return
        else:
            self._say(enable.denied)
        self._show_prompt()

    def _show_page(self, rows: int) -> None:
        """Show so many lines more, then ask for a key, or go on behind the last one."""
        shown = [self._pages.popleft() for _ in range(min(rows, len(self._pages) - 1))]
        self._screen.extend(f"{line}\r\n" for line in shown)
        if len(self._pages) > 1 and self._dialect.pager is not None:
            self._screen.append(self._dialect.pager.prompt)
            self._reads = _Reads.PAGER
            return
        self._screen.extend(self._pages)
        self._pages.clear()
        self._flush()
        self._after_pages()

    def _turn_page(self, key: str) -> None:
        if self._dialect.pager is not None:
            self._screen.append(self._dialect.pager.erase)
        match key:
            case "q" | "Q" | "\x03":
                self._pages.clear()
                self._show_prompt()
            case "\r" | "\n":
                self._show_page(1)
            case _:
                self._show_page(self._page_rows - 1)

    # The screen

    def _show_prompt(self) -> None:
        self._say(self._interpreter.prompt())
        self._editor.mask = None
        self._reads = _Reads.LINE

    def _leave(self) -> None:
        self._reads = _Reads.NOTHING
        self._flush()
        self._terminal.close()

    def _say(self, text: str) -> None:
        self._screen.append(text.replace("\n", "\r\n"))

    def _flush(self) -> None:
        if self._screen:
            self._terminal.write("".join(self._screen).encode())
            self._screen.clear()
