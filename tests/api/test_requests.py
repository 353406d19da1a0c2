"""What bad requests get, and what every reply carries."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_network

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import text

from netraven.request.frame import Frame
from netraven.request.ground import Bounds
from netraven.request.measures import Measures
from tests.api.conftest import BASE, PASSWORD, Site
from tests.api.server import running
from tests.conftest import Database

LOGIN = {"username": "ana", "password": PASSWORD}


@pytest.mark.parametrize(
    ("content", "media", "status", "code"),
    [
        (b"{bad", "application/json", 400, "malformed"),
        (b'{"username": "\xff"}', "application/json", 400, "malformed"),
        (b"[]", "application/json", 422, "invalid"),
        (b"null", "application/json", 422, "invalid"),
        (b"", "application/json", 422, "invalid"),
        (b"username=ana", "application/x-www-form-urlencoded", 415, "unsupported_media"),
        (b"<x/>", "text/xml", 415, "unsupported_media"),
        (json.dumps({**LOGIN, "more": 1}).encode(), "application/json", 422, "invalid"),
        (b'{"username": "\\ud800", "password": "x"}', "application/json", 422, "invalid"),
        (b'{"username": "\\u0000", "password": "x"}', "application/json", 401, None),
        (b"[" * 90_000, "application/json", 400, "malformed"),
        (b'"' + b"x" * 100_001 + b'"', "application/json", 413, "too_large"),
    ],
)
async def test_bad_bodies_get_one_clear_sentence(
    *, site: Site, content: bytes, media: str, status: int, code: str | None
) -> None:
    headers = {"Content-Type": media}

    reply = await site.ask("POST", "/auth/token", content=content, headers=headers)

    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["code"] == (code or problem["code"])
    assert problem["detail"]
    assert problem["remedy"]
    assert "Traceback" not in reply.text


async def test_a_body_in_pieces_is_measured_too(site: Site) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 1000

    headers = {"Content-Type": "application/json"}
    reply = await site.ask("POST", "/auth/token", content=pieces(), headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (413, "too_large")


async def test_unknown_addresses_and_methods_are_told_apart(site: Site) -> None:
    nowhere = await site.ask("GET", "/nowhere")
    slash = await site.ask("GET", "/devices/")
    wrong = await site.ask("DELETE", "/devices")

    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    assert slash.status_code in {401, 404}
    assert (wrong.status_code, wrong.json()["code"]) == (405, "not_allowed")
    assert wrong.headers["allow"] == "GET, POST"


async def test_a_refused_field_is_named_and_its_value_is_not(site: Site) -> None:
    token = site.token(site.add_user("olga", "operator"))
    device = {"hostname": "bad name canary-7", "ip_address": "192.0.2.1", "device_type": "x"}

    reply = await site.ask("POST", "/devices", token, json=device)

    assert (reply.status_code, reply.json()["field"]) == (422, "hostname")
    assert reply.json()["errors"][0]["field"] == "hostname"
    assert "canary-7" not in reply.text


async def test_every_reply_carries_its_id_and_the_headers_that_protect_it(site: Site) -> None:
    plain = await site.ask("GET", "/devices")
    given = await site.ask("GET", "/devices", headers={"X-Request-ID": "my-id.1"})
    forged = await site.ask("GET", "/devices", headers={"X-Request-ID": "a b\tc"})

    assert re.fullmatch(r"[0-9a-f]{32}", plain.headers["x-request-id"])
    assert plain.json()["request_id"] == plain.headers["x-request-id"]
    assert given.headers["x-request-id"] == "my-id.1"
    assert re.fullmatch(r"[0-9a-f]{32}", forged.headers["x-request-id"])
    assert plain.headers["content-security-policy"].startswith("default-src 'none'")
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in plain.headers
    assert "strict-transport-security" not in plain.headers


async def test_long_replies_are_packed_for_who_can_unpack_them(site: Site) -> None:
    token = site.token(site.add_user("olga", "operator"))

    packed = await site.ask("GET", "/platforms", token, headers={"Accept-Encoding": "gzip"})
    plain = await site.ask("GET", "/platforms", token, headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content) / 3


async def test_a_database_that_went_away_is_found_again(site: Site) -> None:
    token = site.token(site.add_user("ana"))
    before = await site.ask("GET", "/devices", token)

    if site.database.url.startswith("postgresql"):
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        with site.database.unit() as db:
            db.execute(
                text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
            )
    after = await site.ask("GET", "/devices", token)

    assert (before.status_code, after.status_code) == (200, 200)


async def test_another_sites_script_is_not_let_in(site: Site) -> None:
    reply = await site.client.options(
        f"{BASE}/devices",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )

    assert reply.status_code == 405
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen", "scheme"),
    [
        ("10.0.0.1", "198.51.100.7", "198.51.100.7", "https"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7", "https"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7", "https"),
        ("10.0.0.1", "nonsense", "10.0.0.1", "https"),
        ("10.0.0.1", "", "10.0.0.1", "https"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1", "http"),
    ],
)
async def test_only_trusted_proxies_are_believed(
    peer: str, forwarded: str, seen: str, scheme: str
) -> None:
    app = FastAPI()
    bounds = Bounds(trusted_proxies=[ip_network("10.0.0.0/8")])
    app.add_middleware(Frame, bounds=bounds, measures=Measures())

    @app.get("/")
    async def origin(request: Request) -> list[str]:
        return [request.state.client_address, request.url.scheme]

    transport = httpx.ASGITransport(app, client=(peer, 1))
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        reply = await client.get("/", headers=headers)

    assert reply.json() == [seen, scheme]
    assert ("strict-transport-security" in reply.headers) is (scheme == "https")


async def test_what_takes_too_long_is_given_up_and_what_breaks_tells_nothing() -> None:
    app = FastAPI()
    app.add_middleware(Frame, bounds=Bounds(timeout_s=0.05), measures=Measures())

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.Event().wait()

    @app.get("/broken")
    async def broken() -> None:
        message = "canary-7"
        raise RuntimeError(message)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        late, fault = await client.get("/slow"), await client.get("/broken")

    assert (late.status_code, late.json()["code"]) == (503, "overdue")
    assert (fault.status_code, fault.json()["code"]) == (500, "error")
    assert "canary-7" not in fault.text


async def test_a_broken_request_is_logged_without_what_it_held(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    token = site.token(site.add_user("olga", "operator"))
    given = {"name": "lab", "username": "backup", "password": "canary-42", "wrong": "canary-43"}

    await site.ask("POST", "/credentials", token, json=given)
    await site.ask("GET", f"/nowhere/{token}")
    site.client.cookies.set("netraven_session", "canary-44")
    await site.ask("GET", "/devices")

    told = "".join(capsys.readouterr())
    assert "canary" not in told
    assert token not in told


def test_a_real_server_survives_clients_that_leave_and_lines_that_break(
    sync_database: Database,
) -> None:
    with running(sync_database, Bounds(max_body_bytes=1000)) as server:
        host, port = server.url.removeprefix("http://").split(":")
        for broken in (
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
            b"POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{",
            b"NONSENSE\r\n\r\n",
            b"\x16\x03\x01\x00\x00",
        ):
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(broken)

        alive = httpx.get(f"{server.url}/healthz")
        too_large = httpx.post(f"{server.url}{BASE}/auth/token", json={"username": "x" * 2000})

    assert alive.json()["status"] == "ok"
    assert too_large.status_code == 413


async def test_an_instant_is_said_in_words_never_as_a_number(site: Site) -> None:
    token = site.token(site.add_user("ana", "admin"))

    number = await site.ask("GET", "/statistics", token, params={"since": "2026"})
    words = await site.ask("GET", "/statistics", token, params={"since": "2026-03-01T12:00:00Z"})

    assert (number.status_code, number.json()["field"]) == (422, "since")
    assert "2026-03-01T12:00:00Z" in number.json()["detail"]
    assert words.status_code == 200
