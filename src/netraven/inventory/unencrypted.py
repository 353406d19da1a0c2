"""Devices that are talked to in clear."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import Protocol
from netraven.models import Device


@operation
def get_telnet_hostnames(db: Session, device_ids: Sequence[UUID]) -> list[str]:
    """Return the names of those of the devices that speak telnet, in order."""
    found: list[str] = []
    for chunk in in_chunks(device_ids):
        wanted = select(Device.hostname).where(
            Device.id.in_(chunk), Device.protocol == Protocol.TELNET
        )
        found += db.scalars(wanted)
    return sorted(found)
