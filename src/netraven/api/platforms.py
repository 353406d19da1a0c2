"""Which network operating systems can be collected from."""

from __future__ import annotations

from pydantic import BaseModel

from netraven.api.access import guarded_router
from netraven.api.replies import READ, found, refusals
from netraven.inventory.platforms import get_platforms
from netraven.platforms.platform import Platform, Proof
from netraven.request.units import Reading

router = guarded_router("/platforms", "Platforms")


class PlatformRead(BaseModel):
    """A platform: its names, also in other tools, and what its declaration rests on."""

    name: str
    label: str
    vendor: str
    proof: Proof
    aliases: dict[str, list[str]]

    @classmethod
    def of(cls, platform: Platform) -> PlatformRead:
        """Return the platform as doors show it."""
        return cls(
            name=platform.name,
            label=platform.label,
            vendor=platform.vendor,
            proof=platform.proof,
            aliases={
                tool: list(getattr(platform.aliases, tool))
                for tool in ("netmiko", "oxidized", "rancid", "napalm")
            },
        )


@router.get("", responses=refusals(*READ))
async def list_platforms(db: Reading) -> list[PlatformRead]:
    """List all platforms by name."""
    known = await get_platforms(db)
    return [PlatformRead.of(each) for each in sorted(known, key=lambda each: each.name)]


@router.get("/{name}", responses=refusals(*READ, 404))
async def show_platform(db: Reading, name: str) -> PlatformRead:
    """Show one platform, by any tool's name for it."""
    known = await get_platforms(db)
    return PlatformRead.of(found(known.resolve(name), "platform"))
