"""What rewriting weaves costs PostgreSQL: the table's growth after its vacuum, and the log's."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.databases import database
from benchmarks.history_store import make_fleet
from netraven.archive.weave_frame import open_weave
from netraven.archive.weave_store import FreshWeave, keep_weaves, load_weaves
from netraven.db import get_keyring, unit_of_work
from netraven.models import History


@dataclass(frozen=True, slots=True)
class Growth:
    """How many times its first size the table has, and the bytes of log for a changed device."""

    times: float
    log_bytes: float


def measure_growth(*, devices: int, versions: int, sweeps: int) -> Growth:
    """Rewrite every weave in each sweep, with a vacuum behind it, as autovacuum does it."""
    with database("PostgreSQL") as sessions:
        make_fleet([sessions], devices, versions)
        _vacuum(sessions)
        before, log_before = _sizes(sessions)
        after, log_bytes = before, 0
        for _ in range(sweeps):
            _rewrite(sessions)
            _, log_after = _sizes(sessions)
            log_bytes += log_after - log_before
            _vacuum(sessions)
            after, log_before = _sizes(sessions)
    return Growth(round(after / before, 2), round(log_bytes / sweeps / devices))


def _rewrite(sessions: sessionmaker[Session]) -> None:
    with unit_of_work(sessions) as db:
        keyring = get_keyring(db)
        assert keyring is not None
        series = [(row[0], row[1]) for row in db.execute(_SERIES)]
        keep_weaves(
            db,
            keyring,
            [
                FreshWeave(row.series, open_weave(keyring, row), row.view_rev)
                for row in load_weaves(db, series).values()
            ],
        )


def _vacuum(sessions: sessionmaker[Session]) -> None:
    with sessions.kw["bind"].connect() as connection:
        outside = connection.execution_options(isolation_level="AUTOCOMMIT")
        outside.exec_driver_sql("VACUUM history")


def _sizes(sessions: sessionmaker[Session]) -> tuple[int, int]:
    with unit_of_work(sessions, read_only=True) as db:
        size, log = db.execute(_SIZES).one()
        return int(size), int(log)


_SERIES = select(History.device_id, History.config_type)
_SIZES = text(
    "SELECT pg_total_relation_size('history'), pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"
)
