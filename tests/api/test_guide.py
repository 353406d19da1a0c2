"""Every example of the API guide does what it says, as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from netraven.admin.settings import initialize_default_settings
from netraven.archive.storing import store_backup
from netraven.inventory.tags import initialize_default_tag
from netraven.log import configure_logging
from netraven.schemas.backup import BackupCreate
from netraven.vault.keyring import verify_keyring
from tests.api.conftest import PASSWORD, Site
from tests.api.server import running
from tests.conftest import Database

GUIDE = Path(__file__).parents[2] / "docs" / "operations" / "api.md"
EXAMPLE = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEXT = "hostname core-{}\nsnmp-server community s3cr3t RO\nend\n"


def examples(language: str) -> list[str]:
    """Return the guide's examples in this language, in their order."""
    found = EXAMPLE.findall(GUIDE.read_text(encoding="utf-8"))
    return [text for kind, text in found if kind == language]


@pytest.fixture
def surroundings(sqlite_database: Database, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the variables that the examples read, with a server that knows what they name."""
    configure_logging(level="error", log_format="json")
    with sqlite_database.unit() as db:
        verify_keyring(db)
        initialize_default_tag(db)
        initialize_default_settings(db)
    with running(sqlite_database) as server:
        assert server.ground is not None
        site = Site(sqlite_database, httpx.AsyncClient(), server.ground.keys)
        user_id = site.add_user("ana", "admin")
        device_id = site.add_device("core-1")
        with sqlite_database.unit() as db:
            older, newer = (
                store_backup(
                    db,
                    BackupCreate(device_id=device_id),
                    content=TEXT.format(number),
                    now=NOON + timedelta(hours=number),
                ).backup.id
                for number in range(2)
            )
        yield {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "URL": server.url,
            "TOKEN": site.token(user_id),
            "PASSWORD": PASSWORD,
            "DEVICE": str(device_id),
            "OLDER": str(older),
            "NEWER": str(newer),
        }


def test_there_are_more_than_ten_jobs_in_both_languages() -> None:
    assert len(examples("sh")) >= 10
    assert len(examples("python")) >= 10


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples for the shell need curl")
def test_the_examples_for_the_shell_work(surroundings: dict[str, str], tmp_path: Path) -> None:
    for text in examples("sh"):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            env=surroundings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"

    assert (tmp_path / "core-1.cfg").read_text() == TEXT.format(1)


def test_the_examples_in_python_work(surroundings: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(examples("python"))],
        env=surroundings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "event: progress" in done.stdout
    assert "restore after a fire" in done.stdout
