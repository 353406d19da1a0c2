"""Processes that search: they find what this one would, and nothing depends on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psutil
import pytest

from netraven.archive.search_crew import Crew, shared_crew
from netraven.archive.search_history import search_history
from netraven.archive.search_look import Looked, Sought, look
from netraven.archive.search_pattern import PatternKind, read_pattern
from netraven.archive.search_scan import Scan, Window
from netraven.archive.storing import BackupCapture, store_backups
from netraven.archive.weave import Weave
from netraven.archive.weave_frame import FORMAT, SealedWeave, seal_weave
from netraven.db import KeyRing
from netraven.errors import KeyUnavailable
from netraven.schemas.backup import BackupCreate
from netraven.seal import Place
from tests.archive.conftest import NOON, Archive

AT = datetime(2026, 1, 1, tzinfo=UTC)
LINES = (b"hostname core", b"interface Gi0/1", b" description uplink, ticket 4711", b"end")


@pytest.fixture
def crew() -> Iterator[Crew]:
    """Return processes that end soon."""
    crew = Crew(2, idle_s=0.3)
    yield crew
    await_that(lambda: not crew.pids())


def sealed(keyring: KeyRing, number: int) -> Sought:
    """Return a series of one version."""
    weave = Weave()
    weave.append(1, AT, LINES[: 2 + number % 3])
    row = f"device-{number}/running"
    data = seal_weave(keyring, weave, Place("history", row, "data"))
    return Sought(SealedWeave("history", row, FORMAT, data), (), has_sections=True)


def scan_for(pattern: str, kind: PatternKind, *, at: datetime | None = None) -> Scan:
    pattern_read = read_pattern(pattern, kind, case=False)
    return Scan(pattern=pattern_read, window=Window(at=at), section=b"interface")


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("UPLINK", PatternKind.LITERAL),
        ("4711 uplink", PatternKind.WORDS),
        (r"ticket \d{4}$", PatternKind.REGEX),
        ("description uplink, ticket 4711", PatternKind.LINE),
    ],
)
def test_processes_find_what_this_one_does(
    crew: Crew, keyring: KeyRing, pattern: str, kind: PatternKind
) -> None:
    scan = scan_for(pattern, kind)
    turns = [[sealed(keyring, number) for number in range(turn, turn + 5)] for turn in range(4)]

    handed = [crew.hand_over(keyring, scan, turn) for turn in turns]

    found = [each.result() for each in handed]
    assert found == [look(keyring, scan, turn) for turn in turns]
    assert [each and each.hits for each in found[0]] == [[], [2], [2], [], [2]]


def test_a_damaged_weave_costs_only_itself(crew: Crew, keyring: KeyRing) -> None:
    good, other = sealed(keyring, 1), sealed(keyring, 2)
    bad = other._replace(weave=other.weave._replace(row="somebody-else/running"))

    found = crew.hand_over(keyring, scan_for("uplink", PatternKind.LITERAL), [bad, good]).result()

    assert found == [None, Looked([2], is_too_young=False, is_pruned=False)]


def test_a_key_that_is_missing_is_said(crew: Crew, keyring: KeyRing) -> None:
    asked = crew.hand_over(
        KeyRing.generate(), scan_for("uplink", PatternKind.LITERAL), [sealed(keyring, 1)]
    )

    with pytest.raises(KeyUnavailable):
        asked.result()


def test_a_moment_before_the_first_version_is_told(crew: Crew, keyring: KeyRing) -> None:
    scan = scan_for("uplink", PatternKind.LITERAL, at=datetime(2020, 1, 1, tzinfo=UTC))

    (found,) = crew.hand_over(keyring, scan, [sealed(keyring, 1)]).result()

    assert found == Looked([], is_too_young=True, is_pruned=False)


def test_a_process_that_dies_is_replaced_and_nothing_is_lost(keyring: KeyRing) -> None:
    crew = Crew(1, idle_s=10.0)
    scan, turn = scan_for("uplink", PatternKind.LITERAL), [sealed(keyring, 1)]
    first = crew.hand_over(keyring, scan, turn).result()
    killed = crew.pids()

    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    found = [crew.hand_over(keyring, scan, turn).result() for _ in range(2)]

    assert found == [first] * 2
    assert crew.pids()
    assert crew.pids() != killed


def test_idle_processes_end_and_begin_again(crew: Crew, keyring: KeyRing) -> None:
    scan, turn = scan_for("uplink", PatternKind.LITERAL), [sealed(keyring, 1)]
    first = crew.hand_over(keyring, scan, turn).result()
    pids = crew.pids()

    await_that(lambda: not crew.pids())
    await_that(lambda: not any(map(psutil.pid_exists, pids)))

    assert crew.hand_over(keyring, scan, turn).result() == first


PARENT = """
import sys, time
from netraven.archive.search_crew import Crew, shared_crew
from netraven.archive.search_pattern import PatternKind, read_pattern
from netraven.archive.search_scan import Scan, Window
from netraven.seal import KeyRing

crew = Crew(1)
scan = Scan(pattern=read_pattern("uplink", PatternKind.LITERAL, case=True), window=Window())
crew.hand_over(KeyRing.generate(), scan, []).result()
print(*crew.pids(), flush=True)
time.sleep(600)
"""


def test_a_process_ends_with_the_one_that_it_works_for() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.Process(pid).is_running()

        parent.kill()

    await_that(lambda: not psutil.pid_exists(pid) or _is_defunct(pid))


def test_a_process_that_searches_needs_no_database() -> None:
    """Else it would take half a second to begin."""
    program = "import sys, netraven.archive.search_hand; print(*sys.modules)"

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert not {b"sqlalchemy", b"pydantic", b"netraven.models"} & {*told.stdout.split()}


def test_a_long_search_finds_all_in_order_and_goes_on_where_it_ended(
    sync_archive: Archive,
) -> None:
    devices = [sync_archive.add_device(f"edge-{number:03}") for number in range(450)]
    captures = [
        BackupCapture(BackupCreate(device_id=device), f"hostname edge-{number:03}\nend\n")
        for number, device in enumerate(devices)
    ]
    sync_archive.database.run(store_backups, captures, now=NOON)
    run = sync_archive.database.run

    first = run(search_history, "hostname", limit=400)
    second = run(search_history, "hostname", limit=400, cursor=first.cursor)

    names = [device.hostname for page in (first, second) for device in page.devices]
    assert names == [f"edge-{number:03}" for number in range(450)]
    assert [page.searched for page in (first, second)] == [400, 50]
    crew = shared_crew()
    assert crew is None or crew.pids()


def await_that(holds: Callable[[], bool]) -> None:
    """Return as soon as it does."""
    end_s = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def _is_defunct(pid: int) -> bool:
    return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
