"""Processes that look at weaves, so that a long search has all cores.

Threads do not help: they hand the interpreter to each other for each weave, which costs more than
they gain. A process begins with the first long search, is fed by a thread of its own, and ends when
nobody searched for a while; it ends with this process, however that ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Final

from netraven.archive.search_look import Looked, Sought, look
from netraven.archive.search_scan import Scan
from netraven.db.offloop import Handed
from netraven.log import get_logger
from netraven.seal import KeyRing

_IDLE_S: Final = 30.0
_MOST_PROCESSES: Final = 8
_PROGRAM: Final = "netraven.archive.search_helper"
_log = get_logger("archive")


class Crew:
    """Up to `size` processes, each of which ends when it had nothing to do for `idle_s`."""

    def __init__(self, size: int, *, idle_s: float = _IDLE_S) -> None:
        self.size = size
        self._idle_s = idle_s
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._lock = Lock()
        self._helpers: set[_Helper] = set()

    @property
    def is_there(self) -> bool:
        """Processes run already."""
        return bool(self._helpers)

    def hand_over(
        self, keyring: KeyRing, scan: Scan, sought: Sequence[Sought]
    ) -> Handed[list[Looked | None]]:
        """Have `look` done, behind what was handed over before."""
        job = _Job(keyring, scan, sought, Future())
        with self._lock:
            self._jobs.put(job)
            if len(self._helpers) < self.size:
                helper = _Helper()
                self._helpers.add(helper)
                Thread(target=self._feed, args=[helper], daemon=True, name=_PROGRAM).start()
        return Handed(job.future)

    def pids(self) -> list[int]:
        """Return the numbers of the processes that run."""
        with self._lock:
            return [helper.pid for helper in self._helpers if helper.pid is not None]

    def _feed(self, helper: _Helper) -> None:
        while (job := self._next_for(helper)) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                found = helper.look(job)
            except BaseException as error:  # noqa: BLE001  whoever waits for it gets it
                job.future.set_exception(error)
            else:
                job.future.set_result(found)
        helper.end()

    def _next_for(self, helper: _Helper) -> _Job | None:
        """Return the next job, or None where there was none for so long that it shall end."""
        try:
            return self._jobs.get(timeout=self._idle_s)
        except Empty:
            pass
        # Whoever comes from now on begins another one.
        with self._lock:
            if self._jobs.empty():
                self._helpers.remove(helper)
                return None
        return self._next_for(helper)


@cache
def shared_crew() -> Crew | None:
    """Return the crew of this process, None on a machine of one core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return None if not cores or cores < 2 else Crew(min(cores, _MOST_PROCESSES))  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class _Job:
    keyring: KeyRing
    scan: Scan
    sought: Sequence[Sought]
    future: Future[list[Looked | None]]


class _Helper:
    """One process, begun with its first job and again where it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Connection | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def look(self, job: _Job) -> list[Looked | None]:
        """Have it looked at there, or here where the process cannot."""
        try:
            channel = self._channel or self._begin()
            channel.send((job.keyring.to_text(), job.scan, job.sought))
            found: list[Looked | None] | None = channel.recv()
        except (EOFError, OSError) as error:
            _log.warning("a process that searches ended", pid=self.pid, error=type(error).__name__)
            self.end()
            found = None
        return look(job.keyring, job.scan, job.sought) if found is None else found

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
