"""What can be wrong with a simulated device, and what each fault makes of an answer."""

from __future__ import annotations

import random
from enum import StrEnum

_CUT_AT = 0.6
_LEFT_OF_LINE = 2


class Fault(StrEnum):
    """One way to fail; everything else about the device stays healthy."""

    DEAD = "dead"
    """Nothing listens on the port: the connection is refused."""
    NOT_SSH = "not_ssh"
    """The port answers, but speaks HTTP."""
    HANG = "hang"
    """TCP is accepted, then not one byte comes."""
    REFUSE_LOGIN = "refuse_login"
    """Every password is refused."""
    STALL = "stall"
    """The configuration stops in the middle, the connection stays open."""
    CUT = "cut"
    """The configuration breaks off in a line; an error line and the prompt follow."""
    ENDLESS = "endless"
    """The configuration never ends."""
    GARBAGE = "garbage"
    """Control codes, NULs and invalid UTF-8 come instead of a configuration."""
    DROP = "drop"
    """The connection is reset in the middle of the configuration."""
    SLOW = "slow"
    """The configuration trickles, 64 bytes a second."""
    WRONG_HOSTNAME = "wrong_hostname"
    """Another device answers at this address, with a prompt and configuration of its own."""
    CHANGED_HOST_KEY = "changed_host_key"
    """Each restart shows a new host key."""


class Ending(StrEnum):
    """What follows the last byte of an answer."""

    PROMPT = "prompt"
    SILENCE = "silence"
    RESET = "reset"
    REPEAT = "repeat"
    TRICKLE = "trickle"


_ENDINGS = {
    Fault.STALL: Ending.SILENCE,
    Fault.DROP: Ending.RESET,
    Fault.ENDLESS: Ending.REPEAT,
    Fault.SLOW: Ending.TRICKLE,
}


def spoil(answer: bytes, fault: Fault | None, error_line: str) -> tuple[bytes, Ending]:
    """Return what of a configuration is sent under the fault, and how it ends.

    `answer` has CR LF line ends; `error_line` is the platform's complaint about a failed
    read, sent by `CUT` alone. Cuts fall inside a line, at the same byte each time.
    """
    ending = Ending.PROMPT if fault is None else _ENDINGS.get(fault, Ending.PROMPT)
    match fault:
        case Fault.CUT:
            answer = _head(answer) + f"\r\n{error_line}\r\n".encode()
        case Fault.STALL | Fault.DROP:
            answer = _head(answer)
        case Fault.ENDLESS:
            answer = _head(answer) + b"\r\n"
        case Fault.GARBAGE:
            answer = _noise(len(answer))
    return answer, ending


def _head(answer: bytes) -> bytes:
    """Return the first part, ending within its last line of text."""
    lines = answer[: int(len(answer) * _CUT_AT)].rstrip(b"\r\n").split(b"\r\n")
    while len(lines) > 1 and len(lines[-1]) <= _LEFT_OF_LINE:
        lines.pop()
    return b"\r\n".join([*lines[:-1], lines[-1][:_LEFT_OF_LINE]])


def _noise(size: int) -> bytes:
    """Return bytes of every kind, among them escape codes and line ends."""
    dice = random.Random(size)
    pieces = [dice.randbytes(48) + b"\x1b[31m\x00\xff\xfe\r\n" for _ in range(size // 57 + 1)]
    return b"".join(pieces)
