"""T5 over HTTP: lists and details of a large installation, and what one list is spent on.

`python -m benchmarks.run http` serves the application in a process of its own and asks it over a
socket. The second table sets `GET /devices` with 100 rows against a bare FastAPI route that returns
the same bytes from the same process, and says what the difference is spent on; the third tells what
a thousand open event streams cost.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from benchmarks.databases import DATABASES, database
from benchmarks.estate import SMALL, Estate, Size, build
from benchmarks.outcomes import Outcome, Target, as_table
from benchmarks.serving import BARE, Serving, serving
from benchmarks.streams import StreamFigures, follow
from netraven.admin.api_tokens import API_TOKEN_PREFIX, find_api_token
from netraven.admin.bearer import bearer_hash, new_bearer
from netraven.admin.permissions import SCOPES
from netraven.db import KeyRing, get_keyring, make_async_sessions, new_id, unit_of_work
from netraven.db.enums import Role
from netraven.inventory.devices import count_devices, get_devices
from netraven.log import configure_logging
from netraven.models import ApiToken, User
from netraven.request.pages import Page
from netraven.schemas.device import DeviceRead

MOST_MS: Final = 200
_BASE: Final = "/api/v1"
_LIST: Final = "GET /devices, 100 rows"
_BARE: Final = "a bare route of the same bytes"

Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How large the installation is, how often each route is asked, and how many streams open."""

    size: Size = field(default_factory=Size)
    times: int = 20
    races: int = 300
    streams: int = 1000


