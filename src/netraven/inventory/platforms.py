"""The platforms that an installation knows, as its sessions carry them.

Native ones are part of the program; its users' own are read by the door and handed down with the
factory of sessions, as the key ring is.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from netraven.db import operation
from netraven.models import Device
from netraven.platforms.catalogue import NATIVE, Platforms


def give_platforms(
    sessions: sessionmaker[Session] | async_sessionmaker[Any], platforms: Platforms
) -> None:
    """Let all sessions that the factory makes from now on carry these platforms."""
    sessions.configure(info={**sessions.kw.get("info", {}), _PLATFORMS: platforms})


def given_platforms(sessions: sessionmaker[Session]) -> Platforms:
    """Return the platforms that the factory was given, else the native ones."""
    platforms: Platforms = sessions.kw.get("info", {}).get(_PLATFORMS, NATIVE)
    return platforms


@operation
def get_platforms(db: Session) -> Platforms:
    """Return the platforms that the session's factory was given, else the native ones."""
    platforms: Platforms = db.info.get(_PLATFORMS, NATIVE)
    return platforms


@operation
def count_unknown_devices(db: Session) -> int:
    """Return how many devices have a platform that is not known here."""
    platforms = get_platforms(db)
    counted = select(Device.device_type, func.count()).group_by(Device.device_type)
    return sum(count for name, count in db.execute(counted) if platforms.get(name) is None)


_PLATFORMS: Final = "platforms"
