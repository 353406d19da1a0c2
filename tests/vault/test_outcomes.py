"""Logins are counted without loss, and a frozen credential stays frozen."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from netraven.errors import Invalid
from netraven.vault.outcomes import freeze_credential, update_credential_status
from tests.vault.conftest import Vault

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_outcome_is_counted_on_credential_and_link(vault: Vault) -> None:
    core, edge = vault.add_tag("core"), vault.add_tag("edge")
    credential_id = vault.add(tags=[{"tag_id": core}, {"tag_id": edge}])
    run = vault.database.run

    assert run(update_credential_status, credential_id, core, now=NOON)
    assert run(update_credential_status, str(credential_id), success=False, now=NOON)

    row = vault.read(credential_id)
    assert (row.success_count, row.failure_count) == (1, 1)
    assert row.last_used == row.last_success == row.last_failure == NOON
    counts = {link.tag.name: (link.success_count, link.last_failure) for link in row.tag_links}
    assert counts == {"core": (1, None), "edge": (0, None)}


def test_concurrent_outcomes_are_all_counted(vault: Vault) -> None:
    core = vault.add_tag("core")
    credential_id = vault.add(tags=[{"tag_id": core}])

    def count() -> None:
        for _ in range(20):
            vault.database.run(update_credential_status, credential_id, core)

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    row = vault.read(credential_id)
    assert (row.success_count, row.tag_links[0].success_count) == (40, 40)


def test_first_reason_of_a_freeze_stays(vault: Vault) -> None:
    credential_id = vault.add()
    run = vault.database.run

    froze = [
        run(freeze_credential, credential_id, reason=reason, now=NOON)
        for reason in ("refused by sw-1 and sw-2", "later")
    ]

    row = vault.read(credential_id)
    assert froze == [True, False]
    assert (row.frozen_at, row.frozen_reason) == (NOON, "refused by sw-1 and sw-2")
    assert [event.event_name for event in vault.events()][1:] == ["credential_frozen"]


def test_freeze_without_a_reason_is_refused(vault: Vault) -> None:
    with pytest.raises(Invalid, match="reason"):
        vault.database.run(freeze_credential, vault.add(), reason=" ")
