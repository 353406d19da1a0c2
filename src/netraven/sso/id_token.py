"""ID tokens (OpenID Connect Core 1.0, 3.1.3.7): believed only when everything about them is right.

Which algorithms may sign is decided here, never by the token: asymmetric ones only, of which the
provider names those it uses.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import JsonValue

from netraven.errors import NotAuthenticated

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
# What a provider uses that does not say (Discovery 1.0, 3).
DEFAULT_ALGORITHM = "RS256"

_SKEW_S = 60
_MAX_SUBJECT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must say: who made it, for whom, in answer to what."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: Sequence[str]
    acr_values: Sequence[str] = ()
    access_token: str = field(default="", repr=False)


def read_id_token(
    text: str, keys: Iterable[JsonValue], expected: Expected, *, now: datetime
) -> dict[str, JsonValue]:
    """Return the claims of a token that one of these keys (JWK) signed and that says what it must.

    Raises NotAuthenticated telling which of it is not so.
    """
    try:
        token = _opened(text, keys, expected.algorithms)
        header = token.header
        _check_times_and_names(token.claims, expected, now)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _unbelievable(str(error) or type(error).__name__) from None
    claims: dict[str, JsonValue] = token.claims
    _check_nonce_and_party(claims, expected)
    _check_access_token(claims, expected, str(header.get("alg", "")))
    if expected.acr_values and claims.get("acr") not in expected.acr_values:
        raise _unbelievable("it was proved in none of the ways that are asked for (acr)")
    return claims


def _opened(text: str, keys: Iterable[JsonValue], algorithms: Sequence[str]) -> jwt.Token:
    """Return the token, its signature checked with the keys that could have made it."""
    allowed = [name for name in algorithms if name in ALGORITHMS]
    if not allowed:
        raise _unbelievable("the provider signs with no algorithm that is believed here")
    registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
    for key in _usable(keys):
        try:
            return jwt.decode(text, key, registry=registry)
        except BadSignatureError:
            continue
    raise _unbelievable("no key of the provider signed it")


def _usable(keys: Iterable[JsonValue]) -> Iterable[RSAKey | ECKey | OKPKey]:
    for each in keys:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        try:
            key = JWKRegistry.import_key({name: str(value) for name, value in _told(each)})
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # a kind of key that is not known here; another one may fit
        if isinstance(key, RSAKey | ECKey | OKPKey):
            yield key


def _told(key: Mapping[str, JsonValue]) -> Iterable[tuple[str, JsonValue]]:
    """Yield what a key is, without what it may be used for in the provider's opinion."""
    return ((name, key[name]) for name in ("kty", "kid", "n", "e", "crv", "x", "y") if name in key)


def _check_times_and_names(
    claims: Mapping[str, JsonValue], expected: Expected, now: datetime
) -> None:
    jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_SKEW_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
    ).validate(dict(claims))


def _check_nonce_and_party(claims: Mapping[str, JsonValue], expected: Expected) -> None:
    nonce, subject = claims.get("nonce"), claims.get("sub")
    if not isinstance(nonce, str) or not _same(nonce, expected.nonce):
        raise _unbelievable("it answers another login (nonce)")
    if not isinstance(subject, str) or len(subject) > _MAX_SUBJECT:
        raise _unbelievable("its subject is too long (sub)")
    audience = claims.get("aud")
    is_shared = isinstance(audience, list) and len(audience) > 1
    if (is_shared or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise _unbelievable("it was made for another client (azp)")


def _check_access_token(
    claims: Mapping[str, JsonValue], expected: Expected, algorithm: str
) -> None:
    """Check that the access token beside the ID token is the one it was made with."""
    told = claims.get("at_hash")
    bits = algorithm[-3:]
    if told is None or not expected.access_token or bits not in {"256", "384", "512"}:
        return
    digest = hashlib.new(f"sha{bits}", expected.access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    if not isinstance(told, str) or not _same(told, half):
        raise _unbelievable("it does not belong to the access token beside it (at_hash)")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


def _unbelievable(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"the provider's proof is not believed: {why}; log in again")
