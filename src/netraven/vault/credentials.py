"""Credentials: found, listed, made, changed, and chosen for devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from netraven import clock
from netraven.admin.audit import MASK, audit
from netraven.db import Id, as_uuid, get_actor, guarded, name_key, new_id, operation
from netraven.db.chunks import in_chunks
from netraven.db.paging import check_page, contains
from netraven.db.types import JsonValue, bounded_key
from netraven.errors import InUse, Invalid
from netraven.models import Credential, CredentialTag, Device, DeviceTag
from netraven.schemas.credential import MAX_NAME, CredentialCreate, CredentialUpdate
from netraven.vault.links import replace_links
from netraven.vault.privatekeys import check_private_key
from netraven.vault.secrets import SECRET_FIELDS, open_secrets, seal_secret

_TEXT_FIELDS = ("name", "username", "description", "aaa_domain")
_KEY_FIELDS = ("private_key", "private_key_passphrase")


@operation
def get_credential(db: Session, credential_id: Id) -> Credential | None:
    """Return the credential with its tag links loaded, or None; no secret is opened."""
    return db.scalar(_credentials().where(Credential.id == as_uuid(credential_id)))


@operation
def get_credential_by_name(db: Session, name: str) -> Credential | None:
    """Return the credential of that name, case ignored, or None."""
    return db.scalar(_credentials().where(Credential.name_key == name_key(name.strip())))


@operation
def get_credentials(
    db: Session,
    skip: int = 0,
    limit: int = 100,
    *,
    search: str | None = None,
    tag_id: Id | None = None,
    aaa_domain: str | None = None,
) -> list[Credential]:
    """Return a page of credentials by name; `search` looks into name and user name."""
    check_page(skip, limit)
    wanted = _matching(search=search, tag_id=tag_id, aaa_domain=aaa_domain)
    page = _credentials().where(*wanted).order_by(Credential.name_key, Credential.id)
    return list(db.scalars(page.offset(skip).limit(limit)))


@operation
def count_credentials(
    db: Session,
    *,
    search: str | None = None,
    tag_id: Id | None = None,
    aaa_domain: str | None = None,
) -> int:
    """Return how many credentials `get_credentials` would list without paging."""
    wanted = _matching(search=search, tag_id=tag_id, aaa_domain=aaa_domain)
    return db.scalars(select(func.count()).select_from(Credential).where(*wanted)).one()


@operation
def create_credential(db: Session, credential: CredentialCreate) -> Credential:
    """Keep a login, its secrets sealed.

    Raises Invalid("password") without password and private key, Invalid("private_key") for an
    unreadable key, Invalid("tags") for an absent tag, Conflict("name"), KeyUnavailable.
    """
    secrets = {field: getattr(credential, field) for field in SECRET_FIELDS}
    _check_key(secrets)
    row = Credential(id=new_id(), name_key=bounded_key(credential.name, MAX_NAME))
    for field in _TEXT_FIELDS:
        setattr(row, field, getattr(credential, field))
    _set_secrets(db, row, secrets)
    _check_login(row)
    with guarded(db):
        db.add(row)
        db.flush()
        _, tags = replace_links(db, row.id, credential.tags)
    given = {field: MASK for field, secret in secrets.items() if secret is not None}
    audit(
        db,
        event_name="credential_created",
        target_type="credential",
        target_id=row.id,
        target_name=row.name,
        description=f"created the credential {row.name}",
        changes={"username": row.username, **given, "tags": list(tags)},
    )
    return _loaded(db, row.id)


@operation
def update_credential(
    db: Session, credential_id: Id, credential: CredentialUpdate
) -> Credential | None:
    """Change what is given; a new secret, or `frozen` False, thaws the credential.

    Raises as `create_credential` does; the last login secret cannot be cleared.
    """
    row = _locked(db, credential_id, is_removed=False)
    if row is None:
        return None
    with guarded(db):
        changes = _change_texts(row, credential)
        changes |= _change_secrets(db, row, credential)
        changes |= _change_frozen(db, row, credential, is_renewed=_is_renewed(changes))
        db.flush()
        if "tags" in credential.model_fields_set:
            before, after = replace_links(db, row.id, credential.tags)
            changes |= _changed("tags", list(before), list(after))
    if changes:
        audit(
            db,
            event_name="credential_updated",
            target_type="credential",
            target_id=row.id,
            target_name=row.name,
            description=f"changed {', '.join(changes)} of the credential {row.name}",
            changes=changes,
        )
    return _loaded(db, row.id)


@operation
def delete_credential(db: Session, credential_id: Id) -> bool:
    """Remove the credential with its tag links; False if there is none.

    Raises InUse while a device is pinned to it.
    """
    row = _locked(db, credential_id, is_removed=True)
    if row is None:
        return False
    # The row's lock keeps others from pinning a device to it meanwhile.
    pinned = select(func.count()).select_from(Device).where(Device.credential_id == row.id)
    count = db.scalars(pinned).one()
    if count:
        raise InUse(f"{count} device(s) use the credential {row.name}; give them another first")
    db.delete(row)
    db.flush()
    audit(
        db,
        event_name="credential_deleted",
        target_type="credential",
        target_id=row.id,
        target_name=row.name,
        description=f"deleted the credential {row.name}",
        changes={"username": row.username},
    )
    return True


@operation
def get_credentials_for_device(db: Session, device_id: Id) -> list[Credential]:
    """Return what is tried on the device, in order: the pinned one alone, else its tags'.

    Those of tags stand by their best priority, name, id. Frozen ones are among them.
    """
    known = as_uuid(device_id)
    chosen = get_credentials_for_devices(db, [known]).get(known, []) if known else []
    rows = get_credentials_by_id(db, chosen)
    return [rows[credential_id] for credential_id in chosen]


@operation
def get_credentials_for_devices(db: Session, device_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return for each device that exists the ids that `get_credentials_for_device` lists.

    Two statements for each 1 000 devices; the rows come from `get_credentials_by_id`.
    """
    chosen: dict[UUID, list[UUID]] = {}
    for chunk in in_chunks(sorted(set(device_ids))):
        devices = select(Device.id, Device.credential_id).where(Device.id.in_(chunk))
        pinned = {row.id: row.credential_id for row in db.execute(devices)}
        chosen |= {device: [one] if one else [] for device, one in pinned.items()}
        by_tag = [device for device, one in pinned.items() if one is None]
        for row in db.execute(_offers(by_tag)):
            chosen[row.device_id].append(row.id)
    return chosen


