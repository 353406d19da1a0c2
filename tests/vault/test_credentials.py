"""Credentials are kept, listed, changed and deleted; their secrets go in and stay in."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import NullPool, func, select, text

from netraven.db import as_uuid, make_sessions, new_id, unit_of_work
from netraven.errors import Conflict, InUse, Invalid
from netraven.models import Credential, CredentialTag
from netraven.schemas.credential import (
    CredentialCreate,
    CredentialRead,
    CredentialTagLink,
    CredentialUpdate,
)
from netraven.vault.credentials import (
    count_credentials,
    create_credential,
    delete_credential,
    get_credential,
    get_credential_by_name,
    get_credentials,
    update_credential,
)
from netraven.vault.outcomes import freeze_credential, update_credential_status
from netraven.vault.secrets import SECRET_FIELDS, reveal_credential
from tests.conftest import Database
from tests.vault.conftest import Vault


def sealed_password(database: Database, credential_id: UUID) -> bytes | None:
    with database.unit() as db:
        return db.scalar(select(Credential.password).where(Credential.id == credential_id))


def test_credential_shows_what_it_has_and_no_secret(vault: Vault) -> None:
    core = vault.add_tag("core")
    credential_id = vault.add(
        " Core ", enable_secret="canary-enable", tags=[{"tag_id": core, "priority": 10}]
    )

    shown = CredentialRead.model_validate(vault.read(credential_id))

    assert (shown.name, shown.has_password, shown.has_private_key) == ("Core", True, False)
    assert [(link.tag.name, link.priority) for link in shown.tags] == [("core", 10)]
    assert "canary" not in repr(shown)


def test_secrets_lie_in_the_database_only_sealed(vault: Vault) -> None:
    credential_id = vault.add(password="hunter2-canary")

    with vault.database.unit() as db:
        columns = db.execute(select(*(getattr(Credential, name) for name in SECRET_FIELDS))).one()
        events = str(db.execute(text("SELECT * FROM audit_events")).all())

    assert b"canary" not in (columns[0] or b"")
    assert "canary" not in events
    assert "hunter2-canary" not in repr(vault.read(credential_id))


def test_listing_works_without_any_key(vault: Vault) -> None:
    credential_id = vault.add()

    sessions = make_sessions(vault.database.url, None, pool=NullPool)
    with unit_of_work(sessions, read_only=True) as db:
        rows = get_credentials(db)

    assert [row.id for row in rows] == [credential_id]


def test_lists_are_filtered_sorted_and_counted(vault: Vault) -> None:
    core = vault.add_tag("core")
    vault.add("beta", username="reader")
    vault.add("Alpha", tags=[{"tag_id": core}])
    vault.add("gamma_1", aaa_domain="tacacs")

    def names(
        search: str | None = None, tag_id: str | None = None, aaa_domain: str | None = None
    ) -> list[str]:
        filters = {"search": search, "tag_id": tag_id, "aaa_domain": aaa_domain}
        rows = vault.database.run(get_credentials, 0, 100, **filters)
        assert vault.database.run(count_credentials, **filters) == len(rows)
        return [row.name for row in rows]

    assert names() == ["Alpha", "beta", "gamma_1"]
    assert names(search="READ") == ["beta"]
    assert names(search="a_") == ["gamma_1"]
    assert names(tag_id=str(core)) == ["Alpha"]
    assert names(tag_id="no-uuid") == []
    assert names(aaa_domain="tacacs", search=" ") == ["gamma_1"]


def test_pages_do_not_overlap(vault: Vault) -> None:
    for number in range(3):
        vault.add(f"login {number}")

    pages = [vault.database.run(get_credentials, skip, 2) for skip in (0, 2)]

    assert [[row.name for row in page] for page in pages] == [["login 0", "login 1"], ["login 2"]]
    with pytest.raises(Invalid, match="limit"):
        vault.database.run(get_credentials, 0, 0)


def test_credential_is_found_by_name_whatever_its_case(vault: Vault) -> None:
    credential_id = vault.add("Straße")

    found = vault.database.run(get_credential_by_name, " STRASSE ")

    assert found is not None
    assert found.id == credential_id


@pytest.mark.parametrize("absent", ["not-a-uuid", "00000000-0000-7000-8000-000000000000"])
def test_absent_credential_raises_nothing(vault: Vault, absent: str) -> None:
    run = vault.database.run

    assert run(get_credential, absent) is None
    assert run(update_credential, absent, CredentialUpdate(name="x")) is None
    assert run(delete_credential, absent) is False
    assert run(reveal_credential, absent, purpose="test") is None
    assert run(update_credential_status, absent) is False
    assert run(freeze_credential, absent, reason="refused") is False


def test_name_is_taken_whatever_its_case(vault: Vault) -> None:
    vault.add("core")

    with pytest.raises(Conflict) as caught:
        vault.add("CORE")

    assert caught.value.field == "name"
    assert vault.database.run(count_credentials) == 1


def test_login_secret_is_needed(vault: Vault) -> None:
    with pytest.raises(Invalid) as caught:
        vault.add(password=None, enable_secret="only this")

    assert caught.value.field == "password"


def test_unknown_tag_leaves_nothing(vault: Vault) -> None:
    create = CredentialCreate(
        name="core",
        username="u",
        password=SecretStr("p"),
        tags=[CredentialTagLink(tag_id=new_id())],
    )

    with vault.database.unit() as db:
        with pytest.raises(Invalid) as caught:
            create_credential(db, create)
        assert count_credentials(db) == 0

    assert caught.value.field == "tags"
    assert vault.events() == []


def test_refused_secret_stands_in_no_error() -> None:
    with pytest.raises(ValidationError) as caught:
        CredentialCreate(name="core", username="u", password=SecretStr("canary" * 1000))

    assert "canary" not in str(caught.value)


def test_renaming_leaves_the_sealed_bytes(vault: Vault) -> None:
    credential_id = vault.add("old")
    before = sealed_password(vault.database, credential_id)

    vault.update(credential_id, name="new")

    assert vault.read(credential_id).name == "new"
    assert sealed_password(vault.database, credential_id) == before


def test_null_clears_and_left_out_keeps(vault: Vault) -> None:
    credential_id = vault.add(enable_secret="e", description="d", aaa_domain="tacacs")

    vault.update(credential_id, enable_secret=None, description=None)

    row = vault.read(credential_id)
    assert (row.has_enable_secret, row.description) == (False, None)
    assert (row.has_password, row.aaa_domain) == (True, "tacacs")


def test_last_login_secret_cannot_be_cleared(vault: Vault) -> None:
    credential_id = vault.add()

    with pytest.raises(Invalid) as caught:
        vault.update(credential_id, password=None, name="other")

    assert caught.value.field == "password"
    assert vault.read(credential_id).name == "core login"
    assert vault.read(credential_id).has_password


@pytest.mark.parametrize("field", ["name", "username", "tags"])
def test_null_is_refused_where_a_value_is_needed(field: str) -> None:
    with pytest.raises(ValidationError):
        CredentialUpdate.model_validate({field: None})


def test_change_of_nothing_leaves_no_trace(vault: Vault) -> None:
    core = vault.add_tag("core")
    credential_id = vault.add(tags=[{"tag_id": core}])
    before = vault.read(credential_id).updated_at

    same = {"name": "core login", "enable_secret": None, "tags": [{"tag_id": str(core)}]}
    vault.update(credential_id, frozen=False, **same)

    assert vault.read(credential_id).updated_at == before
    assert [event.event_name for event in vault.events()] == ["credential_created"]


def test_change_is_audited_with_its_secrets_masked(vault: Vault) -> None:
    credential_id = vault.add()

    vault.update(credential_id, username="other", password="next-canary")

    event = vault.events()[-1]
    assert event.event_name == "credential_updated"
    assert event.target_id == str(credential_id)
    assert event.changes["username"] == {"before": "backup", "after": "other"}
    assert event.changes["password"] == {"before": "***", "after": "***"}


@pytest.mark.parametrize("change", [{"password": "new"}, {"frozen": False}])
def test_new_secret_or_an_operator_thaws(vault: Vault, change: dict[str, object]) -> None:
    credential_id = vault.add()
    vault.database.run(freeze_credential, credential_id, reason="refused by sw-1 and sw-2")

    thawed = vault.update(credential_id, **change)

    assert thawed is not None
    assert (thawed.frozen_at, thawed.frozen_reason) == (None, None)
    assert vault.read(credential_id).frozen_at is None


def test_renaming_does_not_thaw(vault: Vault) -> None:
    credential_id = vault.add()
    vault.update(credential_id, frozen=True)

    vault.update(credential_id, name="renamed")

    row = vault.read(credential_id)
    assert row.frozen_at is not None
    assert row.frozen_reason == "frozen by system"


def test_replaced_links_keep_the_counters_of_those_that_stay(vault: Vault) -> None:
    core, edge, lab = (vault.add_tag(name) for name in ("core", "edge", "lab"))
    credential_id = vault.add(tags=[{"tag_id": core}, {"tag_id": edge}])
    vault.database.run(update_credential_status, credential_id, core)

    vault.update(credential_id, tags=[{"tag_id": core, "priority": 7}, {"tag_id": lab}])

    links = {link.tag.name: link for link in vault.read(credential_id).tag_links}
    assert links.keys() == {"core", "lab"}
    assert (links["core"].priority, links["core"].success_count) == (7, 1)
    assert vault.events()[-1].changes["tags"] == {
        "before": ["core:100", "edge:100"],
        "after": ["core:7", "lab:100"],
    }


def test_pinned_credential_is_in_use(vault: Vault) -> None:
    credential_id = vault.add()
    vault.add_device("sw-1", credential_id=credential_id)

    with pytest.raises(InUse, match="1 device"):
        vault.database.run(delete_credential, credential_id)

    assert as_uuid(vault.read(credential_id).id) == credential_id


def test_deleted_credential_takes_its_links_along(vault: Vault) -> None:
    credential_id = vault.add(tags=[{"tag_id": vault.add_tag("core")}])

    assert vault.database.run(delete_credential, credential_id)

    with vault.database.unit() as db:
        assert db.scalar(select(func.count()).select_from(CredentialTag)) == 0
    assert vault.events()[-1].event_name == "credential_deleted"
