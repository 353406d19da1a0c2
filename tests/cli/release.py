"""A later release of this program: the same, with one more migration."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import netraven
from netraven.db.schema import head_revision
from tests.cli.conftest import Answer

MIGRATION = '''
"""Devices get a rack; SQLite copies the whole table for it, as it must for greater changes."""

import sqlalchemy as sa
from alembic import op

revision = "{later}"
down_revision = "{head}"


def upgrade() -> None:
    how = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("devices", recreate=how) as devices:
        devices.add_column(sa.Column("rack", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("devices") as devices:
        devices.drop_column("rack")
'''
MAIN = "from netraven.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class Release:
    """A copy of the package; `schema` is the newest that it knows."""

    folder: Path
    schema: str = "9001"

    @classmethod
    def made_in(cls, folder: Path) -> Release:
        release = cls(folder)
        package = folder / "netraven"
        shutil.copytree(Path(netraven.__file__).parent, package)
        text = MIGRATION.format(later=release.schema, head=head_revision())
        versions = package / "db" / "migrations" / "versions"
        (versions / f"{release.schema}_devices_get_a_rack.py").write_text(text)
        return release

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-c", MAIN, *(str(each) for each in arguments)]

    def run(self, *arguments: object, home: Path, **variables: str) -> Answer:
        """Run this release's program on a home."""
        ended = subprocess.run(
            self.command(*arguments),
            env={**self.environment(home), **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Answer(ended.returncode, ended.stdout, ended.stderr)

    def environment(self, home: Path) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.folder), "NETRAVEN_HOME": str(home)}
