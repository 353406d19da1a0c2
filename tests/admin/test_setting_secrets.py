"""Sensitive settings are sealed, and read as their mask."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from sqlalchemy import NullPool, select, text, update

from netraven.admin.settings import (
    get_admin_settings,
    get_admin_settings_by_category,
    get_setting_value,
    update_admin_setting_value,
)
from netraven.db import make_sessions, unit_of_work
from netraven.db.types import JsonValue
from netraven.errors import Corrupt, Invalid, KeyUnavailable
from netraven.models import AdminSetting
from netraven.schemas.setting import AdminSettingCreate, AdminSettingRead
from tests.admin.conftest import Office

MASK = "********"
PASSWORD = "notification.email.smtp_password"


def test_a_secret_reads_as_its_mask_everywhere(office: Office) -> None:
    run = office.database.run
    set_row = office.set(PASSWORD, "canary-7")

    rows = [
        set_row,
        office.read(PASSWORD),
        office.read(office.read(PASSWORD).id),
        *run(get_admin_settings, search="smtp_password"),
        run(get_admin_settings_by_category)["notification"][-1],
        office.update(office.read(PASSWORD).id, description="d"),
    ]

    assert [row.value for row in rows if row] == [MASK] * 6
    assert office.effective(PASSWORD) == "canary-7"
    assert office.read("notification.email.smtp_username").value == ""
    assert office.effective("notification.email.smtp_username") == ""


def test_a_secret_stands_nowhere_in_clear(office: Office) -> None:
    office.set(PASSWORD, "canary-7")
    office.set(PASSWORD, "canary-8")
    office.add("own.secret", {"deep": "canary-9"}, value_type="json", is_sensitive=True)
    create = AdminSettingCreate(key="a.b", value="canary", is_sensitive=True)
    shown = AdminSettingRead.model_validate(office.read("own.secret"))

    with office.database.unit() as db:
        tables = [
            str(db.execute(text("SELECT * FROM admin_settings")).all()),
            str(db.execute(text("SELECT * FROM audit_events")).all()),
        ]

    assert not any("canary" in told for told in [*tables, repr(create), repr(shown)])
    assert office.effective("own.secret") == {"deep": "canary-9"}
    assert office.events()[1].changes == {"value": {"before": "", "after": "***"}}
    assert office.events()[2].changes == {"value": {"before": "***", "after": "***"}}


def test_writing_the_mask_keeps_the_secret(office: Office) -> None:
    office.set(PASSWORD, "canary-7")

    office.set(PASSWORD, MASK)
    office.set(PASSWORD, "canary-7")

    assert office.effective(PASSWORD) == "canary-7"
    assert len(office.events()) == 2
    with pytest.raises(Invalid, match="mask"):
        office.add("own.secret", MASK, is_sensitive=True)


@pytest.mark.parametrize("empty", ["", None])
def test_a_secret_can_be_emptied(office: Office, empty: JsonValue) -> None:
    office.set(PASSWORD, "canary-7")

    office.set(PASSWORD, empty)

    assert office.read(PASSWORD).value == ""
    assert office.effective(PASSWORD) == ""


def test_a_value_can_become_a_secret_and_a_secret_only_a_new_value(office: Office) -> None:
    setting_id = office.add(value="canary")

    office.update(setting_id, is_sensitive=True)
    assert office.read(setting_id).value == MASK
    assert office.effective("site.name") == "canary"
    assert office.events()[-1].changes["value"] == {"before": "***", "after": "***"}

    with pytest.raises(Invalid) as caught:
        office.update(setting_id, is_sensitive=False)
    assert caught.value.field == "is_sensitive"

    office.update(setting_id, is_sensitive=False, value="public")
    assert office.read(setting_id).value == "public"
    assert office.events()[-1].changes["value"] == {"before": "***", "after": "public"}


def test_without_a_key_no_secret_is_stored_or_read(office: Office) -> None:
    office.set(PASSWORD, "canary-7")
    keyless = make_sessions(office.database.url, None, pool=NullPool)

    with unit_of_work(keyless) as db:
        for attempt in (
            lambda: update_admin_setting_value(db, PASSWORD, "other"),
            lambda: get_setting_value(db, PASSWORD),
        ):
            with pytest.raises(KeyUnavailable):
                cast("Callable[[], object]", attempt)()
        rows = get_admin_settings(db, search="smtp")

    assert [row.value for row in rows][-1] == MASK
    assert office.effective(PASSWORD) == "canary-7"


def test_a_sealed_value_opens_only_in_its_place(office: Office) -> None:
    office.set(PASSWORD, "canary-7")
    office.set("notification.email.smtp_username", "raven")
    with office.database.unit() as db:
        sealed = select(AdminSetting.sealed_value).where(AdminSetting.key == PASSWORD)
        db.execute(
            update(AdminSetting)
            .where(AdminSetting.key == "notification.email.smtp_username")
            .values(sealed_value=db.scalars(sealed).one())
        )

    with pytest.raises(Corrupt):
        office.effective("notification.email.smtp_username")
