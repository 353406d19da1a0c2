"""The way of one login to a provider and back, kept by the browser alone.

Its cookie holds a random secret that nobody else sees, under a MAC; state, nonce and PKCE verifier
are drawn from it. So any web process can finish what another began, and nothing is stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from netraven.errors import NotAuthenticated
from netraven.sso.oidc import Flow

FLOW_LIFE = timedelta(minutes=10)

_SECRET_BYTES = 32
_MAX_COOKIE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunFlow:
    """A way that was begun: what binds it together, and where it leads in the end."""

    flow: Flow = field(repr=False)
    next_path: str


def begin_flow(key: bytes, next_path: str, *, now: datetime) -> tuple[str, Flow]:
    """Return the cookie of a new way, and the values that bind it."""
    secret = secrets.token_hex(_SECRET_BYTES)
    path = base64.urlsafe_b64encode(next_path.encode()).decode()
    body = f"{secret}.{int(now.timestamp())}.{path}"
    return f"{body}.{_mac(key, 'cookie', body)}", _drawn(key, secret)


def find_flow(key: bytes, cookie: str | None, state: str, *, now: datetime) -> BegunFlow:
    """Return the way that this browser began and that this state belongs to.

    Raises NotAuthenticated for a browser that began none, or another one, or too long ago: a
    login that somebody else began must not be finished here.
    """
    body, _, mac = (cookie or "").rpartition(".")
    if len(body) > _MAX_COOKIE or not _same(mac, _mac(key, "cookie", body)):
        raise _lost("this browser did not begin it")
    secret, began, path = body.split(".")
    if now.timestamp() - int(began) > FLOW_LIFE.total_seconds():
        raise _lost(f"it took longer than {FLOW_LIFE.total_seconds() / 60:g} minutes")
    flow = _drawn(key, secret)
    if not _same(state, flow.state):
        raise _lost("it is not the one that this browser began last")
    return BegunFlow(flow=flow, next_path=_path(path))


def _path(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "/"


def _drawn(key: bytes, secret: str) -> Flow:
    return Flow(
        state=_mac(key, "state", secret),
        nonce=_mac(key, "nonce", secret),
        verifier=_mac(key, "verifier", secret),
    )


def _mac(key: bytes, purpose: str, text: str) -> str:
    named = f"{purpose} {text}".encode("utf-8", "surrogatepass")
    return hmac.new(key, named, hashlib.sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


def _lost(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"this login cannot be finished: {why}; begin it again")
