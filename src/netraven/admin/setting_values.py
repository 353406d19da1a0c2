"""What settings hold: values in clear in their column, secrets sealed behind a mask."""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from netraven.db import get_keyring, operation
from netraven.db.types import JsonValue
from netraven.errors import KeyUnavailable
from netraven.models import AdminSetting
from netraven.seal import Place

MASKED = "********"


@operation
def open_setting(db: Session, setting_id: UUID) -> JsonValue:
    """Return the secret of a sensitive setting, empty where it has none; a part of operations.

    Raises KeyUnavailable without the key, Corrupt where the sealed value was altered or moved.
    """
    column = select(AdminSetting.sealed_value).where(AdminSetting.id == setting_id)
    sealed = db.scalars(column).one()
    if sealed is None:
        return ""
    keyring = get_keyring(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; no sensitive setting can be read")
    value: JsonValue = json.loads(keyring.open(sealed, setting_place(setting_id)))
    return value


@operation
def put_value(db: Session, row: AdminSetting, value: JsonValue) -> None:
    """Store the value in the row, sealed behind the mask when the row is sensitive.

    A part of operations. Raises KeyUnavailable without a key ring; nothing is kept in clear.
    """
    if not row.is_sensitive:
        row.value, row.sealed_value = value, None
        # To Python [true] equals [1], and what is equal would not be written.
        flag_modified(row, "value")
        return
    if value is None or value == "":
        row.value, row.sealed_value = "", None
        return
    keyring = get_keyring(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; no sensitive setting can be stored")
    row.value = MASKED
    row.sealed_value = keyring.seal(json.dumps(value).encode(), setting_place(row.id))


def setting_place(setting_id: UUID) -> Place:
    """Return the place that a setting's sealed value is bound to."""
    return Place(AdminSetting.__tablename__, str(setting_id), "sealed_value")
