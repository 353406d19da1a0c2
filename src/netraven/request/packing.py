"""Replies packed by zstd or gzip, for clients that take either; streams go on piece by piece.

Only replies to GET are packed. Secrets come in replies to POST alone, so none ever stands in a
packed reply beside text that somebody else chose, where its length would tell of it (BREACH).
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from collections.abc import Callable
from typing import Final, Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from netraven.request.conditions import weakened

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WORTH_PACKING_BYTES: Final = 1024
# Packing more than this would keep others waiting, so a thread does it.
_LONG_BYTES: Final = 128 * 1024
_ZSTD_LEVEL: Final = 3
_GZIP_LEVEL: Final = 6
_GZIP_BITS: Final = 31  # the largest window, with gzip's header and checksum
# Events are few and small, and proxies are known to hold back packed ones.
_NEVER_PACKED: Final = frozenset({"text/event-stream"})


class Packer(Protocol):
    """Packs a reply."""

    def piece(self, content: bytes) -> bytes:
        """Return all that makes the content so far readable."""
        ...

    def last(self, content: bytes) -> bytes:
        """Return the rest."""
        ...


class Packing:
    """ASGI middleware that packs what is worth it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        coding = chosen_coding(Headers(scope=scope).get("accept-encoding", ""))
        await self._app(scope, receive, _Reply(coding, send).send)


def chosen_coding(accepted: str) -> str | None:
    """Return which of our codings a client likes best, zstd where it does not matter."""
    weights: dict[str, float] = {}
    for entry in accepted.lower().split(","):
        name, _, parameter = entry.partition(";")
        _, _, weight = parameter.partition("=")
        try:
            weights[name.strip()] = float(weight or 1)
        except ValueError:
            weights[name.strip()] = 0
    best = max(_PACKERS, key=lambda name: weights.get(name, 0))
    return best if weights.get(best, 0) > 0 else None


class _Reply:
    """One reply: its head waits for the first piece of its body, which decides."""

    def __init__(self, coding: str | None, send: Send) -> None:
        self._coding = coding
        self._send = send
        self._head: Message | None = None
        self._packer: Packer | None = None

    async def send(self, message: Message) -> None:
        """Send a part of the reply on."""
        if message["type"] == "http.response.start":
            self._head = message
        elif message["type"] != "http.response.body":
            await self._send(message)
        elif self._head is not None:
            await self._begin(self._head, message)
        else:
            await self._send(await self._packed(message))

    async def _begin(self, head: Message, first: Message) -> None:
        self._head = None
        headers = MutableHeaders(raw=head["headers"])
        headers.add_vary_header("Accept-Encoding")
        if self._coding is not None and _is_worth_it(headers, first):
            self._packer = _PACKERS[self._coding]()
            headers["Content-Encoding"] = self._coding
            if "etag" in headers:
                headers["ETag"] = weakened(headers["ETag"])
            first = await self._packed(first)
            if first.get("more_body"):
                del headers["Content-Length"]
            else:
                headers["Content-Length"] = str(len(first["body"]))
        await self._send(head)
        await self._send(first)

    async def _packed(self, message: Message) -> Message:
        if self._packer is None:
            return message
        pack = self._packer.piece if message.get("more_body") else self._packer.last
        content = message.get("body", b"")
        is_long = len(content) > _LONG_BYTES
        body = await asyncio.to_thread(pack, content) if is_long else pack(content)
        return {**message, "body": body}


class _Zstd:
    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(level=_ZSTD_LEVEL)

    def piece(self, content: bytes) -> bytes:
        return self._compressor.compress(content, zstd.ZstdCompressor.FLUSH_BLOCK)

    def last(self, content: bytes) -> bytes:
        return self._compressor.compress(content, zstd.ZstdCompressor.FLUSH_FRAME)


class _Gzip:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_BITS)

    def piece(self, content: bytes) -> bytes:
        return self._compressor.compress(content) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def last(self, content: bytes) -> bytes:
        return self._compressor.compress(content) + self._compressor.flush()


# The first is taken where a client likes several alike.
_PACKERS: Final[dict[str, Callable[[], Packer]]] = {"zstd": _Zstd, "gzip": _Gzip}


def _is_worth_it(headers: MutableHeaders, first: Message) -> bool:
    media, _, _ = headers.get("content-type", "").partition(";")
    if "content-encoding" in headers or media.strip() in {"", *_NEVER_PACKED}:
        return False
    return first.get("more_body", False) or len(first.get("body", b"")) >= _WORTH_PACKING_BYTES
