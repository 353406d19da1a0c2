"""Errors as replies: `application/problem+json` (RFC 9457) with a code that never changes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeAlias

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from netraven import errors
from netraven.errors import NetRavenError

MEDIA_TYPE = "application/problem+json"

Headers: TypeAlias = dict[str, str]

_REMEDIES = {
    errors.NotAuthenticated.code: "Log in, or send a valid token.",
    errors.SecondFactorNeeded.code: "Send the authenticator's code, or a recovery code, as `code`.",
    errors.Forbidden.code: "Ask an administrator for the permission, or use another token.",
    errors.SignOnUnavailable.code: "Log in with a local account, or try again later.",
    errors.TooManyAttempts.code: "Wait as long as the header Retry-After says.",
    errors.TooManySearches.code: "Wait as long as the header Retry-After says.",
    errors.TooManyRequests.code: "Wait as long as the header Retry-After says.",
    errors.Malformed.code: "Mend what sends the request.",
    errors.NotAllowed.code: "Use one of the methods that the header Allow names.",
    errors.TooLarge.code: "Send less at a time.",
    errors.UnsupportedMedia.code: "Send the body as `Content-Type: application/json`.",
    errors.Overdue.code: "Ask for less at a time, or try again later.",
    errors.NotFound.code: "List what there is, and check the id.",
    errors.Conflict.code: "Choose another value, or look at the present state.",
    errors.Invalid.code: "Correct the field that is named.",
    errors.InUse.code: "Remove what refers to it first.",
    errors.Corrupt.code: "Restore the database from a good copy, then run `netraven verify`.",
    errors.KeyUnavailable.code: "Put the right key ring back.",
    errors.StorageFailed.code: "Try again; if it lasts, look at the database and its disk.",
    errors.SchemaMismatch.code: "Run `netraven db upgrade`.",
}
_UNEXPECTED = "Report it with the request's id; the server's log says more."


class Refusal(BaseModel):
    """One field that was refused, and why."""

    field: str
    reason: str


class Problem(BaseModel):
    """Why a request was refused; `code` never changes, `detail` is for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "code": "invalid",
                    "detail": "hostname: must match ^[A-Za-z0-9]",
                    "field": "hostname",
                    "remedy": "Correct the field that is named.",
                    "request_id": "0f8fad5bd9cb469fa16570867728950e",
                    "errors": [{"field": "hostname", "reason": "must match ^[A-Za-z0-9]"}],
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    remedy: str
    request_id: str
    errors: list[Refusal] = []


def problem_of(error: NetRavenError, request_id: str) -> Response:
    """Return the reply that an expected error means."""
    headers: Headers = {}
    if isinstance(error, errors.NotAuthenticated | errors.SecondFactorNeeded):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.TooMany):
        headers["Retry-After"] = str(error.retry_after_s)
    field = getattr(error, "field", None)
    reason = getattr(error, "reason", None) or str(error)
    refused = [Refusal(field=field, reason=reason)] if field is not None else []
    return _reply(error, str(error), request_id, headers=headers, refused=refused)


def problem_of_refused_request(error: RequestValidationError, request_id: str) -> Response:
    """Return the reply to a request whose parameters or body do not fit."""
    told = [_refusal(each) for each in error.errors()]
    if any(each["type"] == "json_invalid" for each in error.errors()):
        message = "the body is not JSON that can be read"
        return _reply(errors.Malformed(message), message, request_id)
    first = told[0] if told else Refusal(field="request", reason="is not acceptable")
    invalid = errors.Invalid(first.field, first.reason)
    return _reply(invalid, str(invalid), request_id, refused=told)


def problem_of_http(error: HTTPException, request_id: str) -> Response:
    """Return the reply to what the framework refuses: no such address, method or body."""
    headers = dict(error.headers or {})
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            expected: NetRavenError = errors.NotFound("there is nothing at this address")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            expected = errors.NotAllowed("this address does not know this method")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            expected = errors.TooLarge("the body is larger than this server takes")
        case HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            expected = errors.UnsupportedMedia("the body must be of the type application/json")
        case _:
            expected = errors.Malformed("the request cannot be read")
    return _reply(expected, str(expected), request_id, headers=headers)


def problem_of_fault(request_id: str) -> Response:
    """Return the reply to an error that nobody expected; it tells nothing of it."""
    fault = NetRavenError("something went wrong in NetRaven")
    return _reply(fault, str(fault), request_id)


def _reply(
    error: NetRavenError,
    detail: str,
    request_id: str,
    *,
    headers: Headers | None = None,
    refused: list[Refusal] | None = None,
) -> Response:
    fields = refused or []
    problem = Problem(
        title=HTTPStatus(error.http_status).phrase,
        status=error.http_status,
        code=error.code,
        detail=detail,
        field=fields[0].field if fields else None,
        remedy=_REMEDIES.get(error.code, _UNEXPECTED),
        request_id=request_id,
        errors=fields,
    )
    # A refused text may hold half a character, which JSON as UTF-8 cannot.
    body = problem.model_dump_json(exclude_none=True, ensure_ascii=True).encode()
    return Response(body, error.http_status, headers=headers, media_type=MEDIA_TYPE)


def _refusal(error: dict[str, object]) -> Refusal:
    """Return field and reason, never the refused value, which may be a secret."""
    place = error.get("loc", ())
    parts = [str(part) for part in place[1:]] if isinstance(place, tuple | list) else []
    context = error.get("ctx")
    reason = str(error.get("msg", "is not acceptable"))
    if error.get("type") == "string_pattern_mismatch" and isinstance(context, dict):
        reason = f"must match {context.get('pattern')}"
    elif error.get("type") == "value_error" and isinstance(context, dict):
        reason = str(context.get("error", reason))
    return Refusal(field=".".join(parts) or "body", reason=reason[:1].lower() + reason[1:])
