"""Processes that look at weaves, so that a long search has all cores.

Threads do not help: they hand the interpreter to each other for each weave, which costs more than
they gain. A process begins with the first long search, is fed by a thread of its own, and ends when
nobody searched for a while; it ends with this process, however that ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Lock, Timer, local
from typing import Final

from netraven.archive.search_look import Looked, Sought, look
from netraven.archive.search_scan import Scan
from netraven.db.offloop import Handed
from netraven.log import get_logger
from netraven.seal import KeyRing

_IDLE_S: Final = 30.0
_MOST_PROCESSES: Final = 8
_PROGRAM: Final = "netraven.archive.search_hand"
_log = get_logger("archive")


class Crew:
    """Up to `size` processes; they end when there was nothing to do for `idle_s`."""

    def __init__(self, size: int, *, idle_s: float = _IDLE_S) -> None:
        self.size = size
        self._idle_s = idle_s
        self._lock = Lock()
        self._shift: _Shift | None = None

    def hand_over(
        self, keyring: KeyRing, scan: Scan, sought: Sequence[Sought]
    ) -> Handed[list[Looked | None]]:
        """Have `look` done, behind what was handed over before."""
        with self._lock:
            if self._shift is None:
                self._shift = _Shift(self.size)
                self._look_again_in(self._idle_s)
            return Handed(self._shift.submit(keyring, scan, sought))

    def pids(self) -> list[int]:
        """Return the numbers of the processes that run."""
        with self._lock:
            return [] if self._shift is None else self._shift.pids()

    def _look_again_in(self, seconds: float) -> None:
        timer = Timer(seconds, self._end_if_idle)
        timer.daemon = True
        timer.start()

    def _end_if_idle(self) -> None:
        with self._lock:
            shift = self._shift
            if shift is None:
                return
            left_s = shift.busy_until_s() + self._idle_s - time.monotonic()
            if left_s > 0:
                self._look_again_in(left_s)
                return
            self._shift = None
        shift.end()


@cache
def shared_crew() -> Crew | None:
    """Return the crew of this process, None on a machine of one core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return None if not cores or cores < 2 else Crew(min(cores, _MOST_PROCESSES))  # noqa: PLR2004


class _Shift:
    """Processes from their first work to their end, each with the thread that feeds it."""

    def __init__(self, size: int) -> None:
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=_PROGRAM)
        self._of_thread = local()
        self._hands: list[_Hand] = []
        self._newest: Future[list[Looked | None]] = Future()
        self._last_s = 0.0

    def submit(
        self, keyring: KeyRing, scan: Scan, sought: Sequence[Sought]
    ) -> Future[list[Looked | None]]:
        self._newest = self._threads.submit(self._look, keyring, scan, sought)
        return self._newest

    def busy_until_s(self) -> float:
        """Return when it was last seen at work, on the clock of `time.monotonic()`."""
        return self._last_s if self._newest.done() else time.monotonic()

    def pids(self) -> list[int]:
        return [hand.pid for hand in self._hands if hand.pid is not None]

    def end(self) -> None:
        """End the processes, once they have done what was handed over."""
        self._threads.shutdown()
        for hand in self._hands:
            hand.end()

    def _look(self, keyring: KeyRing, scan: Scan, sought: Sequence[Sought]) -> list[Looked | None]:
        hand: _Hand | None = getattr(self._of_thread, "hand", None)
        if hand is None:
            hand = self._of_thread.hand = _Hand()
            self._hands.append(hand)
        try:
            found = hand.look(keyring, scan, sought)
        finally:
            self._last_s = time.monotonic()
        return look(keyring, scan, sought) if found is None else found


class _Hand:
    """One process, begun with its first job and again where it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Connection | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def look(
        self, keyring: KeyRing, scan: Scan, sought: Sequence[Sought]
    ) -> list[Looked | None] | None:
        """Return what `look` returns there, None where it raised or the process has died."""
        try:
            channel = self._channel or self._begin()
            channel.send((keyring.to_text(), scan, sought))
            found: list[Looked | None] | None = channel.recv()
        except (EOFError, OSError) as error:
            _log.warning("a process that searches ended", pid=self.pid, error=type(error).__name__)
            self.end()
            return None
        return found

    def end(self) -> None:
        """Have the process end: it does when nobody holds the other end of its channel."""
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.wait()
        self._channel = self._process = None

    def _begin(self) -> Connection:
        ours, theirs = Pipe()
        with theirs:
            number = theirs.fileno()
            # Not of the terminal's group: an interrupt is this process's matter. Without the
            # working directory among the places that modules come from.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", _PROGRAM, str(number)],
                pass_fds=[number],
                process_group=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._channel = ours
        return ours
