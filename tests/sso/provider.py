"""A provider of OpenID Connect by pyop, behind TLS in a thread; it can be made to lie.

pyop stands on pyoidc and jwkest, so nothing of what makes its tokens is what NetRaven checks them
with. It checks the client's secret, the redirect address, the code and the PKCE verifier itself.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from Cryptodome.PublicKey import RSA
from jwkest.jwk import RSAKey
from jwkest.jws import JWS
from pydantic import SecretStr
from pyop.authz_state import AuthorizationState
from pyop.exceptions import OAuthError
from pyop.provider import Provider
from pyop.subject_identifier import HashBasedSubjectIdentifierFactory
from pyop.userinfo import Userinfo
from typing_extensions import override

from netraven.db.enums import Role
from netraven.schemas.sso import CALLBACK_PATH, OidcSetup
from tests.sso.authority import Authority

CLIENT_ID = "netraven-test"
CLIENT_SECRET = "a-secret_of.this~client"
REDIRECT_URI = f"https://netraven.example.com{CALLBACK_PATH}"
ROLES = {"netops": Role.OPERATOR, "admins": Role.ADMIN}

PEOPLE: dict[str, dict[str, Any]] = {
    "ana": {
        "preferred_username": "ana",
        "name": "Ana Gómez",
        "email": "ana@example.com",
        "groups": ["netops", "cooks"],
        "realm_access": {"roles": ["admins"]},
    },
    "eva": {"preferred_username": "eva", "name": "Eva", "groups": ["netops", "admins"]},
    "otto": {"preferred_username": "otto", "name": "Otto", "groups": ["cooks"]},
}

# What becomes of the ID token's claims; a text is sent as the token as it stands.
Lie = Callable[[dict[str, Any]], str | None]
Reply = tuple[int, dict[str, str], bytes]


class RunningProvider:
    """The provider, and who sits before the browser that comes to it."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.key = RSAKey(key=RSA.generate(2048), use="sig", alg="RS256", kid="one")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        shown = authority.certify("127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shown.certificate, shown.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.issuer = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all codes and lies; ana sits before the browser."""
        self.who = "ana"
        self.people = {name: dict(claims) for name, claims in PEOPLE.items()}
        self.lie: Lie | None = None
        self.described: dict[str, Any] = {}
        self.hides_claims = False
        self.asked: list[str] = []
        self._provider = Provider(
            self.key,
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "end_session_endpoint": f"{self.issuer}/end",
                "scopes_supported": ["openid", "profile", "email"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            },
            AuthorizationState(HashBasedSubjectIdentifierFactory("salt")),
            {
                CLIENT_ID: {
                    "client_secret": CLIENT_SECRET,
                    "redirect_uris": [REDIRECT_URI],
                    "response_types": ["code"],
                    "token_endpoint_auth_method": "client_secret_basic",
                }
            },
            Userinfo(self.people),
        )

    def expect_secret_in_body(self) -> None:
        """Take the client's secret in the form only, as some providers do."""
        self._provider.clients[CLIENT_ID]["token_endpoint_auth_method"] = "client_secret_post"
        self.described["token_endpoint_auth_methods_supported"] = ["client_secret_post"]

    def setup(self, **changed: object) -> OidcSetup:
        """Return how NetRaven is set up for it, but for what is given."""
        wanted: dict[str, Any] = {
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": SecretStr(CLIENT_SECRET),
            "redirect_uri": REDIRECT_URI,
            "scopes": "openid profile email",
            "username_claim": "preferred_username",
            "groups_claim": "groups",
            "acr_values": (),
            "roles": ROLES,
            "ca_certificates": self.authority.pem,
        }
        return OidcSetup(**{**wanted, **changed})

    def answer(self, target: str, body: str, headers: Mapping[str, str]) -> Reply:
        """Return what the provider answers to a request."""
        path = urlsplit(target).path
        self.asked.append(path)
        routes: dict[str, Callable[[], Reply]] = {
            "/.well-known/openid-configuration": self._description,
            "/jwks": lambda: _json(self._provider.jwks),
            "/authorize": lambda: self._authorized(urlsplit(target).query),
            "/token": lambda: _json(self._tokens(body, headers)),
            "/userinfo": lambda: self._userinfo(headers),
            "/moved": lambda: (302, {"Location": f"{self.issuer}/jwks"}, b""),
            "/long": lambda: _json({"keys": ["x" * 1024] * 1100}),
        }
        try:
            return routes[path]() if path in routes else (404, {}, b"nothing here")
        except OAuthError as error:
            return _json({"error": error.oauth_error}, 400)

    def _description(self) -> Reply:
        return _json({**self._provider.provider_configuration.to_dict(), **self.described})

    def _userinfo(self, headers: Mapping[str, str]) -> Reply:
        told = self._provider.handle_userinfo_request(None, dict(headers)).to_dict()
        return _json({**told, **self.people[self.who]})

    def _authorized(self, query: str) -> Reply:
        request = self._provider.parse_authentication_request(query)
        answer = self._provider.authorize(request, self.who)
        where = answer.request(request["redirect_uri"])
        # Such parameters are added by Keycloak, Entra ID and others.
        return 302, {"Location": f"{where}&session_state=abc&scope=openid"}, b""

    def _tokens(self, body: str, headers: Mapping[str, str]) -> dict[str, Any]:
        claims = {} if self.hides_claims else self.people[self.who]
        answer = self._provider.handle_token_request(
            body, dict(headers), extra_id_token_claims=lambda *_: claims
        )
        told: dict[str, Any] = answer.to_dict()
        if self.lie is not None:
            told["id_token"] = self.lied(str(told["id_token"]))
        return told

    def lied(self, token: str) -> str:
        """Return the token as the lie has it, signed anew with the provider's own key."""
        assert self.lie is not None
        claims: dict[str, Any] = JWS().verify_compact(token, [self.key])
        whole = self.lie(claims)
        if whole is not None:
            return whole
        signed: str = JWS(json.dumps(claims), alg="RS256", kid="one").sign_compact([self.key])
        return signed


@contextmanager
def running_provider(authority: Authority) -> Iterator[RunningProvider]:
    """Yield a provider on this machine, and end it after."""
    provider = RunningProvider(authority)
    thread = threading.Thread(target=provider.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()


def _json(told: Mapping[str, Any], status: int = 200) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(told).encode()


def _handler(provider: RunningProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self._answer(self.rfile.read(length).decode())

        def _answer(self, body: str) -> None:
            status, headers, content = provider.answer(self.path, body, dict(self.headers.items()))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
