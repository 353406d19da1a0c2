"""As much of a Unix shell as it takes to read files: lists, substitution, `cat`, `wc`, `printf`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_SEPARATORS = ("&&", "||", ";")
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the shell runs on: `read` returns a file's text, None where there is none."""

    hostname: str
    username: str
    release: str
    uptime: str
    read: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a command printed, on either stream, and whether it succeeded."""

    text: str
    is_good: bool = True


def run_line(line: str, host: Host) -> str:
    """Return what a command line prints."""
    try:
        tokens = _tokens(line)
    except ValueError as error:
        return f"-bash: {error}\n"
    return _run(tokens, host).text


def _tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _run(tokens: Sequence[str], host: Host) -> Result:
    """Run the commands of a list, each as the separator before it and the last result say."""
    printed, last, separator = "", Result(""), ";"
    for command, following in _commands(tokens):
        is_due = separator == ";" or last.is_good is (separator == "&&")
        if is_due:
            last = _execute(_substituted(command, host), host)
            printed += last.text
        separator = following
    return Result(printed, last.is_good)


def _commands(tokens: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    command: list[str] = []
    depth = 0
    for token in tokens:
        depth += token.count("(") - token.count(")")
        if token in _SEPARATORS and depth == 0:
            yield command, token
            command = []
        else:
            command.append(token)
    if command:
        yield command, ";"


def _substituted(tokens: Sequence[str], host: Host) -> list[str]:
    """Return the words, each `$( ... )` replaced by what it prints."""
    words: list[str] = []
    inner: list[str] | None = None
    for word in tokens:
        if inner is None and word == "(" and words and words[-1] == "$":
            words.pop()
            inner = []
        elif inner is not None and word == ")":
            words.extend(_run(inner, host).text.split())
            inner = None
        else:
            (words if inner is None else inner).append(word)
    return words


def _execute(words: Sequence[str], host: Host) -> Result:
    if not words:
        return Result("")
    name, *arguments = words
    program = _PROGRAMS.get(name)
    if program is None:
        return Result(f"-bash: {name}: command not found\n", is_good=False)
    return program(arguments, host)


def _cat(paths: Sequence[str], host: Host) -> Result:
    results = [_read("cat", path, host) for path in paths if path != "<"]
    return Result("".join(r.text for r in results), all(r.is_good for r in results))


def _wc(arguments: Sequence[str], host: Host) -> Result:
    option, path = arguments[0], arguments[-1]
    found = _read("wc", path, host)
    if not found.is_good:
        return found
    size = found.text.count("\n") if option == "-l" else len(found.text.encode())
    return Result(f"{size}\n" if "<" in arguments else f"{size} {path}\n")


def _read(program: str, path: str, host: Host) -> Result:
    text = host.read(path)
    if text is None:
        return Result(f"{program}: {path}: No such file or directory\n", is_good=False)
    return Result(text)


def _printf(arguments: Sequence[str], host: Host) -> Result:
    del host
    text, *values = arguments
    for escape, char in _ESCAPES.items():
        text = text.replace(escape, char)
    for value in values:
        text = text.replace("%s", value, 1)
    return Result(text)


def _uname(arguments: Sequence[str], host: Host) -> Result:
    options = "".join(arguments).replace("-", "") or "s"
    version = "#1 SMP PREEMPT_DYNAMIC Debian"
    fields = {"s": "Linux", "n": host.hostname, "r": host.release, "v": version, "m": "x86_64"}
    shown = [value for key, value in fields.items() if key in options or "a" in options]
    return Result(" ".join([*shown, "GNU/Linux"] if "a" in options else shown) + "\n")


def _nothing(arguments: Sequence[str], host: Host) -> Result:
    del arguments, host
    return Result("")


_PROGRAMS: dict[str, Callable[[Sequence[str], Host], Result]] = {
    "cat": _cat,
    "wc": _wc,
    "printf": _printf,
    "uname": _uname,
    "echo": lambda words, _host: Result(" ".join(words) + "\n"),
    "hostname": lambda _words, host: Result(f"{host.hostname}\n"),
    "whoami": lambda _words, host: Result(f"{host.username}\n"),
    "uptime": lambda _words, host: Result(f" up {host.uptime},  1 user,  load average: 0.08\n"),
    "true": _nothing,
    "export": _nothing,
    "stty": _nothing,
}
