"""T5 over HTTP: lists and details of a large installation, and what one list is spent on.

`python -m benchmarks.run http` asks the application in this process, without a network. The last
table sets `GET /devices` with 100 rows against a bare FastAPI route that returns the same bytes.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import FastAPI, Response
from sqlalchemy.orm import Session, sessionmaker
from starlette.types import Message

from benchmarks.databases import DATABASES, database
from benchmarks.estate import SMALL, Estate, Size, build
from benchmarks.outcomes import Outcome, Target, as_table
from netraven.admin.api_tokens import API_TOKEN_PREFIX, find_api_token
from netraven.admin.bearer import bearer_hash, new_bearer
from netraven.admin.permissions import SCOPES
from netraven.app import create_app
from netraven.db import get_keyring, new_id, unit_of_work
from netraven.db.enums import Role
from netraven.inventory.devices import count_devices, get_devices
from netraven.log import configure_logging
from netraven.models import ApiToken, User
from netraven.platforms.catalogue import NATIVE
from netraven.request.ground import Bounds, Ground
from netraven.request.opening import opened_ground
from netraven.request.pages import Page
from netraven.schemas.device import DeviceRead

MOST_MS: Final = 200
_BASE: Final = "/api/v1"

Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How large the installation is, and how often each route is asked."""

    size: Size = field(default_factory=Size)
    times: int = 20
    races: int = 300


SMALL_EFFORT = Effort(size=SMALL, times=3, races=20)


def measure(effort: Effort) -> Outcome:
    """Ask everything on both databases."""
    configure_logging(level="error", log_format="json")
    rows: dict[str, list[str]] = {}
    spent: dict[str, list[str]] = {}
    figures: dict[str, object] = {}
    targets: list[Target] = []
    for name in DATABASES:
        with database(name) as sessions:
            estate = build(sessions, effort.size)
            gc.collect()
            gc.freeze()
            readings, parts = asyncio.run(_measured(sessions, estate, effort))
        for route, (p50, p95) in readings.items():
            rows.setdefault(route, []).extend((f"{p50:.1f}", f"{p95:.1f}"))
        for part, ms in parts.items():
            spent.setdefault(part, []).append(f"{ms:.2f}")
        slowest = max(readings, key=lambda route: readings[route][1])
        figures[f"{name.lower()}_slowest"] = slowest
        ratio = parts["GET /devices, 100 rows"] / parts["a bare route of the same bytes"]
        figures[f"{name.lower()}_ratio"] = round(ratio, 1)
        targets.append(Target(f"T5 over HTTP on {name}, ms", readings[slowest][1], MOST_MS))
    columns = [f"{name} {column}" for name in DATABASES for column in ("p50", "p95")]
    tables = (
        as_table("Milliseconds", ["route", *columns], [[k, *v] for k, v in rows.items()]),
        as_table("Milliseconds", ["part", *DATABASES], [[k, *v] for k, v in spent.items()]),
    )
    return Outcome("http", "\n\n".join(tables), figures, targets)


async def _measured(
    sessions: sessionmaker[Session], estate: Estate, effort: Effort
) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Return p50 and p95 of each route, and what one list is spent on, in milliseconds."""
    url = sessions.kw["bind"].url.render_as_string(hide_password=False)
    with unit_of_work(sessions) as db:
        keyring = get_keyring(db)
        token = _token(db)
    assert keyring is not None
    opening = opened_ground(url, sessions, keyring, platforms=NATIVE, bounds=Bounds())
    async with opening as ground:
        app = create_app(_ready, ground)
        readings = {}
        for route, path in _paths(estate).items():
            times = [await _took_ms(_asking(app, path, token)) for _ in range(effort.times)]
            readings[f"GET /{route}"] = (
                statistics.median(times),
                sorted(times)[int(0.95 * (len(times) - 1))],
            )
        parts = await _parts(app, ground, token, races=effort.races)
    return readings, parts


async def _parts(app: FastAPI, ground: Ground, token: str, *, races: int) -> dict[str, float]:
    """Return what `GET /devices` takes beside a bare route, and what it takes it for."""
    whole = await _reply(app, f"{_BASE}/devices", token)
    bare = FastAPI()

    @bare.get("/")
    async def same() -> Response:
        return Response(whole, media_type="application/json")

    async def who_asks() -> object:
        async with unit_of_work(ground.async_sessions, read_only=True) as db:
            return await find_api_token(db, token)

    async def rows() -> object:
        async with unit_of_work(ground.async_sessions, read_only=True) as db:
            return await get_devices(db)

    async def total() -> object:
        async with unit_of_work(ground.async_sessions, read_only=True) as db:
            return await count_devices(db)

    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        devices = await get_devices(db)

    async def form() -> object:
        page = Page(items=[DeviceRead.model_validate(row) for row in devices], total=0)
        return page.model_dump_json()

    asked: dict[str, Ask] = {
        "GET /devices, 100 rows": _asking(app, f"{_BASE}/devices", token),
        "a bare route of the same bytes": _asking(bare, "/", token),
        "of it: who asks": who_asks,
        "of it: the rows": rows,
        "of it: their number": total,
        "of it: their form": form,
    }
    return {
        name: statistics.median([await _took_ms(ask) for _ in range(races)])
        for name, ask in asked.items()
    }


def _token(db: Session) -> str:
    """Return a token of an administrator, beside the audit log, whose events are made up."""
    user = User(
        id=new_id(),
        username="bench-admin",
        username_key="bench-admin",
        email="bench@example.com",
        email_key="bench@example.com",
        password_hash="none",
        role=Role.ADMIN,
    )
    db.add(user)
    db.flush()
    secret = new_bearer(API_TOKEN_PREFIX)
    hashed, scopes = bearer_hash(secret), [scope.value for scope in SCOPES]
    db.add(ApiToken(user_id=user.id, name="bench", hint="", secret_hash=hashed, scopes=scopes))
    return secret


def _paths(estate: Estate) -> dict[str, str]:
    """Return what is asked for, by the name of its route."""
    middle = len(estate.backups) // 2
    paths = {
        "devices": "devices",
        "devices?search": "devices?search=core",
        "devices/ID": f"devices/{estate.devices[-1]}",
        "tags": "tags",
        "credentials": "credentials",
        "users": "users",
        "backups": "backups",
        "backups?device_id": f"backups?device_id={estate.devices[0]}",
        "backups/ID": f"backups/{estate.backups[middle]}",
        "runs": "runs",
        "runs/ID": f"runs/{estate.runs[0]}",
        "runs/ID/results": f"runs/{estate.runs[0]}/results",
        "runs/ID/entries": f"runs/{estate.runs[0]}/entries",
        "schedules": "schedules",
        "settings": "settings",
        "audit-events": "audit-events",
        "statistics": "statistics",
    }
    return {name: f"{_BASE}/{path}" for name, path in paths.items()}


def _asking(app: FastAPI, path: str, token: str) -> Ask:
    async def ask() -> object:
        return await _reply(app, path, token)

    return ask


async def _reply(app: FastAPI, address: str, token: str) -> bytes:
    """Return the body of a reply that the application gives without a server between."""
    path, _, query = address.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"bench"), (b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("bench", 80),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(dict(message))

    await app(scope, receive, send)
    assert sent[0]["status"] == 200, sent
    return b"".join(message.get("body", b"") for message in sent[1:])


async def _took_ms(ask: Ask) -> float:
    began = time.perf_counter()
    await ask()
    return (time.perf_counter() - began) * 1000


async def _ready() -> str | None:
    return None
