"""A session with one device: reach its prompt, run commands, leave. On any byte stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from netraven.collect.answer import (
    Answer,
    ends_in_error,
    is_echoed,
    is_refused,
    join_answers,
    last_text_line,
    read_answer,
)
from netraven.collect.conversation import Conversation, Step
from netraven.collect.dialogue import Dialogue
from netraven.collect.footprint import Footprint
from netraven.collect.greetings import (
    answer_to_greeting,
    asks_for_name,
    asks_for_new_password,
    asks_for_password,
)
from netraven.collect.limits import Limits
from netraven.collect.prompt import (
    Prompt,
    find_prompt,
    like_prompt,
    merge_prompts,
    repeated_prompt,
)
from netraven.collect.stream import Stream
from netraven.collect.suspicion import GUESSED_PAGER
from netraven.errors import DeviceTimeout, DialogueFailed, EnableRefused, LoginRefused
from netraven.platforms.observation import CONFIGURATIONS, Observation, Yields
from netraven.platforms.platform import Command, Completeness, Enable, Platform
from netraven.platforms.volatile import settled_lines

_SETTLE_S: Final = 0.5
_REREADINGS: Final = 2
_MAX_QUESTIONS: Final = 8


class Session:
    """One dialogue with one device; not to be shared between tasks.

    `refused` lists the preparing commands that the device did not take.
    """

    def __init__(
        self,
        stream: Stream,
        platform: Platform,
        limits: Limits,
        *,
        username: str = "",
        password: str | None = None,
        enable_secret: str | None = None,
        deadline_at: float | None = None,
        talk: Conversation | None = None,
    ) -> None:
        """`deadline_at` is in the event loop's time; without it `open()` starts the clock.

        `talk` is what was said already on the stream, where its login was a part of that.
        `username` and `password` are for devices that ask for them once more, on the terminal or
        at `enable`, after they have accepted the login.
        """
        self.refused: tuple[str, ...] = ()
        self._talk = talk or Conversation(stream, limits, platform.pagers)
        self._platform = platform
        self._limits = limits
        self._username = username
        self._password = password
        self._enable_secret = enable_secret
        self._deadline_at = deadline_at
        self._prompt: Prompt | None = None
        self._unusual: Prompt | None = None
        self._is_entered = False
        self._has_typed_password = False

    @property
    def platform(self) -> Platform:
        """The platform whose commands it knows."""
        return self._platform

    @property
    def dialogue(self) -> Dialogue:
        """The bounded record, for a failure's evidence."""
        return self._talk.dialogue

    @property
    def step(self) -> Step:
        """How far the session came."""
        return self._talk.step

    @property
    def trail(self) -> tuple[Footprint, ...]:
        """The steps begun so far."""
        return tuple(self._talk.trail)

    @property
    def awaited(self) -> str:
        """What it waited for last."""
        return self._talk.awaited

    @property
    def prompt(self) -> str | None:
        """The learned prompt as it is seen, None before it is known."""
        return None if self._prompt is None else self._prompt.text

    @property
    def hostname(self) -> str | None:
        """The host name in the learned prompt, None where it shows none."""
        return None if self._prompt is None else self._prompt.name

    async def open(self) -> None:
        """Reach and learn the prompt, get privileges, switch the pager off.

        Raises `DeviceTimeout`, `SessionLost`, `OutputTooLarge`, `EnableRefused` or
        `DialogueFailed`.
        """
        self._talk.step = Step.LOGIN
        deadline_at = self._deadline_at
        if deadline_at is None:
            deadline_at = asyncio.get_running_loop().time() + self._limits.deadline_s
        self._talk.deadline_at = deadline_at
        prompt = await self._reach_prompt()
        enable = self._platform.enable
        if enable is not None and self._wants(enable, prompt):
            prompt = await self._enable(enable)
        self._talk.step = Step.PREPARE
        self._talk.answers_queries = False
        self._prompt = prompt
        for text in self._platform.paging_off or ("",):
            await self._prepare(text)

    async def run(self, command: Command) -> Observation:
        """Run a command in the first spelling that the device takes, and return its answer.

        Where a platform's end is proven by asking twice, that is done here. Raises
        `DialogueFailed` where a configuration is refused (other refusals are answers), else
        `DeviceTimeout`, `SessionLost` or `OutputTooLarge`.
        """
        self._talk.step = Step.COMMAND
        started_at = asyncio.get_running_loop().time()
        taken, answer = await self._ask_spellings(command)
        confirmed: bool | None = None
        if command.yields in CONFIGURATIONS:
            answer, confirmed = await self._confirm(taken, answer)
        return Observation(
            yields=command.yields,
            command=taken.text,
            text=answer.text,
            echo_seen=answer.echo_seen,
            prompt_seen=True,
            hostname=self.hostname,
            encoding=answer.encoding,
            took_s=asyncio.get_running_loop().time() - started_at,
            confirmed=confirmed,
            oddities=answer.signs.all(),
        )

    async def leave(self) -> None:
        """Say goodbye and close; what the device makes of it does not matter any more."""
        self._talk.step = Step.LEAVE
        texts = self._platform.leave * (2 if self._is_entered else 1)
        await self._talk.farewell(texts)

    # Reaching the prompt

    async def _reach_prompt(self) -> Prompt:
        """Return the first line that looks like the platform's prompt."""
        for _ in range(_MAX_QUESTIONS):
            found: Prompt | str = await self._talk.until(
                self._find_first, "a prompt", nudge=True, wake=self._answer_above
            )
            if isinstance(found, Prompt):
                return found
            self._talk.consume()
            if found == self._password:
                await self._type_password(found)
            else:
                await self._talk.type(found)
        raise DialogueFailed(
            f"the device asked more than {_MAX_QUESTIONS} questions before its prompt",
            step=self.step,
            awaited=self.awaited,
        )

    async def _type_password(self, password: str) -> None:
        """Type the password once: whoever asks for it again has refused it."""
        if self._has_typed_password:
            raise self._refused("asks for the password again on its terminal")
        self._has_typed_password = True
        await self._talk.type_secret(password)

    def _refused(self, how: str) -> LoginRefused:
        return LoginRefused(f"the device {how}", step=self.step, awaited=self.awaited)

    def _find_first(self) -> Prompt | str | None:
        """Return the prompt, or what is to be typed to get nearer to it."""
        line = self._talk.last_line()
        readings: tuple[Callable[[str], Prompt | str | None], ...] = (
            self._declared_answer,
            lambda line: find_prompt(line, self._platform),
            self._login_answer,
            lambda line: answer_to_greeting(line, self._talk.lines_above()),
            self._learn_unusual,
        )
        found = (reading(line) for reading in readings) if line else ()
        return next((each for each in found if each is not None), None)

    def _declared_answer(self, line: str) -> str | None:
        """Return what the platform declares to be typed at a question, or at a shell's prompt."""
        for question in self._platform.questions:
            if question.pattern.fullmatch(line):
                return question.answer
        entry = self._platform.entry
        if entry is None or entry.prompt.fullmatch(line) is None:
            return None
        self._is_entered = True
        return entry.command

    def _answer_above(self) -> str:
        """Return what is declared to be typed at a question that the device ended with a newline.

        At some an Enter alone would begin what nobody wants, such as a change of passwords.
        """
        line = self._talk.line_above()
        questions = self._platform.questions
        return next((each.answer for each in questions if each.pattern.fullmatch(line)), "")

    def _login_answer(self, line: str) -> str | None:
        """Return the name or the password where the device asks for it on its terminal."""
        if self._password is None:
            return None
        if asks_for_new_password(line):
            raise self._refused("demands a new password; change it there, then here")
        if asks_for_password(line):
            return self._password
        return self._username if asks_for_name(line) else None

    def _learn_unusual(self, line: str) -> Prompt | None:
        """Return the prompt that the platform's pattern does not know, and Enter shows again."""
        before = self._talk.line_before_nudge()
        self._unusual = None if before is None else repeated_prompt(before, line)
        return self._unusual

    def _prompt_in(self, line: str) -> Prompt | None:
        """Return the prompt that a line is, by the platform's pattern or as this device's own."""
        prompt = find_prompt(line, self._platform)
        if prompt is None and self._unusual is not None:
            return like_prompt(line, self._unusual)
        return prompt

    async def _enable(self, enable: Enable) -> Prompt:
        self._talk.step = Step.ENABLE
        self._talk.begin()
        await self._talk.type(enable.command)
        found = await self._talk.until(
            lambda: self._find_enable(enable.command), "the enable password question"
        )
        if found == self._username:
            self._talk.begin()
            self._talk.consume()
            await self._talk.type(self._username)
            found = await self._talk.until(self._find_enable, "the enable password question")
        if isinstance(found, Enable):
            self._talk.begin()
            self._talk.consume()
            await self._talk.type_secret(self._enable_secret or "")
            found = await self._talk.until(self._find_enable, "a privileged prompt")
        if isinstance(found, Prompt) and not found.text.endswith(enable.from_suffix):
            return found
        has_secret = self._enable_secret is not None
        raise EnableRefused(
            "the device refused the enable secret"
            if has_secret
            else "the device asks for an enable secret and the credential holds none",
            step=self.step,
            awaited="a privileged prompt",
        )

    def _wants(self, enable: Enable, prompt: Prompt) -> bool:
        is_possible = self._enable_secret is not None or not enable.is_optional
        return is_possible and prompt.text.endswith(enable.from_suffix)

    def _find_enable(self, typed: str = "") -> Prompt | Enable | str | None:
        """Return the prompt after Enter, the enable declaration where it asks, or the user name.

        A prompt without privileges answers what was `typed` only behind its echo: before it,
        an Enter that was pressed to wake the device.
        """
        enable, line = self._platform.enable, self._talk.last_line()
        if enable is not None and (enable.question.fullmatch(line) or _asks_for_secret(line)):
            return enable
        if b"\n" not in self._talk.received:
            return None
        name = self._username if self._username and asks_for_name(line) else None
        prompt = self._prompt_in(line)
        if prompt is None:
            return name
        is_refusal = enable is not None and prompt.text.endswith(enable.from_suffix)
        is_early = is_refusal and typed and not is_echoed(self._talk.received, "", typed)
        return None if is_early else prompt

    async def _prepare(self, text: str) -> None:
        """Type a command that sets the terminal up, and learn the prompt by it."""

        def find() -> Prompt | None:
            seen = self._prompt_in(self._talk.last_line())
            if seen is None or (self._prompt is not None and seen.is_part_of(self._prompt)):
                return None
            return seen if is_echoed(self._talk.received, "", text) else None

        self._talk.begin()
        await self._talk.type(text)
        try:
            seen = await self._talk.until(find, f"the prompt after '{text}'", nudge=True)
        except DeviceTimeout:
            silent = self._prompt_in(self._talk.last_line())
            if silent is None or b"\n" not in self._talk.received:
                raise
            seen = silent  # it does not echo; each answer will say so
        command = Command(text=text, yields=Yields.VERSION)
        answer = self._read(command, seen)
        if is_refused(answer.text, self._platform):
            self.refused += (text,)
        self._prompt = seen if self._prompt is None else merge_prompts(self._prompt, seen)

    # Running commands

    async def _ask_spellings(self, command: Command) -> tuple[Command, Answer]:
        """Return the spelling that the device takes, or the first one, with its answer."""
        first = await self._ask(command)
        if not is_refused(first.text, self._platform):
            return command, first
        for text in command.alternatives:
            taken = replace(command, text=text)
            answer = await self._ask(taken)
            if not is_refused(answer.text, self._platform):
                return taken, answer
        if command.parts:
            taken = replace(command, text="; ".join(command.parts))
            return taken, await self._ask_parts(taken)
        if command.yields in CONFIGURATIONS:
            raise DialogueFailed(
                f"the device refuses '{command.text}'", step=self.step, awaited="a configuration"
            )
        return command, first

    async def _ask_parts(self, command: Command) -> Answer:
        """Return the answers to the parts that the device takes, each under its comment line."""
        whole: Answer | None = None
        for text in command.parts:
            part = await self._ask(replace(command, text=text, parts=()))
            if not is_refused(part.text, self._platform):
                title = f"{self._platform.comment} {text}\n"
                whole = join_answers(whole, replace(part, text=title + part.text))
        if whole is None:
            raise DialogueFailed(
                "the device refuses every part of its configuration",
                step=self.step,
                awaited="a configuration",
            )
        return whole

    async def _ask_again(self, taken: Command) -> Answer:
        is_in_parts = bool(taken.parts) and taken.text == "; ".join(taken.parts)
        return await (self._ask_parts(taken) if is_in_parts else self._ask(taken))

    async def _ask(self, command: Command) -> Answer:
        prompt = self._learned()
        self._talk.begin()
        prompt = replace(prompt, text=self._talk.last_line() or prompt.text)
        await self._talk.type(command.text)
        await self._wait_for_end(prompt, command)
        return self._read(command, prompt)

    async def _wait_for_end(self, prompt: Prompt, command: Command) -> None:
        """Return once the learned prompt stands alone at the end, behind the echo.

        Where nothing proves that the answer ends here, a silence must follow, for the full idle
        time where an end marker should have come: a line of a configuration may look exactly
        like the prompt. A prompt without an echo is accepted after that time too; the answer then
        says that the echo is missing.
        """
        has_echo = False

        def find() -> bool | None:
            nonlocal has_echo
            has_echo = has_echo or is_echoed(self._talk.received, prompt.text, command.text)
            return True if has_echo and prompt.is_shown_by(self._talk.last_line()) else None

        while True:
            try:
                await self._talk.until(find, f"the prompt after '{command.text}'")
            except DeviceTimeout:
                if not has_echo and self._is_prompt_after_output(prompt):
                    return
                raise
            if self._is_evidently_whole(command):
                return
            if not await self._talk.receive(within_s=self._settle_s(prompt, command)):
                return

    def _settle_s(self, prompt: Prompt, command: Command) -> float:
        """Return how long a silence must follow a prompt to be taken for the answer's end."""
        if self._platform.completeness.end_marker is None:
            return _SETTLE_S
        text = self._read(command, prompt).text
        # Such a text is never taken for a whole one, however long the device is silent after it.
        if is_refused(text, self._platform) or ends_in_error(text, self._platform):
            return _SETTLE_S
        # What came is kept for people to see, so there must be time left to hand it over.
        left_s = self._talk.deadline_at - asyncio.get_running_loop().time()
        return min(self._limits.idle_s, left_s / 2)

    def _is_prompt_after_output(self, prompt: Prompt) -> bool:
        return b"\n" in self._talk.received and prompt.is_shown_by(self._talk.last_line())

    def _is_evidently_whole(self, command: Command) -> bool:
        """Tell whether the answer needs no silence after it to be taken as ended."""
        if command.yields not in CONFIGURATIONS:
            return True
        completeness = self._platform.completeness
        last = last_text_line(self._talk.received)
        ends = (completeness.end_marker, completeness.trailer)
        return any(end is not None and end.fullmatch(last) for end in ends)

    async def _confirm(self, command: Command, answer: Answer) -> tuple[Answer, bool | None]:
        """Return the answer, or a later reading of it, and whether the device confirmed it.

        It is read again where the platform's text has no end of its own, and where something in
        a text that reached its end may be damage: a reading without any takes its place, two
        that are the same show that the device means what it says.
        """
        completeness = self._platform.completeness
        if completeness.trailer is not None:
            return answer, answer.confirmed
        must_agree = completeness.is_confirmed_by_session
        if not must_agree and not _has_end(answer, completeness):
            return answer, None
        if not answer.signs and (not must_agree or await self._is_counted(answer)):
            return answer, True if must_agree else None
        for _ in range(_REREADINGS):
            again = await self._ask_again(command)
            if self._is_same(again, answer):
                return replace(again, signs=replace(again.signs, doubts=frozenset())), True
            if not must_agree and not again.signs:
                return again, None
            answer = again
        return answer, False if must_agree else None

    async def _is_counted(self, answer: Answer) -> bool:
        count = self._platform.completeness.count
        if count is None:
            return False
        said = await self._ask(Command(text=count.command, yields=Yields.VERSION))
        match = count.pattern.search(said.text)
        return match is not None and int(match[1]) == answer.text.count("\n")

    def _is_same(self, again: Answer, before: Answer) -> bool:
        """Tell whether two readings differ in nothing but lines that change by themselves.

        These must be there in both: one that is missing at the end was cut off.
        """
        if again.text == before.text:
            return True
        a, b = (settled_lines(answer.text, self._platform) for answer in (again, before))
        return a == b and again.text.count("\n") == before.text.count("\n")

    def _read(self, command: Command, prompt: Prompt) -> Answer:
        answer = read_answer(
            bytes(self._talk.received),
            self._talk.pages,
            prompt,
            command=command,
            platform=self._platform,
            pagers=self._talk.guessed,
        )
        if self._talk.guessed and self._talk.pages:
            answer = replace(answer, signs=answer.signs | GUESSED_PAGER)
        return answer

    def _learned(self) -> Prompt:
        if self._prompt is None:
            raise DialogueFailed("the session is not open", step=self.step)
        return self._prompt


def _asks_for_secret(line: str) -> bool:
    return asks_for_password(line) and not asks_for_new_password(line)


def _has_end(answer: Answer, completeness: Completeness) -> bool:
    last = answer.text.rstrip("\n").rpartition("\n")[2]
    return completeness.end_marker is not None and bool(completeness.end_marker.fullmatch(last))
