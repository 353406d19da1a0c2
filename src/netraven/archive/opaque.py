"""Folding: what nobody searches by its letters stands in a weave as a keyed hash.

Each line of a block of hexadecimal or base64 text (a certificate, a public key) becomes the hash of
the whole block, and a line of more than 4 KiB its own: one line in, one line out, so line numbers
agree with the text. Equal blocks have equal hashes, on whatever device. The hash is the first 48
bits of HMAC-SHA256 under the installation key.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Sequence

import re2

MOST_LINE_BYTES = 4096
"""A longer line is folded."""


def fold(lines: list[bytes], key: bytes, runs: Iterable[range]) -> set[int]:
    """Make of the lines of a view those that a weave keeps; return which are not plain text.

    `runs` are the numbers of neighbouring lines; no others look as if they had to be folded.
    """
    found: set[int] = set()
    runs = [*runs]
    # A blank line parts two runs: with nothing in any, none has to be looked at by itself.
    text = b"\n\n".join(b"\n".join(lines[run.start : run.stop]) for run in runs)
    longest = max((max(map(len, lines[run.start : run.stop])) for run in runs if run), default=0)
    if longest <= MOST_LINE_BYTES and _BEGIN not in text and _OPAQUE.search(text) is None:
        return found
    for run in runs:
        found.update(_fold_odd_lines(lines, run, key))
        for start, end in _opaque_runs(lines, run):
            found.update(range(start, _fold_block(lines, start, end, key)))
    return found


def is_folded(line: bytes) -> bool:
    """Tell whether this line of a weave stands for another text."""
    return line.startswith(_BEGIN) and line.endswith(_END) and len(line) == _FOLDED_BYTES


def folded_lines(lines: Sequence[bytes]) -> list[int]:
    """Return the numbers, from 0, of those lines of a weave that stand for other texts."""
    if _BEGIN not in b"\n".join(lines):
        return []
    return [number for number, line in enumerate(lines) if is_folded(line)]


_BEGIN, _END = "‹opaque:".encode(), "›".encode()
_FOLDED_BYTES = len(_BEGIN) + 12 + len(_END)
_DOMAIN = b"netraven opaque lines 1\x00"
_LEAST_LINES = 3


def _options() -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_nl = True
    options.never_capture = True
    return options


_HEX = rb"(?:[0-9A-Fa-f]{8}[ \t]?){3,}"
_BASE64 = rb"[0-9A-Za-z+/]{40,}={0,2}"
# Cisco shows eight groups of eight digits a line, PEM (RFC 7468) sixty-four letters.
_OPAQUE = re2.compile(rb"(?m:^[ \t]*(?:" + _HEX + rb"|" + _BASE64 + rb")[ \t\r]*$)", _options())
_LAST = re2.compile(rb"^[ \t]*(?:[0-9A-Fa-f]{2,8}[ \t]?)+[ \t\r]*$", _options())


def _fold_odd_lines(lines: list[bytes], run: range, key: bytes) -> Iterator[int]:
    """Fold those of a run that are folded each by itself, and yield their numbers."""
    of_run = lines[run.start : run.stop]
    # A device's own text that looks like a fold is none.
    if max(map(len, of_run)) > MOST_LINE_BYTES or _BEGIN in b"\n".join(of_run):
        for number, line in zip(run, of_run, strict=True):
            if _BEGIN in line or len(line) > MOST_LINE_BYTES:
                lines[number] = _hash([line], key)
                yield number


def _fold_block(lines: list[bytes], start: int, end: int, key: bytes) -> int:
    """Fold opaque lines where they are enough; return the number behind them."""
    if end - start >= _LEAST_LINES:
        # The last line of a block is shorter.
        end += end < len(lines) and _LAST.search(lines[end]) is not None
        lines[start:end] = [_hash(lines[start:end], key)] * (end - start)
    return end


def _opaque_runs(lines: Sequence[bytes], run: range) -> Iterator[tuple[int, int]]:
    """Yield where opaque lines follow one another: the first one's number, the number behind."""
    text = b"\n".join(lines[run.start : run.stop])
    start = end = line = run.start
    at = 0
    for match in _OPAQUE.finditer(text):
        line += text.count(b"\n", at, match.start())
        at = match.start()
        if line != end:
            if end > start:
                yield start, end
            start = line
        end = line + 1
    if end > start:
        yield start, end


def _hash(lines: Sequence[bytes], key: bytes) -> bytes:
    digest = hmac.digest(key, _DOMAIN + b"\n".join(lines), "sha256").hex()
    return _BEGIN + digest[:12].encode() + _END
