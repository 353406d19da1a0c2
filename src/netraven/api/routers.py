"""All routes of the API, in one list; none stands outside it."""

from __future__ import annotations

from fastapi import APIRouter

from netraven.api import (
    account,
    auth,
    description,
    health,
    setup,
    tokens,
    users,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    description.router,
    setup.router,
    auth.router,
    account.router,
    tokens.router,
    users.router,
)
