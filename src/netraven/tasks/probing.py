"""One device tried the way a backup goes, told in full; little of it is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from netraven.admin.installation import get_installation_key
from netraven.archive.dialogues import show
from netraven.collect.gate import SweepGate
from netraven.collect.probe import ProbeReport, probe
from netraven.collect.target import Target
from netraven.collect.witness import Witness
from netraven.db import Actor, new_id, unit_of_work
from netraven.db.enums import HostKeyState, ResultStatus
from netraven.errors import Conflict, DevicesFailed, HostKeyChanged
from netraven.inventory.detected import record_platforms
from netraven.inventory.hostkeys import record_host_keys
from netraven.jobs.leases import release_leases_of
from netraven.platforms.facts import Facts, read_facts
from netraven.platforms.platform import Platform
from netraven.platforms.undetermined import UNDETERMINED
from netraven.tasks.acquaintance import keep_logins
from netraven.tasks.plan import login_rules, session_limits
from netraven.tasks.shards import PassedOver, Planned, ShardLoader


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedDevice:
    """What a walk to one device found; `probe` holds its steps and, where it failed, the error.

    `dialogue` is what the device said, each secret a token; None where secrets cannot be told
    from the rest. `last_seen` is its last line. `facts` is None where the walk ended before.
    """

    target: Target
    platform: Platform
    probe: ProbeReport = field(repr=False)
    dialogue: str | None = field(repr=False)
    last_seen: str
    facts: Facts | None


def probe_device(
    sessions: sessionmaker[Session],
    device_id: UUID,
    *,
    actor: Actor,
    deadline_s: float | None = None,
    is_anything: bool = False,
) -> ProbedDevice:
    """Return how far a walk to the device comes that logs in and asks for its version.

    Its lease is held meanwhile, and logins follow the same rules as a run's and are counted as
    those are, so that a test locks no account either. A changed host key is remembered as offered,
    for whoever accepts it, and the platform of a device that had none yet; nothing else is kept.
    With `is_anything` the device's platform is found out whatever its row says. Blocks, on an event
    loop of its own. Raises Conflict("device") while a run collects from it, DevicesFailed where it
    cannot be tried (no credential, unknown platform).
    """
    owner = f"test {new_id()}"
    with unit_of_work(sessions, actor=actor, read_only=True) as db:
        limits = session_limits(db, deadline_s=deadline_s)
        policy, history = login_rules(db)
        key = get_installation_key(db)
    loader = ShardLoader(partial(unit_of_work, sessions, actor=actor), owner, limits=limits)
    try:
        planned = _planned(loader, device_id)
        request = planned.request
        gate = SweepGate(policy, history, hostname_of=lambda one: loader.hostnames.get(one, one))
        witness = Witness(gate, [], [])
        platform = UNDETERMINED if is_anything else request.platform
        report = asyncio.run(probe(request.target, request.logins, platform, limits, gate=witness))
        with unit_of_work(sessions, actor=actor) as db:
            record_host_keys(db, _changed_key(planned, report), HostKeyState.OFFERED)
            keep_logins(db, witness.results, witness.freezes, loader.credential_ids)
            if report.platform is not UNDETERMINED:
                record_platforms(db, {device_id: report.platform.name})
    finally:
        with unit_of_work(sessions, actor=actor) as db:
            release_leases_of(db, owner)
    return _told(request.target, report.platform, report, key)


def _planned(loader: ShardLoader, device_id: UUID) -> Planned:
    shard = loader.load([device_id])
    for planned in shard.planned:
        return planned
    for passed_over in shard.passed_over:
        raise _objection(passed_over)
    message = "the device has just been deleted"
    raise Conflict("device", message)


def _objection(passed_over: PassedOver) -> Conflict | DevicesFailed:
    if passed_over.status is ResultStatus.SKIPPED:
        return Conflict("device", passed_over.message)
    return DevicesFailed(passed_over.message)


def _changed_key(planned: Planned, report: ProbeReport) -> dict[UUID, str]:
    """Return the key that was refused, by the device or jump host that showed it."""
    if not isinstance(report.error, HostKeyChanged):
        return {}
    seen = report.report
    shown = [key for key in (*seen.jump_host_keys, seen.host_key) if key is not None]
    # Who shows a changed key is the last one that was reached.
    passed = [*zip((*planned.jump_ids, planned.device_id), shown, strict=False)]
    return dict(passed[-1:])


def _told(target: Target, platform: Platform, report: ProbeReport, key: bytes) -> ProbedDevice:
    evidence = report.report
    dialogue = show(evidence.dialogue, platform, key) if platform.secrets else None
    version = report.version
    return ProbedDevice(
        target=target,
        platform=platform,
        probe=report,
        dialogue=dialogue,
        # Without a dialogue nobody was logged in, and what was said is told to anybody who asks.
        last_seen=_last_line(dialogue or "") if evidence.dialogue else evidence.last_seen,
        facts=None if version is None else read_facts((version,), platform),
    )


def _last_line(dialogue: str) -> str:
    return dialogue.rstrip().rpartition("\n")[2].strip()
