"""Prints what became of the recorded sessions that were cut."""

from __future__ import annotations

import pytest

from tests.transcripts.cuts import Tally, table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line for each recorded session that was cut behind every line."""
    ended = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    found = [
        (str(value["session"]), Tally(**value["counts"]))
        for report in ended
        for name, value in report.user_properties
        if name == "cut" and isinstance(value, dict)
    ]
    if found:
        terminalreporter.section("recorded sessions, cut behind some of their lines")
        for line in table(sorted(found)):
            terminalreporter.line(line)
