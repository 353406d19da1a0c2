"""How well credentials do, and the order that follows from it."""

from __future__ import annotations

from uuid import UUID

import pytest

from netraven.db import new_id
from netraven.vault.links import get_credentials_by_tag
from netraven.vault.outcomes import update_credential_status
from netraven.vault.standing import get_credential_stats, optimize_credential_priorities
from tests.vault.conftest import Vault


def count(
    vault: Vault, credential_id: UUID, tag_id: UUID | None = None, *, of: tuple[int, int]
) -> None:
    """Count (successes, attempts) of the credential, on its link too where a tag is given."""
    successes, attempts = of
    for number in range(attempts):
        is_success = number < successes
        vault.database.run(update_credential_status, credential_id, tag_id, success=is_success)


def test_nothing_tried_has_no_rate(vault: Vault) -> None:
    vault.add()

    stats = vault.database.run(get_credential_stats)

    assert stats == {
        "total": 1,
        "unused": 1,
        "successes": 0,
        "failures": 0,
        "success_rate": None,
        "best": [],
        "worst": [],
    }


def test_one_of_three_is_a_third(vault: Vault) -> None:
    count(vault, vault.add(), of=(1, 3))

    stats = vault.database.run(get_credential_stats)

    assert stats["success_rate"] == pytest.approx(1 / 3)
    assert (stats["successes"], stats["failures"], stats["unused"]) == (1, 2, 0)
    assert stats["best"] == stats["worst"] == []


def test_best_and_worst_five_have_five_attempts(vault: Vault) -> None:
    ids = {}
    for successes in range(7):
        ids[successes] = vault.add(f"login {successes}")
        count(vault, ids[successes], of=(successes, 6))
    count(vault, vault.add("too few"), of=(4, 4))

    stats = vault.database.run(get_credential_stats)

    assert [row["successes"] for row in stats["best"]] == [6, 5, 4, 3, 2]
    assert [row["successes"] for row in stats["worst"]] == [0, 1, 2, 3, 4]
    assert stats["worst"][1] == {
        "credential_id": ids[1],
        "name": "login 1",
        "successes": 1,
        "failures": 5,
        "success_rate": pytest.approx(1 / 6),
    }


def test_a_tag_tells_of_its_links_only(vault: Vault) -> None:
    core, edge = vault.add_tag("core"), vault.add_tag("edge")
    login = vault.add(tags=[{"tag_id": core}, {"tag_id": edge}])
    vault.add("unused", tags=[{"tag_id": core}])
    count(vault, login, core, of=(5, 5))
    count(vault, login, edge, of=(0, 5))

    of_core = vault.database.run(get_credential_stats, tag_id=core)
    of_all = vault.database.run(get_credential_stats, tag_id=" ")

    assert (of_core["total"], of_core["unused"], of_core["success_rate"]) == (2, 1, 1.0)
    assert [row["success_rate"] for row in of_core["best"]] == [1.0]
    assert (of_all["total"], of_all["success_rate"]) == (2, 0.5)
    for absent in (new_id(), "no-uuid"):
        assert vault.database.run(get_credential_stats, tag_id=absent)["total"] == 0


def test_priorities_follow_the_success(vault: Vault) -> None:
    core, edge = vault.add_tag("core"), vault.add_tag("edge")
    links = [{"tag_id": core, "priority": 1}, {"tag_id": edge}]
    good, bad = vault.add("good", tags=links), vault.add("bad", tags=links)
    vault.add("new b", tags=links)
    vault.add("new a", tags=links)
    elsewhere = vault.add("good elsewhere", tags=links)
    count(vault, good, core, of=(3, 3))
    count(vault, good, edge, of=(0, 9))
    count(vault, bad, core, of=(1, 3))
    count(vault, elsewhere, edge, of=(2, 3))

    ordered = vault.database.run(optimize_credential_priorities, core)
    events = len(vault.events())
    again = vault.database.run(optimize_credential_priorities, core)

    expected = [("good", 10), ("good elsewhere", 20), ("new a", 30), ("new b", 40), ("bad", 50)]
    assert [(link.credential.name, link.priority) for link in ordered] == expected
    assert [(link.credential.name, link.priority) for link in again] == expected
    assert len(vault.events()) == events
    assert vault.events()[-1].event_name == "credential_priorities_optimized"
    of_edge = vault.database.run(get_credentials_by_tag, edge)
    assert {link.priority for link in of_edge} == {100}


def test_an_absent_tag_has_nothing_to_order(vault: Vault) -> None:
    for absent in (new_id(), "no-uuid", ""):
        assert vault.database.run(optimize_credential_priorities, absent) == []
