"""Say whether the lock files fit pyproject.toml; offline, in a moment.

Every requirement is pinned at a version that it allows, every pin has a hash, nothing names a
host, and the lock for running pins the same versions as the one for developing.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)")


def main() -> int:
    """Print each fault and return 1, or return 0."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    running = project["project"]["dependencies"]
    groups = project["dependency-groups"]
    faults = [
        *_faults("requirements-run.lock", [*running, *_expanded("build", groups)]),
        *_faults("requirements.lock", [*running, *_expanded("dev", groups)]),
        *_differences(),
    ]
    for fault in faults:
        print(f"{fault}; run `make lock`")
    return 1 if faults else 0


def _expanded(group: str, groups: dict[str, list[str | dict[str, str]]]) -> list[str]:
    """Return the group's requirements, those of the groups it includes among them."""
    found: list[str] = []
    for entry in groups[group]:
        found += [entry] if isinstance(entry, str) else _expanded(entry["include-group"], groups)
    return found


def _faults(name: str, requirements: list[str]) -> list[str]:
    text = (ROOT / name).read_text()
    pins = _pins(name)
    faults = [
        f"{name}: {requirement} is not met by {pins.get(canonicalize_name(requirement.name))}"
        for requirement in map(Requirement, requirements)
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
    ]
    if "://" in text:
        faults.append(f"{name}: names a host")
    unhashed = [entry.split()[0] for entry in re.split(r"\n(?=\S)", text) if "sha256:" not in entry]
    return faults + [f"{name}: {entry} has no hash" for entry in unhashed]


def _differences() -> list[str]:
    developing = _pins("requirements.lock")
    return [
        f"requirements-run.lock: {name} {version} differs from requirements.lock"
        for name, version in _pins("requirements-run.lock").items()
        if developing.get(name) != version
    ]


def _pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    found = [match for line in lines if (match := PIN.match(line))]
    return {canonicalize_name(match["name"]): match["version"] for match in found}


if __name__ == "__main__":
    sys.exit(main())
