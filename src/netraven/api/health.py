"""What load balancers and monitors ask: does it live, can it work."""

from __future__ import annotations

from typing import Literal

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from netraven import __version__
from netraven.api.access import guarded_router
from netraven.request.ground import get_readiness

router = guarded_router("", "Health", base="")


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
    version: str


class Ready(BaseModel):
    """Whether work can be done here; `reason` says what is missing."""

    status: Literal["ready", "not ready"]
    reason: str | None = None


@router.get("/healthz")
async def healthz() -> Alive:
    """Tell that this process answers."""
    return Alive(version=__version__)


@router.get("/readyz", response_model=Ready, responses={503: {"model": Ready}})
async def readyz(request: Request) -> JSONResponse:
    """Tell whether work can be done here: the database answers and the worker works."""
    reason = await get_readiness(request)()
    ready = Ready(status="ready" if reason is None else "not ready", reason=reason)
    return JSONResponse(
        ready.model_dump(exclude_none=True), status_code=200 if reason is None else 503
    )
