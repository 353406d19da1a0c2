"""What `doctor` checks: each check is a fact in one sentence, and the remedy where it is bad."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from netraven import clock
from netraven.cli.faults import fault_of
from netraven.cli.home import (
    Home,
    open_installation,
    read_keyring,
    read_settings,
    require_database,
    sqlite_path,
)
from netraven.cli.output import bytes_in_words, counted, local_time
from netraven.db.facts import DatabaseFacts, database_facts
from netraven.db.schema import head_revision, require_schema
from netraven.errors import ExitCode, NetRavenError, StorageFailed
from netraven.inventory.devices import count_devices
from netraven.inventory.platforms import count_unknown_devices
from netraven.jobs.listing import get_job_logs
from netraven.platforms.platform import Proof
from netraven.settings import Settings
from netraven.vault.credentials import count_credentials, get_credentials

_LITTLE_SPACE_BYTES = 1024**3
_NO_SPACE_BYTES = 64 * 1024**2
_LARGE_WAL_BYTES = 256 * 1024**2
_FEW_FILES = 1024
_CLOCK_TOLERANCE = timedelta(seconds=30)
_PRIVATE_FILE, _PRIVATE_HOME = 0o600, 0o700


class CheckState(StrEnum):
    """Whether backups can be made and read: yes, yes but, no."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `remedy` is empty where there is nothing to do."""

    name: str
    state: CheckState
    finding: str
    remedy: str = ""
    exit_code: int = 0


def examine() -> Iterator[Check]:
    """Yield the checks in the order in which their faults are best mended."""
    try:
        settings = read_settings()
    except NetRavenError as error:
        yield _failed("settings", error)
        return
    yield _ok("program", f"Python {sys.version.split()[0]}, schema {head_revision()}")
    yield from _checked(
        ("home", lambda: _home(settings)),
        ("key ring", lambda: _keyring(settings)),
        ("disk space", lambda: _disk_space(settings)),
        ("open files", _open_files),
    )
    database = [*_checked(("database", lambda: _database(settings)))]
    yield from database
    if any(check.state is CheckState.ERROR for check in database):
        return
    yield from _checked(
        ("schema", lambda: _schema(settings)),
        ("clock", lambda: _clock(settings)),
    )
    try:
        home = open_installation(settings)
    except NetRavenError as error:
        yield _failed("key", error)
        return
    yield _ok("key", "the key ring opens what is stored")
    yield from _checked(
        ("platforms", lambda: _platforms(home)),
        ("credentials", lambda: _credentials(home)),
        ("last run", lambda: _last_run(home)),
    )


def _checked(*checks: tuple[str, Callable[[], Check]]) -> Iterator[Check]:
    for name, check in checks:
        try:
            yield check()
        except (NetRavenError, OSError) as error:
            yield _failed(name, error)


def _failed(name: str, error: Exception) -> Check:
    fault = fault_of(error)
    fact, _, remedy = fault.message.partition("; ")
    return Check(name, CheckState.ERROR, fact, remedy, fault.exit_code)


def _ok(name: str, finding: str) -> Check:
    return Check(name, CheckState.OK, finding)


def _warning(name: str, finding: str, remedy: str) -> Check:
    return Check(name, CheckState.WARNING, finding, remedy)


def _home(settings: Settings) -> Check:
    home = settings.home
    if not home.is_dir():
        if sqlite_path(settings) is None and settings.keyring is not None:
            return _ok("home", f"{home} is not needed: key ring and database are elsewhere")
        raise StorageFailed(f"{home} does not exist; run `netraven init`")
    if not os.access(home, os.W_OK | os.X_OK):
        raise StorageFailed(f"{home} is not writable; check owner and rights")
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o077:
        return _warning("home", f"{home} is open to others ({mode:04o})", f"chmod 700 {home}")
    return _ok("home", f"{home} ({mode:04o})")


def _keyring(settings: Settings) -> Check:
    keyring = read_keyring(settings)
    if settings.keyring is not None:
        return _ok("key ring", f"from NETRAVEN_KEYRING, active key {keyring.active.key_id}")
    path = settings.keyring_path
    return _of_private_file("key ring", path, f"{path}, active key {keyring.active.key_id}")


def _of_private_file(name: str, path: Path, finding: str) -> Check:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return _warning(name, f"{path} is open to others ({mode:04o})", f"chmod 600 {path}")
    return _ok(name, f"{finding} ({mode:04o})")


