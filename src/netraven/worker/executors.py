"""The names by which the job engine knows the members: one that no process had before."""

from __future__ import annotations

from uuid import UUID


def executor_name(host: str, worker_id: UUID) -> str:
    """Return the name of this member."""
    return f"{host}:{worker_id}"


def worker_of(name: str) -> str:
    """Return the id of the member of this name."""
    return name.rpartition(":")[2]
