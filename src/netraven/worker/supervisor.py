"""Several collector processes of one worker: started, watched, ended when stuck, started again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Final, TypeAlias
from uuid import UUID

from netraven.log import get_logger
from netraven.worker.notify import Notifier
from netraven.worker.options import WorkerOptions

ChildMain: TypeAlias = Callable[[WorkerOptions, UUID | None, Connection], None]
"""What a child process runs: its options, whose place it takes, and where its signs of life go."""

_ROUND_S: Final = 1.0
_START_S: Final = 180.0
_LIVED_LONG_S: Final = 30.0
_LONGEST_PAUSE_S: Final = 30.0
_log = get_logger("worker")


@dataclass(slots=True)
class _Child:
    process: SpawnProcess
    signs: Connection
    begun_s: float
    heard_s: float
    worker_id: UUID | None = None


@dataclass(slots=True)
class _Seat:
    """A place for one child; it remembers who sat there last, and how soon they ended."""

    child: _Child | None = None
    predecessor: UUID | None = None
    early_ends: int = 0
    free_from_s: float = field(default_factory=time.monotonic)


class Supervisor:
    """Keeps `processes` children working until this process is asked to end.

    `check` is called whenever a child has ended before its time; what it raises ends them all.
    """

    def __init__(
        self,
        child_main: ChildMain,
        options: WorkerOptions,
        *,
        processes: int,
        stuck_s: float = 60.0,
        check: Callable[[], None],
    ) -> None:
        self._child_main = child_main
        self._options = options
        self._stuck_s = stuck_s
        self._check = check
        self._seats = [_Seat() for _ in range(processes)]
        self._context = multiprocessing.get_context("spawn")
        self._notifier = Notifier()
        self._is_ending = False
        self._is_told_ready = False

    def supervise(self) -> None:
        """Return once all children have ended after SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        try:
            while not self._is_ending:
                self._fill_seats()
                self._listen(_ROUND_S)
                self._watch()
                self._tell()
        finally:
            self._end_children()

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._is_ending = True

    def _fill_seats(self) -> None:
        for seat in self._seats:
            if seat.child is None and time.monotonic() >= seat.free_from_s:
                seat.child = self._start(seat.predecessor)

    def _start(self, predecessor: UUID | None) -> _Child:
        ours, theirs = self._context.Pipe(duplex=False)
        arguments = (self._options, predecessor, theirs)
        process = self._context.Process(target=self._child_main, args=arguments)
        process.start()
        theirs.close()
        now_s = time.monotonic()
        return _Child(process, ours, begun_s=now_s, heard_s=now_s)

    def _listen(self, within_s: float) -> None:
        """Hear signs of life until the time is up, or a child ends."""
        until_s = time.monotonic() + within_s
        while not self._is_ending and (left_s := until_s - time.monotonic()) > 0:
            children = [seat.child for seat in self._seats if seat.child is not None]
            by_signs = {child.signs: child for child in children}
            ended = [child.process.sentinel for child in children]
            told = connection.wait([*by_signs, *ended], timeout=left_s)
            for sign in told:
                if isinstance(sign, Connection):
                    _hear(by_signs[sign])
            if any(one in ended for one in told):
                return

    def _watch(self) -> None:
        now_s = time.monotonic()
        for seat in self._seats:
            child = seat.child
            if child is None:
                continue
            patience_s = self._stuck_s if child.worker_id else _START_S
            if child.process.is_alive() and now_s - child.heard_s > patience_s:
                _log.error("a stuck collector process was ended", process=child.process.pid)
                child.process.kill()
                child.process.join()
            if not child.process.is_alive():
                self._clear(seat, child)

    def _clear(self, seat: _Seat, child: _Child) -> None:
        now_s = time.monotonic()
        code = child.process.exitcode
        _log.error("a collector process ended", process=child.process.pid, exit_code=code)
        seat.predecessor = child.worker_id or seat.predecessor
        seat.early_ends = 0 if now_s - child.begun_s > _LIVED_LONG_S else seat.early_ends + 1
        pause_s = min(_LONGEST_PAUSE_S, 2.0 ** (seat.early_ends - 2)) if seat.early_ends > 1 else 0
        seat.free_from_s = now_s + pause_s
        seat.child = None
        child.signs.close()
        child.process.close()
        self._check()

    def _tell(self) -> None:
        self._notifier.alive()
        children = [seat.child for seat in self._seats]
        if not self._is_told_ready and all(one and one.worker_id for one in children):
            self._is_told_ready = True
            self._notifier.ready(f"{len(children)} collector processes at work")

    def _end_children(self) -> None:
        self._notifier.stopping()
        children = [seat.child for seat in self._seats if seat.child is not None]
        for child in children:
            if child.process.is_alive() and child.process.pid is not None:
                os.kill(child.process.pid, signal.SIGTERM)
        _join(children, until_s=time.monotonic() + self._options.stop_s + 1.5)
        for child in children:
            if child.process.is_alive():
                child.process.kill()


def _hear(child: _Child) -> None:
    try:
        sign = child.signs.recv()
    except EOFError:  # it is ending; its sentinel tells when it has
        return
    child.heard_s = time.monotonic()
    if isinstance(sign, UUID):
        child.worker_id = sign


def _join(children: Sequence[_Child], *, until_s: float) -> None:
    for child in children:
        child.process.join(max(0.0, until_s - time.monotonic()))
