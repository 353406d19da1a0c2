"""Tag rules applied to the whole fleet, on demand: each rule in a unit of its own."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from netraven.db import as_uuid
from netraven.db.enums import LogLevel
from netraven.errors import Invalid
from netraven.inventory.tag_rules import apply_rule, get_tag_rule, get_tag_rules, note_rule_error
from netraven.tasks.steps import say, step
from netraven.tasks.task import Work
from netraven.tasks.words import counted

_PAGE = 500


@dataclass(slots=True)
class _Sum:
    """What the rules applied so far have done."""

    applied: int = 0
    added: int = 0
    removed: int = 0
    failed: int = 0


async def apply_rules(work: Work) -> str:
    """Apply all active rules, or the one of the option `rule_id`, and say what they did.

    A rule that cannot be evaluated stops no other. Raises Invalid("rule_criteria") at the end
    where there was one.
    """
    total = _Sum()
    for rule_id, name in await step(_rules, work):
        if work.stop.is_set():
            break
        try:
            added, removed, matched = await step(_apply, work, rule_id)
        except Invalid as error:
            total.failed += 1
            await step(_note, work, rule_id, error.reason)
            sentence = f"the rule {name} could not be applied: {error.reason}"
            await say(work, sentence, level=LogLevel.ERROR)
            continue
        total.applied += 1
        total.added += added
        total.removed += removed
        fits = f"the rule {name} fits {counted(matched, 'device')}"
        await say(work, f"{fits}: {added} tagged, {removed} no longer")
    return _concluded(total)


def _rules(work: Work) -> list[tuple[UUID, str]]:
    wanted = work.options.get("rule_id")
    with work.reading() as db:
        if isinstance(wanted, str):
            rule = get_tag_rule(db, as_uuid(wanted) or wanted)
            if rule is None:
                raise Invalid("rule_id", f"there is no tag rule {wanted}")
            return [(rule.id, rule.name)]
        found: list[tuple[UUID, str]] = []
        while page := get_tag_rules(db, len(found), _PAGE, is_active=True):
            found += [(rule.id, rule.name) for rule in page]
        return found


def _apply(work: Work, rule_id: UUID) -> tuple[int, int, int]:
    with work.writing() as db:
        done = apply_rule(db, rule_id)
        if done is None:
            return 0, 0, 0
        if done["error"] is not None:
            raise Invalid("rule_id", f"the rule is {done['error']}")
        return done["added"], done["removed"], done["matched_devices"]


def _note(work: Work, rule_id: UUID, reason: str) -> None:
    with work.writing() as db:
        note_rule_error(db, rule_id, reason)


def _concluded(total: _Sum) -> str:
    rules = "1 rule was" if total.applied == 1 else f"{total.applied} rules were"
    told = f"{rules} applied: {counted(total.added, 'device')} tagged, {total.removed} no longer"
    if total.failed:
        raise Invalid("rule_criteria", f"{told}; {total.failed} could not be applied, see the log")
    return told
