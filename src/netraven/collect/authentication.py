"""One login on one SSH connection: the host key is judged first, then each secret shown once."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import asyncssh
from typing_extensions import override

from netraven.collect.hostkeys import judge_host_key, public_key_line
from netraven.collect.target import Jump, Login, Target
from netraven.errors import HostKeyChanged

Peer: TypeAlias = Target | Jump

_ASKS_PASSWORD = re.compile(r"pass(?:word|code|phrase|wd)", re.IGNORECASE)
_ASKS_NEW = re.compile(r"\bnew\b|retype|repeat|again|confirm|expired|chang", re.IGNORECASE)


class Authenticator(asyncssh.SSHClient):
    """Answers a server's questions for one login, each secret at most once.

    A second answer with the same password would only bring an account nearer to its lock.
    `admission` is awaited once, before the first secret; what it raises ends the connection.
    """

    def __init__(
        self,
        peer: Peer,
        login: Login,
        *,
        key: asyncssh.SSHKey | None,
        trusted: tuple[str, ...],
        admission: Callable[[], Awaitable[None]],
        begun: Callable[[], None],
    ) -> None:
        self._peer = peer
        self._password = login.password
        self._key = key
        self._trusted = trusted
        self._admission = admission
        self._begun = begun
        self._is_admitted = False
        self.login_name = login.name
        self.host_key: str | None = None
        self.host_key_fault: HostKeyChanged | None = None
        self.is_secret_shown = False
        self.is_secret_refused = False
        self.demands_new_password = False

    @override
    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Judge the key; the library then checks that the server owns it, before any login."""
        self.host_key = public_key_line(key.public_data)
        self.host_key_fault = judge_host_key(
            self._peer.hostname,
            policy=self._peer.host_key_policy,
            known=self._trusted,
            shown=self.host_key,
        )
        return self.host_key_fault is None

    @override
    def begin_auth(self, username: str) -> None:
        self._begun()

    @override
    async def public_key_auth_requested(self) -> Sequence[asyncssh.SSHKey] | None:
        key, self._key = self._key, None
        self.is_secret_refused = self.is_secret_shown
        if key is None:
            return None
        await self._enter()
        return [key]

    @override
    async def password_auth_requested(self) -> str | None:
        return await self._take_password()

    @override
    def kbdint_auth_requested(self) -> str | None:
        self.is_secret_refused = self.is_secret_shown
        return None if self._password is None else ""

    @override
    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> Sequence[str] | None:
        """Answer one question for a password; a one-time code or a new password is nobody's."""
        if not prompts:
            return ()
        text = " ".join(prompt for prompt, _ in prompts)
        if _ASKS_NEW.search(f"{instructions} {text}") and _ASKS_PASSWORD.search(text):
            self.demands_new_password = True
            return None
        if len(prompts) > 1 or not _ASKS_PASSWORD.search(text):
            return None
        password = await self._take_password()
        return None if password is None else (password,)

    @override
    def password_change_requested(self, prompt: str, lang: str) -> tuple[str, str]:
        """Decline: the library goes on to the next method, and then gives up."""
        self.demands_new_password = True
        declined: tuple[str, str] = NotImplemented
        return declined

    async def _take_password(self) -> str | None:
        password, self._password = self._password, None
        self.is_secret_refused = self.is_secret_shown
        if password is not None:
            await self._enter()
        return password

    async def _enter(self) -> None:
        if not self._is_admitted:
            self._is_admitted = True
            await self._admission()
        self.is_secret_shown = True
        self.is_secret_refused = False
