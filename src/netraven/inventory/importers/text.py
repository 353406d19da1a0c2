"""From the bytes of a file to its text, or to the sentence that says why it is none."""

from __future__ import annotations

import codecs
import re

from netraven.errors import Invalid

FILE = "file"

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = (
    (b"PK\x03\x04", "a spreadsheet or an archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    (b"\x1f\x8b", "compressed"),
    (b"%PDF", "a PDF document"),
)
_UNSTORABLE = re.compile("[\\0\ud800-\udfff]")
_SAVE = 'save it as "CSV UTF-8"'


def decode_text(content: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 or UTF-32 that says so.

    Raises Invalid("file") with the line of the first byte that is no text.
    """
    for start, kind in _BINARY:
        if content.startswith(start):
            raise Invalid(FILE, f"this is {kind}, not a text; open it and {_SAVE}")
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    try:
        text = content.decode(encoding or _guessed(content))
    except UnicodeDecodeError as error:
        raise Invalid(FILE, _undecodable(content, error)) from None
    return checked_text(text)


def checked_text(text: str) -> str:
    """Return the text; raises Invalid("file") with the line of what no database can hold."""
    broken = _UNSTORABLE.search(text)
    if broken is not None:
        line = text.count("\n", 0, broken.start()) + 1
        what = "a NUL character" if broken[0] == "\0" else "half a character"
        raise Invalid(FILE, f"line {line} holds {what}, so this is not a text; {_SAVE}")
    return text


def _guessed(content: bytes) -> str:
    """Return UTF-16 for a text whose every other byte is NUL, as it is in Latin letters."""
    head = content[:1000]
    pairs = len(head) // 2
    if pairs and head[1::2].count(0) > pairs * 0.8:
        return "utf-16-le"
    if pairs and head[0::2].count(0) > pairs * 0.8:
        return "utf-16-be"
    return "utf-8"


def _undecodable(content: bytes, error: UnicodeDecodeError) -> str:
    if error.encoding != "utf-8":
        return f"byte {error.start + 1} is not {error.encoding.upper()}; {_SAVE}"
    begin = content.rfind(b"\n", 0, error.start) + 1
    line = content.count(b"\n", 0, error.start) + 1
    return (
        f"line {line}, byte {error.start - begin + 1} is 0x{content[error.start]:02X}, "
        f"which is not UTF-8; {_SAVE}, or convert it: iconv -f latin1 -t utf-8"
    )
