"""A port for a program to listen at, and waiting for that no longer than it takes."""

from __future__ import annotations

import random
import socket
import subprocess
import time

_LOOK_EVERY_S = 0.02
# Below those that the system gives to whoever asks for any, at the same time.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """Return a port of this machine at which nobody listens, nor will by chance."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) != 0:
                return port


def await_listener(program: subprocess.Popen[str], port: int, *, within_s: float = 60.0) -> None:
    """Return when somebody listens at the port of this machine, or the program has ended."""
    end_s = time.monotonic() + within_s
    while program.poll() is None:
        assert time.monotonic() < end_s, f"nobody listens at {port}"
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_LOOK_EVERY_S)
