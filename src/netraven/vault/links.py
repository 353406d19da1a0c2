"""Which tags offer a credential to their devices, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from netraven.admin.audit import audit
from netraven.db import Id, as_uuid, guarded, insert_into, operation
from netraven.db.chunks import in_chunks
from netraven.db.types import JsonValue, absent, well_formed
from netraven.errors import Invalid
from netraven.models import Credential, CredentialTag, Tag
from netraven.schemas.credential import (
    DEFAULT_PRIORITY,
    MAX_PRIORITY,
    BulkCredentialCounts,
    BulkCredentialFailure,
    BulkCredentialResult,
    BulkUncredentialResult,
    CredentialTagCreate,
    CredentialTagLink,
)

Item = TypeVar("Item")


@operation
def get_credentials_by_tag(db: Session, tag_id: Id) -> list[CredentialTag]:
    """Return the tag's links with credential and tag loaded, by priority, name, id."""
    wanted = (
        select(CredentialTag)
        .join(CredentialTag.credential)
        .where(CredentialTag.tag_id == as_uuid(tag_id))
        .options(contains_eager(CredentialTag.credential), selectinload(CredentialTag.tag))
        .order_by(CredentialTag.priority, Credential.name_key, Credential.id)
        .execution_options(populate_existing=True)
    )
    return list(db.scalars(wanted))


@operation
def associate_credential_with_tag(
    db: Session, association: CredentialTagCreate
) -> CredentialTag | None:
    """Offer the credential to the tag's devices, or change the priority of that offer.

    None if either is absent.
    """
    ends = _locked_ends(db, association.credential_id, association.tag_id)
    if ends is None:
        return None
    pair = ends.pair()
    before = db.scalar(select(CredentialTag.priority).where(*pair))
    if before != association.priority:
        _put_links(db, ends.credential_id, {ends.tag_id: association.priority})
        changed: dict[str, JsonValue] = {"before": before, "after": association.priority}
        audit(
            db,
            event_name="credential_tagged",
            target_type="credential",
            target_id=ends.credential_id,
            target_name=ends.credential_name,
            description=f"offered {ends.credential_name} to devices tagged {ends.tag_name}",
            changes={"tag": ends.tag_name, "priority": changed},
        )
    wanted = select(CredentialTag).where(*pair)
    relations = (CredentialTag.credential, CredentialTag.tag)
    loaded = wanted.options(*(selectinload(relation) for relation in relations))
    return db.scalars(loaded.execution_options(populate_existing=True)).one()


@operation
def remove_credential_from_tag(db: Session, credential_id: Id, tag_id: Id) -> bool:
    """Take the credential from the tag's devices; False when it was not linked."""
    ends = _locked_ends(db, credential_id, tag_id)
    if ends is None:
        return False
    gone = delete(CredentialTag).where(*ends.pair()).returning(CredentialTag.tag_id)
    if not db.scalars(gone.execution_options(synchronize_session=False)).all():
        return False
    audit(
        db,
        event_name="credential_untagged",
        target_type="credential",
        target_id=ends.credential_id,
        target_name=ends.credential_name,
        description=f"took {ends.credential_name} from devices tagged {ends.tag_name}",
        changes={"tag": ends.tag_name},
    )
    return True


@operation
def bulk_associate_credentials_with_tags(
    db: Session,
    *,
    credential_ids: Sequence[Id],
    tag_ids: Sequence[Id],
    priority: int = DEFAULT_PRIORITY,
) -> BulkCredentialResult:
    """Offer every credential to the devices of every tag; absent ids are one failure each.

    Links that are there get the priority and keep their counters; those that had it count as
    `already_present`. Raises Invalid("priority") outside 0 to 10000.
    """
    if not 0 <= priority <= MAX_PRIORITY:
        raise Invalid("priority", f"must be from 0 to {MAX_PRIORITY}, not {priority}")
    pairs = _present(db, credential_ids, tag_ids)
    stored = select(CredentialTag.tag_id).where(CredentialTag.priority == priority)
    changed = 0
    with guarded(db):
        for credential_id in pairs.credentials:
            same = set(db.scalars(stored.where(CredentialTag.credential_id == credential_id)))
            new = dict.fromkeys(pairs.tags.keys() - same, priority)
            _put_links(db, credential_id, new)
            changed += len(new)
    if changed:
        _audit_pairs(db, "credentials_tagged", pairs, {"links": changed, "priority": priority})
    return {**pairs.counts(changed), "already_present": pairs.number - changed}


@operation
def bulk_remove_credentials_from_tags(
    db: Session, *, credential_ids: Sequence[Id], tag_ids: Sequence[Id]
) -> BulkUncredentialResult:
    """Take every credential from the devices of every tag; absent ids are one failure each."""
    pairs = _present(db, credential_ids, tag_ids)
    removed = 0
    for credential_id in pairs.credentials:
        of_credential = CredentialTag.credential_id == credential_id
        for chunk in in_chunks(sorted(pairs.tags)):
            gone = delete(CredentialTag).where(of_credential, CredentialTag.tag_id.in_(chunk))
            quiet = gone.returning(CredentialTag.tag_id).execution_options(
                synchronize_session=False
            )
            removed += len(db.scalars(quiet).all())
    if removed:
        _audit_pairs(db, "credentials_untagged", pairs, {"links": removed})
    return {**pairs.counts(removed), "not_present": pairs.number - removed}


