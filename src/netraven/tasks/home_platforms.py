"""The platforms that an installation's home declares, as a door reads them at its start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from netraven.platforms.catalogue import NATIVE, Platforms, read_platforms

FOLDER: Final = "platforms"
"""Where they lie in a home."""


def platforms_in(home: Path) -> Platforms:
    """Return the native platforms and those of the files `*.yaml` in the home's folder for them.

    What is wrong with a file is among the `faults`, and concerns that file alone.
    """
    folder = home / FOLDER
    paths = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    others = tuple(_of_another_kind(path) for path in sorted(_of_kinds(folder, ".toml", ".json")))
    if not paths and not others:
        return NATIVE
    found = read_platforms({f"{FOLDER}/{path.name}": _text_of(path) for path in paths})
    return replace(found, faults=(*found.faults, *others))


_MAX_BYTES: Final = 1024 * 1024


def _of_kinds(folder: Path, *suffixes: str) -> list[Path]:
    return [path for path in folder.glob("*") if path.suffix in suffixes]


def _of_another_kind(path: Path) -> str:
    return f"{FOLDER}/{path.name} is no YAML; write it so and call it {path.stem}.yaml"


def _text_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        return None if len(content) > _MAX_BYTES else content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
