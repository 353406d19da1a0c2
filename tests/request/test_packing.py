"""Replies packed for those who take it: what is worth it, piece by piece, and never a secret."""

from __future__ import annotations

import asyncio
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterable

import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Scope

from netraven.request.packing import Packing, chosen_coding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LONG = {"text": "ntp server 10.0.0.1\n" * 20_000}
PLAIN = JSONResponse(LONG).body


def unpacked(coding: str, content: bytes) -> bytes:
    """Return what a client reads of so much of a reply."""
    if coding == "zstd":
        return zstd.ZstdDecompressor().decompress(content)
    return zlib.decompressobj(wbits=31).decompress(content)


async def asked(
    app: ASGIApp,
    accepted: str,
    method: str = "GET",
    on_piece: Callable[[bytes], None] | None = None,
) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a reply."""
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()  # the client stays
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)
        if on_piece is not None and message["type"] == "http.response.body":
            on_piece(b"".join(each.get("body", b"") for each in sent))

    headers = [(b"accept-encoding", accepted.encode())] if accepted else []
    scope: Scope = {"type": "http", "method": method, "path": "/", "headers": headers}
    await Packing(app)(scope, receive, send)
    head, *rest = sent
    told = {name.decode(): value.decode() for name, value in head["headers"]}
    return told, b"".join(each.get("body", b"") for each in rest)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("zstd;q=0.1, gzip;q=0.9", "gzip"),
        ("zstd;q=0, gzip;q=0", None),
        ("zstd;q=much", None),
        ("identity", None),
        ("", None),
    ],
)
def test_a_client_gets_what_it_likes_best(accepted: str, coding: str | None) -> None:
    assert chosen_coding(accepted) == coding


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
async def test_a_long_reply_is_packed_whole(coding: str) -> None:
    headers, body = await asked(JSONResponse(LONG), coding)

    assert headers["content-encoding"] == coding
    assert headers["content-length"] == str(len(body))
    assert headers["vary"] == "Accept-Encoding"
    assert len(body) < len(PLAIN) // 10
    assert unpacked(coding, body) == PLAIN


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
async def test_each_piece_of_a_stream_can_be_read_when_it_comes(coding: str) -> None:
    read: list[bytes] = []
    pieces = ["first\n", "second\n"]
    stream = StreamingResponse(_told(pieces), media_type="application/x-ndjson")

    headers, body = await asked(
        stream, coding, on_piece=lambda so_far: read.append(unpacked(coding, so_far))
    )

    assert "content-length" not in headers
    assert read[:2] == [b"first\n", b"first\nsecond\n"]
    assert unpacked(coding, body) == b"first\nsecond\n"


@pytest.mark.parametrize(
    ("reply", "method"),
    [
        (Response(PLAIN, media_type="application/json"), "POST"),  # as those that tell secrets
        (Response(b"short", media_type="text/plain"), "GET"),
        (Response(PLAIN, media_type="text/event-stream"), "GET"),
        (Response(PLAIN, media_type="text/plain", headers={"Content-Encoding": "br"}), "GET"),
        (Response(status_code=304), "GET"),
    ],
    ids=["to POST", "short", "events", "packed already", "without a body"],
)
async def test_other_replies_go_as_they_are(reply: Response, method: str) -> None:
    headers, body = await asked(reply, "zstd, gzip", method)

    assert headers.get("content-encoding") in {None, "br"}
    assert body == reply.body


async def _told(pieces: Iterable[str]) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


async def test_what_is_packed_is_the_same_but_for_its_bytes() -> None:
    tag = {"ETag": '"abc-1"'}

    packed, _ = await asked(JSONResponse(LONG, headers=tag), "gzip")
    plain, _ = await asked(JSONResponse(LONG, headers=tag), "identity")

    assert (packed["etag"], plain["etag"]) == ('W/"abc-1"', '"abc-1"')
