"""The OpenAPI document is complete, is the committed one, and what it says is so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netraven.admin.permissions import Permission
from netraven.api.access import ACCESS
from netraven.app import api_document
from netraven.request.guard import Anyone
from netraven.request.problems import MEDIA_TYPE
from tests.api.conftest import Site

KEPT = Path(__file__).parents[2] / "docs" / "openapi.json"
PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return api_document()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each operation by its name in the access table."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_the_committed_one(document: dict[str, Any]) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))

    assert document == kept, "the API changed; `make reference` writes docs/openapi.json anew"


def test_every_route_is_in_it(document: dict[str, Any]) -> None:
    hidden = {"GET /api/v1/openapi.json"}

    assert operations(document).keys() == ACCESS.keys() - hidden


def test_it_says_who_may_call_each_route(document: dict[str, Any]) -> None:
    for entry, operation in operations(document).items():
        access = ACCESS[entry]
        if isinstance(access, Permission):
            assert f"`{access}`" in operation["description"], entry
            assert operation["security"], entry
            assert {"401", "403"} <= operation["responses"].keys(), entry
        else:
            assert isinstance(access, Anyone)
            assert operation["security"] == [], entry


def test_every_refusal_is_a_problem_document(document: dict[str, Any]) -> None:
    for entry, operation in operations(document).items():
        for status, response in operation["responses"].items():
            if int(status) >= 400 and entry != "GET /readyz":
                assert response["content"] == {MEDIA_TYPE: PROBLEM}, (entry, status)


def test_every_route_is_described_in_a_sentence(document: dict[str, Any]) -> None:
    for entry, operation in operations(document).items():
        assert operation["description"].partition("\n")[0].endswith("."), entry


async def test_a_server_gives_it_to_anybody(site: Site, document: dict[str, Any]) -> None:
    reply = await site.ask("GET", "/openapi.json")

    assert reply.status_code == 200
    assert reply.json() == document
