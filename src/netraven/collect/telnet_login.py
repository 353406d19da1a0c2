"""Logging in on a terminal, as over telnet: a device asks in words, and refuses in words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, cast

import asyncssh

from netraven.collect.authentication import Peer
from netraven.collect.conversation import Conversation
from netraven.collect.faults import explain_dial, place_of
from netraven.collect.greetings import (
    answer_to_greeting,
    asks_for_name,
    asks_for_new_password,
    asks_for_password,
)
from netraven.collect.prompt import find_prompt
from netraven.collect.shell import Shell
from netraven.collect.ssh import Attempt, Connection, open_shell
from netraven.collect.telnet import Line
from netraven.collect.terminal import resolve
from netraven.collect.walk import Step, Walk
from netraven.errors import (
    CollectError,
    DeviceTimeout,
    DialogueFailed,
    LoginRefused,
    NegotiationFailed,
    OutputTooLarge,
    SessionLost,
)
from netraven.platforms.platform import Platform

# Text that comes in pieces may look like a question until the next piece is there.
_SETTLE_S: Final = 0.2
_UNKNOWN_SETTLE_S: Final = 3.0
_MOST_QUESTIONS: Final = 12
_MOST_NAMES: Final = 2
_EYEBALLS_S: Final = 0.25

_REFUSES: Final = re.compile(
    r"(?im)^\W{0,8}(?:login|log ?on|authentication|authorization|access|password|permission|user)"
    r"[\w ]{0,30}(?:incorrect|fail\w*|invalid|denied|rejected|refused|error|locked)"
    r"|^\W{0,8}(?:incorrect|invalid|bad|wrong|unknown|illegal)[\w /]{0,20}"
    r"(?:login|password|user|name|credential|secret)"
)


class _Seen(Enum):
    """What stands at the end of what a device has said."""

    NAME_QUESTION = auto()
    PASSWORD_QUESTION = auto()
    GREETING = auto()
    PROMPT = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal on which a login was accepted in words; `talk` holds what was said on the way.

    `connection` is what carries it where that is SSH.
    """

    stream: Line | Shell
    talk: Conversation
    connection: Connection | None = None

    def close(self) -> None:
        """Break off; what was typed last is sent."""
        if self.connection is not None:
            self.connection.close()
        elif isinstance(self.stream, Line):
            self.stream.abort()


async def open_telnet(attempt: Attempt, walk: Walk, platform: Platform | None) -> Terminal:
    """Return a terminal that is logged in; raise the `CollectError` that says why there is none.

    `limits.connect_s` bounds the way to the device, `limits.idle_s` each of its silences. Without
    a `platform`, whatever the device waits with after the login is taken for its prompt.
    """
    walk.begin_leg()
    line = await _dial(attempt, walk)
    is_open = False
    try:
        talk = _begin_talk(line, attempt, walk, platform)
        await _Login(attempt, walk, talk, platform).pass_through()
        is_open = True
    finally:
        if not is_open:
            line.abort()
        walk.first_bytes = line.first_bytes
    return Terminal(line, talk)


async def finish_login(
    connection: Connection, attempt: Attempt, walk: Walk, platform: Platform | None
) -> Terminal:
    """Return the terminal of an SSH server that let us in without a secret.

    Many switches do, and ask for name and password on the terminal then.
    """
    is_open = False
    try:
        shell = await open_shell(connection, walk, attempt.limits)
        talk = _begin_talk(shell, attempt, walk, platform)
        await _Login(attempt, walk, talk, platform).pass_through()
        is_open = True
    finally:
        if not is_open:
            connection.abort()
    return Terminal(shell, talk, connection)


def _begin_talk(
    stream: Line | Shell, attempt: Attempt, walk: Walk, platform: Platform | None
) -> Conversation:
    talk = Conversation(stream, attempt.limits, platform.pagers if platform else ())
    talk.deadline_at = walk.deadline_at or talk.deadline_at
    walk.dialogue = talk.dialogue
    return talk


