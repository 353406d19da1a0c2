"""What systemd is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from netraven.worker.notify import Notifier


@pytest.mark.parametrize("is_abstract", [False, True])
def test_service_manager_hears_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_abstract: bool
) -> None:
    path = f"@{tmp_path}/door" if is_abstract else str(tmp_path / "door")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.settimeout(10)
        door.bind("\0" + path[1:] if is_abstract else path)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        notifier = Notifier()
        notifier.ready("at work")
        notifier.alive()
        notifier.stopping()

        heard = [door.recv(1000).decode() for _ in range(3)]

    assert heard == ["READY=1\nSTATUS=at work", "WATCHDOG=1", "STOPPING=1"]


def test_nobody_is_told_where_nobody_asks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notifier().ready("at work")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))

    Notifier().alive()
