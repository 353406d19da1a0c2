"""The search for cycles is rarer in a process that collects, and still finds them in time."""

from __future__ import annotations

import gc
from collections import deque

from netraven.worker.garbage import less_searched_for_garbage

SESSIONS = 400_000
AT_ONCE = 50_000


class Session:
    """A cycle with what a session leaves behind; it counts those that are still there."""

    alive = 0

    def __init__(self) -> None:
        self.own = self
        Session.alive += 1

    def __del__(self) -> None:
        Session.alive -= 1


def test_ended_sessions_that_are_cycles_do_not_pile_up() -> None:
    before = gc.get_threshold()
    most = 0

    with less_searched_for_garbage():
        under_way: deque[Session] = deque(maxlen=AT_ONCE)
        for _ in range(SESSIONS):
            under_way.append(Session())
            most = max(most, Session.alive)
        under_way.clear()

    gc.collect()
    assert most < 3 * AT_ONCE
    assert Session.alive == 0
    assert gc.get_threshold() == before
