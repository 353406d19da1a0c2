"""Who took part: the software of others that tests ran against, named at the end of each run.

A test that uses such a part says so by `record_property(PART, "PostgreSQL 16.4")`; one that has to
do without is skipped with a sentence. `python -m tests.parts` says what this machine could offer.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib.metadata import version

import pytest

from tests import postgres
from tests.e2e import frr
from tests.sso import directory

PART = "real part"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each part with the number of tests that it took part in."""
    ended = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    seen = Counter(
        str(value) for report in ended for name, value in report.user_properties if name == PART
    )
    terminalreporter.section("real parts that took part")
    for part, tests in sorted(seen.items()):
        terminalreporter.line(f"{part} (tests: {tests})")
    if not seen:
        terminalreporter.line("none")


def available() -> list[str]:
    """Return one sentence for each real part that the tests can use or have to do without."""
    return [
        _postgres(),
        frr.why_absent() or frr.versions(),
        directory.why_absent() or directory.version(),
        f"pyop {version('pyop')} (a provider of OpenID Connect)",
        "No browser takes part.",
    ]


def _postgres() -> str:
    installation = postgres.wheel()
    if installation is None:
        return "PostgreSQL takes no part: its wheel is not installed"
    command = [str(installation / "bin" / "postgres"), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    for sentence in available():
        sys.stdout.write(f"{sentence.strip()}\n")
