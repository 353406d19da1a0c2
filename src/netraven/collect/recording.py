"""Recorded sessions: what was typed, what the device said, and what was made of it.

The format is YAML of our own, described in `docs/operations/own-platforms.md`. That of Oxidized's
and devicelab's simulations is read as well; it does not say what the answers mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from netraven.errors import Typed
from netraven.platforms.documents import Fields, Node, read_document
from netraven.platforms.observation import Yields

FORMAT: Final = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was typed (None: nothing yet; without Enter) and all that the device said after it."""

    typed: str | None
    said: bytes
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command yields when the session is read right."""

    yields: Yields
    command: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A whole session; without `answers` nobody has said what is right.

    One that `is_partial` holds some commands only, as recordings of other tools do.
    """

    platform: str | None
    exchanges: tuple[Exchange, ...]
    answers: tuple[Answer, ...] = ()
    is_partial: bool = False

    def answer(self, yields: Yields, command: str) -> Answer | None:
        """Return what that command should yield, where the recording says so."""
        found = (one for one in self.answers if (one.yields, one.command) == (yields, command))
        return next(found, None)


def recording_of(record: str, typed: Sequence[Typed]) -> Recording:
    """Return what was kept of a session as a recording; a long one lacks its middle."""
    bounds = [*(one.offset for one in typed), len(record)]
    greeting = Exchange(typed=None, said=record[: bounds[0]].encode("utf-8", "replace"))
    exchanges = [
        Exchange(
            typed=one.text,
            said=record[one.offset : end].encode("utf-8", "replace"),
            took_s=one.answered_s,
        )
        for one, end in zip(typed, bounds[1:], strict=True)
    ]
    return Recording(platform=None, exchanges=(greeting, *exchanges), is_partial=True)


def read_recording(text: str, source: str) -> Recording:
    """Return the recording that a file holds; raises Invalid that names line and column."""
    top = read_document(text, source)
    keys = {key.text() for key, _ in top.pairs()}
    if "recording" in keys:
        return _read_own(top)
    if "commands" in keys:
        return _read_simulation(top)
    raise top.fault(
        "it is no recorded session: neither `recording` and `session` as NetRaven writes them "
        "nor `init_prompt` and `commands` as Oxidized's simulations have them"
    )


def write_recording(recording: Recording) -> str:
    """Return the text of a file that `read_recording` reads to the same."""
    encoding = _encoding_of(recording.exchanges)
    return "".join(f"{line}\n" for line in _written(recording, encoding))


_LATIN_1: Final = "latin-1"
_UTF_8: Final = "utf-8"
_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e", '"': '\\"', "\\": "\\\\"}
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


def _written(recording: Recording, encoding: str) -> Iterator[str]:
    yield "# A recorded session. Secrets in it were replaced, each by the same text everywhere."
    yield f"recording: {FORMAT}"
    if recording.platform is not None:
        yield f"platform: {recording.platform}"
    yield f"encoding: {encoding}"
    yield "session:"
    for exchange in recording.exchanges:
        said = exchange.said.decode(encoding)
        typed = "~" if exchange.typed is None else _quoted(exchange.typed)
        yield f"  - typed: {typed}"
        yield f"    took_s: {exchange.took_s:.3f}"
        yield from _lines("    said", said)
    if recording.answers:
        yield "answers:"
    for answer in recording.answers:
        yield f"  - yields: {answer.yields}"
        yield f"    command: {_quoted(answer.command)}"
        yield from _lines("    text", answer.text)


def _lines(key: str, text: str) -> Iterator[str]:
    lines = _LINE.findall(text)
    if not lines:
        yield f"{key}: []"
        return
    yield f"{key}:"
    indent = " " * (len(key) - len(key.lstrip()) + 2)
    for line in lines:
        yield f"{indent}- {_quoted(line)}"


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    return f"\\U{ord(char):08x}"


