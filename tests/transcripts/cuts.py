"""What is done to recorded sessions, and the count of what becomes of it.

`python -m tests.transcripts.cuts` cuts all of them behind every line and at 200 random bytes,
plays them undamaged in one-byte pieces, and prints the table; `python -m tests.transcripts.cuts
ios tnsr` does so with those whose names begin so. The suite takes a sample of it.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache

from netraven.archive.grade import grade
from netraven.db.enums import BackupStatus
from netraven.errors import CollectError
from netraven.platforms.observation import Observation
from tests.collect.clock import VirtualClockLoop
from tests.collect.memory import load_recordings
from tests.laboratory import IS_ABSENT, LABORATORY
from tests.transcripts.recorded import (
    Damage,
    DamagedStream,
    RecordedSession,
    collect_running,
    record,
)

RANDOM_CUTS = 200
WORKERS = 2

LOG = b"*Mar  3 06:11:09.123: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/7, changed state to down"
ERROR = b"% Error: insufficient memory"
OTHER_PROMPT = b"other-switch#"
BANNER = b"*** authorised use only ***\r\n*** ask at the desk ***"


@dataclass(slots=True)
class Tally:
    """How many cuts there were and what became of them; `wrong` must stay empty."""

    cuts: int = 0
    completed: int = 0
    quarantined: int = 0
    failed: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, session: RecordedSession, what: str, running: Observation) -> None:
        """Count what a grade makes of an answer; completed and different is wrong."""
        verdict = grade(running, session.platform, None)
        match verdict.status:
            case BackupStatus.COMPLETED:
                self.completed += 1
                if running.text != session.running:
                    self.wrong.append(f"{what}: grade {verdict.grade}, {verdict.reason}")
            case BackupStatus.QUARANTINED:
                self.quarantined += 1
            case BackupStatus.FAILED:
                self.failed += 1

    def include(self, other: Tally) -> None:
        """Add what another tally counted."""
        self.cuts += other.cuts
        self.completed += other.completed
        self.quarantined += other.quarantined
        self.failed += other.failed
        self.wrong += other.wrong


@cache
def recorded_sessions() -> tuple[RecordedSession, ...]:
    """Return all recorded sessions, none where the laboratory is absent."""
    if IS_ABSENT:
        return ()
    return tuple(record(recording) for recording in load_recordings(LABORATORY))


def damages_for(session: RecordedSession) -> tuple[Damage, ...]:
    """Return what may follow a cut within a configuration.

    A device that prints an end marker may cut every one of its answers alike; one that prints
    none, and whose every reading were cut alike and then followed by its own true prompt, would
    say nothing by which anybody could know.
    """
    own = session.prompt
    always = session.platform.completeness.end_marker is not None
    after = (
        ("its prompt", b"\r\n" + own, True),
        ("its prompt at once", own, True),
        ("an error", b"\r\n" + ERROR + b"\r\n" + own, True),
        ("an error and silence", b"\r\n" + ERROR + b"\r\n", False),
        ("another device's prompt", b"\r\n" + OTHER_PROMPT, False),
        ("another device", b"\r\n" + OTHER_PROMPT + b" ", True),
        ("a pager", b" --More-- ", False),
        ("a log message", b"\r\n" + LOG + b"\r\n", False),
        ("a log message and its prompt", b"\r\n" + LOG + b"\r\n" + own, True),
        ("a banner and its prompt", b"\r\n" + BANNER + b"\r\n" + own, True),
    )
    between = (ERROR, OTHER_PROMPT, LOG, own.strip())
    return (
        *QUIET,
        *(Damage(name, inserted, is_alive=alive) for name, inserted, alive in after),
        *(
            Damage(f"always {name}", inserted, is_alive=True, is_repeated=True)
            for name, inserted, alive in after
            if alive and always
        ),
        *(
            Damage(f"{line!r} between", b"\r\n" + line + b"\r\n", is_alive=True, resumes=True)
            for line in between
        ),
    )


QUIET = (Damage("the connection's end", ends=True), Damage("silence"))
"""What may follow a cut anywhere."""


def line_cuts(session: RecordedSession, *, at_most: int | None = None) -> list[int]:
    """Return the place behind every line of all that the device said, or a sample of them."""
    places = [place + 1 for place, byte in enumerate(session.said) if byte == ord("\n")]
    if at_most is None or len(places) <= at_most:
        return places
    return sorted(random.Random(session.name).sample(places, at_most))


def random_cuts(session: RecordedSession, count: int, *, seed: int) -> list[int]:
    """Return places within the configuration."""
    dice = random.Random(f"{seed}/{session.name}")
    return sorted(dice.randrange(*session.config_span) for _ in range(count))


def cut_session(session: RecordedSession, cuts: Iterable[int], damages: Sequence[Damage]) -> Tally:
    """Return what becomes of a session cut in all these places, in memory and in virtual time.

    Outside the configuration only the end and silence follow a cut: what the device says to
    other commands is no backup.
    """
    tally = Tally()
    start, end = session.config_span
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        for cut in cuts:
            for damage in damages if start <= cut <= end or cut >= len(session.said) else QUIET:
                runner.run(_cut_once(session, cut, damage, tally))
    return tally


async def _cut_once(session: RecordedSession, cut: int, damage: Damage, tally: Tally) -> None:
    tally.cuts += 1
    try:
        running = await collect_running(DamagedStream(session, cut, damage), session.platform)
    except CollectError:
        tally.failed += 1
        return
    tally.add(session, f"{damage.name} after {session.said[max(0, cut - 30) : cut]!r}", running)


def table(tallies: Iterable[tuple[str, Tally]]) -> list[str]:
    """Return one line for each session and one for all of them."""
    rows = [*tallies]
    names = ("cuts", "completed", "quarantined", "failed")
    total = [sum(getattr(tally, name) for _, tally in rows) for name in names]
    lines = [f"{'recorded session':<46}" + "".join(f"{name:>13}" for name in names)]
    for title, counts in [
        *((title, [getattr(tally, name) for name in names]) for title, tally in rows),
        ("all", total),
    ]:
        lines.append(f"{title:<46}" + "".join(f"{count:>13,}" for count in counts))
    wrong = sum(len(tally.wrong) for _, tally in rows)
    return [*lines, f"completed and different from the whole: {wrong}"]


def exhaust(name: str) -> tuple[str, Tally]:
    """Return what becomes of one recorded session in all places and in one-byte pieces."""
    session = next(session for session in recorded_sessions() if session.name == name)
    tally = cut_session(session, line_cuts(session), damages_for(session))
    tally.include(
        cut_session(session, random_cuts(session, RANDOM_CUTS, seed=1), damages_for(session))
    )
    whole = cut_session(session, [len(session.said)], (Damage("in one-byte pieces", piece=1),))
    if whole.completed != whole.cuts:
        tally.wrong.append("the undamaged session in one-byte pieces is not completed")
    return name, tally


def main(beginnings: Sequence[str]) -> int:
    """Print the table; 1 where anything wrong was completed or anything whole was not."""
    names = [
        session.name
        for session in recorded_sessions()
        if session.name.startswith(tuple(beginnings) or "")
    ]
    with ProcessPoolExecutor(max_workers=WORKERS) as pool:
        tallies = []
        for name, tally in pool.map(exhaust, names):
            tallies.append((name, tally))
            sys.stderr.write(f"{name}: {tally.cuts:,} cuts, {len(tally.wrong)} wrong\n")
    sys.stdout.write("\n".join(table(tallies)) + "\n")
    faults = [f"{name}: {fault}" for name, tally in tallies for fault in tally.wrong]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
