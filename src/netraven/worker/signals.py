"""The signals that ask a process to end: the first one cleanly, the second one as always."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def set_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set the event at the first interrupt or termination; the second one acts as always."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}

    def stop_once() -> None:
        stop.set()
        give_back()

    def give_back() -> None:
        for number in ENDING_SIGNALS:
            if loop.remove_signal_handler(number):
                signal.signal(number, before[number])

    for number in ENDING_SIGNALS:
        loop.add_signal_handler(number, stop_once)
    try:
        yield
    finally:
        give_back()
