"""The HTTP application, assembled: the only place that knows all of its parts."""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from netraven import __version__
from netraven.api.access import ACCESS
from netraven.api.description import described
from netraven.api.routers import ROUTERS
from netraven.errors import NetRavenError
from netraven.request.errors import reply_to
from netraven.request.frame import Frame
from netraven.request.ground import Ground, Readiness, lay_ground
from netraven.request.guard import check_access, methods_at
from netraven.request.packing import Packing

_SUMMARY = "Keeps the configurations of network devices: collected, proven, sealed, compared."


def create_app(why_not_ready: Readiness, ground: Ground) -> FastAPI:
    """Return the application; `why_not_ready` says what is missing, None where nothing is.

    Raises AccessIncomplete where routes and the access table do not fit.
    """
    app = _assembled()
    for expected in (NetRavenError, HTTPException, RequestValidationError):
        app.add_exception_handler(expected, _reply)
    app.add_middleware(Packing)
    app.add_middleware(Frame, bounds=ground.bounds, measures=ground.measures)
    lay_ground(app, ground, why_not_ready)
    app.state.document = _document_bytes
    return app


def api_document() -> dict[str, Any]:
    """Return the OpenAPI document, as a running application gives it."""
    return described(_assembled())


@cache
def _document_bytes() -> bytes:
    # All applications have the same routes.
    return json.dumps(api_document(), ensure_ascii=False, separators=(",", ":")).encode()


def _assembled() -> FastAPI:
    app = FastAPI(
        title="NetRaven",
        summary=_SUMMARY,
        version=__version__,
        openapi_url=None,
        redirect_slashes=False,
    )
    check_access(ACCESS, ROUTERS)
    for router in ROUTERS:
        # Their paths are whole; including them would build each of their routes once more.
        app.router.routes.extend(router.routes)
    return app


async def _reply(request: Request, error: Exception) -> Response:
    reply = reply_to(error, request.state.request_id)
    if reply.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The framework names those of the first route at this address.
        reply.headers["Allow"] = ", ".join(methods_at(request.app.routes, request.url.path))
    return reply
