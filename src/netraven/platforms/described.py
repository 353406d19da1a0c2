"""A platform as doors show it: its names, what it sends, and what its declaration rests on."""

from __future__ import annotations

from dataclasses import dataclass

from netraven.platforms.evidence import completeness_in_words, paging_in_words, proof_in_words
from netraven.platforms.platform import Platform, Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedCommand:
    """A command, and what its answer is for."""

    yields: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A platform in words; `source` is the file of a user's own, `aliases` names by tool."""

    name: str
    label: str
    vendor: str
    proof: Proof
    proof_in_words: str
    recordings: int
    source: str | None
    aliases: dict[str, list[str]]
    commands: list[DescribedCommand]
    paging: str
    paging_off: list[str]
    answers_pagers: bool
    enable: str | None
    completeness: str


def described(platform: Platform) -> Described:
    """Return the platform as doors show it."""
    names = platform.aliases
    return Described(
        name=platform.name,
        label=platform.label,
        vendor=platform.vendor,
        proof=platform.proof,
        proof_in_words=proof_in_words(platform),
        recordings=platform.recordings,
        source=platform.source or None,
        aliases={
            "netmiko": list(names.netmiko),
            "oxidized": list(names.oxidized),
            "rancid": list(names.rancid),
            "napalm": list(names.napalm),
        },
        commands=[
            DescribedCommand(yields=command.yields.value, text=command.text)
            for command in platform.commands
        ],
        paging=paging_in_words(platform),
        paging_off=list(platform.paging_off),
        answers_pagers=bool(platform.pagers),
        enable=platform.enable.command if platform.enable else None,
        completeness=completeness_in_words(platform),
    )
