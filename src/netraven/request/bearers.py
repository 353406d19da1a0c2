"""Access tokens (JSON Web Tokens of minutes) and refresh tokens (good for one use)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from netraven.db.types import as_uuid

REFRESH_PREFIX = "nrr_"

_ALGORITHM = "HS256"
_AUDIENCE = "netraven"
# Web processes may stand on machines whose clocks differ a little.
_SKEW_S = 30
_ID_DIGITS = 32
_GENERATION_DIGITS = 8
_MAC_DIGITS = 64
_MAX_TOKEN = 2048


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What a refresh token says: which login, and the how-manieth token of it."""

    session_id: UUID
    generation: int


def make_access_token(key: bytes, session_id: UUID, *, minutes: int, now: datetime) -> str:
    """Return a signed token for this login; what its user may do is looked up at each use."""
    issued = int(now.timestamp())
    claims = {
        "aud": _AUDIENCE,
        "sid": str(session_id),
        "jti": secrets.token_hex(8),  # two of one second differ: clients tell old from new by it
        "iat": issued,
        "exp": issued + int(timedelta(minutes=minutes).total_seconds()),
    }
    return jwt.encode({"alg": _ALGORITHM}, claims, OctKey.import_key(key))


def read_access_token(key: bytes, text: str, *, now: datetime) -> UUID | None:
    """Return the login's id, or None for a token that is forged, expired or not ours."""
    if len(text) > _MAX_TOKEN:
        return None
    expected = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_SKEW_S,
        aud={"essential": True, "value": _AUDIENCE},
        sid={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        token = jwt.decode(text, OctKey.import_key(key), algorithms=[_ALGORITHM])
        expected.validate(token.claims)
    except (JoseError, ValueError):
        return None
    session_id = token.claims["sid"]
    return as_uuid(session_id) if isinstance(session_id, str) else None


def make_refresh_token(key: bytes, session_id: UUID, generation: int) -> str:
    """Return the refresh token of this generation; only the newest one is taken."""
    body = f"{session_id.hex}{generation:0{_GENERATION_DIGITS}x}"
    return f"{REFRESH_PREFIX}{body}{_mac(key, body)}"


def read_refresh_token(key: bytes, text: str) -> RefreshToken | None:
    """Return what the token says, or None for one that is not ours."""
    body, mac = text.removeprefix(REFRESH_PREFIX)[:-_MAC_DIGITS], text[-_MAC_DIGITS:]
    is_whole = len(text) == len(REFRESH_PREFIX) + _ID_DIGITS + _GENERATION_DIGITS + _MAC_DIGITS
    if not is_whole or not text.isascii() or not hmac.compare_digest(_mac(key, body), mac):
        return None
    return RefreshToken(UUID(hex=body[:_ID_DIGITS]), int(body[_ID_DIGITS:], 16))


def csrf_mark(key: bytes, session_id: UUID) -> str:
    """Return what a page must send along with each change, so that no other site can."""
    return _mac(key, session_id.hex)


def is_csrf_mark(key: bytes, session_id: UUID, text: str) -> bool:
    """Tell whether the text is this login's mark, in the same time whatever it is."""
    return hmac.compare_digest(
        csrf_mark(key, session_id).encode(), text.encode("utf-8", "surrogatepass")
    )


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
