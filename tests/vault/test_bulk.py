"""Many credentials and many tags at once: counted by pair, repeatable, the good ones done."""

from __future__ import annotations

import pytest

from netraven.db import Id, new_id
from netraven.errors import Invalid
from netraven.vault.links import (
    bulk_associate_credentials_with_tags,
    bulk_remove_credentials_from_tags,
    get_credentials_by_tag,
)
from netraven.vault.outcomes import update_credential_status
from tests.vault.conftest import Vault


def test_every_pair_is_linked_once(vault: Vault) -> None:
    core, edge = vault.add_tag("core"), vault.add_tag("edge")
    first, second = vault.add("first", tags=[{"tag_id": core, "priority": 5}]), vault.add("second")

    done, again = (
        vault.database.run(
            bulk_associate_credentials_with_tags,
            credential_ids=[first, str(first), second],
            tag_ids=[core, edge, core],
            priority=5,
        )
        for _ in range(2)
    )

    assert done == {
        "success": True,
        "credential_count": 2,
        "tag_count": 2,
        "successful_operations": 3,
        "already_present": 1,
        "failed_operations": 0,
        "failures": [],
    }
    assert again == {**done, "successful_operations": 0, "already_present": 4}
    for tag_id in (core, edge):
        links = vault.database.run(get_credentials_by_tag, tag_id)
        assert [(link.credential.name, link.priority) for link in links] == [
            ("first", 5),
            ("second", 5),
        ]
    assert [event.event_name for event in vault.events()].count("credentials_tagged") == 1


def test_another_priority_changes_the_links_and_keeps_their_counters(vault: Vault) -> None:
    core = vault.add_tag("core")
    credential_id = vault.add(tags=[{"tag_id": core}])
    vault.database.run(update_credential_status, credential_id, core)

    done = vault.database.run(
        bulk_associate_credentials_with_tags,
        credential_ids=[credential_id],
        tag_ids=[core],
        priority=7,
    )

    (link,) = vault.database.run(get_credentials_by_tag, core)
    assert (done["successful_operations"], done["already_present"]) == (1, 0)
    assert (link.priority, link.success_count) == (7, 1)


def test_absent_ids_are_one_failure_each_and_good_pairs_are_done(vault: Vault) -> None:
    core, credential_id = vault.add_tag("core"), vault.add()
    no_credential, no_tag = new_id(), new_id()
    credentials: list[Id] = [credential_id, no_credential, str(no_credential), "no-uuid"]

    done = vault.database.run(
        bulk_associate_credentials_with_tags, credential_ids=credentials, tag_ids=[core, no_tag]
    )

    assert (done["success"], done["failed_operations"]) == (False, 3)
    assert [(each["credential_id"], each["tag_id"]) for each in done["failures"]] == [
        (no_credential, None),
        (None, None),
        (None, no_tag),
    ]
    assert "no-uuid" in done["failures"][1]["reason"]
    assert (done["successful_operations"], done["already_present"]) == (1, 0)
    assert len(vault.database.run(get_credentials_by_tag, core)) == 1


def test_removal_counts_what_was_there(vault: Vault) -> None:
    core, edge = vault.add_tag("core"), vault.add_tag("edge")
    first = vault.add("first", tags=[{"tag_id": core}, {"tag_id": edge}])
    second = vault.add("second", tags=[{"tag_id": core}])

    done, again = (
        vault.database.run(
            bulk_remove_credentials_from_tags,
            credential_ids=[first, second, new_id()],
            tag_ids=[core, edge],
        )
        for _ in range(2)
    )

    assert (done["successful_operations"], done["not_present"]) == (3, 1)
    assert (again["successful_operations"], again["not_present"]) == (0, 4)
    assert (done["failed_operations"], done["credential_count"], done["tag_count"]) == (1, 2, 2)
    assert vault.database.run(get_credentials_by_tag, core) == []
    assert [event.event_name for event in vault.events()].count("credentials_untagged") == 1


@pytest.mark.parametrize("priority", [-1, 10_001])
def test_a_priority_out_of_bounds_is_refused(vault: Vault, priority: int) -> None:
    core, credential_id = vault.add_tag("core"), vault.add()

    with pytest.raises(Invalid) as refused:
        vault.database.run(
            bulk_associate_credentials_with_tags,
            credential_ids=[credential_id],
            tag_ids=[core],
            priority=priority,
        )

    assert refused.value.field == "priority"
    assert vault.database.run(get_credentials_by_tag, core) == []


def test_nothing_given_is_nothing_done(vault: Vault) -> None:
    done = vault.database.run(bulk_associate_credentials_with_tags, credential_ids=[], tag_ids=[])
    gone = vault.database.run(bulk_remove_credentials_from_tags, credential_ids=[], tag_ids=[])

    assert (done["success"], done["already_present"]) == (True, 0)
    assert (gone["success"], gone["not_present"]) == (True, 0)
    assert vault.events() == []
