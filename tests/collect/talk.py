"""One session with a scripted device, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias, TypeVar

import pytest

from netraven.collect.limits import Limits
from netraven.collect.session import Session
from netraven.errors import (
    CollectError,
)
from netraven.platforms.cisco_ios import CISCO_IOS
from netraven.platforms.observation import Observation, Yields
from netraven.platforms.platform import Platform
from tests.collect.clock import run_virtual
from tests.collect.scripted import HANG_UP, ScriptedDevice

Said: TypeAlias = bytes | tuple[bytes, ...] | list[bytes]
T = TypeVar("T")

LIMITS = Limits(idle_s=30, deadline_s=300)
CONFIG = "version 15.2\nhostname R1\n!\ninterface Gi0/1\n description uplink\n!\nend\n"


def said(text: str) -> bytes:
    """Return text as a device sends it."""
    return text.replace("\n", "\r\n").encode()


RUNNING = said(f"show running-config\n{CONFIG}\nR1#")


def ios(running: Said = RUNNING, **changed: Said) -> dict[str, Said]:
    """Return the script of an IOS router; `changed` are other answers than the usual ones."""
    return {
        "terminal length 0": said("terminal length 0\nR1#"),
        "terminal width 0": said("terminal width 0\nR1#"),
        "show version": said("show version\nCisco IOS Software, Version 15.2(7)E8\nR1#"),
        "show running-config": running,
        "exit": (b"exit\r\n", HANG_UP),
        **changed,
    }


class Talk:
    """A session with a device that answers by a script; `took_s` is what it took."""

    def __init__(
        self,
        answers: Mapping[str, Said],
        *,
        greeting: bytes = b"\r\nR1#",
        platform: Platform = CISCO_IOS,
        limits: Limits = LIMITS,
        password: str | None = None,
        enable_secret: str | None = None,
    ) -> None:
        self.took_s = 0.0
        self._password = password
        self._answers = answers
        self._greeting = greeting
        self._platform = platform
        self._limits = limits
        self._secret = enable_secret

    def running(self) -> Observation:
        """Return the running configuration that the session gets."""

        async def work(session: Session) -> Observation:
            await session.open()
            (command,) = self._platform.commands_for(Yields.RUNNING)
            observation = await session.run(command)
            await session.leave()
            return observation

        return run_virtual(self._with_session(work))

    def error(self) -> CollectError:
        """Return what the session fails with."""

        async def work(session: Session) -> CollectError:
            try:
                await session.open()
                await session.run(self._platform.commands_for(Yields.RUNNING)[0])
            except CollectError as error:
                return error
            pytest.fail("the session came to a good end")

        return run_virtual(self._with_session(work))

    async def _with_session(self, work: Callable[[Session], Awaitable[T]]) -> T:
        self.device = ScriptedDevice(self._greeting, self._answers)
        self.session = Session(
            self.device,
            self._platform,
            self._limits,
            username="backup",
            password=self._password,
            enable_secret=self._secret,
        )
        started_at = asyncio.get_running_loop().time()
        try:
            return await work(self.session)
        finally:
            self.took_s = asyncio.get_running_loop().time() - started_at
