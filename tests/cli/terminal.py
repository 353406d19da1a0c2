"""A terminal of a given width, and what the program leaves on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

_QUESTION = re.compile(rb"(?:assword|assphrase|alue|onfirmation): \Z")
_STYLE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass(frozen=True, slots=True)
class Screen:
    """What a command left on a terminal, without colours, and its exit code."""

    exit_code: int
    text: str

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.text.splitlines()]


def at_terminal(*arguments: object, columns: int = 80) -> Screen:
    """Run `netraven` at a terminal of its own; progress that was wiped away is left out."""
    process, terminal = pty.fork()
    if process == 0:
        script = Path(sys.executable).with_name("netraven")
        environment = {**os.environ, "TERM": "xterm-256color"}
        os.execve(str(script), [str(script), *map(str, arguments)], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    shown = b""
    try:
        while chunk := os.read(terminal, 65536):
            shown += chunk
    except OSError:  # Linux says so when the other end of a terminal is closed
        pass
    exit_code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.close(terminal)
    text = shown.decode().replace("\r\n", "\n")
    return Screen(exit_code, "\n".join(_left_of(line) for line in text.split("\n")))


def typed_at_terminal(*arguments: object, keys: bytes) -> Screen:
    """Run `netraven` at a terminal of its own, and type a line at each of its hidden questions."""
    process, terminal = pty.fork()
    if process == 0:
        script = Path(sys.executable).with_name("netraven")
        os.execv(str(script), [str(script), *map(str, arguments)])
    shown = b""
    for line in keys.splitlines(keepends=True):
        while not _QUESTION.search(shown):
            shown += os.read(terminal, 1024)
        os.write(terminal, line)
        shown += b"\n"
    try:
        while chunk := os.read(terminal, 1024):
            shown += chunk
    except OSError:  # Linux says so when the other end of a terminal is closed
        pass
    exit_code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.close(terminal)
    return Screen(exit_code, shown.decode().replace("\r\n", "\n"))


def _left_of(line: str) -> str:
    """Return what a line shows when it is done; `\\r` begins it anew."""
    return _STYLE.sub("", line.rpartition("\r")[2])
