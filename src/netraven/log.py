"""Log lines: a constant message in the past tense, facts as fields, to standard error."""

from __future__ import annotations

import sys
from typing import Literal

import structlog


def configure_logging(*, level: str, log_format: Literal["console", "json"]) -> None:
    """Set how this process writes log lines; a door calls it once."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
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
