"""The installation key: 32 random bytes, made once, that key tokens and the audit head.

It lies sealed in the canary row and never changes, so tokens stay comparable for ever.
"""

from __future__ import annotations

import os

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import KeyRing, get_keyring, insert_into, new_id, operation
from netraven.errors import KeyUnavailable
from netraven.models import KeyCanary
from netraven.seal import KEY_BYTES, Place


@operation
def get_installation_key(db: Session) -> bytes:
    """Return the installation key, making it on first use.

    Raises KeyUnavailable without a key ring or with one that does not open it.
    """
    keyring = _keyring(db)
    row = db.scalar(select(KeyCanary)) or _make_canary(db, keyring)
    return keyring.open(row.installation_key, canary_place(row))


@operation
def find_installation_key(db: Session) -> bytes | None:
    """Return the installation key, or None where it was never made; raises KeyUnavailable."""
    row = db.scalar(select(KeyCanary))
    return None if row is None else _keyring(db).open(row.installation_key, canary_place(row))


def canary_place(row: KeyCanary) -> Place:
    """Return the place that the canary's sealed key is bound to."""
    return Place(KeyCanary.__tablename__, str(row.id), "installation_key")


def _keyring(db: Session) -> KeyRing:
    keyring = get_keyring(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; nothing sealed can be read or stored")
    return keyring


def _make_canary(db: Session, keyring: KeyRing) -> KeyCanary:
    row = KeyCanary(id=new_id(), only=1)
    row.installation_key = keyring.seal(os.urandom(KEY_BYTES), canary_place(row))
    values = {"id": row.id, "only": 1, "installation_key": row.installation_key}
    db.execute(insert_into(db, KeyCanary).values(values).on_conflict_do_nothing())
    # Another process may have been first: the row that is there is the one that counts.
    return db.scalars(select(KeyCanary)).one()
