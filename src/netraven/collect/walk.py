"""How far a collection has come, and the evidence it leaves when it fails."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Protocol

from netraven.collect.dialogue import Dialogue
from netraven.collect.footprint import Footprint
from netraven.collect.target import Jump, Login, Target
from netraven.errors import CollectError, FailureReport, Negotiated


class Step(StrEnum):
    """The steps before a device's own dialogue begins, in order."""

    RESOLVE = "looking up the address"
    CONNECT = "connecting"
    BANNER = "waiting for the SSH version"
    NEGOTIATE = "exchanging keys"
    HOST_KEY = "checking the host key"
    QUESTION = "waiting for a login question"
    TURN = "waiting for its turn to log in"
    LOGIN = "logging in"
    SHELL = "opening a terminal"
    DETECT = "finding out the platform"
    COPY = "copying a file"


BEFORE_LOGIN = frozenset(
    {
        Step.RESOLVE,
        Step.CONNECT,
        Step.BANNER,
        Step.NEGOTIATE,
        Step.HOST_KEY,
        Step.QUESTION,
        Step.TURN,
    }
)
"""Steps in which no secret has been shown, so that trying again cannot lock an account."""


class Pulse:
    """Signs of life: the bytes received from the device so far."""

    __slots__ = ("received_bytes",)

    def __init__(self) -> None:
        self.received_bytes = 0


class Talk(Protocol):
    """A session that has been begun, ours or Netmiko's: what a report takes from it."""

    refused: tuple[str, ...]

    @property
    def step(self) -> str:
        """How far it came."""

    @property
    def awaited(self) -> str:
        """What it waited for last."""

    @property
    def dialogue(self) -> Dialogue:
        """The bounded record."""

    @property
    def trail(self) -> tuple[Footprint, ...]:
        """The steps begun so far."""

    @property
    def prompt(self) -> str | None:
        """The learned prompt, None before it is known."""


class Walk:
    """One device's way from its address to its configuration, noted while it is walked."""

    def __init__(self, target: Target, logins: tuple[Login, ...], pulse: Pulse) -> None:
        self.target = target
        self.logins = logins
        self.name = target.hostname
        self.pulse = pulse
        self.step: str = Step.RESOLVE
        self.awaited = ""
        self.trail: list[Footprint] = []
        self.server = ""
        self.negotiated: Negotiated | None = None
        self.offered: dict[str, tuple[str, ...]] | None = None
        self.host_key: str | None = None
        self.jump_host_keys: dict[str, str] = {}
        self.refused_logins: list[str] = []
        self.first_bytes = b""
        self.dialogue: Dialogue | None = None
        self.talk: Talk | None = None
        self.deadline_at: float | None = None
        self._begun_at_s = asyncio.get_running_loop().time()

    def begin_leg(self) -> None:
        """Note that another connection begins: what was learned of the one before is over."""
        self.server = ""
        self.negotiated = None
        self.offered = None
        self.first_bytes = b""
        self.dialogue = None

    def trusted_keys(self, peer: Target | Jump) -> tuple[str, ...]:
        """Return the keys to trust: the known ones, else the one shown earlier on this walk."""
        shown = self._shown_key(peer)
        return peer.known_host_keys or ((shown,) if shown else ())

    def note_host_key(self, peer: Target | Jump, line: str | None) -> None:
        """Keep the key that a peer shows, where it has shown one."""
        if line is None:
            return
        if isinstance(peer, Jump):
            self.jump_host_keys[peer.hostname] = line
        else:
            self.host_key = line

    def _shown_key(self, peer: Target | Jump) -> str | None:
        return self.jump_host_keys.get(peer.hostname) if isinstance(peer, Jump) else self.host_key

    def begin(self, step: str, awaited: str) -> None:
        """Note that a step begins, and what it waits for."""
        self.step = step
        self.awaited = awaited
        self.trail.append(Footprint(step, asyncio.get_running_loop().time()))

    def note(self, step: str, finding: str, *, is_ok: bool = True) -> None:
        """Say in one short line what a step came to; the last one of that name is meant."""
        for footprint in reversed(self.trail):
            if footprint.step == step:
                footprint.finding = finding
                footprint.is_ok = is_ok
                return

    def forget(self) -> None:
        """Let go of all that was said, once nobody asks for it any more.

        A connection is a cycle that holds its walk, and waits for a search for garbage.
        """
        self.talk = self.dialogue = None

    def place(self) -> str:
        """Return the step that the walk has come to, the session's own where it has begun."""
        return self.talk.step if self.talk else self.step

    def awaits(self) -> str:
        """Return what the walk waits for, the session's own where it has begun."""
        return self.talk.awaited if self.talk else self.awaited

    def took_s(self) -> float:
        """Return the seconds since the walk began."""
        return asyncio.get_running_loop().time() - self._begun_at_s

    def report(self, error: CollectError) -> FailureReport:
        """Return the evidence for an error: bounded, and without any secret."""
        dialogue = self.talk.dialogue if self.talk else self.dialogue
        return FailureReport(
            step=error.step,
            awaited=error.awaited or self.awaits(),
            last_seen=dialogue.last() if dialogue else escaped(_greeting(self.first_bytes)),
            dialogue=dialogue.text() if dialogue else "",
            typed=dialogue.marks() if dialogue else (),
            negotiated=self.negotiated,
            offered=self.offered,
            host_key=self.host_key,
            jump_host_keys=tuple(self.jump_host_keys.values()),
            refused_logins=tuple(self.refused_logins),
        )


def _greeting(first_bytes: bytes) -> bytes:
    """Return the first line: what follows an SSH version is a packet, no text."""
    return first_bytes.partition(b"\n")[0].rstrip(b"\r")


def escaped(data: bytes) -> str:
    """Return bytes as one readable line: what is not printable is written as Python does."""
    text = data.decode("utf-8", "replace")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
