"""How often somebody may ask for something: a token bucket for each, in each process."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from netraven.db import Id
from netraven.errors import NetRavenError, TooManySearches

BURST = 20
"""Searches that may begin at once."""

PER_MINUTE = 60
"""Searches that may begin in a minute, for as long as somebody likes."""


class Pace:
    """Buckets by user or login, full at first; those least used are forgotten, which fills them.

    `refusal` makes the error for an empty one out of the seconds to wait.
    """

    def __init__(
        self,
        *,
        burst: int = BURST,
        per_minute: float = PER_MINUTE,
        refusal: Callable[[int], NetRavenError] = TooManySearches,
    ) -> None:
        self._burst = burst
        self._refusal = refusal
        self._per_second = per_minute / 60
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, user_id: Id, *, now_s: float) -> None:
        """Take one out of the user's bucket; raises the refusal for an empty one."""
        with self._lock:
            left, filled_s = self._buckets.pop(str(user_id), (float(self._burst), now_s))
            left = min(self._burst, left + max(0.0, now_s - filled_s) * self._per_second)
            is_empty = left < 1
            self._buckets[str(user_id)] = (left if is_empty else left - 1), now_s
            if len(self._buckets) > _MOST_USERS:
                self._buckets.popitem(last=False)
        if is_empty:
            raise self._refusal(math.ceil((1 - left) / self._per_second))


def admit_search(user_id: Id) -> None:
    """Count a search of this user; raises TooManySearches."""
    _PACE.admit(user_id, now_s=time.monotonic())


_MOST_USERS = 10_000
_PACE = Pace()
