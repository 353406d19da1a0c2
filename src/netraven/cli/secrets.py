"""Secrets from a prompt, from standard input or from a variable; never from an argument."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import SecretStr

from netraven.errors import Invalid
from netraven.settings import read_variable

_MAX_KEY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """Where one secret comes from; none of them: it is not given.

    A secret that is not `is_new` proves itself where it is used, so it is asked for once.
    """

    what: str
    option: str
    is_asked: bool = False
    from_stdin: bool = False
    variable: str | None = None
    is_new: bool = True

    @property
    def is_given(self) -> bool:
        """One of the ways was chosen."""
        return self.is_asked or self.from_stdin or self.variable is not None

    def check(self) -> None:
        """Raise Invalid where more than one way was chosen."""
        if self.is_asked + self.from_stdin + (self.variable is not None) > 1:
            ways = f"--ask-{self.option}, --{self.option}-stdin or --{self.option}-env"
            raise Invalid(self.option, f"choose one of {ways}")


def read_secrets(*sources: Source) -> list[SecretStr | None]:
    """Return each source's secret in order; standard input gives one a line, in the same order.

    Raises Invalid naming the option where a secret is empty, missing, or given twice.
    """
    for source in sources:
        source.check()
    lines = _stdin_lines()
    return [_read(source, lines) for source in sources]


def read_private_key(path: Path | None) -> SecretStr | None:
    """Return the text of a private key file; raises Invalid where it cannot be one."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_KEY_BYTES + 1)
    except OSError as error:
        raise Invalid("private_key", f"{path} cannot be read: {error.strerror}") from None
    if len(content) > _MAX_KEY_BYTES:
        raise Invalid("private_key", f"{path} is too large for a private key")
    try:
        return SecretStr(content.decode("ascii"))
    except UnicodeDecodeError:
        raise Invalid("private_key", f"{path} is not a private key in text form") from None


def can_ask() -> bool:
    """Tell whether somebody sits at this terminal."""
    return sys.stdin.isatty()


def _read(source: Source, next_line: Callable[[], str | None]) -> SecretStr | None:
    if not source.is_given:
        return None
    if source.variable is not None:
        value = read_variable(source.variable)
        if value is None:
            raise Invalid(source.option, f"the variable {source.variable} is not set")
    elif source.from_stdin:
        value = next_line()
        if value is None:
            raise Invalid(source.option, f"standard input ended before the {source.what}")
    else:
        value = _ask(source)
    if not value:
        raise Invalid(source.option, f"the {source.what} is empty")
    return SecretStr(value)


def _ask(source: Source) -> str:
    if not can_ask():
        ways = f"--{source.option}-stdin or --{source.option}-env VARIABLE"
        raise Invalid(source.option, f"there is no terminal to ask at; use {ways}")
    title = source.what[:1].upper() + source.what[1:]
    # A mistyped password is tried on devices and can lock accounts, so it is asked twice.
    answer: str = typer.prompt(title, hide_input=True, confirmation_prompt=source.is_new, err=True)
    return answer


def _stdin_lines() -> Callable[[], str | None]:
    def lines() -> Iterator[str]:
        for line in sys.stdin:
            yield line.rstrip("\r\n")

    waiting = lines()
    return lambda: next(waiting, None)
