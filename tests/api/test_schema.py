"""Whatever schemathesis makes of the OpenAPI document, the API answers as the document says.

All its checks are on: no server errors, answers and refusals as declared, good data taken and bad
refused, no route open without a login. Few examples; NETRAVEN_TEST_SCHEMA_EXAMPLES asks for more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from netraven import clock
from netraven.admin.sessions import open_session
from netraven.admin.settings import initialize_default_settings
from netraven.api.access import BASE
from netraven.app import api_document
from netraven.db import KeyRing
from netraven.db.enums import LoginKind
from netraven.inventory.tags import initialize_default_tag
from netraven.log import configure_logging
from netraven.request.bearers import make_access_token
from netraven.vault.keyring import verify_keyring
from tests.api.conftest import Site
from tests.api.server import Running, running
from tests.conftest import Database
from tests.databases import EmptiedDatabase

Case: TypeAlias = "schemathesis.Case[Any]"
Operation: TypeAlias = "schemathesis.APIOperation[Any, Any, Any, Any]"

EXAMPLES = int(os.environ.get("NETRAVEN_TEST_SCHEMA_EXAMPLES", "1"))


def login(database: Database, server: Running, user_id: object) -> dict[str, str]:
    with database.unit() as db:
        opened = open_session(db, str(user_id), kind=LoginKind.CLIENT)
    assert opened is not None
    assert server.ground is not None
    key = server.ground.keys.access
    token = make_access_token(key, opened.row.id, minutes=1440, now=clock.now())
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def databases(
    sqlite_database: Database, emptied_postgres: EmptiedDatabase, keyring: KeyRing
) -> Iterator[list[Database]]:
    """Return one database of each kind: what is made up for one is asked of the other too."""
    configure_logging(level="error", log_format="json")
    both = [sqlite_database, Database(emptied_postgres.lend(), keyring, "sync")]
    for database in both:
        with database.unit() as db:
            verify_keyring(db)
            initialize_default_tag(db)
            initialize_default_settings(db)
    yield both
    emptied_postgres.take_back()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_answers_as_its_document_says(
    databases: list[Database], mode: GenerationMode
) -> None:
    with ExitStack() as serving:
        asked = [
            Asked.of(database, serving.enter_context(running(database))) for database in databases
        ]
        faults = [fault for each in operations() if (fault := tried(each, mode, asked))]

    assert not faults, "\n\n".join(faults)


@dataclass(frozen=True)
class Asked:
    """A server, and who asks it over a connection that lasts."""

    url: str
    session: requests.Session
    fresh: Callable[[], dict[str, str]]
    headers: dict[str, str]

    @classmethod
    def of(cls, database: Database, server: Running) -> Asked:
        """Return a new administrator of this server."""
        user_id = Site.add_user_to(database, "ana", "admin")
        fresh = partial(login, database, server, user_id)
        return cls(server.url, requests.Session(), fresh, fresh())


def operations() -> Iterator[Operation]:
    """Yield every operation of the API's document."""
    schema = schemathesis.openapi.from_dict(api_document())
    # A value that only the database or a second field makes wrong is refused as 422 too.
    accepted = schema.config.checks.positive_data_acceptance
    accepted.expected_statuses = [*accepted.expected_statuses, "422"]
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        yield found.ok()


def ends_login(operation: Operation) -> bool:
    return operation.path in {f"{BASE}/auth/logout", f"{BASE}/auth/oidc/logout"}


def tried(operation: Operation, mode: GenerationMode, asked: Sequence[Asked]) -> str | None:
    """Return what is wrong with the servers' answers of this operation, None where nothing is."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Case) -> None:
        for each in asked:
            headers = each.fresh() if ends_login(operation) else each.headers
            case.call_and_validate(base_url=each.url, session=each.session, headers=headers)

    try:
        check()
    except Unsatisfiable:  # nothing can be wrong where nothing is taken
        assert mode is GenerationMode.NEGATIVE
    except (FailureGroup, AssertionError) as failure:
        return f"{operation.method} {operation.path}: {failure}"
    return None
