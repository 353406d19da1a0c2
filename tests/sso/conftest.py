"""The servers that single sign-on is tested against, one of each for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

import pytest

from tests.api.conftest import site
from tests.cli.conftest import home_template, program
from tests.conftest import Database
from tests.databases import EmptiedDatabase
from tests.parts import PART
from tests.sso.authority import Authority
from tests.sso.directory import Directory, running_directory, version, why_absent
from tests.sso.provider import RunningProvider, running_provider

__all__ = ["home_template", "program", "site"]

SQLITE = "sqlite"
ON_BOTH = pytest.mark.parametrize("database_url", [SQLITE, "postgresql"], indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of an empty database: SQLite, but where a test asks for both by `ON_BOTH`.

    The operations below are tested on both; here it is others' servers that matter.
    """
    if getattr(request, "param", SQLITE) == SQLITE:
        sqlite: Database = request.getfixturevalue("sqlite_database")
        yield sqlite.url
        return
    postgres: EmptiedDatabase = request.getfixturevalue("emptied_postgres")
    yield postgres.lend()
    postgres.take_back()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the authority that signed the servers' certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def slapd(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Directory | None]:
    """Return the run's directory, None where none can run."""
    if why_absent():
        yield None
        return
    with running_directory(tmp_path_factory.mktemp("slapd"), authority) as directory:
        yield directory


@pytest.fixture
def directory(slapd: Directory | None, request: pytest.FixtureRequest) -> Directory:
    """Return the directory; skip with a sentence where none can run."""
    if slapd is None:
        pytest.skip(why_absent() or "")
    request.node.user_properties.append((PART, version()))
    return slapd


@pytest.fixture(scope="session")
def pyop(authority: Authority) -> Iterator[RunningProvider]:
    """Return the run's provider."""
    with running_provider(authority) as provider:
        yield provider


@pytest.fixture
def provider(pyop: RunningProvider, request: pytest.FixtureRequest) -> RunningProvider:
    """Return the provider as it began, with ana before the browser."""
    request.node.user_properties.append((PART, f"pyop {metadata.version('pyop')}"))
    pyop.begin_anew()
    return pyop
