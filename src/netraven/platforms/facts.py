"""What a device's own words say about it: its name, model, serial number and version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from re import Pattern

from netraven.platforms.observation import Observation, Yields
from netraven.platforms.platform import Platform

_ORDER = (Yields.VERSION, Yields.INVENTORY, Yields.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was found; None where the device did not say it."""

    hostname: str | None = None
    model: str | None = None
    serial: str | None = None
    version: str | None = None


def read_facts(observations: Iterable[Observation], platform: Platform) -> Facts:
    """Return the facts in a device's answers: the first rule that finds one counts.

    Each rule looks at the version first, then at the inventory and the running configuration.
    """
    answers = {observation.yields: observation.text for observation in observations}
    texts = [answers[yields] for yields in _ORDER if yields in answers]
    rules = platform.facts
    return Facts(
        hostname=_first(rules.hostname, texts),
        model=_first(rules.model, texts),
        serial=_first(rules.serial, texts),
        version=_first(rules.version, texts),
    )


def _first(rules: Sequence[Pattern[str]], texts: Sequence[str]) -> str | None:
    for rule in rules:
        for text in texts:
            match = rule.search(text)
            if match is not None:
                return match[1].strip()
    return None
