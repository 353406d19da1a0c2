"""Full disks and read-only ones: real file systems, in a namespace of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Answer

_UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")


class Namespace:
    """Runs commands where mounts were made that nobody else sees."""

    def __init__(self, holder: int) -> None:
        self._enter = ("nsenter", f"--target={holder}", "--user", "--mount")

    def run(self, *arguments: object) -> Answer:
        """Run `netraven` there."""
        return self.shell(Path(sys.executable).with_name("netraven"), *arguments)

    def shell(self, *command: object) -> Answer:
        """Run any program there."""
        ended = subprocess.run(
            [*self._enter, "--preserve-credentials", *map(str, command)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Answer(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def small_disk(folder: Path, *, free_kib: int) -> Iterator[Namespace]:
    """Put the folder and what is in it on a disk with so much room left."""
    folder.mkdir(exist_ok=True)
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy)
    script = (
        f"mount -t tmpfs -o size=64m,mode=700 tmpfs {folder}; cp -a {copy}/. {folder}; "
        f"used=$(df -k --output=used {folder} | tail -1); "
        f"mount -o remount,size=$((used + {free_kib}))k {folder}"
    )
    with _mounted(script) as namespace:
        yield namespace


@contextmanager
def read_only_disk(folder: Path) -> Iterator[Namespace]:
    """Make the folder read-only."""
    script = f"mount --bind {folder} {folder}; mount -o remount,bind,ro {folder}"
    with _mounted(script) as namespace:
        yield namespace


@contextmanager
def _mounted(script: str) -> Iterator[Namespace]:
    with subprocess.Popen(
        [*_UNSHARE, "sh", "-c", f"set -e; {script}; echo ready; exec sleep 600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        if holder.stdout.readline() != "ready\n":
            pytest.skip("this machine lets no process have mounts of its own")
        try:
            yield Namespace(holder.pid)
        finally:
            holder.kill()
