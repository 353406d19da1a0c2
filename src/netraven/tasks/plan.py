"""The beginning of a run: its row, its devices in order, and the limits that hold now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from netraven import clock
from netraven.admin.settings import get_number
from netraven.collect.gate import LoginHistory, LoginPolicy
from netraven.collect.lanes import SweepLimits
from netraven.collect.limits import Limits
from netraven.collect.target import Login
from netraven.db import Actor, unit_of_work
from netraven.db.chunks import in_chunks
from netraven.db.enums import BackupStatus, JobType, RunStatus
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.refusals import get_login_refusals
from netraven.jobs.runs import create_job_log, start_job_log
from netraven.models import Credential, Device
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate

_MIB = 1024 * 1024
_PROVEN_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A run that has begun: its devices, those that failed last time at the end, and limits."""

    run_id: UUID
    device_ids: tuple[UUID, ...]
    limits: Limits
    sweep_limits: SweepLimits
    policy: LoginPolicy
    history: LoginHistory


def begin_backup(
    sessions: sessionmaker[Session],
    device_ids: Sequence[UUID],
    *,
    actor: Actor,
    deadline_s: float | None = None,
) -> RunPlan:
    """Create and start a run over these devices, each once; committed when this returns.

    Without devices the run is skipped at once. `deadline_s` stands for the setting's longest work
    on one device. Raises Invalid("device_ids") for an absent device.
    """
    wanted = list(dict.fromkeys(device_ids))
    with unit_of_work(sessions, actor=actor) as db:
        run = create_job_log(db, JobLogCreate(job_type=JobType.BACKUP, device_ids=list(wanted)))
        if run.status is RunStatus.QUEUED:
            start_job_log(db, run.id)
            message = f"the backup of {len(wanted)} {'device' if len(wanted) == 1 else 'devices'}"
            began = JobLogEntryCreate(message=f"{message} began", category="run")
            append_job_log_entries(db, run.id, [began])
        policy, history = login_rules(db)
        return RunPlan(
            run_id=run.id,
            device_ids=_in_order(db, wanted),
            limits=session_limits(db, deadline_s=deadline_s),
            sweep_limits=_sweep_limits(db),
            policy=policy,
            history=history,
        )


def session_limits(db: Session, *, deadline_s: float | None = None) -> Limits:
    """Return the limits of one device's session; `deadline_s` stands for the setting's."""
    return Limits(
        deadline_s=deadline_s or get_number(db, "system.jobs.device_deadline_seconds"),
        max_bytes=get_number(db, "system.backup.max_size_mib") * _MIB,
    )


def login_rules(db: Session) -> tuple[LoginPolicy, LoginHistory]:
    """Return how careful logins are now, and what is known of earlier ones."""
    policy = _policy(db)
    return policy, _history(db, policy, clock.now())


def _in_order(db: Session, device_ids: Sequence[UUID]) -> tuple[UUID, ...]:
    """Put the devices that failed last time last, so that the dead hold nobody up."""
    failed: set[UUID] = set()
    for chunk in in_chunks(device_ids):
        of_chunk = select(Device.id).where(Device.id.in_(chunk))
        failed.update(db.scalars(of_chunk.where(Device.last_backup_status == BackupStatus.FAILED)))
    return tuple(sorted(device_ids, key=failed.__contains__))


def _sweep_limits(db: Session) -> SweepLimits:
    at_once = get_number(db, "system.jobs.max_concurrent_devices")
    return SweepLimits(concurrency=at_once, slow_lane=2 * at_once)


def _policy(db: Session) -> LoginPolicy:
    return LoginPolicy(
        max_auth_failures=get_number(db, "security.device_login.max_auth_failures"),
        window_minutes=get_number(db, "security.device_login.window_minutes"),
        rate_per_minute=get_number(db, "security.device_login.rate_per_minute"),
    )


def _history(db: Session, policy: LoginPolicy, now: datetime) -> LoginHistory:
    since = now - timedelta(minutes=policy.window_minutes)
    used = select(Credential).where(
        (Credential.last_used >= min(since, now - _PROVEN_FOR)) | Credential.frozen_at.is_not(None)
    )
    credentials = list(db.scalars(used))
    refused_ago_s: dict[str, float] = {}
    for credential in credentials:
        if credential.last_failure is not None and credential.last_failure >= since:
            ago_s = (now - credential.last_failure).total_seconds()
            domain = _login(credential).domain
            refused_ago_s[domain] = min(ago_s, refused_ago_s.get(domain, ago_s))
    refusals = get_login_refusals(db, since=since)
    return LoginHistory(
        accepted=frozenset(one.name for one in credentials if _is_proven(one, now)),
        frozen={one.name: one.frozen_reason or "" for one in credentials if one.frozen_at},
        refusals={(str(device), name): count for (device, name), count in refusals.items()},
        refused_ago_s=refused_ago_s,
    )


def _is_proven(credential: Credential, now: datetime) -> bool:
    accepted_at, refused_at = credential.last_success, credential.last_failure
    if accepted_at is None or accepted_at < now - _PROVEN_FOR:
        return False
    return refused_at is None or refused_at < accepted_at


def _login(credential: Credential) -> Login:
    return Login(
        name=credential.name, username=credential.username, aaa_domain=credential.aaa_domain
    )