SMALL_EFFORT = Effort(size=SMALL, times=3, races=20, streams=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What one database gave: p50 and p95 of each route and parts in ms, rates a second."""

    routes: dict[str, tuple[float, float]]
    parts: dict[str, float]
    rates: dict[str, float]
    streams: StreamFigures


def measure(effort: Effort) -> Outcome:
    """Ask everything on both databases."""
    configure_logging(level="error", log_format="json")
    found: dict[str, Readings] = {}
    for name in DATABASES:
        with database(name) as sessions:
            estate = build(sessions, effort.size)
            gc.collect()
            gc.freeze()
            found[name] = asked(sessions, estate, effort)
    return outcome(found)


def asked(sessions: sessionmaker[Session], estate: Estate, effort: Effort) -> Readings:
    """Return what this installation gives."""
    url = sessions.kw["bind"].url.render_as_string(hide_password=False)
    with unit_of_work(sessions) as db:
        keyring = get_keyring(db)
        token = _token(db, _admin(db))
        limited = _token(db, estate.limited_user)
    assert keyring is not None
    with serving(url, keyring) as server:
        line = server.connect()
        routes = {
            f"GET /{route}": _times(line, f"{_BASE}/{path}", token, effort.times)
            for route, path in _paths(line, estate, token).items()
        }
        for path in ("devices", "backups", "runs"):
            name = f"GET /{path}, of who sees few"
            routes[name] = _times(line, f"{_BASE}/{path}", limited, effort.times)
        whole = _got(line, f"{_BASE}/devices", token)
        line.request("PUT", BARE, body=whole)
        line.getresponse().read()
        parts, rates = {}, {}
        for name, path in ((_LIST, f"{_BASE}/devices"), (_BARE, BARE)):
            parts[name] = _times(line, path, token, effort.races)[0]
            rates[name] = _rate(server, path, token, effort.races)
        parts |= asyncio.run(_parts(url, keyring, token, races=effort.races))
        streams = asyncio.run(
            follow(server, sessions, estate.devices[:100], token=token, clients=effort.streams)
        )
    return Readings(routes=routes, parts=parts, rates=rates, streams=streams)


def outcome(found: dict[str, Readings]) -> Outcome:
    """Return the tables of what was found, and what is asked of it."""
    routes: dict[str, list[str]] = {}
    spent: dict[str, list[str]] = {}
    opened: dict[str, list[str]] = {}
    figures: dict[str, object] = {}
    targets: list[Target] = []
    for name, readings in found.items():
        for route, (p50, p95) in readings.routes.items():
            routes.setdefault(route, []).extend((f"{p50:.1f}", f"{p95:.1f}"))
        for part, ms in readings.parts.items():
            spent.setdefault(part, []).append(f"{ms:.2f}")
        for what, number in readings.rates.items():
            spent.setdefault(f"{what}: a second, four at once", []).append(f"{number:.0f}")
        for what, text in readings.streams.told().items():
            opened.setdefault(what, []).append(text)
        slowest = max(readings.routes, key=lambda route: readings.routes[route][1])
        figures[f"{name.lower()}_slowest"] = slowest
        ratio = readings.rates[_BARE] / readings.rates[_LIST]
        figures[f"{name.lower()}_bare_to_list"] = round(ratio, 1)
        targets.append(Target(f"T5 over HTTP on {name}, ms", readings.routes[slowest][1], MOST_MS))
    columns = [f"{name} {column}" for name in found for column in ("p50", "p95")]
    tables = (
        as_table("Milliseconds", ["route", *columns], [[k, *v] for k, v in routes.items()]),
        as_table("Milliseconds", ["part", *found], [[k, *v] for k, v in spent.items()]),
        as_table("Event streams of one run", ["", *found], [[k, *v] for k, v in opened.items()]),
    )
    return Outcome("http", "\n\n".join(tables), figures, targets)


async def _parts(url: str, keyring: KeyRing, token: str, *, races: int) -> dict[str, float]:
    """Return what `GET /devices` takes its time for, each part alone."""
    sessions = make_async_sessions(url, keyring)

    async def who_asks() -> object:
        async with unit_of_work(sessions, read_only=True) as db:
            return await find_api_token(db, token)

    async def rows() -> object:
        async with unit_of_work(sessions, read_only=True) as db:
            return await get_devices(db)

    async def total() -> object:
        async with unit_of_work(sessions, read_only=True) as db:
            return await count_devices(db)

    async with unit_of_work(sessions, read_only=True) as db:
        devices = await get_devices(db)

    async def form() -> object:
        page = Page(items=[DeviceRead.model_validate(row) for row in devices], total=0)
        return page.model_dump_json()

    parts: dict[str, Ask] = {
        "of it: who asks": who_asks,
        "of it: the rows": rows,
        "of it: their number": total,
        "of it: their form": form,
    }
    try:
        return {
            name: statistics.median([await _took_ms(ask) for _ in range(races)])
            for name, ask in parts.items()
        }
    finally:
        await sessions.kw["bind"].dispose()


def _admin(db: Session) -> UUID:
    """Return an administrator, beside the audit log, whose events are made up."""
    name = f"bench-{new_id().hex}"
    user = User(
        id=new_id(),
        username=name,
        username_key=name,
        email=f"{name}@example.com",
        email_key=f"{name}@example.com",
        password_hash="none",
        role=Role.ADMIN,
    )
    db.add(user)
    db.flush()
    return user.id


def _token(db: Session, user_id: UUID | None) -> str:
    secret = new_bearer(API_TOKEN_PREFIX)
    hashed, scopes = bearer_hash(secret), [scope.value for scope in SCOPES]
    db.add(ApiToken(user_id=user_id, name="bench", hint="", secret_hash=hashed, scopes=scopes))
    return secret


def _paths(line: http.client.HTTPConnection, estate: Estate, token: str) -> dict[str, str]:
    """Return what is asked for, by the name of its route."""
    middle = len(estate.backups) // 2
    run = estate.runs[0]

    def deep(path: str, rows: int) -> str:
        page = json.loads(_got(line, f"{_BASE}/{path}?skip={rows}&limit=1", token))
        return f"{path}?cursor={page['next']}"

    paths = {
        "devices": "devices",
        "devices, deep by cursor": deep("devices", estate.size.devices // 2),
        "devices, deep by skip": f"devices?skip={estate.size.devices // 2}",
        "devices?search": "devices?search=sw-07",
        "devices?site": "devices?site=site-07",
        "devices?last_backup_status": "devices?last_backup_status=failed",
        "devices/ID": f"devices/{estate.devices[-1]}",
        "devices/ID/credentials": f"devices/{estate.devices[-1]}/credentials",
        "devices/ID/host-keys": f"devices/{estate.devices[-1]}/host-keys",
        "tags": "tags",
        "tags/ID": f"tags/{estate.tags[0]}",
        "tags/ID/devices": f"tags/{estate.tags[0]}/devices",
        "rules": "rules",
        "credentials": "credentials",
        "credentials/ID": f"credentials/{estate.credentials[0]}",
        "credentials/statistics": "credentials/statistics",
        "users": "users",
        "users/ID": f"users/{estate.users[0]}",
        "backups": "backups",
        "backups, deep by cursor": deep("backups", estate.size.backups // 2),
        "backups?device_id": f"backups?device_id={estate.devices[0]}",
        "backups?status": "backups?status=completed",
        "backups/ID": f"backups/{estate.backups[middle]}",
        "runs": "runs",
        "runs, deep by cursor": deep("runs", estate.size.runs // 2),
        "runs/ID": f"runs/{run}",
        "runs/ID/results": f"runs/{run}/results",
        "runs/ID/entries": f"runs/{run}/entries",
        "schedules": "schedules",
        "schedules/ID": f"schedules/{estate.schedules[0]}",
        "schedules/ID/explanation": f"schedules/{estate.schedules[0]}/explanation",
        "blackouts": "blackouts",
        "settings": "settings",
        "audit-events": "audit-events",
        "audit-events, deep by cursor": deep("audit-events", estate.size.events // 2),
        "audit-events?search": "audit-events?search=number 4711",
        "platforms": "platforms",
        "statistics": "statistics",
    }
    return {name: path.replace(" ", "%20") for name, path in paths.items()}


def _got(line: http.client.HTTPConnection, address: str, token: str) -> bytes:
    """Return the body of a reply."""
    line.request("GET", address, headers={"Authorization": f"Bearer {token}"})
    reply = line.getresponse()
    body = reply.read()
    assert reply.status == 200, body
    return body


def _times(
    line: http.client.HTTPConnection, address: str, token: str, times: int
) -> tuple[float, float]:
    """Return median and 95th percentile of so many answers one after another, in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        _got(line, address, token)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), sorted(taken)[int(0.95 * (len(taken) - 1))]


def _rate(server: Serving, address: str, token: str, times: int) -> float:
    """Return how many such requests are answered in a second, four at once."""

    def ask(_: int) -> None:
        _times(server.connect(), address, token, times)

    with ThreadPoolExecutor(4) as together:
        began = time.perf_counter()
        list(together.map(ask, range(4)))
        return 4 * times / (time.perf_counter() - began)


async def _took_ms(ask: Ask) -> float:
    began = time.perf_counter()
    await ask()
    return (time.perf_counter() - began) * 1000
