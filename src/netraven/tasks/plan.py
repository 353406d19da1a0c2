"""The terms on which devices are collected now: limits, and what is known of logins."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.settings import get_number
from netraven.collect.gate import LoginHistory, LoginPolicy
from netraven.collect.lanes import SweepLimits
from netraven.collect.limits import Limits
from netraven.collect.target import Login
from netraven.jobs.refusals import get_login_refusals
from netraven.models import Credential

_MIB = 1024 * 1024
_PROVEN_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for the devices of a shard as it begins."""

    limits: Limits
    sweep_limits: SweepLimits
    policy: LoginPolicy
    history: LoginHistory


def read_terms(db: Session, *, deadline_s: float | None = None) -> Terms:
    """Return the terms of now; `deadline_s` stands for the setting's longest work on a device."""
    policy, history = login_rules(db)
    return Terms(
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


def get_proven_logins(db: Session, names: Collection[str]) -> frozenset[str]:
    """Return those credentials of these names that a device took a moment ago."""
    if not names:
        return frozenset()
    now = clock.now()
    found = db.scalars(select(Credential).where(Credential.name.in_(names)))
    return frozenset(one.name for one in found if _is_proven(one, now))


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
