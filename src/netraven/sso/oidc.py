"""A provider of OpenID Connect: where people are sent, and what their code is exchanged for.

The authorisation code flow with PKCE (RFC 7636), state and nonce; the provider is found by
Discovery 1.0. The token's signature is checked with joserfc, by the author of Authlib.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from pydantic import JsonValue

from netraven import clock
from netraven.db.enums import IdentityKind
from netraven.errors import NotAuthenticated, SignOnUnavailable
from netraven.schemas.sso import OidcSetup, Person, why_unsafe
from netraven.sso.authorities import trusting
from netraven.sso.id_token import DEFAULT_ALGORITHM, Expected, read_id_token
from netraven.sso.reach import resolved, why_guarded
from netraven.sso.roles import role_of

_DISCOVERY = "/.well-known/openid-configuration"
_DEADLINE_S = 10.0
_HTTPS_PORT = 443
_MAX_ANSWER = 1024 * 1024
_MAX_GROUPS = 10_000
# So long a provider's description is used without asking again; each login would ask twice.
_KNOWN_S = 300.0
# So long one that failed is left alone: those who wait for it would each ask it in turn.
_FAILED_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What a provider says of itself, checked: its addresses, and how it signs."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    algorithms: tuple[str, ...]
    takes_basic: bool
    says_issuer: bool
    context: ssl.SSLContext = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The three values that bind one login's ways together; none is ever used twice."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class Providers:
    """The providers that one process asks, each remembered for some minutes."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, Provider | SignOnUnavailable]] = {}
        self._asking = asyncio.Lock()

    async def get(self, setup: OidcSetup) -> Provider:
        """Return the provider of this setup, asked where it is not remembered.

        Raises SignOnUnavailable where it does not answer as a provider must.
        """
        key = (setup.issuer, setup.ca_certificates)
        async with self._asking:
            until, answer = self._known.get(key, (0.0, None))
            if answer is None or time.monotonic() > until:
                answer, lasts_s = await _tried(setup)
                # Only the present one is kept: what an administrator tried before is past.
                self._known = {key: (time.monotonic() + lasts_s, answer)}
        if isinstance(answer, SignOnUnavailable):
            raise SignOnUnavailable(str(answer))
        return answer


async def discover(setup: OidcSetup) -> Provider:
    """Return what the provider says of itself; raises SignOnUnavailable."""
    context = await asyncio.to_thread(_context, setup)
    async with _answering(setup.issuer), _client(context, setup) as client:
        told = await _json(client, "GET", setup.issuer.rstrip("/") + _DISCOVERY)
    if told.get("issuer") != setup.issuer:
        raise _broken(setup.issuer, "it calls itself by another address than sso.oidc.issuer")
    methods = _texts(told.get("token_endpoint_auth_methods_supported"))
    return Provider(
        issuer=setup.issuer,
        authorization_endpoint=_endpoint(setup, told, "authorization_endpoint"),
        token_endpoint=_endpoint(setup, told, "token_endpoint"),
        jwks_uri=_endpoint(setup, told, "jwks_uri"),
        userinfo_endpoint=_optional_endpoint(setup, told, "userinfo_endpoint"),
        end_session_endpoint=_optional_endpoint(setup, told, "end_session_endpoint"),
        algorithms=_texts(told.get("id_token_signing_alg_values_supported"))
        or (DEFAULT_ALGORITHM,),
        takes_basic=not methods or "client_secret_basic" in methods,
        says_issuer=told.get("authorization_response_iss_parameter_supported") is True,
        context=context,
    )


def address_to_log_in(provider: Provider, setup: OidcSetup, flow: Flow) -> str:
    """Return where a person's browser is sent to prove who they are."""
    asked = {
        "response_type": "code",
        "client_id": setup.client_id,
        "redirect_uri": setup.redirect_uri,
        "scope": setup.scopes,
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": _challenge(flow.verifier),
        "code_challenge_method": "S256",
    }
    if setup.acr_values:
        asked["acr_values"] = " ".join(setup.acr_values)
    return _with_query(provider.authorization_endpoint, asked)


