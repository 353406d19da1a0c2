"""Which credentials a device gets, and in which order."""

from __future__ import annotations

import threading

from sqlalchemy import event

from netraven.db import Id, new_id
from netraven.schemas.credential import CredentialTagCreate
from netraven.vault.credentials import (
    get_credentials_by_id,
    get_credentials_for_device,
    get_credentials_for_devices,
)
from netraven.vault.links import (
    associate_credential_with_tag,
    get_credentials_by_tag,
    remove_credential_from_tag,
)
from netraven.vault.outcomes import freeze_credential
from tests.conftest import Database
from tests.vault.conftest import Vault


def test_lower_priority_comes_first_then_the_name(vault: Vault) -> None:
    core = vault.add_tag("core")
    vault.add("b", tags=[{"tag_id": core}])
    vault.add("a", tags=[{"tag_id": core}])
    vault.add("z", tags=[{"tag_id": core, "priority": 10}])
    device = vault.add_device("sw-1", core)

    by_device = vault.database.run(get_credentials_for_device, device)
    by_tag = vault.database.run(get_credentials_by_tag, core)

    assert [row.name for row in by_device] == ["z", "a", "b"]
    assert [(link.credential.name, link.tag.name) for link in by_tag] == [
        ("z", "core"),
        ("a", "core"),
        ("b", "core"),
    ]


def test_best_of_several_tags_counts_and_each_credential_once(vault: Vault) -> None:
    core, edge = vault.add_tag("core"), vault.add_tag("edge")
    both = [{"tag_id": core, "priority": 50}, {"tag_id": edge, "priority": 5}]
    vault.add("both", tags=both)
    vault.add("one", tags=[{"tag_id": core, "priority": 10}])
    device = vault.add_device("sw-1", core, edge)

    rows = vault.database.run(get_credentials_for_device, device)

    assert [row.name for row in rows] == ["both", "one"]


def test_pinned_credential_wins_alone(vault: Vault) -> None:
    core = vault.add_tag("core")
    vault.add("by tag", tags=[{"tag_id": core, "priority": 0}])
    device = vault.add_device("sw-1", core, credential_id=vault.add("pinned"))

    rows = vault.database.run(get_credentials_for_device, device)

    assert [row.name for row in rows] == ["pinned"]


def test_frozen_credential_is_listed_for_the_caller_to_pass_over(vault: Vault) -> None:
    core = vault.add_tag("core")
    credential_id = vault.add(tags=[{"tag_id": core}])
    vault.database.run(freeze_credential, credential_id, reason="refused twice")

    rows = vault.database.run(get_credentials_for_device, vault.add_device("sw-1", core))

    assert [row.frozen_reason for row in rows] == ["refused twice"]


def test_absent_device_gets_nothing(vault: Vault) -> None:
    assert vault.database.run(get_credentials_for_device, "no-uuid") == []
    assert vault.database.run(get_credentials_for_device, new_id()) == []


def test_shard_of_devices_is_answered_as_each_device_is(vault: Vault) -> None:
    core, edge = vault.add_tag("core"), vault.add_tag("edge")
    login = vault.add("login", tags=[{"tag_id": core}, {"tag_id": edge, "priority": 1}])
    first = vault.add("first", tags=[{"tag_id": core, "priority": 10}])
    devices = [
        vault.add_device("both", core, edge),
        vault.add_device("core-only", core),
        vault.add_device("bare"),
        vault.add_device("pinned", core, credential_id=login),
    ]

    chosen = vault.database.run(get_credentials_for_devices, [*devices, new_id()])
    rows = vault.database.run(get_credentials_by_id, [login, first, new_id()])

    expected = [[login, first], [first, login], [], [login]]
    assert chosen == dict(zip(devices, expected, strict=True))
    assert {key: row.name for key, row in rows.items()} == {login: "login", first: "first"}


def test_statements_do_not_grow_with_the_devices(sqlite_database: Database) -> None:
    vault = Vault(sqlite_database)
    core = vault.add_tag("core")
    vault.add(tags=[{"tag_id": core}])
    devices = [vault.add_device(f"sw-{number}", core) for number in range(20)]
    statements: list[str] = []

    with sqlite_database.unit() as db:
        event.listen(
            db.get_bind(), "before_cursor_execute", lambda *facts: statements.append(facts[2])
        )
        get_credentials_for_devices(db, devices)

    assert len([one for one in statements if one.startswith("SELECT")]) == 2


def test_association_is_made_once_and_then_changed(vault: Vault) -> None:
    core, credential_id = vault.add_tag("core"), vault.add()
    run = vault.database.run

    for priority in (100, 5, 5):
        wanted = CredentialTagCreate(credential_id=credential_id, tag_id=core, priority=priority)
        link = run(associate_credential_with_tag, wanted)
        assert link is not None
        assert (link.credential.name, link.tag.name, link.priority) == (
            "core login",
            "core",
            priority,
        )

    assert [link.priority for link in run(get_credentials_by_tag, core)] == [5]
    names = [event.event_name for event in vault.events()]
    assert names == ["credential_created", "credential_tagged", "credential_tagged"]


def test_association_needs_both_ends(vault: Vault) -> None:
    core, credential_id = vault.add_tag("core"), vault.add()
    pairs: list[tuple[Id, Id]] = [(credential_id, new_id()), (new_id(), core), ("no-uuid", core)]

    for one, tag in pairs:
        wanted = CredentialTagCreate(credential_id=one, tag_id=tag)
        assert vault.database.run(associate_credential_with_tag, wanted) is None


def test_removal_says_whether_there_was_a_link(vault: Vault) -> None:
    core = vault.add_tag("core")
    credential_id = vault.add(tags=[{"tag_id": core}])

    removed = [
        vault.database.run(remove_credential_from_tag, credential_id, core) for _ in range(2)
    ]

    assert removed == [True, False]
    assert vault.read(credential_id).tag_links == []
    assert [event.event_name for event in vault.events()][1:] == ["credential_untagged"]


def test_concurrent_associations_make_one_row(vault: Vault) -> None:
    core, credential_id = vault.add_tag("core"), vault.add()

    def associate(priority: int) -> None:
        wanted = CredentialTagCreate(credential_id=credential_id, tag_id=core, priority=priority)
        vault.database.run(associate_credential_with_tag, wanted)

    threads = [threading.Thread(target=associate, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(vault.database.run(get_credentials_by_tag, core)) == 1
