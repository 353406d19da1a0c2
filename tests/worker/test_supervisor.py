"""Collector processes are watched by their parent."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from netraven.errors import SchemaMismatch
from netraven.worker.options import WorkerOptions
from netraven.worker.supervisor import ChildMain, Supervisor
from tests.worker import children

OPTIONS = WorkerOptions(stop_s=5.0)
PATIENCE_S = 90.0


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which the children write what happens to them."""
    path = tmp_path / "notes"
    path.touch()
    monkeypatch.setenv(children.NOTES, str(path))
    return path


def supervise(
    child: ChildMain, notes: Path, *, until: str, check: Callable[[], None] = lambda: None
) -> Counter[str]:
    """Supervise two of these until so much is noted, then end; return what was noted."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    supervisor = Supervisor(child, OPTIONS, processes=2, stuck_s=2.0, check=check)

    is_over = threading.Event()

    def end() -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while notes.read_text().count(until) < 2 and time.monotonic() < deadline_s:
            if is_over.wait(0.05):
                return
        os.kill(os.getpid(), signal.SIGTERM)

    ending = threading.Thread(target=end)
    ending.start()
    try:
        supervisor.supervise()
    finally:
        is_over.set()
        ending.join()
        for number, handler in before.items():
            signal.signal(number, handler)
    return Counter(notes.read_text().splitlines())


def test_children_end_in_order_when_their_parent_is_asked_to(notes: Path) -> None:
    noted = supervise(children.works, notes, until="works")

    assert noted == {"works first": 2, "ended first": 2}


def test_stuck_child_is_ended_and_replaced(notes: Path) -> None:
    noted = supervise(children.is_stuck_once, notes, until="works after one")

    assert noted == {"stuck first": 2, "works after one": 2, "ended first": 2}


def test_reason_for_which_no_child_can_work_ends_the_parent_too(notes: Path) -> None:
    def refuse() -> None:
        message = "the schema is another one's"
        raise SchemaMismatch(message)

    with pytest.raises(SchemaMismatch):
        supervise(children.dies, notes, until="died", check=refuse)
