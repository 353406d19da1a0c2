"""The check, at start, that the key ring is the one this database is sealed with."""

from __future__ import annotations

from sqlalchemy.orm import Session

from netraven.admin.installation import get_installation_key
from netraven.db import get_keyring, operation
from netraven.errors import KeyUnavailable


@operation
def verify_keyring(db: Session) -> None:
    """Open the canary, making it on first use.

    Raises KeyUnavailable for a missing, wrong or retired key, Corrupt for a damaged canary.
    """
    try:
        get_installation_key(db)
    except KeyUnavailable as error:
        raise KeyUnavailable(error.key_id, _sentence(db, error)) from None


def _sentence(db: Session, error: KeyUnavailable) -> str:
    keyring = get_keyring(db)
    if keyring is None:
        return "there is no key ring for this database; put your copy back and start again"
    held = ", ".join(key.key_id for key in keyring.keys)
    if error.key_id in {key.key_id for key in keyring.keys}:
        return f"this database is sealed with the key {error.key_id}, which the key ring retired"
    return (
        f"this database is sealed with the key {error.key_id}, and the key ring holds only {held}; "
        "put back the copy of the key ring that belongs to it"
    )
