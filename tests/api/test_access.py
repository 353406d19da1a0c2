"""Every route, by every role, with every kind of login and token (promise P7).

What is expected follows from the access table; what the table should say stands in the
documentation, which is compared with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import pytest
from fastapi import APIRouter
from sqlalchemy import update

from netraven import clock
from netraven.admin.permissions import ROLES, SCOPES, Permission, permissions_of
from netraven.admin.sessions import open_session
from netraven.api.access import ACCESS, BASE, guarded_router
from netraven.api.routers import ROUTERS
from netraven.archive.storing import store_backup
from netraven.db.enums import LoginKind, Role
from netraven.jobs.runs import create_job_log
from netraven.jobs.schedules import create_scheduled_job
from netraven.models import ApiToken, User
from netraven.request.authentication import COOKIE
from netraven.request.bearers import make_access_token
from netraven.request.guard import AccessIncomplete, Anyone, check_access, guarded_route
from netraven.request.keys import TokenKeys
from netraven.schemas.backup import BackupCreate
from netraven.schemas.job import JobLogCreate
from netraven.schemas.schedule import ScheduledJobCreate
from tests.api.conftest import Site

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations" / "access.md"
ABSENT = "01900000-0000-7000-8000-000000000000"

# What belongs to somebody, so that others get 404; the rest is everybody's whose role allows it.
OWNED = ("device_id", "backup_id", "other_id", "run_id", "schedule_id", "token_id", "session_id")
# Bodies that would be taken, if the object in the path were the caller's.
BODIES: dict[str, dict[str, object]] = {
    "PATCH /devices/{device_id}": {"description": "mine"},
    "PATCH /backups/{backup_id}": {"comment": "mine"},
    "POST /backups/{backup_id}/unseal": {"reason": "to see it"},
    "PATCH /schedules/{schedule_id}": {"name": "mine"},
}


# After these the login is over, or others are.
ENDING = (f"{BASE}/auth/logout", f"{BASE}/auth/oidc/logout", f"{BASE}/account/sessions")

# What is tried, the headers of it, and whether a status fits.
Try: TypeAlias = tuple[str, Callable[[], dict[str, str]], Callable[[int], bool]]


@dataclass(frozen=True)
class Ways:
    """How one user comes in; each gives the headers to ask with."""

    site: Site
    user_id: UUID
    role: Role

    def login(self, *, age: timedelta = timedelta()) -> dict[str, str]:
        """Return the header of a fresh login, whose access token is so old."""
        issued = clock.now() - age
        with self.site.database.unit() as db:
            opened = open_session(db, self.user_id, kind=LoginKind.CLIENT)
        assert opened is not None
        token = make_access_token(self._keys().access, opened.row.id, minutes=30, now=issued)
        return {"Authorization": f"Bearer {token}"}

    def cookie(self) -> dict[str, str]:
        """Return the cookie of a fresh login, without its mark."""
        with self.site.database.unit() as db:
            opened = open_session(db, self.user_id, kind=LoginKind.BROWSER)
        assert opened is not None
        return {"Cookie": f"{COOKIE}={opened.secret}"}

    def token(self, *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.site.token(self.user_id, *scopes)}"}

    def ended_token(self, **how: object) -> dict[str, str]:
        """Return the header of a token that was changed in this way after it was made."""
        header = self.token()
        hint = header["Authorization"].removeprefix("Bearer ")[:10]
        with self.site.database.unit() as db:
            db.execute(update(ApiToken).where(ApiToken.hint == hint).values(how))
        return header

    def _keys(self) -> TokenKeys:
        return self.site.keys


def addresses() -> list[tuple[str, str, Permission | Anyone]]:
    """Return each route as method, pattern and what the table says, those last that end logins."""
    routes = []
    for entry, access in ACCESS.items():
        method, _, path = entry.partition(" ")
        routes.append((method, path, access))
    return sorted(routes, key=lambda route: route[1] in ENDING)


async def status(site: Site, method: str, path: str, headers: dict[str, str]) -> int:
    """Return the status of a request for an absent object, with a body that says nothing."""
    address = re.sub(r"{[^}]+}", ABSENT, path)
    body: dict[str, object] | None = None if method == "GET" else {}
    reply = await site.client.request(method, address, headers=headers, json=body)
    site.client.cookies.clear()
    return reply.status_code


@pytest.mark.parametrize("role", Role)
async def test_every_route_answers_as_the_table_says(site: Site, role: Role) -> None:
    site.add_user("other-admin", "admin")
    ways = Ways(site, site.add_user("ana", role), role)
    scopes = permissions_of(role, list(SCOPES))
    all_scopes, login, cookie = ways.token(), ways.login(), ways.cookie()
    of_scope = cache(ways.token)
    past = clock.now() - timedelta(seconds=1)
    refused = {
        "nothing": {},
        "a forged token": {"Authorization": "Bearer nrv_forged"},
        "an expired login": ways.login(age=timedelta(minutes=31)),
        "an expired token": ways.ended_token(expires_at=past),
        "a revoked token": ways.ended_token(revoked_at=past),
    }
    is_on_postgresql = site.database.url.startswith("postgresql")
    faults: list[str] = []
    for method, path, access in addresses():
        tried: list[Try] = []
        if isinstance(access, Anyone):
            tried.append(("nothing", dict, lambda got: got not in {403, 404}))
        else:
            tried += (
                (what, partial(dict, headers), _is_unknown) for what, headers in refused.items()
            )
            if is_on_postgresql:
                # Who is known does not depend on the route; one state a route is enough there.
                tried = tried[len(refused) - 1 :]
            by_login = _is_let_in if access in ROLES[role] else _is_kept_out
            by_token = _is_let_in if access in scopes else _is_kept_out
            other = next(scope for scope in scopes if scope is not access)
            tried += (
                ("a login", ways.login if path in ENDING else partial(dict, login), by_login),
                ("a token with all scopes", partial(dict, all_scopes), by_token),
                ("a token of another scope", partial(of_scope, other), _is_kept_out),
                (
                    "a cookie without its mark",
                    ways.cookie if path in ENDING else partial(dict, cookie),
                    by_login if method == "GET" else _is_kept_out,
                ),
            )
        for what, headers_of, fits in tried:
            got = await status(site, method, path, headers_of())
            if not fits(got) or got >= 500:
                faults.append(f"{method} {path} with {what}: {got}")

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_what_belongs_to_others_is_not_there(site: Site, role: Role) -> None:
    owner = site.add_user("owner", "operator")
    ways = Ways(site, site.add_user("ana", role), role)
    ids = belongings(site, owner)
    before = await seen_by_owner(site, owner, ids)
    faults = []

    for method, path, access in addresses():
        names = re.findall(r"{([^}]+)}", path)
        if not set(names) & set(OWNED) or access not in ROLES[role]:
            continue
        address = re.sub(r"{([^}]+)}", lambda name: ids.get(name[1], ABSENT), path)
        entry = f"{method} {path.removeprefix(BASE)}"
        body = None if method == "GET" else BODIES.get(entry, {})
        reply = await site.client.request(method, address, headers=ways.login(), json=body)
        if reply.status_code != 404:
            faults.append(f"{entry}: {reply.status_code} {reply.text}")

    assert not faults, "\n".join(faults)
    assert await seen_by_owner(site, owner, ids) == before


def belongings(site: Site, owner: UUID) -> dict[str, str]:
    """Return ids of what belongs to the owner, by the names that paths give them."""
    device_id = site.add_device("core-1", owner)
    tokens = Ways(site, owner, Role.OPERATOR)
    login = tokens.token()
    with site.database.unit() as db:
        backup = store_backup(db, BackupCreate(device_id=device_id), content="hostname core-1\n")
        run = create_job_log(
            db,
            JobLogCreate.model_validate({"job_type": "backup", "device_ids": [device_id]}),
            owner,
        )
        schedule = create_scheduled_job(
            db,
            ScheduledJobCreate.model_validate(
                {
                    "name": "nightly",
                    "job_type": "backup",
                    "schedule_type": "daily",
                    "schedule_time": "02:30",
                    "device_ids": [device_id],
                }
            ),
            owner,
        )
        opened = open_session(db, owner, kind=LoginKind.CLIENT)
        hint = login["Authorization"].removeprefix("Bearer ")[:10]
        token = db.query(ApiToken).filter_by(hint=hint).one()
    assert opened is not None
    return {
        "device_id": str(device_id),
        "backup_id": str(backup.backup.id),
        "other_id": str(backup.backup.id),
        "run_id": str(run.id),
        "schedule_id": str(schedule.id),
        "token_id": str(token.id),
        "session_id": str(opened.row.id),
    }


async def seen_by_owner(site: Site, owner: UUID, ids: dict[str, str]) -> list[object]:
    """Return what the owner is shown of it all."""
    headers = Ways(site, owner, Role.OPERATOR).login()
    paths = ("devices/{device_id}", "backups/{backup_id}", "runs/{run_id}")
    shown = []
    for path in (*paths, "schedules/{schedule_id}", "tokens/{token_id}"):
        address = f"{BASE}/{path.format(**ids)}"
        reply = await site.client.get(address, headers=headers)
        assert reply.status_code == 200, reply.text
        shown.append(reply.json())
    return shown


async def test_an_inactive_users_token_is_good_for_nothing(site: Site) -> None:
    site.add_user("boss", "admin")
    ways = Ways(site, site.add_user("ana"), Role.VIEWER)
    header, login = ways.token(), ways.login()

    with site.database.unit() as db:
        db.execute(update(User).where(User.id == ways.user_id).values(is_active=False))

    assert await status(site, "GET", f"{BASE}/devices", header) == 401
    assert await status(site, "GET", f"{BASE}/devices", login) == 401


def test_a_route_without_an_entry_cannot_be_made() -> None:
    router = guarded_router("/nowhere", "Nowhere")

    with pytest.raises(AccessIncomplete, match="lacks GET /api/v1/nowhere"):
        router.get("")(lambda: None)


def test_an_entry_without_a_route_and_a_hidden_route_stop_the_application() -> None:
    table = {"GET /a/{id}": Anyone.WATCHING, "GET /a/b": Anyone.WATCHING}
    router = APIRouter(route_class=guarded_route(table))
    router.get("/a/{id}")(lambda: None)

    with pytest.raises(AccessIncomplete, match="not there"):
        check_access(table, [router])
    router.get("/a/b")(lambda: None)
    with pytest.raises(AccessIncomplete, match="hides GET /a/b"):
        check_access(table, [router])


def test_all_routes_together_pass() -> None:
    check_access(ACCESS, ROUTERS)

    assert len(ACCESS) > 80


def test_the_documentation_tells_the_table() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    told = {cells[0].strip("`"): cells[1:] for cells in rows}
    roles = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)
    assert told == {
        permission.value: [
            *("yes" if permission in ROLES[role] else "" for role in roles),
            "yes" if permission in SCOPES else "",
        ]
        for permission in Permission
    }


def _is_let_in(got: int) -> bool:
    return got not in {401, 403}


def _is_kept_out(got: int) -> bool:
    return got == 403


def _is_unknown(got: int) -> bool:
    return got == 401
