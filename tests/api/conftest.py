"""The whole application over one database, and people who use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast
from uuid import UUID

import httpx
import pytest_asyncio
from sqlalchemy import select

from netraven.admin.api_tokens import create_api_token
from netraven.admin.passwords import hash_password
from netraven.admin.permissions import SCOPES, permissions_of
from netraven.admin.settings import initialize_default_settings
from netraven.app import create_app
from netraven.db import KeyRing, make_sessions, name_key, new_id
from netraven.db.enums import Role
from netraven.inventory.devices import create_device
from netraven.inventory.tags import initialize_default_tag
from netraven.log import configure_logging
from netraven.models import AuditEvent, User
from netraven.platforms.catalogue import NATIVE
from netraven.request.ground import Bounds
from netraven.request.keys import TokenKeys
from netraven.request.opening import opened_ground
from netraven.schemas.access import ApiTokenCreate
from netraven.schemas.device import DeviceCreate
from netraven.vault.keyring import verify_keyring
from tests.conftest import Database

PASSWORD = "Correct-horse-7"
BASE = "/api/v1"


@cache
def password_hash() -> str:
    """Return the hash of `PASSWORD`, made once: each takes its time."""
    return hash_password(PASSWORD)


@dataclass
class Site:
    """One installation with a client that nobody is logged in with."""

    database: Database
    client: httpx.AsyncClient
    keys: TokenKeys = field(repr=False)

    def add_user(self, name: str, role: str = "viewer", **fields: object) -> UUID:
        """Store a user whose password is `PASSWORD`."""
        return self.add_user_to(self.database, name, role, **fields)

    @staticmethod
    def add_user_to(database: Database, name: str, role: str, **fields: object) -> UUID:
        """Store a user in a database that has no site."""
        user = User(
            id=new_id(),
            username=name,
            username_key=name_key(name),
            email=f"{name}@example.com",
            email_key=f"{name_key(name)}@example.com",
            password_hash=password_hash(),
            role=Role(role),
            **fields,
        )
        with database.unit() as db:
            db.add(user)
        return user.id

    def add_device(self, hostname: str = "core-1", owner_id: UUID | None = None) -> UUID:
        create = DeviceCreate(
            hostname=hostname, ip_address=f"{hostname}.example.com", device_type="cisco_ios"
        )
        with self.database.unit() as db:
            return create_device(db, create, owner_id).id

    def token(self, user_id: UUID, *scopes: str) -> str:
        """Return the secret of a new API token, with all scopes that the role allows if none."""
        with self.database.unit() as db:
            role = db.scalars(select(User.role).where(User.id == user_id)).one()
            allowed = [scope for scope in SCOPES if scope in permissions_of(role)]
            create = ApiTokenCreate.model_validate(
                {"name": "test", "scopes": list(scopes) or allowed}
            )
            made = create_api_token(db, user_id, create)
        assert made is not None
        return made.secret.get_secret_value()

    async def log_in(self, name: str, **more: object) -> dict[str, Any]:
        """Return the tokens of a client's login."""
        given = {"username": name, "password": PASSWORD, **more}
        reply = await self.client.post(f"{BASE}/auth/token", json=given)
        assert reply.status_code == 200, reply.text
        tokens: dict[str, Any] = reply.json()
        return tokens

    async def ask(
        self, method: str, path: str, token: str | None = None, **more: object
    ) -> httpx.Response:
        """Return the reply to a request below the API's base, as who has this token."""
        options = cast("dict[str, Any]", more)
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return await self.client.request(method, f"{BASE}{path}", headers=headers, **options)

    def events(self) -> list[str]:
        """Return the names of all audit events in their order."""
        with self.database.unit() as db:
            return list(db.scalars(select(AuditEvent.event_name).order_by(AuditEvent.seq)))


async def ready() -> str | None:
    """Tell that nothing is missing."""
    return None


@pytest_asyncio.fixture
async def site(database_url: str, keyring: KeyRing) -> AsyncIterator[Site]:
    """Return an installation with its settings, on either database."""
    configure_logging(level="error", log_format="json")
    database = Database(database_url, keyring, "sync")
    with database.unit() as db:
        verify_keyring(db)
        initialize_default_tag(db)
        initialize_default_settings(db)
    sessions = make_sessions(database_url, keyring)
    opening = opened_ground(
        database_url, sessions, keyring, platforms=NATIVE, bounds=Bounds(max_body_bytes=100_000)
    )
    async with opening as ground:
        transport = httpx.ASGITransport(create_app(ready, ground))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Site(database, client, ground.keys)
    sessions.kw["bind"].dispose()