def address_to_log_out(provider: Provider, setup: OidcSetup) -> str | None:
    """Return where a browser ends the provider's own login too, None where there is no way."""
    if provider.end_session_endpoint is None:
        return None
    return _with_query(provider.end_session_endpoint, {"client_id": setup.client_id})


async def prove(provider: Provider, setup: OidcSetup, code: str, flow: Flow) -> Person:
    """Return who the person is whom the provider sent back with this code.

    Raises NotAuthenticated where the provider does not stand by the code, or its proof is not
    believed, SignOnUnavailable where it does not answer as it must.
    """
    async with _answering(provider.issuer), _client(provider.context, setup) as client:
        tokens = await _exchanged(client, provider, setup, code=code, verifier=flow.verifier)
        keys = await _json(client, "GET", provider.jwks_uri)
        access_token = tokens.get("access_token")
        bearer = access_token if isinstance(access_token, str) else ""
        expected = Expected(
            issuer=setup.issuer,
            client_id=setup.client_id,
            nonce=flow.nonce,
            algorithms=provider.algorithms,
            acr_values=setup.acr_values,
            access_token=bearer,
        )
        listed = keys.get("keys")
        claims = read_id_token(
            str(tokens.get("id_token", "")),
            listed if isinstance(listed, list) else [],
            expected,
            now=clock.now(),
        )
        if _lacks(claims, setup) and provider.userinfo_endpoint is not None and bearer:
            claims = await _completed(client, provider.userinfo_endpoint, bearer, claims)
    return _person(setup, claims)


async def _tried(setup: OidcSetup) -> tuple[Provider | SignOnUnavailable, float]:
    """Return what became of asking, and for how many seconds that is good."""
    try:
        return await discover(setup), _KNOWN_S
    except SignOnUnavailable as error:
        return error, _FAILED_S


async def _exchanged(
    client: httpx.AsyncClient, provider: Provider, setup: OidcSetup, *, code: str, verifier: str
) -> Mapping[str, JsonValue]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": setup.redirect_uri,
        "code_verifier": verifier,
    }
    headers = {}
    if setup.client_secret is None:
        form["client_id"] = setup.client_id
    elif provider.takes_basic:
        # Both parts are form-encoded before they are put together (RFC 6749, 2.3.1).
        secret = quote_plus(setup.client_secret.get_secret_value())
        pair = f"{quote_plus(setup.client_id)}:{secret}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    else:
        form["client_id"] = setup.client_id
        form["client_secret"] = setup.client_secret.get_secret_value()
    return await _json(client, "POST", provider.token_endpoint, form=form, headers=headers)


async def _completed(
    client: httpx.AsyncClient, address: str, bearer: str, claims: dict[str, JsonValue]
) -> dict[str, JsonValue]:
    """Return the claims with what the provider tells elsewhere; the token's own win."""
    more = await _json(client, "GET", address, headers={"Authorization": f"Bearer {bearer}"})
    if more.get("sub") != claims.get("sub"):
        message = "the provider tells of two persons at once; log in again"
        raise NotAuthenticated(message)
    return {**more, **claims}


def _lacks(claims: Mapping[str, JsonValue], setup: OidcSetup) -> bool:
    wanted = (setup.groups_claim, setup.username_claim, "email", "name")
    return any(_claim(claims, name) is None for name in wanted)


def _person(setup: OidcSetup, claims: Mapping[str, JsonValue]) -> Person:
    groups = _texts(_claim(claims, setup.groups_claim))
    username = _claim(claims, setup.username_claim)
    if not isinstance(username, str) or not username.strip():
        message = f"the provider tells no {setup.username_claim}; ask an administrator"
        raise NotAuthenticated(message)
    is_doubtful = claims.get("email_verified") is False
    return Person(
        kind=IdentityKind.OIDC,
        issuer=setup.issuer,
        subject=str(claims["sub"]),
        username=username.strip(),
        email=None if is_doubtful else _text(claims.get("email")),
        full_name=_text(claims.get("name")),
        groups=groups,
        role=role_of(groups, setup.roles),
    )


