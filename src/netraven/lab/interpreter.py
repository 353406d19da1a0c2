"""What a command line means on a device: modes, abbreviations, filters, refusals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from netraven.lab.configs.voice import CONFIGURATIONS, UPTIME
from netraven.lab.device import SimulatedDevice
from netraven.lab.dialect import Does, Mode, Refusal, Trouble, Verb, find_verb, number_in
from netraven.lab.dialects import DIALECTS
from netraven.lab.posix import Host, run_line

_MODES_AFTER = {
    Does.ENABLE: Mode.ENABLED,
    Does.LEAVE: Mode.ENABLED,
    Does.DISABLE: Mode.USER,
    Does.CONFIGURE: Mode.CONFIGURING,
}


class Step(Enum):
    """What a session does after a line."""

    SHOW = auto()
    ASK_PASSWORD = auto()
    LEAVE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. Faults strike where it `is_configuration`; without `may_page` it is not paged."""

    text: str = ""
    step: Step = Step.SHOW
    is_configuration: bool = False
    may_page: bool = True


class Interpreter:
    """A session's mode and page length, and the answers to its lines.

    `page_rows` is the length of a page, 0 when paging is off.
    """

    def __init__(self, device: SimulatedDevice, username: str, *, page_rows: int) -> None:
        self.dialect = DIALECTS[device.spec.platform]
        self._device = device
        self._username = username
        pager = self.dialect.pager
        self._full_rows = (pager.rows or page_rows) if pager else 0
        self.page_rows = self._full_rows
        asks_enable = self.dialect.enable is not None and device.spec.enable_secret is not None
        has_levels = Mode.ENABLED in self.dialect.prompts
        self._mode = Mode.ENABLED if has_levels and not asks_enable else min(self.dialect.prompts)

    def greeting(self) -> str:
        """Return what is shown after the login."""
        return self._formatted(self.dialect.greeting)

    def prompt(self) -> str:
        """Return the prompt with what stands before it."""
        return self._formatted(self.dialect.before_prompt + self.dialect.prompts[self._mode])

    def enable(self) -> None:
        """Grant the privileges that a password was asked for."""
        self._mode = Mode.ENABLED

    def reply(self, line: str) -> Reply:
        """Return the answer to a line that is not blank."""
        command, *stages = (part.strip() for part in line.split("|"))
        if self.dialect.is_posix:
            command, stages = line.strip(), []
        width = len(self.prompt().rpartition("\n")[2].lstrip("\r"))
        verb = find_verb(self.dialect, command, self._mode, prompt_width=width)
        if isinstance(verb, Verb):
            return self._filtered(self._obey(verb, command), stages)
        if self.dialect.is_posix:
            return self._shell_reply(command)
        return Reply(text=self.dialect.refusals.answer(verb))

    def _obey(self, verb: Verb, line: str) -> Reply:
        if verb.topic is not None:
            text = self._device.answer(verb.topic) or ""
            return Reply(text=text, is_configuration=verb.topic in CONFIGURATIONS)
        match verb.does:
            case Does.ENABLE if self._mode is Mode.USER and self._device.spec.enable_secret:
                return Reply(step=Step.ASK_PASSWORD)
            case Does.LEAVE if self._mode is not Mode.CONFIGURING:
                return Reply(step=Step.LEAVE)
            case Does.PAGE_OFF:
                self.page_rows = 0
            case Does.PAGE_ON:
                self.page_rows = self._full_rows
            case Does.PAGE_LENGTH:
                self.page_rows = int(number_in(line))
            case does:
                self._mode = _MODES_AFTER.get(does, self._mode)
        return Reply(text=self._formatted(verb.says, number_in(line)))

    def _filtered(self, reply: Reply, stages: list[str]) -> Reply:
        """Return the answer as the filters behind `|` leave it."""
        text = reply.text
        for stage in stages:
            name = next((name for name in self.dialect.filters if stage.startswith(name)), None)
            if name is None:
                refusal = Refusal(trouble=Trouble.UNKNOWN, line=stage, at=0, prompt_width=0)
                return Reply(text=self.dialect.refusals.answer(refusal))
            pattern = stage.removeprefix(name).strip().strip('"')
            lines = self.dialect.filters[name](text.split("\n")[:-1], pattern)
            text = "".join(f"{line}\n" for line in lines)
        if reply.is_configuration:
            text += self.dialect.after_running
        return replace(reply, text=text, may_page="no-more" not in stages)

    def _shell_reply(self, line: str) -> Reply:
        facts = self._device.facts
        host = Host(
            hostname=facts.hostname,
            username=self._username,
            release=facts.image,
            uptime=self._device.moving()[UPTIME],
            read=self._device.file,
        )
        return Reply(text=run_line(line, host), is_configuration="cat " in line)

    def _formatted(self, text: str, number: str = "") -> str:
        facts = self._device.facts
        return text.format(
            host=facts.hostname,
            user=self._username,
            version=facts.version,
            image=facts.image,
            role=facts.role,
            n=number,
        )
