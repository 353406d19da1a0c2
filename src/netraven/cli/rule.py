"""`netraven rule`: tags that devices get by what they are, not by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, Everything, Limit, Skip, Yes
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.db.types import JsonValue
    from netraven.models import TagRule
    from netraven.schemas.tag_rule import RuleApplyResult, RuleCriteria

app = typer.Typer(
    help="Give tags to devices by what they are: name, address, site, platform.",
    no_args_is_help=True,
)

_MAX_FILE_BYTES = 1024 * 1024

RuleName: TypeAlias = Annotated[
    str, typer.Argument(metavar="RULE", help="Name or id of a tag rule.")
]
Where: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="'FIELD OPERATOR VALUE'",
        help="A condition, such as 'hostname startswith core-'; several must all hold.",
    ),
]
AnyOf: TypeAlias = Annotated[
    bool, typer.Option("--any", help="One of the --where conditions is enough.")
]
CriteriaFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--criteria", metavar="FILE", help="Conditions as JSON instead; - is standard input."
    ),
]


@app.command("add")
def add_rule(
    name: Annotated[str, typer.Argument(help="Name of the rule, unique.")],
    *,
    tag: Annotated[str, typer.Option(metavar="TAG", help="The tag that it gives.")],
    where: Where = None,
    any_of: AnyOf = False,
    criteria: CriteriaFile = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Keep it switched off.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a rule; devices added or changed from now on get its tag, the others by `rule apply`.

    Fields: hostname, ip_address, device_type, description, serial_number, model, site, port,
    enabled. Operators: equals, contains, startswith, endswith, regex, and cidr for ip_address.
    """
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_tag
    from netraven.inventory.tag_rules import create_tag_rule
    from netraven.schemas.tag_rule import TagRuleCreate, TagRuleRead

    conditions = _given_criteria(where, criteria, any_of=any_of)
    with reach_home().writing() as db:
        wanted = TagRuleCreate(
            name=name,
            description=description,
            tag_id=named_tag(db, tag).id,
            rule_criteria=conditions,
            is_active=not disabled,
        )
        rule = TagRuleRead.model_validate(create_tag_rule(db, wanted))
    if as_json:
        output.say_json(rule)
    else:
        output.say(f"Made the rule {rule.name}: {rule.tag.name} where {_told(rule.rule_criteria)}.")
        if rule.is_active:
            output.note(f"`netraven rule apply {rule.name}` tags the devices that are there.")


@app.command("list")
def list_rules(
    *,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Rules that give it.")] = None,
    active: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only those of this state.")
    ] = None,
    skip: Skip = 0,
    limit: Limit = 100,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List rules by name."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_tag
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.inventory.tag_rules import count_tag_rules, get_tag_rules
    from netraven.schemas.tag_rule import TagRuleRead

    page = Page(skip, limit, is_everything=everything)
    with reach_home().reading() as db:
        tag_id = named_tag(db, tag).id if tag else None
        rules = take(
            page, lambda skip, limit: get_tag_rules(db, skip, limit, tag_id, is_active=active)
        )
        total = count_tag_rules(db, tag_id, is_active=active)
    columns = (
        Column("Rule", wraps=True),
        Column("Tag", wraps=True),
        Column("State"),
        Column("Where", wraps=True),
    )
    show_list(
        Listed(page, rules, total),
        Look(columns, _cells, TagRuleRead.model_validate),
        "rule",
        is_filtered=bool(tag or active is not None),
        begin="make one with `netraven rule add NAME --tag TAG --where CONDITION`",
        as_json=as_json,
    )


@app.command("show")
def show_rule(name: RuleName, *, as_json: AsJson = False) -> None:
    """Show one rule with its conditions."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_rule
    from netraven.schemas.tag_rule import TagRuleRead

    with reach_home().reading() as db:
        rule = TagRuleRead.model_validate(named_rule(db, name))
    if as_json:
        output.say_json(rule)
        return
    output.say_facts(
        (
            ("Rule", rule.name),
            ("Tag", rule.tag.name),
            ("State", "enabled" if rule.is_active else "disabled"),
            ("Where", _told(rule.rule_criteria)),
            ("Description", rule.description),
            ("Fault", rule.last_error),
            ("Made", rule.created_at),
            ("Changed", rule.updated_at),
            ("Id", rule.id),
        )
    )


@app.command("test")
def try_rule(
    name: Annotated[
        str | None, typer.Argument(metavar="[RULE]", help="Name or id of a tag rule.")
    ] = None,
    *,
    where: Where = None,
    any_of: AnyOf = False,
    criteria: CriteriaFile = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="List at most N.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the devices that a rule, or conditions not yet a rule, would match; nothing changes."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_rule
    from netraven.errors import Invalid
    from netraven.inventory.tag_rules import test_rule

    if (name is None) == (not where and criteria is None):
        raise Invalid("rule", "name a rule or give conditions by --where or --criteria")
    with reach_home().reading() as db:
        if name is not None:
            conditions = named_rule(db, name).rule_criteria
        else:
            conditions = _given_criteria(where, criteria, any_of=any_of)
        result = test_rule(db, conditions, limit=limit)
    if as_json:
        output.say_json(result)
        return
    found = result["matching_devices"]
    if found:
        columns = (Column("Hostname", wraps=True), Column("Address"), Column("Platform"))
        rows = ((row["hostname"], row["ip_address"], row["device_type"]) for row in found)
        output.say_table(columns, rows)
        output.say("")
    count, total = result["matching_count"], result["total_devices"]
    output.say(f"{count} of {output.counted(total, 'device')} match.")
    if len(found) < count:
        output.note(f"{len(found)} are listed; --limit N lists more.", style="dim")


@app.command("apply")
def apply_rules(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RULE]...", help="Names or ids of rules.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every enabled rule.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tag the devices that match now, and take the tag from those that no longer do.

    Tags put on by hand, by default or by other rules stay.
    """
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_rule
    from netraven.cli.pages import take_all
    from netraven.errors import Invalid
    from netraven.inventory.tag_rules import apply_rule, get_tag_rules

    if bool(names) == everything:
        raise Invalid("rule", "name the rules, or say --all for every enabled one")
    home = reach_home()
    with home.reading() as db:
        if everything:
            rules = take_all(lambda skip, limit: get_tag_rules(db, skip, limit, is_active=True))
        else:
            rules = [named_rule(db, name) for name in names or ()]
    results: list[RuleApplyResult] = []
    for rule in rules:
        # A unit of its own each: no lock is held longer than one rule takes.
        with home.writing() as db:
            applied = apply_rule(db, rule.id)
        if applied is not None:
            results.append(applied)
            if not as_json:
                output.say(_sentence(applied))
    if as_json:
        output.say_json({"items": results, "total": len(results)})
    elif not results:
        output.say("There is no enabled rule.")


