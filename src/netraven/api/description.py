"""The API's own description, as an OpenAPI document."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from netraven.api.access import guarded_router

router = guarded_router("", "Health")


@router.get("/openapi.json", include_in_schema=False)
async def get_description(request: Request) -> JSONResponse:
    """Return the OpenAPI document of this API."""
    app: FastAPI = request.app
    return JSONResponse(app.openapi())