@operation
def replace_links(
    db: Session, credential_id: UUID, links: Sequence[CredentialTagLink]
) -> tuple[list[str], list[str]]:
    """Make these the credential's links, and return what they were and are, as `name:priority`.

    Links that stay keep their counters. Raises Invalid("tags") for an absent tag or one given
    twice; a part of other operations.
    """
    wanted = _checked(links)
    names = _tag_names(db, wanted)
    stored = select(CredentialTag.tag_id, CredentialTag.priority, Tag.name).join(CredentialTag.tag)
    rows = db.execute(stored.where(CredentialTag.credential_id == credential_id)).all()
    before = {row.tag_id: row.priority for row in rows}
    gone = sorted(before.keys() - wanted.keys())
    if gone:
        is_gone = (CredentialTag.credential_id == credential_id, CredentialTag.tag_id.in_(gone))
        removal = delete(CredentialTag).where(*is_gone)
        db.execute(removal.execution_options(synchronize_session=False))
    _put_links(db, credential_id, dict(wanted.items() - before.items()))
    return (
        sorted(f"{row.name}:{row.priority}" for row in rows),
        sorted(f"{names[tag_id]}:{priority}" for tag_id, priority in wanted.items()),
    )


@dataclass(frozen=True, slots=True)
class _Ends:
    """The two ends of a link, both there."""

    credential_id: UUID
    credential_name: str
    tag_id: UUID
    tag_name: str

    def pair(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return (
            CredentialTag.credential_id == self.credential_id,
            CredentialTag.tag_id == self.tag_id,
        )


def _locked_ends(db: Session, credential_id: Id, tag_id: Id) -> _Ends | None:
    """Return both ends, the credential locked against other changes of its links."""
    known = select(Credential.id, Credential.name).where(Credential.id == as_uuid(credential_id))
    credential = db.execute(known.with_for_update(key_share=True)).one_or_none()
    tag = db.execute(select(Tag.id, Tag.name).where(Tag.id == as_uuid(tag_id))).one_or_none()
    if credential is None or tag is None:
        return None
    return _Ends(credential.id, credential.name, tag.id, tag.name)


def _put_links(db: Session, credential_id: UUID, priorities: Mapping[UUID, int]) -> None:
    """Insert these links; those that are there get the priority and keep their counters."""
    if not priorities:
        return
    rows = [
        {"credential_id": credential_id, "tag_id": tag_id, "priority": priority}
        for tag_id, priority in sorted(priorities.items())
    ]
    with guarded(db):
        for chunk in in_chunks(rows):
            inserted = insert_into(db, CredentialTag).values(chunk)
            settled = inserted.on_conflict_do_update(
                index_elements=[CredentialTag.credential_id, CredentialTag.tag_id],
                set_={"priority": inserted.excluded.priority},
            )
            db.execute(settled)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The credentials and tags of a call that exist, by id, and a failure for each other one."""

    credentials: dict[UUID, str]
    tags: dict[UUID, str]
    failures: list[BulkCredentialFailure]

    @property
    def number(self) -> int:
        return len(self.credentials) * len(self.tags)

    def counts(self, done: int) -> BulkCredentialCounts:
        return BulkCredentialCounts(
            success=not self.failures,
            credential_count=len(self.credentials),
            tag_count=len(self.tags),
            successful_operations=done,
            failed_operations=len(self.failures),
            failures=self.failures,
        )


def _present(db: Session, credential_ids: Sequence[Id], tag_ids: Sequence[Id]) -> _Pairs:
    """Return what is there, the credentials locked against other changes of their links."""
    credentials: dict[UUID, str] = {}
    for chunk in in_chunks(well_formed(credential_ids)):
        named = select(Credential.id, Credential.name).where(Credential.id.in_(chunk))
        locked = named.order_by(Credential.id).with_for_update(key_share=True)
        credentials |= {row.id: row.name for row in db.execute(locked)}
    tags: dict[UUID, str] = {}
    for chunk in in_chunks(well_formed(tag_ids)):
        found = select(Tag.id, Tag.name).where(Tag.id.in_(chunk)).order_by(Tag.id)
        tags |= {row.id: row.name for row in db.execute(found)}
    failures = [
        BulkCredentialFailure(
            credential_id=known, tag_id=None, reason=f"there is no credential {given}"
        )
        for given, known in absent(credential_ids, credentials)
    ]
    failures += [
        BulkCredentialFailure(credential_id=None, tag_id=known, reason=f"there is no tag {given}")
        for given, known in absent(tag_ids, tags)
    ]
    return _Pairs(credentials, tags, failures)


def _audit_pairs(
    db: Session, event_name: str, pairs: _Pairs, changes: Mapping[str, JsonValue]
) -> None:
    credentials, tags = list(pairs.credentials.values()), list(pairs.tags.values())
    audit(
        db,
        event_name=event_name,
        target_type="credential",
        target_id=None,
        target_name=f"{len(credentials)} credentials and {len(tags)} tags",
        description=f"{event_name.replace('_', ' ')}: {changes['links']} links",
        changes={"credentials": [*credentials], "tags": [*tags], **changes},
    )


def _checked(links: Sequence[CredentialTagLink]) -> dict[UUID, int]:
    wanted: dict[UUID, int] = {}
    for link in links:
        tag_id = as_uuid(link.tag_id)
        if tag_id is None:
            raise Invalid("tags", f"there is no tag {link.tag_id}")
        if tag_id in wanted:
            raise Invalid("tags", f"the tag {tag_id} is given twice")
        wanted[tag_id] = link.priority
    return wanted


def _tag_names(db: Session, wanted: Mapping[UUID, int]) -> dict[UUID, str]:
    rows = db.execute(select(Tag.id, Tag.name).where(Tag.id.in_(sorted(wanted))))
    names = {row.id: row.name for row in rows}
    missing = sorted(wanted.keys() - names.keys())
    if missing:
        raise Invalid("tags", f"there is no tag {missing[0]}")
    return names
