"""Recordings that can be shared: every secret of a session replaced, the same by the same.

What replaces a secret has its length and its kinds of characters, so that a device's own counts
and a platform's patterns hold; a random key makes it, which is thrown away.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable
from typing import Final

from netraven.archive.secretspans import find_secrets
from netraven.collect.recorder import RecordedSession
from netraven.collect.recording import Answer, Exchange, Recording
from netraven.errors import Invalid
from netraven.platforms.platform import Platform


def disguise(
    session: RecordedSession, platform: Platform, known_secrets: Iterable[str]
) -> Recording:
    """Return the session without secrets: those of its answers and those known from the login.

    Raises Invalid where one of them is left, so that nobody shares it unawares.
    """
    mask = _Mask(platform)
    for observation in session.observations:
        mask.learn(observation.text)
    for known in known_secrets:
        mask.learn_value(known)
    recording = Recording(
        platform=platform.name,
        exchanges=tuple(
            Exchange(typed=one.typed, said=mask.apply(one.said), took_s=one.took_s)
            for one in session.exchanges
        ),
        answers=tuple(
            Answer(
                yields=observation.yields,
                command=observation.command,
                text=_text(mask.apply(_bytes(observation.text))),
            )
            for observation in session.observations
        ),
    )
    mask.check(recording)
    return recording


_EVERYWHERE: Final = 6
"""Secrets at least that long are replaced wherever they stand as a word; shorter ones in place."""
_KINDS: Final = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
# Which kind of hash it is says nothing about the secret, and patterns look at it.
_HASH_KIND: Final = re.compile(rb"\$[0-9a-z]{1,8}\$")
_LINE: Final = re.compile(rb"[^\r\n]+")


class _Mask:
    """What stands for each secret, and the lines in which secrets stand."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._key = secrets.token_bytes(32)
        self._values: dict[bytes, bytes] = {}
        self._lines: dict[bytes, bytes] = {}
        self._made: set[bytes] = set()

    def learn(self, text: str) -> None:
        """Take note of the secrets in an answer."""
        content = _bytes(text)
        spans = [(found.start, found.end) for found in find_secrets(content, self._platform)]
        for start, end in spans:
            self._learn_bytes(content[start:end])
        for match in _LINE.finditer(content):
            inside = [span for span in spans if match.start() <= span[0] and span[1] <= match.end()]
            if inside:
                self._lines[match.group().strip()] = self._masked(match, inside).strip()

    def learn_value(self, secret: str) -> None:
        """Take note of a secret that was typed."""
        self._learn_bytes(secret.encode())

    def apply(self, content: bytes) -> bytes:
        """Return the bytes with all secrets replaced that are known."""
        content = _LINE.sub(self._line, content)
        for value in sorted(self._values, key=len, reverse=True):
            if len(value) >= _EVERYWHERE:
                word = rb"(?<![\w-])" + re.escape(value) + rb"(?![\w-])"
                other = self._values[value].replace(b"\\", rb"\\")
                content = re.sub(word, other, content)
        return content

    def check(self, recording: Recording) -> None:
        """Raise Invalid where a secret is left."""
        for answer in recording.answers:
            content = _bytes(answer.text)
            for found in find_secrets(content, self._platform):
                value = content[found.start : found.end]
                if value in self._values and value not in self._made:
                    raise _left_over(answer.command)
        everything = b"\n".join(exchange.said for exchange in recording.exchanges)
        for value, other in self._values.items():
            if len(value) >= _EVERYWHERE and value != other and value in everything:
                raise _left_over("the session")

    def _line(self, match: re.Match[bytes]) -> bytes:
        line = match.group()
        other = self._lines.get(line.strip())
        return line if other is None else line.replace(line.strip(), other, 1)

    def _masked(self, line: re.Match[bytes], spans: Iterable[tuple[int, int]]) -> bytes:
        parts, at = list[bytes](), line.start()
        whole = line.string
        for start, end in spans:
            parts += [whole[at:start], self._values[whole[start:end]]]
            at = end
        return b"".join([*parts, whole[at : line.end()]])

    def _learn_bytes(self, value: bytes) -> None:
        if value and value not in self._values:
            self._values[value] = other = self._other(value)
            self._made.add(other)

    def _other(self, value: bytes) -> bytes:
        """Return text of the same length and kinds of characters."""
        kind = _HASH_KIND.match(value)
        kept = kind.end() if kind is not None else 0
        stream = hmac.new(self._key, value, hashlib.sha512).digest()
        while len(stream) < len(value):
            stream += hmac.new(self._key, stream, hashlib.sha512).digest()
        made = [_similar(char, dice) for char, dice in zip(value[kept:], stream, strict=False)]
        return value[:kept] + bytes(made)


def _similar(char: int, dice: int) -> int:
    for kind in _KINDS:
        if chr(char) in kind:
            return ord(kind[dice % len(kind)])
    return char


def _left_over(where: str) -> Invalid:
    return Invalid(
        "recording", f"a secret in {where} could not be replaced safely; nothing was written"
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