@app.command("enable")
def enable_rule(name: RuleName, *, as_json: AsJson = False) -> None:
    """Switch a rule on; it tags what is added or changed, and the rest by `rule apply`."""
    _switch(name, is_active=True, as_json=as_json)


@app.command("disable")
def disable_rule(name: RuleName, *, as_json: AsJson = False) -> None:
    """Switch a rule off; the tags that it gave go, those put on by hand stay."""
    _switch(name, is_active=False, as_json=as_json)


@app.command("delete")
def remove_rule(name: RuleName, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a rule with the tags that it gave; those put on by hand stay."""
    from netraven.cli.names import named_rule
    from netraven.cli.removal import remove
    from netraven.inventory.tag_rules import delete_tag_rule

    remove(
        lambda db: named_rule(db, name),
        delete_tag_rule,
        noun="rule",
        along=" with the tags that it gave",
        is_answered=yes,
        as_json=as_json,
    )


def _switch(name: str, *, is_active: bool, as_json: bool) -> None:
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_rule
    from netraven.inventory.tag_rules import update_tag_rule
    from netraven.schemas.tag_rule import TagRuleRead, TagRuleUpdate

    with reach_home().writing() as db:
        found = named_rule(db, name)
        was_active = found.is_active
        update_tag_rule(db, found.id, TagRuleUpdate(is_active=is_active))
        rule = TagRuleRead.model_validate(named_rule(db, name))
    if as_json:
        output.say_json(rule)
        return
    state = "enabled" if is_active else "disabled"
    changed = "is now" if was_active is not is_active else "was already"
    output.say(f"The rule {rule.name} {changed} {state}.")
    if is_active and not was_active:
        output.note(f"`netraven rule apply {rule.name}` tags the devices that are there.")


def _given_criteria(where: list[str] | None, file: Path | None, *, any_of: bool) -> RuleCriteria:
    """Return the criteria of the options; raises Invalid unless they are given in one way."""
    from netraven.errors import Invalid

    if bool(where) == (file is not None):
        raise Invalid("where", "give conditions by --where, or all of them by --criteria")
    if file is not None:
        return _read_criteria(file)
    leaves = [_condition(text) for text in where or ()]
    if len(leaves) == 1:
        return leaves[0]
    conditions: list[JsonValue] = [*leaves]
    return {"type": "or" if any_of else "and", "conditions": conditions}


def _condition(text: str) -> RuleCriteria:
    from netraven.errors import Invalid
    from netraven.inventory.criteria import OPERATORS, RULE_FIELDS

    field, operator, value = (*text.split(maxsplit=2), "", "", "")[:3]
    if not value or field not in RULE_FIELDS or operator not in OPERATORS:
        raise Invalid(
            "where",
            f"{text!r} is not FIELD OPERATOR VALUE; fields are {', '.join(RULE_FIELDS)}, "
            f"operators {', '.join(OPERATORS)}",
        )
    return {"field": field, "operator": operator, "value": value}


def _read_criteria(file: Path) -> RuleCriteria:
    from netraven.errors import Invalid

    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(_MAX_FILE_BYTES + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(_MAX_FILE_BYTES + 1)
        found = json.loads(content[:_MAX_FILE_BYTES])
    except OSError as error:
        raise Invalid("criteria", f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Invalid("criteria", f"{file} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Invalid("criteria", f"{file} holds no JSON object")
    criteria: RuleCriteria = found
    return criteria


def _told(criteria: JsonValue, *, is_inner: bool = False) -> str:
    """Return the criteria as people read them."""
    if not isinstance(criteria, dict):
        return str(criteria)
    conditions = criteria.get("conditions")
    if not isinstance(conditions, list):
        return f"{criteria.get('field')} {criteria.get('operator')} {criteria.get('value')}"
    told = f" {criteria.get('type')} ".join(_told(each, is_inner=True) for each in conditions)
    return f"({told})" if is_inner else told


def _cells(rule: TagRule) -> Sequence[object]:
    state = "enabled" if rule.is_active else "disabled"
    shown = "error" if rule.is_active and rule.last_error else state
    return rule.name, rule.tag.name, shown, _told(rule.rule_criteria)


def _sentence(result: RuleApplyResult) -> str:
    if not result["success"]:
        return f"{result['rule_name']}: is disabled, so nothing was done."
    return (
        f"{result['rule_name']}: {result['matched_devices']} of "
        f"{output.counted(result['total_devices'], 'device')} match; {result['tag_name']} "
        f"given to {result['added']}, taken from {result['removed']}."
    )
