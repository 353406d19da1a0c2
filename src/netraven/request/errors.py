"""The last handler: whatever a request ends in becomes a reply, logged once, here."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from netraven.errors import NetRavenError
from netraven.log import get_logger
from netraven.request.problems import (
    problem_of,
    problem_of_fault,
    problem_of_http,
    problem_of_refused_request,
)

_SERVER_ERROR = 500

_log = get_logger("request")


def reply_to(error: Exception, request_id: str) -> Response:
    """Return the reply that an error means; what the server is to blame for is logged."""
    match error:
        case NetRavenError():
            if error.http_status >= _SERVER_ERROR:
                _log.error("request failed", code=error.code, request_id=request_id)
            return problem_of(error, request_id)
        case RequestValidationError():
            return problem_of_refused_request(error, request_id)
        case HTTPException():
            return problem_of_http(error, request_id)
        case _:
            # The error's own text may hold a value, so only its kind and its place are told.
            frames = traceback.extract_tb(error.__traceback__)
            place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
            _log.error(
                "request broke", kind=type(error).__name__, place=place, request_id=request_id
            )
            return problem_of_fault(request_id)


async def answered(
    request_id: str,
    answer: Callable[[], Awaitable[None]],
    reply: Callable[[Response], Awaitable[None]],
) -> None:
    """Await the answer; where it ends in an error, send the reply that this means."""
    try:
        await answer()
    except Exception as error:  # noqa: BLE001  nobody gets a stack trace
        await reply(reply_to(error, request_id))
