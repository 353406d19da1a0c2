"""The installed program, run as its users run it: a process with arguments and an environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Ended:
    """A finished command: its exit code and both outputs."""

    exit_code: int
    output: str
    notes: str

    def json(self) -> dict[str, Any]:
        """Return the document that `--json` wrote."""
        document: dict[str, Any] = json.loads(self.output)
        return document


@dataclass(frozen=True, slots=True)
class Program:
    """`netraven` with a home of its own; `environment` is added to what every command sees."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict, repr=False)

    def run(self, *arguments: str) -> Ended:
        """Run one command to its end, without a terminal."""
        inherited = {key: os.environ[key] for key in os.environ if not key.startswith("NETRAVEN_")}
        done = subprocess.run(
            [str(Path(sys.executable).with_name("netraven")), *arguments],
            env=inherited | {"NETRAVEN_HOME": str(self.home)} | self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def succeed(self, *arguments: str) -> Ended:
        """Run one command that must end with 0."""
        ended = self.run(*arguments)
        assert ended.exit_code == 0, f"netraven {' '.join(arguments)}: {ended.notes}"
        return ended
