"""Time-based one-time passwords (RFC 6238: SHA-1, 30 seconds, 6 digits, as all apps read)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from datetime import datetime
from urllib.parse import quote

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20

# One step to both sides, for clocks that are off and fingers that are slow.
_WINDOW = (0, -1, 1)


def new_totp_secret() -> bytes:
    """Return 160 random bits, the length that RFC 4226 recommends."""
    return os.urandom(SECRET_BYTES)


def step_at(moment: datetime) -> int:
    """Return the number of the time step that this instant lies in."""
    return int(moment.timestamp()) // STEP_S


def code_at(secret: bytes, step: int) -> str:
    """Return the six digits of this time step."""
    # SHA-1 is what authenticators know; HMAC does not need it to be free of collisions.
    digest = hmac.digest(secret, step.to_bytes(8), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: bytes, code: str, *, now: datetime) -> int | None:
    """Return the step near `now` whose code this is, or None."""
    here = step_at(now)
    given = code.encode("utf-8", "surrogatepass")
    for offset in _WINDOW:
        if hmac.compare_digest(code_at(secret, here + offset).encode(), given):
            return here + offset
    return None


def as_base32(secret: bytes) -> str:
    """Return the secret as people type it into an authenticator."""
    return base64.b32encode(secret).decode().rstrip("=")


def otpauth_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """Return what an authenticator reads from a QR code."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?secret={as_base32(secret)}&issuer={quote(issuer, safe='')}"