async def _dial(attempt: Attempt, walk: Walk) -> Line:
    peer, tunnel = attempt.peer, attempt.tunnel
    loop = asyncio.get_running_loop()
    walk.begin(Step.CONNECT, "a TCP connection")
    try:
        async with asyncio.timeout(attempt.limits.connect_s):
            if tunnel is not None:
                connect = cast(
                    "Callable[[], asyncssh.SSHTCPSession[bytes]]", lambda: Line(walk.pulse)
                )
                _, session = await tunnel.create_connection(connect, peer.address, peer.port)
                line = cast("Line", session)
            else:
                _, line = await loop.create_connection(
                    lambda: Line(walk.pulse),
                    peer.address,
                    peer.port,
                    happy_eyeballs_delay=_EYEBALLS_S,
                )
    except (OSError, UnicodeError, asyncssh.Error) as error:
        if isinstance(error, TimeoutError) and error.errno is None:
            raise _silent(peer, walk, "did not answer", attempt.limits.connect_s) from None
        via = tunnel.peer_name if tunnel else None
        raise explain_dial(peer, error, via=via, service="telnet") from None
    walk.note(Step.CONNECT, f"{peer.address} answers; telnet is not encrypted")
    return line


class _Login:
    """The dialogue of one login: each secret is typed once, and a second question refuses it."""

    def __init__(
        self, attempt: Attempt, walk: Walk, talk: Conversation, platform: Platform | None
    ) -> None:
        self._attempt = attempt
        self._peer = attempt.peer
        self._login = attempt.login
        self._walk = walk
        self._talk = talk
        self._platform = platform
        self._names_typed = 0
        self._secret_at: int | None = None

    async def pass_through(self) -> None:
        """Answer what the device asks until it waits for a command."""
        self._walk.begin(Step.QUESTION, "a login question")
        try:
            for _ in range(_MOST_QUESTIONS):
                seen = await self._next()
                if seen in {_Seen.PROMPT, _Seen.UNKNOWN}:
                    self._walk.note(self._walk.step, self._welcome())
                    return
                await self._answer(seen)
        except DeviceTimeout as error:
            raise self._why_silent(error) from None
        except SessionLost:
            raise self._why_lost() from None
        except OutputTooLarge as error:
            raise OutputTooLarge(
                f"{place_of(self._peer)} never stops talking before its login is over",
                step=self._walk.step,
                awaited=error.awaited,
            ) from None
        raise DialogueFailed(
            f"{place_of(self._peer)} asked more than {_MOST_QUESTIONS} questions before its prompt",
            step=self._walk.step,
            awaited="a prompt",
        )

    async def _next(self) -> _Seen:
        """Return what the device waits with, once it has been silent for as long as that needs."""
        awaited = self._walk.awaited
        while True:
            seen = await self._talk.until(self._look, awaited, nudge=not self._names_typed)
            if seen is _Seen.PROMPT and self._secret_at is not None:
                return seen
            settle_s = _UNKNOWN_SETTLE_S if seen is _Seen.UNKNOWN else _SETTLE_S
            if not await self._talk.receive(within_s=settle_s) and self._look() is seen:
                return seen

    def _look(self) -> _Seen | None:
        if (fault := self._not_telnet()) is not None:
            raise fault
        line = self._talk.last_line()
        if not line:
            return None
        kinds = (
            (_Seen.GREETING, self._own_answer),
            (_Seen.PASSWORD_QUESTION, asks_for_password),
            (_Seen.NAME_QUESTION, asks_for_name),
            (_Seen.GREETING, self._greeting),
            (_Seen.PROMPT, self._is_of_platform),
        )
        seen = next((kind for kind, reads in kinds if reads(line) not in {None, False}), None)
        is_unknown = seen is None and self._secret_at is not None and not self._refusal()
        return _Seen.UNKNOWN if is_unknown else seen

    def _is_of_platform(self, line: str) -> bool:
        platform = self._platform
        if platform is None:
            return False
        entry = platform.entry
        is_entry = entry is not None and entry.prompt.fullmatch(line) is not None
        return is_entry or find_prompt(line, platform) is not None

    def _own_answer(self, line: str) -> str | None:
        """Return what the platform declares to be typed at a question."""
        questions = self._platform.questions if self._platform else ()
        return next((each.answer for each in questions if each.pattern.fullmatch(line)), None)

    def _greeting(self, line: str) -> str | None:
        own = self._own_answer(line)
        return answer_to_greeting(line, self._talk.lines_above()) if own is None else own

    async def _answer(self, seen: _Seen) -> None:
        if seen is _Seen.GREETING:
            answer = self._greeting(self._talk.last_line()) or ""
            self._talk.consume()
            await self._talk.type(answer)
        elif self._secret_at is not None and asks_for_new_password(self._talk.last_line()):
            raise LoginRefused(
                f"{self._peer.hostname} demands a new password from credential {self._login.name};"
                " change it there, then here",
                step=Step.LOGIN,
            )
        elif self._secret_at is not None:
            raise self._refused(self._refusal() or "it asks again")
        elif seen is _Seen.NAME_QUESTION:
            await self._type_name()
        else:
            await self._type_password()

    async def _type_name(self) -> None:
        self._names_typed += 1
        if self._names_typed > _MOST_NAMES:
            raise self._refused("it asks for the user name again")
        self._begin_login("a password question")
        self._talk.consume()
        await self._talk.type(self._login.username)

    async def _type_password(self) -> None:
        password = self._login.password
        if password is None:
            raise LoginRefused(
                f"{self._peer.hostname} asks for a password on its terminal and credential"
                f" {self._login.name} holds a key only; give it a password",
                step=Step.LOGIN,
            )
        self._begin_login("its turn to log in")
        self._walk.step = Step.TURN
        await self._attempt.admission()
        self._walk.step, self._walk.awaited = Step.LOGIN, "an answer to the login"
        self._talk.consume()
        self._secret_at = len(self._talk.received)
        await self._talk.type_secret(password)

    def _begin_login(self, awaited: str) -> None:
        if self._walk.step != Step.LOGIN:
            self._walk.begin(Step.LOGIN, awaited)
        self._walk.awaited = awaited

    def _welcome(self) -> str:
        if self._secret_at is None:
            return "the device asks for no password"
        return f"credential {self._login.name} is accepted"

    # Refusals and silence

    def _refusal(self) -> str:
        """Return the line in which the device refuses the login, or nothing."""
        said = bytes(self._talk.received[self._secret_at or 0 :])
        match = _REFUSES.search(resolve(said).text)
        return "" if match is None else match.group().strip(" %*-.")

    def _refused(self, words: str) -> LoginRefused:
        return LoginRefused(
            f"{self._peer.hostname} refuses credential {self._login.name} ({words});"
            " check its user name and secret",
            step=Step.LOGIN,
            awaited="a prompt",
        )

    def _why_silent(self, error: DeviceTimeout) -> CollectError:
        if self._secret_at is not None and (words := self._refusal()):
            return self._refused(words)
        if asyncio.get_running_loop().time() >= self._talk.deadline_at:
            return error
        silent_s = self._attempt.limits.idle_s
        if self._walk.step == Step.QUESTION:
            if self._talk.dialogue.received_bytes:
                return DialogueFailed(
                    f"{place_of(self._peer)} answers, but asks for no login;"
                    " check the port and the platform",
                    step=Step.QUESTION,
                    awaited="a login question",
                )
            return _silent(
                self._peer, self._walk, "accepted the connection but asked for no login", silent_s
            )
        return _silent(self._peer, self._walk, "did not answer the login", silent_s)

    def _why_lost(self) -> CollectError:
        # Some devices hang up instead of saying no.
        if self._secret_at is not None:
            return self._refused(self._refusal() or "it hangs up")
        return SessionLost(
            f"{place_of(self._peer)} ended the connection before it asked for a password;"
            " it may limit the number of sessions or the addresses that may log in",
            step=self._walk.step,
            awaited=self._walk.awaited,
        )

    def _not_telnet(self) -> NegotiationFailed | None:
        said = bytes(self._talk.received[:64])
        if said.startswith(b"SSH-"):
            remedy = "speaks SSH, not telnet; set its protocol to ssh"
        elif said.startswith((b"HTTP/", b"<!DOCTYPE", b"<html")):
            remedy = "speaks HTTP, not telnet; check the port"
        else:
            return None
        return NegotiationFailed(
            f"{place_of(self._peer)} {remedy}", step=Step.QUESTION, awaited="a login question"
        )


def _silent(peer: Peer, walk: Walk, fact: str, limit_s: float) -> DeviceTimeout:
    return DeviceTimeout(
        f"{place_of(peer)} {fact} within {limit_s:g} s; check the device and what filters the way",
        step=walk.step,
        awaited=walk.awaited,
    )
