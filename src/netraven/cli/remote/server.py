"""A NetRaven elsewhere: requests to its API, and its refusals as the errors that they mean."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeAlias, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from netraven import __version__
from netraven.cli import output
from netraven.cli.ending import at_end
from netraven.cli.remote.address import Address
from netraven.cli.remote.bearers import Bearer, Tokens
from netraven.cli.remote.problems import error_of
from netraven.cli.remote.wire import Query, on_the_wire, query_of
from netraven.errors import Invalid, NetRavenError, ServerFailed

T = TypeVar("T")
Json: TypeAlias = object

BASE = "/api/v1"
VERSION_HEADER = "X-NetRaven-Version"

_CONNECT_S = 10.0
# Longer than a server lets a request take, unless its operator made that longer.
_READ_S = 90.0
_MOST_WAITED_S = 120.0


class Server:
    """A server and who asks it; used by one command, and closed when that ends.

    Each method raises what the server's refusal means, and ServerFailed where it is away, is no
    NetRaven, or cannot prove who it is.
    """

    def __init__(self, address: Address, bearer: Bearer | None = None) -> None:
        self.address = address
        self._bearer = bearer
        self._is_version_told = False
        self._client = self._opened()

    def get(self, path: str, query: Query | None = None) -> Json:
        """Return the JSON that the server answers."""
        return self.send("GET", path, query=query)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Query | None = None,
        content: bytes | None = None,
        media: str = "application/json",
    ) -> Json:
        """Send values as JSON, or content of a media type, and return the answer's JSON."""
        reply = self._answer(
            method, path, query=query, body=body, content=content, headers={"Content-Type": media}
        )
        return self._json(reply) if reply.content else None

    def get_bytes(self, method: str, path: str, *, body: object = None) -> bytes:
        """Return the bytes that the server answers."""
        accept = {"Accept": "application/octet-stream"}
        return self._answer(method, path, body=body, headers=accept).content

    @contextmanager
    def stream(
        self, path: str, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[Iterator[str]]:
        """Yield the lines of an answer as they come."""
        with self._translated():
            for is_last in (False, True):
                request = self._request("GET", path, query=query, headers=headers)
                reply = self._client.send(request, stream=True)
                try:
                    if reply.is_success:
                        self._look_at_version(reply)
                        yield reply.iter_lines()
                        return
                    reply.read()
                    if is_last or not self._is_worth_another(reply, request):
                        raise error_of(reply, self.address.url)
                finally:
                    reply.close()

    def exchange(self, refresh_token: str) -> Tokens:
        """Return new tokens for a refresh token."""
        body = {"refresh_token": refresh_token}
        return self._tokens("/auth/refresh", body)

    def log_in(self, username: str, password: str, code: str | None = None) -> Tokens:
        """Return the tokens of a new login; raises SecondFactorNeeded where the code lacks."""
        body = {"username": username, "password": password}
        return self._tokens("/auth/token", body if code is None else {**body, "code": code})

    def read(self, kind: type[T], told: Json) -> T:
        """Return what was told as a value of this type; raises ServerFailed where it is none."""
        try:
            return TypeAdapter(kind).validate_python(told)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            message = (
                f"{self.address.url} answers what this program (NetRaven {__version__}) does not "
                f"understand ({kind.__name__}: {place}); use the version that the server has"
            )
            raise ServerFailed(message) from None

    def _tokens(self, path: str, body: Mapping[str, str]) -> Tokens:
        with self._translated():
            reply = self._client.post(f"{BASE}{path}", json=body)
        if not reply.is_success:
            raise error_of(reply, self.address.url)
        return self.read(Tokens, self._json(reply))

    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        with self._translated():
            waited_s = 0.0
            is_renewed = False
            while True:
                request = self._request(
                    method, path, query=query, body=body, content=content, headers=headers
                )
                reply = self._client.send(request)
                if reply.is_success:
                    self._look_at_version(reply)
                    return reply
                pause_s = _pause_s(reply)
                if pause_s is not None and waited_s + pause_s <= _MOST_WAITED_S:
                    waited_s += pause_s
                    threading.Event().wait(pause_s)
                elif is_renewed or not self._is_worth_another(reply, request):
                    self._look_at_version(reply)
                    raise error_of(reply, self.address.url)
                else:
                    is_renewed = True

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Request:
        sent = dict(headers or {})
        if self._bearer is not None:
            sent["Authorization"] = f"Bearer {self._bearer.token(self.exchange)}"
        return self._client.build_request(
            method,
            f"{BASE}{path}",
            params=query_of(query or {}),
            content=content,
            json=None if body is None else on_the_wire(body),
            headers=sent,
        )

    def _is_worth_another(self, reply: httpx.Response, request: httpx.Request) -> bool:
        """Tell whether the same request may pass now, since the login was renewed."""
        if reply.status_code != HTTPStatus.UNAUTHORIZED or self._bearer is None:
            return False
        refused = request.headers["Authorization"].removeprefix("Bearer ")
        return self._bearer.another(refused, self.exchange) is not None

    def _look_at_version(self, reply: httpx.Response) -> None:
        """Say once where the server is another NetRaven than this one."""
        theirs = reply.headers.get(VERSION_HEADER)
        if theirs not in {None, __version__} and not self._is_version_told:
            self._is_version_told = True
            output.note(
                f"The server is NetRaven {theirs}, this program {__version__}: what one of them "
                "does not know yet is refused.",
                style="yellow",
            )

    def _json(self, reply: httpx.Response) -> Json:
        try:
            told: Json = reply.json()
        except ValueError:
            raise error_of(reply, self.address.url) from None
        return told

    def _opened(self) -> httpx.Client:
        client = httpx.Client(
            base_url=self.address.url,
            headers={"User-Agent": f"netraven/{__version__} (command line)"},
            verify=self._trust(),
            timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S),
            follow_redirects=False,  # a token goes to nobody but whom it was meant for
        )
        at_end(client.close)
        return client

    def _trust(self) -> ssl.SSLContext:
        path = self.address.ca_file
        try:
            return ssl.create_default_context(cafile=path)
        except ssl.SSLError:
            raise Invalid("server_ca", f"{path} holds no certificate in PEM form") from None
        except OSError as error:
            raise Invalid("server_ca", f"{path} cannot be read: {error.strerror}") from None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException:
            message = f"{self.address.url} does not answer in time; try again"
            raise ServerFailed(message) from None
        except httpx.ConnectError as error:
            raise ServerFailed(self._why_unreached(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            message = f"the connection to {self.address.url} broke off ({type(error).__name__})"
            raise ServerFailed(f"{message}; try again") from None

    def _why_unreached(self, error: httpx.ConnectError) -> str:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return (
                f"the certificate of {self.address.url} is signed by nobody who is trusted here, "
                "or is another's; name its authority by --server-ca FILE"
            )
        return f"{self.address.url} cannot be reached; check the address and that it runs"


def is_not_found(error: NetRavenError) -> bool:
    """Tell whether a server said that there is no such thing."""
    return error.http_status == HTTPStatus.NOT_FOUND


def _pause_s(reply: httpx.Response) -> float | None:
    """Return how long to wait before a request that came too soon is sent again."""
    after = reply.headers.get("Retry-After", "")
    is_too_soon = reply.status_code == HTTPStatus.TOO_MANY_REQUESTS
    return float(after) if is_too_soon and after.isdecimal() else None
