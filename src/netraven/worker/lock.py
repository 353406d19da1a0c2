"""The lock of a home: on SQLite one process runs jobs, and everybody else can see that it does."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from netraven.errors import InUse, StorageFailed

LOCK_NAME: Final = "netraven.lock"


@contextmanager
def held(home: Path, *, by: str) -> Iterator[None]:
    """Hold the home's lock; raises InUse with who has it, StorageFailed where there is no home.

    It goes with the process, however that ends. `by` is what others are told.
    """
    path = home / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"the lock {path} cannot be opened: {error.strerror}; check its rights"
        raise StorageFailed(message) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = _read(path) or "another process"
            raise InUse(
                f"{who} already runs the jobs of {home}; stop it first, or use PostgreSQL, where"
                " any number of servers and workers share the work"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{by} (process {os.getpid()})".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(home: Path) -> str | None:
    """Return who holds the home's lock, None where nobody does."""
    path = home / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path) or "another process"
    else:
        return None
    finally:
        os.close(descriptor)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
