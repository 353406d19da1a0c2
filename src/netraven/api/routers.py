"""All routes of the API, in one list; none stands outside it."""

from __future__ import annotations

from fastapi import APIRouter

from netraven.api import (
    account,
    audit,
    auth,
    backups,
    blackouts,
    credentials,
    description,
    devices,
    health,
    history,
    metrics,
    platforms,
    rules,
    run_events,
    runs,
    schedules,
    settings,
    setup,
    sign_on,
    statistics,
    status,
    tags,
    tokens,
    users,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    metrics.router,
    description.router,
    setup.router,
    auth.router,
    sign_on.router,
    account.router,
    tokens.router,
    users.router,
    devices.router,
    tags.router,
    rules.router,
    credentials.router,
    backups.router,
    runs.router,
    run_events.router,
    history.router,
    schedules.router,
    blackouts.router,
    settings.router,
    audit.router,
    platforms.router,
    statistics.router,
    status.router,
)
