"""What systemd is told: ready, alive, stopping. Nothing where it does not ask."""

from __future__ import annotations

import socket

from netraven.settings import read_variable


class Notifier:
    """The service manager's socket, where this process was started by one (`sd_notify(3)`)."""

    def __init__(self) -> None:
        self._address = read_variable("NOTIFY_SOCKET")

    def ready(self, status: str) -> None:
        """Tell that work is being done, and what kind of."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """Tell that the event loop turns; `WatchdogSec=` in the unit waits for it."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Tell that a graceful end has begun."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        # An abstract socket is written with an at sign, and begins with a zero byte.
        path = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as door:
                door.sendto(text.encode(), path)
        except OSError:  # a service manager that does not listen must not stop the service
            return
