"""A simulated device's state: its configuration, what has been changed, what it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from netraven import clock
from netraven.lab.configs import VOICES
from netraven.lab.configs.voice import CHATTER_ENDS, CONFIGURATIONS, Moment, Topic, Voice
from netraven.lab.edits import Edit
from netraven.lab.faults import Fault
from netraven.lab.mint import Mint, draw_number
from netraven.lab.plan import Plan, draw_plan
from netraven.lab.spec import DeviceSpec

_PLACEHOLDER = re.compile(r"(\x00[a-z-]+\x00)")
_NAMESAKE = "old-core-99"
_STEP = timedelta(minutes=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a device's prompts and greetings are made of; no change alters it."""

    hostname: str
    version: str
    image: str
    role: str


class SimulatedDevice:
    """One device, apart from its network: texts in, texts out. Lines end in LF here.

    Configurations are written when first asked for and kept until the next change.
    `refused_logins` counts the passwords that its servers have not taken.
    """

    def __init__(self, spec: DeviceSpec) -> None:
        """Raises `ValueError` for a platform that the lab does not simulate."""
        if spec.platform not in VOICES:
            raise ValueError(f"the lab simulates no {spec.platform}; it has {', '.join(VOICES)}")
        self.spec = spec
        self.refused_logins = 0
        self._fault = spec.fault
        self._edits: list[Edit] = []
        self._readings = 0
        self._texts: dict[Topic, tuple[str, ...]] = {}
        self._files: Mapping[str, str] | None = None
        self._booted_at = clock.now() - timedelta(
            minutes=draw_number(500_000, spec.seed, spec.hostname)
        )
        self._read_at = clock.now()
        self._facts: Facts | None = None

    @property
    def fault(self) -> Fault | None:
        """What is wrong with it now; sessions that begin from now on meet a new value."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault | None) -> None:
        self._fault = fault
        self._forget()

    @property
    def facts(self) -> Facts:
        """The name, release and role it shows."""
        if self._facts is None:
            self._facts = self._facts_of(self.plan)
        return self._facts

    @property
    def voice(self) -> Voice:
        """The texts of its platform."""
        return VOICES[self.spec.platform]

    @property
    def plan(self) -> Plan:
        """What it is configured to do now; drawn anew each time, so that fleets stay small."""
        spec = self.spec
        hardware = self.voice.hardware
        plan = draw_plan(
            _NAMESAKE if self._fault is Fault.WRONG_HOSTNAME else spec.hostname,
            hardware[-1:] if spec.legacy else hardware,
            seed=spec.seed,
            scale=_scale_for(spec.platform, spec.size_bytes) if spec.size_bytes else 0,
            enable_secret=spec.enable_secret,
        )
        for edit in self._edits:
            plan = replace(edit.apply(plan), changed_at=plan.changed_at + _STEP)
        return plan

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in its configuration and files, as it is written there."""
        mint = Mint()
        plan = self.plan
        self.voice.texts[self.voice.main](plan, mint)
        return mint.secrets

    def prepare(self) -> None:
        """Write now what a collection asks for, which is done at first use otherwise."""
        plan = self.plan
        self._facts = self._facts_of(plan)
        for topic in {self.voice.main, Topic.VERSION, Topic.INVENTORY} & self.voice.texts.keys():
            self._texts[topic] = self._write(topic, plan)

    def running_config(self) -> str:
        """Return the whole configuration as it was shown last, without the device's remarks.

        Secrets stand in clear where the platform can show them so. What moves by itself is as
        it was at the last reading.
        """
        whole = self._filled(self.voice.main, self._moment())
        return whole.rpartition(CHATTER_ENDS)[2]

    def answer(self, topic: Topic) -> str | None:
        """Return what the device says of a topic now; None where it has nothing to say."""
        if topic not in self.voice.texts:
            return None
        if topic in CONFIGURATIONS:
            self._readings += 1
        self._read_at = clock.now()
        return self._filled(topic, self._moment()).replace(CHATTER_ENDS, "", 1)

    def file(self, path: str) -> str | None:
        """Return the text of a file, None where there is none; only Unix hosts have some."""
        if self._files is None:
            self._files = self.voice.files(self.plan, Mint())
        return self._files.get(path)

    def moving(self) -> Mapping[str, str]:
        """Return what stands for each placeholder now."""
        return self.voice.move(self._moment())

    def change(self, edit: Edit) -> None:
        """Change the configuration; sessions that begin to show it from now on show the new one.

        Raises `ValueError` where the platform's configuration has no place for such a change.
        """
        before = self._written(self.voice.main)
        self._edits.append(edit)
        self._forget()
        if self._written(self.voice.main) == before:
            self._edits.pop()
            raise ValueError(f"{self.spec.hostname}: '{edit.summary}' changes nothing here")

    def restart(self) -> None:
        """Begin to count the time since boot anew."""
        self._booted_at = clock.now()

    def _forget(self) -> None:
        self._facts = None
        self._files = None
        self._texts.clear()

    def _moment(self) -> Moment:
        now = self._read_at
        return Moment(now=now, up=now - self._booted_at, readings=self._readings)

    def _filled(self, topic: Topic, moment: Moment) -> str:
        pieces = self._written(topic)
        if len(pieces) == 1:
            return pieces[0]
        moving = self.voice.move(moment)
        return "".join(moving.get(piece, piece) for piece in pieces)

    def _written(self, topic: Topic) -> tuple[str, ...]:
        """Return a text cut at its placeholders."""
        if topic not in self._texts:
            self._texts[topic] = self._write(topic, self.plan)
        return self._texts[topic]

    def _write(self, topic: Topic, plan: Plan) -> tuple[str, ...]:
        return tuple(_PLACEHOLDER.split(self.voice.texts[topic](plan, Mint())))

    def _facts_of(self, plan: Plan) -> Facts:
        return Facts(
            hostname=plan.hostname,
            version=plan.hardware.version,
            image=plan.hardware.image,
            role=self.voice.role(plan),
        )


@lru_cache
def _scale_for(platform: str, size_bytes: int) -> int:
    """Return the scale at which a platform's configuration has about that size."""

    def size_at(scale: int) -> int:
        plan = draw_plan("scale-model", voice.hardware, seed=0, scale=scale)
        return len(voice.texts[voice.main](plan, Mint()).encode())

    voice = VOICES[platform]
    scale, step = 0, 64
    for _ in range(3):
        here, there = size_at(scale), size_at(scale + step)
        scale = max(0, scale + round((size_bytes - here) * step / (there - here)))
    return scale
