"""The API's own description, as an OpenAPI document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response

from netraven.admin.permissions import Permission
from netraven.api.access import ACCESS, guarded_router
from netraven.api.replies import refusals
from netraven.request.authentication import COOKIE
from netraven.request.guard import Anyone
from netraven.request.problems import MEDIA_TYPE, Problem

router = guarded_router("", "Health")

_TOKEN, _COOKIE = "token", "cookie"
_SECURITY: list[dict[str, list[str]]] = [{_TOKEN: []}, {_COOKIE: []}]
_SCHEMES = {
    _TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token (`nrv_…`), or the access token of a login.",
    },
    _COOKIE: {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A browser's login; each change needs the header `X-CSRF-Token` besides.",
    },
}
_METHODS = {"get", "put", "post", "delete", "patch"}


@router.get("/openapi.json", include_in_schema=False)
async def get_description(request: Request) -> Response:
    """Return the OpenAPI document of this API."""
    document: Callable[[], bytes] = request.app.state.document
    # A second of work the first time.
    return Response(await asyncio.to_thread(document), media_type="application/json")


def described(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document: what each route takes, answers, refuses and asks for."""
    document = app.openapi()
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    schemas = components.setdefault("schemas", {})
    schemas |= _problem_schemas()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                _complete(operation, ACCESS[f"{method.upper()} {path}"])
    return document


def _complete(operation: dict[str, Any], access: Permission | Anyone) -> None:
    """Add to an operation what follows from the access table and from how requests are read."""
    responses = operation["responses"]
    told = [422] if operation.get("parameters") or "requestBody" in operation else []
    told += [400, 413, 415] if "requestBody" in operation else []
    if isinstance(access, Permission):
        operation["security"] = _SECURITY
        needed = f"Needs the permission `{access}`."
        text = operation.get("description", "")
        operation["description"] = text if needed in text else f"{text}\n\n{needed}".strip()
        told += [401, 403, 503]
    else:
        operation["security"] = []
    if MEDIA_TYPE not in responses.get("422", {}).get("content", {MEDIA_TYPE: {}}):
        del responses["422"]
    for status, refusal in refusals(*told).items():
        responses.setdefault(str(status), refusal)
    operation["responses"] = dict(sorted(responses.items()))


def _problem_schemas() -> dict[str, Any]:
    """Return the schema of problem documents, and of what it refers to, as components."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts: dict[str, Any] = schema.pop("$defs", {})
    return {Problem.__name__: schema, **parts}
