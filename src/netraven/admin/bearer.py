"""Random texts that let their bearer in, and the form in which they are kept."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32


def new_bearer(prefix: str) -> str:
    """Return a prefix and 256 random bits, in letters that need no quoting anywhere."""
    return f"{prefix}{secrets.token_urlsafe(_BYTES)}"


def bearer_hash(text: str) -> str:
    """Return the SHA-256 in hexadecimal; so many random bits need no slow hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
