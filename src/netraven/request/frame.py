"""The frame around every request: its id, its bounds, the headers of each reply, one log line."""

from __future__ import annotations

import asyncio
import re
import time
from ipaddress import IPv4Address, IPv6Address, ip_address
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from netraven import __version__
from netraven.errors import Overdue
from netraven.log import get_logger
from netraven.request.errors import answered
from netraven.request.ground import Bounds
from netraven.request.measures import Measures

REQUEST_ID = "X-Request-ID"
VERSION = "X-NetRaven-Version"

_log = get_logger("request")
_USABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TOO_LARGE = 413
_MOST_DIGITS = 18

# Pages of scripts and styles are a matter of the web's own routes; an answer in JSON loads nothing.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
}
_SECURE_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
_NOT_KEPT = "no-store"


class Frame:
    """ASGI middleware outside all others but the framework's own."""

    def __init__(self, app: ASGIApp, *, bounds: Bounds, measures: Measures) -> None:
        self._app = app
        self._bounds = bounds
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(self._app, self._bounds, scope, receive=receive, send=send)
        await exchange.run(self._measures)


class _Exchange:
    """One request and its reply."""

    def __init__(
        self, app: ASGIApp, bounds: Bounds, scope: Scope, *, receive: Receive, send: Send
    ) -> None:
        self._app = app
        self._bounds = bounds
        self._scope = scope
        self._receive_raw = receive
        self._send_raw = send
        self._received_bytes = 0
        self._status = 0
        self._limit: asyncio.Timeout | None = None
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        self._request_id = given if _USABLE_ID.fullmatch(given) else uuid4().hex
        client, is_secure = _origin(scope, headers, bounds)
        self._is_secure = is_secure
        scope["scheme"] = "https" if is_secure else "http"
        state = scope.setdefault("state", {})
        state["request_id"], state["client_address"] = self._request_id, client

    async def run(self, measures: Measures) -> None:
        """Answer, count the request, and write its one log line."""
        began = time.monotonic()
        await answered(self._request_id, self._answer, self._reply)
        took_s = time.monotonic() - began
        method = self._scope["method"]
        # The route's pattern: an address may hold a name or a token.
        route = getattr(self._scope.get("route"), "path", None)
        measures.count_request(method, route, status=self._status, took_s=took_s)
        _log.info(
            "request answered",
            method=method,
            route=route,
            status=self._status,
            took_ms=round(took_s * 1000),
            request_id=self._request_id,
        )

    async def _answer(self) -> None:
        limit = self._limit = asyncio.timeout(self._bounds.timeout_s)
        try:
            async with limit:
                await self._app(self._scope, self._receive, self._send)
        except TimeoutError:
            if not limit.expired():
                raise
            message = f"this took longer than {self._bounds.timeout_s:g} s, so it was given up"
            raise Overdue(message) from None
        finally:
            self._limit = None

    async def _reply(self, response: Response) -> None:
        if self._status:  # too late: what is cut off is seen to be cut off
            return
        await response(self._scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if self._declared_bytes() > self._bounds.max_body_bytes:
            raise HTTPException(_TOO_LARGE)
        message = await self._receive_raw()
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes > self._bounds.max_body_bytes:
            raise HTTPException(_TOO_LARGE)
        return message

    def _declared_bytes(self) -> int:
        declared = Headers(scope=self._scope).get("content-length", "")
        # So many digits are too many bytes already; Python refuses to read some thousands.
        return int(declared[:_MOST_DIGITS]) if declared.isdecimal() else 0

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            # What takes its time from here on is the client's line, or a stream that is meant to.
            if self._limit is not None:
                self._limit.reschedule(None)
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._is_secure:
                headers.update(_SECURE_HEADERS)
            headers.setdefault("Cache-Control", _NOT_KEPT)
            headers[REQUEST_ID] = self._request_id
            if "caller" in self._scope["state"]:  # strangers need not know
                headers[VERSION] = __version__
        await self._send_raw(message)


def _origin(scope: Scope, headers: Headers, bounds: Bounds) -> tuple[str | None, bool]:
    """Return where the request came from and whether by TLS; a proxy is believed if trusted."""
    client = scope.get("client")
    address = client[0] if client else None
    is_secure = scope.get("scheme") == "https"
    if not _is_trusted(_parsed(address or ""), bounds):
        return address, is_secure
    is_secure = is_secure or headers.get("x-forwarded-proto", "").lower() == "https"
    # Each proxy adds whom it saw at the end; what stands before the first stranger is hearsay.
    for hop in reversed(",".join(headers.getlist("x-forwarded-for")).split(",")):
        seen = _parsed(hop.strip())
        if seen is None:
            break
        address = str(seen)
        if not _is_trusted(seen, bounds):
            break
    return address, is_secure


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_trusted(address: IPv4Address | IPv6Address | None, bounds: Bounds) -> bool:
    return address is not None and any(address in network for network in bounds.trusted_proxies)


def is_secure(request: Request) -> bool:
    """Tell whether the request came by TLS, at the latest from a proxy that is believed."""
    return request.url.scheme == "https"
