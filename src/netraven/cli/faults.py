"""One sentence, a code and an exit code for whatever ended a command."""

from __future__ import annotations

import errno
import os
import traceback
from dataclasses import dataclass

import typer
from pydantic import ValidationError

from netraven.errors import ExitCode, NetRavenError

REPORT = "this is a fault in NetRaven; please report it with this line"

_DISK_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space and retry",
    errno.EDQUOT: "the disk quota is used up; free some space and retry",
    errno.EFBIG: "the file would grow beyond its limit; raise the limit and retry",
    errno.EROFS: "the file system is read-only; make it writable and retry",
    errno.EACCES: "permission denied; check owner and rights",
    errno.EPERM: "permission denied; check owner and rights",
    errno.EIO: "the disk reports an input/output error; check it and retry",
    errno.EMFILE: "too many open files; raise the limit (`ulimit -n`) and retry",
    errno.ENOENT: "no such file or directory",
    errno.EISDIR: "is a directory, a file is needed",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a user is told: `message` without its subject's secrets, `hint` on a second line."""

    code: str
    message: str
    exit_code: int
    hint: str = ""


def fault_of(error: BaseException) -> Fault:
    """Return how an error that ended a command is told."""
    match error:
        case NetRavenError():
            fault = Fault(error.code, str(error), error.exit_code)
        case KeyboardInterrupt():
            fault = Fault("interrupted", "interrupted", ExitCode.INTERRUPTED)
        case typer.Abort():
            fault = Fault("aborted", "stopped; nothing was changed", ExitCode.ERROR)
        case typer.TyperException():
            fault = _usage_fault(error)
        case ValidationError():
            fault = Fault("invalid", _first_refusal(error), ExitCode.USAGE)
        case OSError():
            fault = _system_fault(error)
        case MemoryError():
            fault = Fault("out_of_memory", "there is not enough memory", ExitCode.ERROR)
        case _:
            fault = _unexpected_fault(error)
    return fault


def _usage_fault(error: typer.TyperException) -> Fault:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "netraven"
    # Typer leaves in what Pydantic, which it asks, writes before each reason.
    message = error.format_message().rstrip(".").replace(": Value error, ", ": ")
    return Fault("usage", message, ExitCode.USAGE, hint=f"see `{path} --help`")


def _first_refusal(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=True)[0]
    field = ".".join(str(part) for part in first["loc"]) or "value"
    context = first.get("ctx", {})
    match first["type"]:
        case "string_pattern_mismatch":
            return f"{field}: must match {context['pattern']}"
        case "value_error":
            return f"{field}: {context['error']}"
    reason = first["msg"]
    return f"{field}: {reason[:1].lower()}{reason[1:]}"


def _system_fault(error: OSError) -> Fault:
    reason = _DISK_REMEDIES.get(error.errno or 0, error.strerror or type(error).__name__)
    subject = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    return Fault("storage_failed", f"{subject}{reason}", ExitCode.STORAGE)


def _unexpected_fault(error: BaseException) -> Fault:
    # The error's own text may hold a value, so only its kind and its place are told.
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}netraven{os.sep}" in frame.filename]
    place = ""
    if ours:
        file = ours[-1].filename.rpartition(f"{os.sep}netraven{os.sep}")[2]
        place = f" at {file}:{ours[-1].lineno}"
    message = f"unexpected {type(error).__name__}{place}; {REPORT}"
    return Fault("internal", message, ExitCode.ERROR)