def _disk_space(settings: Settings) -> Check:
    place = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    usage = shutil.disk_usage(place)
    finding = f"{bytes_in_words(usage.free)} free of {bytes_in_words(usage.total)} at {place}"
    if usage.free < _NO_SPACE_BYTES:
        raise StorageFailed(f"{finding}; free some space")
    if usage.free < _LITTLE_SPACE_BYTES:
        return _warning("disk space", finding, "free some space soon")
    return _ok("disk space", finding)


def _open_files() -> Check:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _FEW_FILES:
        remedy = "raise it (`ulimit -n 4096`), each device under way takes a few"
        return _warning("open files", f"at most {soft} at a time", remedy)
    return _ok("open files", f"at most {soft} at a time")


def _database(settings: Settings) -> Check:
    require_database(settings)
    facts = database_facts(settings.url)
    finding = f"{facts.server}, {bytes_in_words(facts.size_bytes)}"
    path = sqlite_path(settings)
    if path is None:
        return _ok("database", finding)
    if not os.access(path, os.W_OK):
        raise StorageFailed(f"{path} is not writable; check owner and rights")
    return _of_sqlite(path, facts, finding)


def _of_sqlite(path: Path, facts: DatabaseFacts, finding: str) -> Check:
    if facts.journal != "wal":
        remedy = "keep it on a local file system: a network share cannot do that"
        return _warning("database", f"{finding}, without write-ahead log", remedy)
    if facts.wal_bytes > _LARGE_WAL_BYTES:
        remedy = "a process has been reading for long; end it and the log goes"
        size = bytes_in_words(facts.wal_bytes)
        return _warning("database", f"{finding}, write-ahead log of {size}", remedy)
    return _of_private_file("database", path, f"{finding}, write-ahead log on")


def _schema(settings: Settings) -> Check:
    require_schema(settings.url)
    return _ok("schema", f"{head_revision()}, as this program needs")


def _clock(settings: Settings) -> Check:
    now = clock.now()
    zone = now.astimezone().strftime("%Z, UTC%z")
    server = database_facts(settings.url).now
    if server is not None and abs(server - now) > _CLOCK_TOLERANCE:
        finding = f"the database server's clock differs by {abs(server - now)}"
        return _warning("clock", finding, "let both keep time by NTP")
    return _ok("clock", f"{local_time(now)} ({zone})")


def _platforms(home: Home) -> Check:
    with home.reading() as db:
        total = count_devices(db)
        unknown = count_unknown_devices(db)
    platforms = [*home.platforms]
    proven = sum(platform.proof is Proof.RECORDED for platform in platforms)
    finding = f"{len(platforms)} known, {proven} proven by recordings; {counted(total, 'device')}"
    if unknown:
        lost = counted(unknown, "device")
        fact = f"{lost} with a platform that this program does not know"
        remedy = "install a newer NetRaven, or `netraven device update NAME --platform NAME`"
        return Check("platforms", CheckState.ERROR, fact, remedy, ExitCode.ERROR)
    if home.platforms.faults:
        fact = f"{counted(len(home.platforms.faults), 'file')} of your own left out"
        return _warning("platforms", f"{finding}; {fact}", "see `netraven platform list`")
    return _ok("platforms", finding)


def _credentials(home: Home) -> Check:
    with home.reading() as db:
        total = count_credentials(db)
        frozen = [row.name for row in get_credentials(db, limit=1000) if row.frozen_at]
    if frozen:
        remedy = f"give the right secret: `netraven credential update {frozen[0]} --ask-password`"
        return _warning("credentials", f"frozen after refusals: {', '.join(frozen)}", remedy)
    if not total:
        remedy = "add one: `netraven credential add NAME --username USER --tag default`"
        return _warning("credentials", "there are none", remedy)
    return _ok("credentials", f"{total}, none frozen")


def _last_run(home: Home) -> Check:
    with home.reading() as db:
        run = next(iter(get_job_logs(db, limit=1)), None)
    if run is None:
        return _warning("last run", "there is none", "run `netraven backup run --all`")
    began = run.start_time or run.created_at
    if began > clock.now() + _CLOCK_TOLERANCE:
        finding = f"it began in the future, at {local_time(began)}"
        return _warning("last run", finding, "this machine's clock went back; set it right")
    finding = f"{run.status.value}, began {local_time(began)}"
    if run.status in {"succeeded", "running", "queued", "skipped"}:
        return _ok("last run", finding)
    return _warning("last run", finding, "see `netraven run show`")