def _encoding_of(exchanges: Iterable[Exchange]) -> str:
    try:
        for exchange in exchanges:
            exchange.said.decode(_UTF_8)
    except UnicodeDecodeError:
        return _LATIN_1
    return _UTF_8


def _read_own(top: Node) -> Recording:
    fields = top.fields(("recording", "platform", "encoding", "session", "answers"))
    version = fields.need("recording")
    if version.text() != FORMAT:
        raise version.fault(f"this NetRaven reads format {FORMAT}; take the one that wrote it")
    encoding = fields.read("encoding", _read_encoding, _UTF_8)
    exchanges = fields.need("session").list_of(lambda node: _read_exchange(node, encoding))
    if not exchanges:
        raise fields.need("session").fault("nothing was recorded")
    return Recording(
        platform=fields.read("platform", Node.text, None),
        exchanges=exchanges,
        answers=fields.list_of("answers", _read_answer),
    )


def _read_encoding(node: Node) -> str:
    if node.text() not in {_UTF_8, _LATIN_1}:
        raise node.fault(f"{_UTF_8} or {_LATIN_1} is due here")
    return node.text()


def _read_exchange(node: Node, encoding: str) -> Exchange:
    fields = node.fields(("typed", "took_s", "said"))
    typed, said = fields.need("typed"), fields.need("said")
    text = _joined(said)
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        raise said.fault(f"it holds characters that {encoding} has not") from None
    return Exchange(
        typed=None if typed.is_null() else typed.text(may_be_empty=True),
        said=content,
        took_s=fields.read("took_s", Node.number, 0.0),
    )


def _read_answer(node: Node) -> Answer:
    fields = node.fields(("yields", "command", "text"))
    yields = fields.need("yields")
    if yields.text() not in set(Yields):
        raise yields.fault(f"one of {', '.join(Yields)} is due here")
    return Answer(
        yields=Yields(yields.text()),
        command=fields.need("command").text(),
        text=_joined(fields.need("text")),
    )


def _joined(node: Node) -> str:
    return "".join(node.list_of(lambda line: line.text(may_be_empty=True)))


# As Oxidized's simulations and devicelab's recordings are written.

_RUBY: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_RUBY_LETTERS: Final = {"e": "\x1b", "r": "\r", "n": "\n", "t": "\t", "b": "\b", "a": "\a"}
_SIMULATION: Final = ("init_prompt", "commands", "command_newline", "oxidized_output")


def _read_simulation(top: Node) -> Recording:
    fields = top.fields(_SIMULATION)
    prompt = fields.get("init_prompt")
    if prompt is None or not prompt.text(may_be_empty=True).strip():
        raise top.fault(
            "`init_prompt` holds no prompt: it was recorded command by command, which is no session"
        )
    pairs = [(key.text(), value) for key, value in _commands(fields)]
    said = [
        Exchange(typed=typed.rstrip("\r\n"), said=_unescaped(value))
        for typed, value in pairs
        if len(typed) == 1 or typed.endswith("\n")
    ]
    if not said:
        raise fields.need("commands").fault("no command was recorded")
    greeting = Exchange(typed=None, said=_unescaped(prompt))
    return Recording(platform=None, exchanges=(greeting, *said), is_partial=True)


def _commands(fields: Fields) -> Iterator[tuple[Node, Node]]:
    commands = fields.need("commands")
    if not commands.is_list():
        yield from commands.pairs()
        return
    for item in commands.items():
        yield from item.pairs()


def _unescaped(node: Node) -> bytes:
    """Return what was said; a bare newline stands for what a terminal was sent at a line's end."""
    text = _RUBY.sub(_ruby_char, node.text(may_be_empty=True))
    if text.count("\r\n") * 2 < text.count("\n"):
        text = re.sub(r"(?<!\r)\n", "\r\n", text)
    return text.encode("utf-8", "surrogatepass")


def _ruby_char(match: re.Match[str]) -> str:
    number = match[1] or match[2]
    return chr(int(number, 16)) if number else _RUBY_LETTERS.get(match[3], match[3])
