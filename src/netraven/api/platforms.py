"""Which network operating systems can be collected from."""

from __future__ import annotations

from netraven.api.access import guarded_router
from netraven.api.replies import READ, found, refusals
from netraven.inventory.platforms import get_platforms
from netraven.platforms.described import Described, described
from netraven.request.units import Reading

router = guarded_router("/platforms", "Platforms")


@router.get("", responses=refusals(*READ))
async def list_platforms(db: Reading) -> list[Described]:
    """List all platforms, those declared here last."""
    known = await get_platforms(db)
    return [described(each) for each in known]


@router.get("/{name}", responses=refusals(*READ, 404))
async def show_platform(db: Reading, name: str) -> Described:
    """Show one platform, by any tool's name for it."""
    known = await get_platforms(db)
    return described(found(known.resolve(name), "platform"))
