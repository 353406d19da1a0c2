"""The file of the key ring: written whole or not at all, and never lost to another writer."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netraven.db import KeyRing

_HEADER = "# NetRaven's key ring: `version state key`. Keep a copy apart.\n"


def write_new_keyring(path: Path, keyring: KeyRing) -> None:
    """Put the ring on the disk, readable for its owner only; raises FileExistsError over one."""
    write_new_file(path, _HEADER + keyring.to_text())


def replace_keyring(path: Path, keyring: KeyRing) -> None:
    """Put the ring in the place of the one before; after a crash one of the two is there.

    Whoever read the ring that is replaced must hold `locked_keyring` since.
    """
    name = _written(path.parent, _HEADER + keyring.to_text())
    try:
        Path(name).replace(path)
        _sync_directory(path.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def write_new_file(path: Path, text: str) -> None:
    """Put a secret text on the disk, whole and for its owner only; never over another file."""
    name = _written(path.parent, text)
    try:
        # A link, unlike a renaming, fails where a file of that name exists.
        os.link(name, path)
        _sync_directory(path.parent)
    finally:
        Path(name).unlink()


@contextmanager
def locked_keyring(path: Path) -> Iterator[None]:
    """Keep every other process from replacing the ring: two at once would lose one's new key."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _written(directory: Path, text: str) -> str:
    descriptor, name = tempfile.mkstemp(dir=directory, prefix=".keyring-")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink()
        raise
    return name


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
