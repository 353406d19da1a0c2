"""All platforms that one installation knows: the native ones and its users' own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from netraven.errors import Invalid
from netraven.platforms.bridge import PREFIX
from netraven.platforms.netmiko_types import netmiko_types
from netraven.platforms.own import read_platform
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS, get_platform, platform_names, resolve_platform


@dataclass(frozen=True, slots=True, eq=False)
class Platforms:
    """What a door hands down; `faults` says in one sentence each which files were left out."""

    own: tuple[Platform, ...] = ()
    faults: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Platform]:
        """Give every platform, the native ones first."""
        yield from PLATFORMS
        yield from self.own

    def get(self, name: str) -> Platform | None:
        """Return the platform of exactly that NetRaven name, or None."""
        found = next((platform for platform in self.own if platform.name == name), None)
        return found or get_platform(name)

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted."""
        return tuple(sorted((*platform_names(), *(platform.name for platform in self.own))))

    def resolve(self, name: str) -> Platform | None:
        """Return the platform that any tool calls so, in upper or lower case, or None.

        What users name themselves goes before the other tools' names that NetRaven knows.
        """
        wanted = name.strip().lower().replace("-", "_")
        return next((each for each in self.own if wanted in _names_of(each)), None) or (
            resolve_platform(name)
        )

    def close_names(self, name: str, *, at_most: int = 3) -> list[str]:
        """Return the names that were perhaps meant, the nearest first."""
        wanted, is_bridged, kind = name.strip().lower().replace("-", "_").partition(":")
        if is_bridged and wanted == PREFIX:
            close = get_close_matches(kind, sorted(netmiko_types()), n=at_most)
            return [f"{PREFIX}:{each}" for each in close]
        return get_close_matches(wanted + is_bridged + kind, self.names(), n=at_most)


NATIVE = Platforms()
"""The native platforms alone."""


def read_platforms(texts: Mapping[str, str | None]) -> Platforms:
    """Return the native platforms and those declared in these files, by file name.

    A file that is wrong, that cannot be read (None), or that names a platform which an earlier
    one names too, stops only itself.
    """
    own: dict[str, Platform] = {}
    faults: list[str] = []
    for source, text in sorted(texts.items()):
        try:
            platform = _read(text, source)
            _refuse_taken(platform, own)
        except Invalid as fault:
            faults.append(f"{fault}")
        else:
            own[platform.name] = platform
    return Platforms(tuple(own.values()), tuple(faults))


def _read(text: str | None, source: str) -> Platform:
    if text is None:
        raise Invalid(
            source, "it is no readable text of at most 1 MiB; check its rights and that it is UTF-8"
        )
    return read_platform(text, source)


def _refuse_taken(platform: Platform, own: Mapping[str, Platform]) -> None:
    for name in _names_of(platform):
        for other in own.values():
            if name in _names_of(other):
                reason = f"{name} is declared in {other.source} already; change one of them"
                raise Invalid(platform.source, reason)


def _names_of(platform: Platform) -> set[str]:
    aliases = platform.aliases
    others = (*aliases.netmiko, *aliases.oxidized, *aliases.rancid, *aliases.napalm)
    return {platform.name, *(name.replace("-", "_") for name in others)}
