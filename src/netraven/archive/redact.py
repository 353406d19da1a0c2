"""The redacted view: a configuration in which each secret is a stable keyed token.

The same secret gives the same token in every line, device and platform of an installation, and
another one in any other installation, so one sees that a secret changed or is shared, not what
it is. A token is the first 48 bits of HMAC-SHA256 under the installation key: without the key it
can neither be inverted nor checked against a guess.

A view is line-stable (one line in, one line out) and made from the device's text only. Text of
the device that looks like a token is a secret like any other and gets a token of its own, so
nothing that a device says can pass for a token; a view of a view therefore holds other tokens.
"""

from __future__ import annotations

import hmac

from netraven.archive.secretspans import find_secrets
from netraven.errors import KeyUnavailable
from netraven.platforms.platform import Platform

NOTHING_SHOWN = "‹hidden›"


def token(secret: str, key: bytes) -> str:
    """Return what stands for a secret in all views of the installation whose key it is."""
    return token_of(secret.encode("utf-8", "surrogateescape"), key).decode()


def token_of(secret: bytes, key: bytes) -> bytes:
    """Return the same of a secret's bytes, as bytes."""
    digest = hmac.digest(key, _DOMAIN + secret, "sha256").hex()
    return f"‹secret:{digest[:12]}›".encode()


def redact(text: str, platform: Platform | None, key: bytes) -> str:
    """Return the view of a text that this platform wrote, with as many lines as the text.

    Nothing is shown without a platform, where the platform declares no secrets, and of text that
    is not what a device's bytes decode to: each line that is not blank is `NOTHING_SHOWN`.
    """
    if not key:
        raise KeyUnavailable("installation")
    if platform is None or not platform.secrets:
        return _nothing_of(text)
    try:
        content = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return _nothing_of(text)
    pieces: list[bytes] = []
    shown_to = 0
    for secret in find_secrets(content, platform):
        pieces += content[shown_to : secret.start], token_of(secret.value, key)
        shown_to = secret.end
    pieces.append(content[shown_to:])
    return b"".join(pieces).decode("utf-8", "surrogateescape")


_DOMAIN = b"netraven redacted view 1\x00"


def _nothing_of(text: str) -> str:
    return "\n".join(NOTHING_SHOWN if line.strip() else line for line in text.split("\n"))
