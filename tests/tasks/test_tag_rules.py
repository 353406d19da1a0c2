"""The task that applies tag rules to the whole fleet."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from sqlalchemy import update

from netraven.db.enums import JobType
from netraven.errors import Invalid
from netraven.inventory.tag_rules import get_tag_rule
from netraven.models import TagRule
from netraven.schemas.schedule import ScheduledJobCreate
from netraven.tasks.tag_rules import apply_rules
from tests.conftest import Database
from tests.inventory.conftest import Inventory, leaf
from tests.tasks.workbench import Workbench


@pytest.fixture
def inventory(sync_database: Database) -> Inventory:
    """Return two devices, and a rule for one of them that was not applied yet."""
    inventory = Inventory(sync_database)
    inventory.add_device("core-1")
    inventory.add_device("edge-1")
    return inventory


def test_all_active_rules_are_applied(inventory: Inventory) -> None:
    core, edge = inventory.add_tag("core"), inventory.add_tag("edge")
    inventory.add_rule(core, leaf("hostname", "startswith", "core"), "core rule")
    inventory.add_rule(edge, leaf("hostname", "startswith", "edge"), "off", is_active=False)
    bench = Workbench(inventory.database, JobType.TAG_RULES)

    told = bench.do(apply_rules)

    assert told == "1 rule was applied: 1 device tagged, 0 no longer"
    assert bench.log() == ["the rule core rule fits 1 device: 1 tagged, 0 no longer"]


def test_only_the_named_rule_is_applied(inventory: Inventory) -> None:
    core, all_tag = inventory.add_tag("core"), inventory.add_tag("every")
    inventory.add_rule(core, leaf("hostname", "startswith", "core"), "core rule")
    rule_id = inventory.add_rule(all_tag, leaf("hostname", "contains", "-"), "every rule")
    bench = Workbench(inventory.database, JobType.TAG_RULES, options={"rule_id": str(rule_id)})

    assert bench.do(apply_rules) == "1 rule was applied: 2 devices tagged, 0 no longer"


def test_rule_that_cannot_be_evaluated_stops_no_other(inventory: Inventory) -> None:
    core, other = inventory.add_tag("core"), inventory.add_tag("other")
    broken = inventory.add_rule(core, leaf("hostname", "startswith", "core"), "a broken one")
    inventory.add_rule(other, leaf("hostname", "startswith", "edge"), "b good one")
    with inventory.database.unit() as db:
        criteria = {"field": "password", "operator": "equals", "value": "x"}
        db.execute(update(TagRule).where(TagRule.id == broken).values(rule_criteria=criteria))
    bench = Workbench(inventory.database, JobType.TAG_RULES)

    with pytest.raises(Invalid, match=r"1 rule was applied.*1 could not be applied"):
        bench.do(apply_rules)

    first, second = bench.log()
    assert first.startswith("the rule a broken one could not be applied")
    assert second.startswith("the rule b good one fits 1 device")
    rule = inventory.database.run(get_tag_rule, broken)
    assert rule is not None
    assert rule.last_error


def test_absent_rule_is_refused(inventory: Inventory) -> None:
    bench = Workbench(inventory.database, JobType.TAG_RULES, options={"rule_id": "absent"})

    with pytest.raises(Invalid, match="there is no tag rule absent"):
        bench.do(apply_rules)


def test_tag_rules_do_not_recur() -> None:
    wanted = {"name": "rules", "job_type": "tag_rules", "schedule_type": "immediate"}

    with pytest.raises(ValidationError, match="on demand only"):
        ScheduledJobCreate.model_validate(wanted)
