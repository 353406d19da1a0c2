"""What is done to recorded sessions, and the count of what becomes of it.

`python -m tests.transcripts.cuts` cuts all of them behind every line and at 200 random bytes,
plays them with answers doubled, missing and swapped, after a good backup of another device, and
undamaged in one-byte pieces and with pauses, and prints the tables; so it does with sessions of
written devices. With names behind it (`ios# "a netscaler"`) only those that begin so. The suite
takes a sample of it.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache

from netraven.archive.grade import PreviousCapture, grade, name_mark
from netraven.db.enums import BackupStatus
from netraven.errors import CollectError
from netraven.platforms.observation import Observation
from tests.collect.clock import VirtualClockLoop, run_virtual
from tests.collect.memory import load_recordings
from tests.laboratory import IS_ABSENT, LABORATORY
from tests.transcripts.recorded import (
    LIMITS,
    MOST_PAUSES,
    NEWLINE,
    Damage,
    DamagedStream,
    Exchange,
    RecordedSession,
    collect_running,
    record,
    record_stream,
)
from tests.transcripts.written import Written, WrittenStream, written_devices

RANDOM_CUTS = 200
PIECE_CUTS = 500
"""So many places of one session at a time, so that the longest one keeps no worker alone."""
NOWHERE = 10**9
WORKERS = 2

LOG = b"*Mar  3 06:11:09.123: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/7, changed state to down"
ERROR = b"% Error: insufficient memory"
OTHER_PROMPT = b"other-switch#"
BANNER = b"*** authorised use only ***\r\n*** ask at the desk ***"
SYSLOG = b"Mar  3 06:11:09 core-1 sshd[4321]: Accepted password for core-1# from 192.0.2.9"
WALL = (
    b"Broadcast message from root@core-1 (pts/1) (Tue Mar  3 06:11:09 2026):\r\n\r\ncore-1# is down"
)
OWN_LINES = {
    "aruba_aoscx": (
        b"2026-03-03T06:11:09.123456+00:00 core-1 lldpd[4321]: Event|104|LOG_INFO|core-1#",
    ),
    "arista_eos": (
        b"Mar  3 06:11:09 core-1 ConfigAgent: %SYS-5-CONFIG_I: Configured by core-1# on vty5",
        WALL,
    ),
    "cisco_asa": (
        b"%ASA-5-111008: User 'enable_15' executed the 'core-1#' command.",
        b"***\r\n*** --- SHUTDOWN in 0:05:00 ---\r\n***",
    ),
    "cisco_ios": (
        b"*Mar  3 06:11:09.123: %SYS-5-CONFIG_I: Configured from console by core-1# on vty0",
        b"***\r\n***\r\n*** Message from tty2 to all terminals:\r\n***\r\ncore-1# goes down",
    ),
    "hp_comware": (
        b"%Mar  3 06:11:09:123 2026 core-1 SHELL/5/SHELL_LOGIN: core-1# logged in from 192.0.2.9.",
    ),
    "juniper_junos": (
        b"Message from syslogd@core-1 at Mar  3 06:11:09  ...\r\ncore-1 mgd[4321]: core-1> is busy",
        WALL,
    ),
}
"""How these platforms print messages into whatever a terminal shows; others as syslog does."""


@dataclass(slots=True)
class Tally:
    """How many cuts there were and what became of them; `wrong` must stay empty.

    `fired` counts how often each rule spoke against an answer, `alone` how often nothing but it
    stood between a damaged text and a completed backup.
    """

    cuts: int = 0
    completed: int = 0
    quarantined: int = 0
    failed: int = 0
    wrong: list[str] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        session: RecordedSession,
        what: str,
        running: Observation,
        previous: PreviousCapture | None = None,
    ) -> None:
        """Count what a grade makes of an answer; completed and different is wrong."""
        verdict = grade(running, session.platform, previous)
        doubts = verdict.evidence.get("doubts")
        rules = [str(rule) for rule in doubts] if isinstance(doubts, list) else []
        self.fired.update(rules)
        if len(rules) == 1 and running.text != session.running:
            self.alone.update(rules)
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
        self.fired.update(other.fired)
        self.alone.update(other.alone)


@cache
def recorded_sessions() -> tuple[RecordedSession, ...]:
    """Return all recorded sessions, none where the laboratory is absent."""
    if IS_ABSENT:
        return ()
    return tuple(record(recording) for recording in load_recordings(LABORATORY))


def written_session(device: Written) -> RecordedSession:
    """Return the session with a written device."""

    async def talk() -> RecordedSession:
        return await record_stream(WrittenStream(device), device.declared, name=device.name)

    return run_virtual(talk())


@cache
def written_sessions() -> tuple[RecordedSession, ...]:
    """Return the sessions with all written devices."""
    return tuple(written_session(device) for device in written_devices())


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
    own_lines = OWN_LINES.get(session.platform.name, (SYSLOG, WALL))
    between = (ERROR, OTHER_PROMPT, LOG, own.strip(), *own_lines)
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


def misanswered(session: RecordedSession) -> list[tuple[str, RecordedSession]]:
    """Return the session with the configuration's answer doubled, missing, or another one's.

    The device does so once, and always where it prints an end marker: one that prints none and
    answers wrongly in the same way each time says nothing by which anybody could know.
    """
    first, last, version = session.config_exchanges
    typed, said = session.exchanges[first].typed, session.exchanges[first].said
    if first != last or version is None:
        return []
    head, rest = _behind_first_line(said)
    body = rest.removesuffix(session.prompt)
    _, other = _behind_first_line(session.exchanges[version].said)
    wrong = {
        "its answer twice": head + body + rest,
        "its answer twice with the prompt between": head + rest + head + rest,
        "the command echoed twice": head + session.prompt + head + rest,
        "no answer": head + session.prompt,
        "no answer and no echo": session.prompt,
        "the version's answer": head + other,
        "the version's answer before its own": head + other + body + session.prompt,
    }
    has_marker = session.platform.completeness.end_marker is not None
    found = []
    for name, answer in wrong.items():
        exchanges = list(session.exchanges)
        exchanges[first] = Exchange(typed, answer)
        if has_marker:
            # Asked again it says the same: nothing else was recorded for this command.
            found.append((f"{name}, always", replace(session, exchanges=tuple(exchanges))))
        exchanges.insert(first + 1, session.exchanges[first])
        found.append((f"{name}, once", replace(session, exchanges=tuple(exchanges))))
    return found


def _behind_first_line(said: bytes) -> tuple[bytes, bytes]:
    """Return the first line with its end, and what comes after it."""
    match = NEWLINE.search(said)
    end = len(said) if match is None else match.end()
    return said[:end], said[end:]


def of_another_device(session: RecordedSession) -> PreviousCapture:
    """Return what a good backup of another device of the same size left."""
    return PreviousCapture.of(len(session.running.encode()), {"name_mark": name_mark("core-9")})


def wholes_of(session: RecordedSession) -> tuple[Damage, ...]:
    """Return what is no damage: the session is whole, and must be completed."""
    return (
        Damage("in one-byte pieces", piece=1),
        Damage(
            "with pauses below the idle limit",
            piece=len(session.said) // MOST_PAUSES + 1,
            pause_s=LIMITS.idle_s - 1,
        ),
    )


def line_cuts(session: RecordedSession, *, at_most: int | None = None) -> list[int]:
    """Return the place behind every line of all that the device said, or a sample of them."""
    places = [match.end() for match in NEWLINE.finditer(session.said)]
    if at_most is None or len(places) <= at_most:
        return places
    return sorted(random.Random(session.name).sample(places, at_most))


def random_cuts(session: RecordedSession, count: int, *, seed: int) -> list[int]:
    """Return places within the configuration."""
    dice = random.Random(f"{seed}/{session.name}")
    return sorted(dice.randrange(*session.config_span) for _ in range(count))


def cut_session(
    session: RecordedSession,
    cuts: Iterable[int],
    damages: Sequence[Damage],
    previous: PreviousCapture | None = None,
) -> Tally:
    """Return what becomes of a session cut in all these places, in memory and in virtual time.

    Outside the configuration only the end and silence follow a cut: what the device says to
    other commands is no backup.
    """
    tally = Tally()
    start, end = session.config_span
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        for cut in cuts:
            for damage in damages if start <= cut <= end or cut >= len(session.said) else QUIET:
                runner.run(_cut_once(session, cut, damage, tally, previous=previous))
    return tally


def misanswer_session(session: RecordedSession) -> Tally:
    """Return what becomes of a session whose configuration is answered wrongly."""
    tally = Tally()
    for name, wrong in misanswered(session):
        tally.include(cut_session(wrong, [NOWHERE], (Damage(name),)))
    return tally


async def _cut_once(
    session: RecordedSession,
    cut: int,
    damage: Damage,
    tally: Tally,
    *,
    previous: PreviousCapture | None,
) -> None:
    tally.cuts += 1
    try:
        running = await collect_running(DamagedStream(session, cut, damage), session.platform)
    except CollectError:
        tally.failed += 1
        return
    what = f"{damage.name} after {session.said[max(0, cut - 30) : cut]!r}"
    tally.add(session, what, running, previous)


def table(tallies: Iterable[tuple[str, Tally]]) -> list[str]:
    """Return one line for each session and one for all of them."""
    rows = [*tallies]
    names = ("cuts", "completed", "quarantined", "failed")
    total = [sum(getattr(tally, name) for _, tally in rows) for name in names]
    lines = [f"{'session':<60}" + "".join(f"{name:>13}" for name in names)]
    for title, counts in [
        *((title, [getattr(tally, name) for name in names]) for title, tally in rows),
        ("all", total),
    ]:
        lines.append(f"{title:<60}" + "".join(f"{count:>13,}" for count in counts))
    wrong = sum(len(tally.wrong) for _, tally in rows)
    return [*lines, f"completed and different from the whole: {wrong}"]


def rule_table(all_of_them: Tally, whole: Tally) -> list[str]:
    """Return one line for each rule that spoke against an answer."""
    lines = [f"{'rule':<22}{'fired':>10}{'alone':>10}{'on whole ones':>16}"]
    rules = sorted({*all_of_them.fired, *whole.fired})
    return lines + [
        f"{rule:<22}{all_of_them.fired[rule]:>10,}{all_of_them.alone[rule]:>10,}"
        f"{whole.fired[rule]:>16,}"
        for rule in rules
    ]


def exhaust(name: str, piece: int) -> tuple[Tally, Tally]:
    """Return what becomes of one recorded session in a piece of all places, and undamaged.

    What is no cut is tried with the first piece.
    """
    every_session = (*recorded_sessions(), *written_sessions())
    session = next(session for session in every_session if session.name == name)
    places = every_place(session)[piece * PIECE_CUTS : (piece + 1) * PIECE_CUTS]
    tally, whole = cut_session(session, places, damages_for(session)), Tally()
    if piece == 0:
        tally.include(misanswer_session(session))
        foreign = cut_session(session, [NOWHERE], QUIET[:1], of_another_device(session))
        if foreign.completed:
            tally.wrong.append("another device's session is completed after a good backup")
        tally.include(foreign)
        whole = cut_session(session, [NOWHERE], wholes_of(session))
        if whole.completed != whole.cuts:
            tally.wrong.append("an undamaged session is not completed")
    return tally, whole


def every_place(session: RecordedSession) -> list[int]:
    """Return the places behind every line, and the random ones."""
    return line_cuts(session) + random_cuts(session, RANDOM_CUTS, seed=1)


def pieces_of(
    sessions: Iterable[RecordedSession], beginnings: Sequence[str]
) -> list[tuple[str, int]]:
    """Return name and number of each piece of the sessions whose names begin so."""
    return [
        (session.name, piece)
        for session in sessions
        if session.name.startswith(tuple(beginnings) or "")
        for piece in range(-(-len(every_place(session)) // PIECE_CUTS))
    ]


def main(beginnings: Sequence[str]) -> int:
    """Print the tables; 1 where anything wrong was completed or anything whole was not."""
    kinds = [pieces_of(each, beginnings) for each in (recorded_sessions(), written_sessions())]
    return max([_play(pieces) for pieces in kinds if pieces], default=0)


def _play(pieces: Sequence[tuple[str, int]]) -> int:
    tallies: dict[str, Tally] = {}
    everything, undamaged = Tally(), Tally()
    with ProcessPoolExecutor(max_workers=WORKERS) as pool:
        for (name, piece), (tally, whole) in zip(
            pieces, pool.map(exhaust, *zip(*pieces, strict=True)), strict=True
        ):
            tallies.setdefault(name, Tally()).include(tally)
            everything.include(tally)
            undamaged.include(whole)
            sys.stderr.write(f"{name}/{piece}: {tally.cuts:,} cuts, {len(tally.wrong)} wrong\n")
    sys.stdout.write(
        "\n".join([*table(tallies.items()), "", *rule_table(everything, undamaged)]) + "\n"
    )
    sys.stdout.write(f"whole sessions: {undamaged.cuts:,}, completed {undamaged.completed:,}\n")
    faults = [f"{name}: {fault}" for name, tally in tallies.items() for fault in tally.wrong]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