@operation
def get_credentials_by_id(db: Session, credential_ids: Sequence[UUID]) -> dict[UUID, Credential]:
    """Return the credentials of these ids, tag links loaded; absent ones are left out."""
    found: dict[UUID, Credential] = {}
    for chunk in in_chunks(sorted(set(credential_ids))):
        rows = db.scalars(_credentials().where(Credential.id.in_(chunk)))
        found |= {row.id: row for row in rows}
    return found


def _credentials() -> Select[Credential]:
    links = selectinload(Credential.tag_links).selectinload(CredentialTag.tag)
    # Counters and links are changed in SQL, behind the back of rows in hand.
    return select(Credential).options(links).execution_options(populate_existing=True)


def _loaded(db: Session, credential_id: UUID) -> Credential:
    return db.scalars(_credentials().where(Credential.id == credential_id)).one()


def _locked(db: Session, credential_id: Id, *, is_removed: bool) -> Credential | None:
    wanted = select(Credential).where(Credential.id == as_uuid(credential_id))
    locked = wanted.with_for_update(key_share=not is_removed)
    return db.scalar(locked.execution_options(populate_existing=True))


def _matching(
    *, search: str | None, tag_id: Id | None, aaa_domain: str | None
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if search and search.strip():
        text = search.strip()
        wanted.append(or_(contains(Credential.name, text), contains(Credential.username, text)))
    if tag_id is not None and str(tag_id).strip():
        linked = select(CredentialTag.credential_id).where(CredentialTag.tag_id == as_uuid(tag_id))
        wanted.append(Credential.id.in_(linked))
    if aaa_domain and aaa_domain.strip():
        wanted.append(Credential.aaa_domain == aaa_domain.strip())
    return wanted


def _offers(device_ids: Sequence[UUID]) -> Select[UUID, UUID]:
    """Return the credentials that these devices' tags offer, best first, each once a device."""
    return (
        select(DeviceTag.device_id, Credential.id)
        .join(CredentialTag, CredentialTag.tag_id == DeviceTag.tag_id)
        .join(Credential, Credential.id == CredentialTag.credential_id)
        .where(DeviceTag.device_id.in_(device_ids))
        .group_by(DeviceTag.device_id, Credential.id, Credential.name_key)
        .order_by(func.min(CredentialTag.priority), Credential.name_key, Credential.id)
    )


def _change_texts(row: Credential, credential: CredentialUpdate) -> dict[str, JsonValue]:
    changes: dict[str, JsonValue] = {}
    for field in _TEXT_FIELDS:
        if field in credential.model_fields_set:
            after = getattr(credential, field)
            changes |= _changed(field, getattr(row, field), after)
            setattr(row, field, after)
    row.name_key = bounded_key(row.name, MAX_NAME)
    return changes


def _change_secrets(
    db: Session, row: Credential, credential: CredentialUpdate
) -> dict[str, JsonValue]:
    given = {
        field: getattr(credential, field)
        for field in SECRET_FIELDS
        if field in credential.model_fields_set
        and (getattr(credential, field) is not None or _has(row, field))
    }
    if given.keys() & set(_KEY_FIELDS):
        _check_key(_key_part(db, row, given))
    changes: dict[str, JsonValue] = {
        field: {
            "before": MASK if _has(row, field) else None,
            "after": None if secret is None else MASK,
        }
        for field, secret in given.items()
    }
    _set_secrets(db, row, given)
    _check_login(row)
    return changes


def _key_part(
    db: Session, row: Credential, given: Mapping[str, SecretStr | None]
) -> Mapping[str, SecretStr | None]:
    """Return key and passphrase as they will be; what is kept is opened only to be checked."""
    is_cleared = "private_key" in given and given["private_key"] is None
    kept = [field for field in _KEY_FIELDS if field not in given and _has(row, field)]
    if is_cleared or not kept:
        return given
    return {**open_secrets(db, row.id, kept), **given}


def _change_frozen(
    db: Session, row: Credential, credential: CredentialUpdate, *, is_renewed: bool
) -> dict[str, JsonValue]:
    was_frozen = row.frozen_at is not None
    wanted = credential.frozen
    if wanted is None:
        wanted = was_frozen and not is_renewed
    if wanted == was_frozen:
        return {}
    row.frozen_at = clock.now() if wanted else None
    row.frozen_reason = f"frozen by {get_actor(db).name}" if wanted else None
    return _changed("frozen", was_frozen, wanted)


def _is_renewed(changes: Mapping[str, JsonValue]) -> bool:
    """Tell whether a secret was given, not only cleared."""
    secrets = (changes.get(field) for field in SECRET_FIELDS)
    return any(isinstance(change, dict) and change["after"] == MASK for change in secrets)


def _changed(field: str, before: JsonValue, after: JsonValue) -> dict[str, JsonValue]:
    return {} if before == after else {field: {"before": before, "after": after}}


def _set_secrets(db: Session, row: Credential, secrets: Mapping[str, SecretStr | None]) -> None:
    for field, secret in secrets.items():
        sealed = None if secret is None else seal_secret(db, row.id, field, secret)
        setattr(row, field, sealed)
        setattr(row, f"has_{field}", sealed is not None)


def _has(row: Credential, field: str) -> bool:
    return bool(getattr(row, f"has_{field}"))


def _check_login(row: Credential) -> None:
    if not (row.has_password or row.has_private_key):
        raise Invalid("password", "a credential needs a password or a private key")


def _check_key(secrets: Mapping[str, SecretStr | None]) -> None:
    key, passphrase = (secrets.get(field) for field in _KEY_FIELDS)
    if key is not None:
        check_private_key(
            key.get_secret_value(), passphrase.get_secret_value() if passphrase else None
        )
    elif passphrase is not None:
        raise Invalid("private_key_passphrase", "there is no private key that it opens")
