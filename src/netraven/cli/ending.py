"""What a command opened and must close, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

_open: ContextVar[ExitStack | None] = ContextVar("netraven_cli_open", default=None)


@contextmanager
def ending() -> Iterator[None]:
    """Run a command, then everything that was asked for with `at_end`, the last first."""
    with ExitStack() as stack:
        token = _open.set(stack)
        try:
            yield
        finally:
            _open.reset(token)


def at_end(close: Callable[[], object]) -> None:
    """Call `close` when the running command ends; outside of one, never."""
    stack = _open.get()
    if stack is not None:
        stack.callback(close)
