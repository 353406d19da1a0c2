"""How well credentials do, and what follows for the order in which they are tried."""

from __future__ import annotations

from typing import TypeAlias

from sqlalchemy import Float, cast, func, select, update
from sqlalchemy.orm import Session

from netraven.admin.audit import audit
from netraven.db import Id, as_uuid, operation
from netraven.models import Credential, CredentialTag, Tag
from netraven.schemas.credential import MAX_PRIORITY, CredentialStanding, CredentialStats
from netraven.vault.links import get_credentials_by_tag

# Fewer attempts say too little: of a credential among all, and of one among a tag's.
ATTEMPTS_TO_RANK = 5
ATTEMPTS_TO_ORDER = 3
UNKNOWN_RATE = 0.5
RANKED = 5
STEP = 10

_Counted: TypeAlias = type[Credential] | type[CredentialTag]


@operation
def get_credential_stats(db: Session, *, tag_id: Id | None = None) -> CredentialStats:
    """Return how well credentials do: all in all, or, given a tag, on its devices."""
    counted: _Counted = Credential
    conditions = []
    if tag_id is not None and str(tag_id).strip():
        counted = CredentialTag
        conditions = [CredentialTag.tag_id == as_uuid(tag_id)]
    attempts = counted.success_count + counted.failure_count
    totals = select(
        func.count(),
        func.count().filter(attempts == 0),
        func.coalesce(func.sum(counted.success_count), 0),
        func.coalesce(func.sum(counted.failure_count), 0),
    ).select_from(counted)
    total, unused, successes, failures = db.execute(totals.where(*conditions)).one()
    tried = successes + failures
    return CredentialStats(
        total=total,
        unused=unused,
        successes=int(successes),
        failures=int(failures),
        success_rate=int(successes) / int(tried) if tried else None,
        best=_ranked(db, counted, tag_id, is_best=True),
        worst=_ranked(db, counted, tag_id, is_best=False),
    )


@operation
def optimize_credential_priorities(db: Session, tag_id: Id) -> list[CredentialTag]:
    """Give the tag's links the priorities 10, 20, 30 … by falling success rate.

    The rate is the link's after three attempts, else the credential's after three, else 0.5;
    equal ones keep their order. Returns the links in their new order, credential and tag loaded.
    """
    tag = as_uuid(tag_id)
    of_tag = CredentialTag.tag_id == tag
    locked = select(CredentialTag.credential_id).where(of_tag)
    db.execute(locked.order_by(CredentialTag.credential_id).with_for_update(key_share=True))
    links = get_credentials_by_tag(db, tag_id)
    before = {link.credential.name: link.priority for link in links}
    ordered = sorted(links, key=_rate, reverse=True)
    for position, link in enumerate(ordered, start=1):
        priority = min(position * STEP, MAX_PRIORITY)
        if link.priority != priority:
            of_link = CredentialTag.credential_id == link.credential_id
            moved = update(CredentialTag).where(of_tag, of_link).values(priority=priority)
            db.execute(moved.execution_options(synchronize_session=False))
    links = get_credentials_by_tag(db, tag_id)
    after = {link.credential.name: link.priority for link in links}
    if before != after:
        name = db.scalars(select(Tag.name).where(Tag.id == tag)).one()
        audit(
            db,
            event_name="credential_priorities_optimized",
            target_type="tag",
            target_id=tag,
            target_name=name,
            description=f"ordered the credentials of the tag {name} by their success",
            changes={"priorities": {"before": {**before}, "after": {**after}}},
        )
    return links


def _rate(link: CredentialTag) -> float:
    for counted in (link, link.credential):
        attempts = counted.success_count + counted.failure_count
        if attempts >= ATTEMPTS_TO_ORDER:
            return counted.success_count / attempts
    return UNKNOWN_RATE


def _ranked(
    db: Session, counted: _Counted, tag_id: Id | None, *, is_best: bool
) -> list[CredentialStanding]:
    attempts = counted.success_count + counted.failure_count
    rate = cast(counted.success_count, Float) / attempts
    wanted = select(Credential.id, Credential.name, counted.success_count, counted.failure_count)
    if counted is CredentialTag:
        wanted = wanted.join(CredentialTag, CredentialTag.credential_id == Credential.id)
        wanted = wanted.where(CredentialTag.tag_id == as_uuid(tag_id or ""))
    ordered = wanted.where(attempts >= ATTEMPTS_TO_RANK).order_by(
        rate.desc() if is_best else rate, Credential.name_key, Credential.id
    )
    return [
        CredentialStanding(
            credential_id=credential_id,
            name=name,
            successes=successes,
            failures=failures,
            success_rate=successes / (successes + failures),
        )
        for credential_id, name, successes, failures in db.execute(ordered.limit(RANKED))
    ]
