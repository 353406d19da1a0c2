"""Log lines: a constant message in the past tense, facts as fields, to standard error."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Final, Literal

import structlog

_OURS: Final = f"{os.sep}netraven{os.sep}"


def configure_logging(*, level: str, log_format: Literal["console", "json"]) -> None:
    """Set how this process writes log lines; a door calls it once."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        # Its own way to tell of an error shows variables, and so passwords.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(room: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a room; its name is a field of every line."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return logger


def frames_of(error: BaseException) -> list[str]:
    """Return NetRaven's calls on the way to where the error arose, and that place, which is last.

    Neither its own text is told nor a variable: these may hold a secret or a configuration.
    """
    frames = traceback.extract_tb(error.__traceback__)
    told = [frame for frame in frames[:-1] if _OURS in frame.filename] + frames[-1:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in told]
