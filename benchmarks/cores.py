"""Which core does what: the farm has one, whoever reads it another, where the system allows."""

from __future__ import annotations

import os
import sys

if sys.platform != "win32":
    import resource

FARM_CORE = 0
CLIENT_CORE = -1


def pin_to(core: int) -> None:
    """Keep this process on one of the cores it may use, counted as in a list."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})


def raise_file_limit() -> None:
    """Allow as many open sockets as the system lets this process have."""
    if sys.platform != "win32":
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
