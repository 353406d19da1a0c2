"""Bulk work on the inventory: importing a list of devices, and applying a rule to all of them.

`python -m benchmarks.importing` reads 10 000 devices from CSV into an empty installation with ten
tag rules, in one unit of work, on SQLite and on PostgreSQL (`NETRAVEN_TEST_POSTGRES_URL`, else one
started from its wheel). It imports the same file again, which changes nothing, and then applies a
rule that gives its tag to every tenth device.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session, sessionmaker

from benchmarks.databases import DATABASES, database
from benchmarks.outcomes import Outcome, Target, as_table
from netraven.db import unit_of_work
from netraven.inventory.device_import import import_devices
from netraven.inventory.importers.csv import read_devices
from netraven.inventory.tag_rules import apply_rule, create_tag_rule, update_tag_rule
from netraven.inventory.tags import create_tag
from netraven.schemas.tag import TagCreate
from netraven.schemas.tag_rule import TagRuleCreate, TagRuleUpdate

MOST_S = 15
RULES = 10


@dataclass(frozen=True, slots=True)
class Effort:
    """How many devices are imported; the target is for 10 000."""

    devices: int = 10_000


SMALL = Effort(devices=200)


@dataclass(frozen=True, slots=True)
class Result:
    """What one database took, in seconds of wall-clock time."""

    database: str
    new_s: float
    same_s: float
    rule_s: float


def measure(effort: Effort) -> Outcome:
    """Return what importing and applying a rule took on both databases."""
    content = _csv(effort.devices).encode()
    results = [_of_database(name, content) for name in DATABASES]
    rows = (
        ("importing them anew, s", *(f"{one.new_s:.2f}" for one in results), f"≤ {MOST_S}"),
        ("importing the same again, s", *(f"{one.same_s:.2f}" for one in results), ""),
        ("applying a rule to all, s", *(f"{one.rule_s:.2f}" for one in results), ""),
    )
    title = f"{effort.devices} devices from CSV in one unit, {RULES} tag rules"
    return Outcome(
        name="importing",
        table=as_table(title, ("figure", *DATABASES, "target"), rows),
        figures={"effort": asdict(effort), "results": [asdict(one) for one in results]},
        targets=[Target("importing 10 000 devices, s", results[0].new_s, MOST_S)],
    )


def _csv(devices: int) -> str:
    lines = (
        f"sw-{number},10.{number >> 16}.{(number >> 8) & 255}.{number & 255},ios,22,access,access"
        for number in range(devices)
    )
    return "\n".join(["hostname,ip_address,device_type,port,description,tags", *lines])


def _of_database(name: str, content: bytes) -> Result:
    with database(name) as sessions:
        with unit_of_work(sessions) as db:
            create_tag(db, TagCreate(name="access"))
            rules = [_rule(db, digit) for digit in range(RULES)]
        new_s = _timed(sessions, lambda db: import_devices(db, read_devices(content)))
        with unit_of_work(sessions) as db:
            # Its tags gone, it has them to give again.
            update_tag_rule(db, rules[0], TagRuleUpdate(is_active=False))
            update_tag_rule(db, rules[0], TagRuleUpdate(is_active=True))
        return Result(
            database=name,
            new_s=new_s,
            same_s=_timed(sessions, lambda db: import_devices(db, read_devices(content))),
            rule_s=_timed(sessions, lambda db: apply_rule(db, rules[0])),
        )


def _rule(db: Session, digit: int) -> str:
    tag = create_tag(db, TagCreate(name=f"digit {digit}"))
    wanted = {
        "name": f"digit {digit}",
        "tag_id": tag.id,
        "rule_criteria": {"field": "hostname", "operator": "regex", "value": f"{digit}$"},
    }
    return str(create_tag_rule(db, TagRuleCreate.model_validate(wanted)).id)


def _timed(sessions: sessionmaker[Session], work: Callable[[Session], object]) -> float:
    began = time.perf_counter()
    with unit_of_work(sessions) as db:
        work(db)
    return time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a moment's work: is it alive?")
    is_small = parser.parse_args(arguments).small
    measure(SMALL if is_small else Effort()).show(is_judged=not is_small)


if __name__ == "__main__":
    main()
