"""`netraven demo`: the whole story, checked by itself and fit for a terminal of 80 columns."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.cli.terminal import at_terminal

INTERRUPTED = 130

pytestmark = pytest.mark.long


def test_the_story_holds_and_is_told_in_figures(fresh: Program) -> None:
    told = fresh.json("demo", "--check")

    assert [check["sentence"] for check in told["checks"] if not check["holds"]] == []
    assert told["imported"]["create"] == 44
    assert told["first"]["results"] == {"failed": 5, "succeeded": 39}
    assert told["second"]["results"] == {"failed": 4, "succeeded": 40}
    assert (told["second"]["new_versions"], told["second"]["unchanged"]) == (15, 25)
    assert told["quarantined"] == ["prg-core-02@2", "prg-core-02@1"]
    assert told["verify"]["checked"] == told["usage"]["contents"]
    assert told["usage"]["stored_bytes"] < told["usage"]["text_bytes"] / 3


def test_ctrl_c_ends_the_story_and_leaves_nothing_behind(fresh: Program) -> None:
    before = set(Path(tempfile.gettempdir()).glob("netraven-demo-*"))

    fresh.set(PYTHONUNBUFFERED="1")
    running = fresh.start("demo")
    assert running.stdout is not None
    while "The first sweep" not in running.stdout.readline():
        pass
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)

    assert running.returncode == INTERRUPTED
    assert err.endswith("netraven: interrupted\n")
    assert "Traceback" not in err
    assert "The second sweep" not in out
    assert set(Path(tempfile.gettempdir()).glob("netraven-demo-*")) <= before


def test_the_story_is_told_at_a_terminal_and_leaves_nothing_behind(fresh: Program) -> None:
    before = set(Path(tempfile.gettempdir()).glob("netraven-demo-*"))

    screen = at_terminal("demo")

    assert screen.exit_code == 0
    assert not [line for line in screen.lines if len(line) > 80]
    assert "…" not in screen.text
    for words in (
        "44 devices in",
        "39 new, 1 quarantined, 4 failed.",
        "15 new, 25 unchanged, 1 quarantined, 3 failed.",
        "the device reported an error in its answer",
        "every one is exactly as it was stored.",
    ):
        assert words in screen.text
    changed = [line for line in screen.lines if "password 7 ‹secret:" in line]
    assert {line[:1] for line in changed} == {"-", "+", " "}
    assert set(Path(tempfile.gettempdir()).glob("netraven-demo-*")) <= before
    assert not fresh.home.exists()
