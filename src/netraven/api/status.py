"""How the installation stands, and what is wrong with it."""

from __future__ import annotations

from netraven.api.access import guarded_router
from netraven.api.replies import READ, refusals
from netraven.jobs.status import get_status
from netraven.request.units import Reading
from netraven.schemas.status import Status

router = guarded_router("/status", "Statistics")


@router.get("", responses=refusals(*READ))
async def show_status(db: Reading) -> Status:
    """Say whether devices are swept, runs done and schedules fired, over the whole fleet."""
    return await get_status(db)
