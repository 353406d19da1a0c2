"""Child processes for a supervisor: one that works, one that is stuck, one that dies at once."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID, uuid4

from netraven.worker.options import WorkerOptions

NOTES = "NETRAVEN_TEST_NOTES"


def works(_options: WorkerOptions, predecessor: UUID | None, signs: Connection) -> None:
    """Show signs of life until told to end."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    _note("works", predecessor)
    signs.send(uuid4())
    while not ended.wait(0.1):
        signs.send(None)
    _note("ended", None)


def is_stuck_once(options: WorkerOptions, predecessor: UUID | None, signs: Connection) -> None:
    """Say that it lives, then nothing any more; whoever comes after it works."""
    if predecessor is not None:
        works(options, predecessor, signs)
        return
    _note("stuck", predecessor)
    signs.send(uuid4())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Event().wait()


def dies(_options: WorkerOptions, predecessor: UUID | None, _signs: Connection) -> None:
    """End at once."""
    _note("died", predecessor)
    os._exit(3)


def _note(what: str, predecessor: UUID | None) -> None:
    with Path(os.environ[NOTES]).open("a") as notes:
        notes.write(f"{what} {'after one' if predecessor else 'first'}\n")