def _claim(claims: Mapping[str, JsonValue], name: str) -> JsonValue:
    """Return a claim by its name, else by the path that the name's dots mean; None without it."""
    if name in claims:
        return claims[name]
    found: JsonValue = dict(claims)
    for part in name.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def _text(value: JsonValue) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _texts(value: JsonValue) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        return ()
    return tuple(each for each in value[:_MAX_GROUPS] if isinstance(each, str))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _with_query(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"


def _endpoint(setup: OidcSetup, told: Mapping[str, JsonValue], name: str) -> str:
    address = told.get(name)
    if not isinstance(address, str):
        raise _broken(setup.issuer, f"it names no {name}")
    if why := why_unsafe(address):
        raise _broken(setup.issuer, f"its {name} {why}")
    return address


def _optional_endpoint(setup: OidcSetup, told: Mapping[str, JsonValue], name: str) -> str | None:
    return None if told.get(name) is None else _endpoint(setup, told, name)


def _context(setup: OidcSetup) -> ssl.SSLContext:
    try:
        return trusting(setup.ca_certificates)
    except (ssl.SSLError, ValueError) as error:
        raise _broken(setup.issuer, f"sso.oidc.ca_certificates cannot be used: {error}") from None


def _client(context: ssl.SSLContext, setup: OidcSetup) -> httpx.AsyncClient:
    async def check(request: httpx.Request) -> None:
        # That the name leads elsewhere a moment later helps nobody: it must prove who it is.
        await asyncio.to_thread(_check_reach, setup.issuer, request.url)

    # A redirect could lead secrets elsewhere; and the environment decides nothing here.
    return httpx.AsyncClient(
        verify=context,
        timeout=_DEADLINE_S,
        follow_redirects=False,
        trust_env=False,
        event_hooks={"request": [] if setup.allows_link_local else [check]},
        # Unpacked, a small answer could be a large one.
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )


def _check_reach(issuer: str, url: httpx.URL) -> None:
    try:
        addresses = resolved(url.host, url.port or _HTTPS_PORT)
    except (OSError, UnicodeError):
        addresses = []  # connecting fails too, and says why
    if why := why_guarded(url.host, addresses):
        raise _broken(issuer, why)


@asynccontextmanager
async def _answering(issuer: str) -> AsyncIterator[None]:
    """Give what happens within its deadline, and translate what can go wrong on the way."""
    try:
        async with asyncio.timeout(_DEADLINE_S):
            yield
    except TimeoutError:
        raise _broken(issuer, f"it did not answer within {_DEADLINE_S:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _broken(issuer, str(error) or type(error).__name__) from None


async def _json(
    client: httpx.AsyncClient,
    method: str,
    address: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Mapping[str, JsonValue]:
    """Return the object that the address answers, of bounded size."""
    async with client.stream(method, address, data=form, headers=headers) as reply:
        body = bytearray()
        async for part in reply.aiter_raw():
            body += part
            if len(body) > _MAX_ANSWER:
                raise _broken(address, "its answer is too long")
    answer = _parsed(bytes(body))
    if reply.is_success and answer is not None:
        return answer
    error = None if answer is None else answer.get("error")
    if error == "invalid_grant":
        message = "the provider does not stand by this login; log in again"
        raise NotAuthenticated(message)
    raise _broken(address, f"it answered {reply.status_code} {_shown(error)}".rstrip())


def _parsed(body: bytes) -> Mapping[str, JsonValue] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _shown(error: JsonValue) -> str:
    """Return an error's code (RFC 6749, 5.2), which may be shown, and nothing that is none."""
    return error if isinstance(error, str) and error.isidentifier() else ""


def _broken(address: str, why: str) -> SignOnUnavailable:
    return SignOnUnavailable(f"the sign-on provider {address} cannot be used: {why}")
