"""Rules that tag devices by what is known of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from netraven.api.access import guarded_router
from netraven.api.replies import READ, WITH_BODY, found, refusals, require_found
from netraven.inventory.tag_rules import (
    apply_rule,
    count_tag_rules,
    create_tag_rule,
    delete_tag_rule,
    get_tag_rule,
    get_tag_rules,
    test_rule,
    update_tag_rule,
)
from netraven.request.caller import Caller, get_caller
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing, reading_in_thread, writing_in_thread
from netraven.schemas.tag_rule import (
    RuleApplyResult,
    RuleCriteria,
    RuleTestResult,
    TagRuleCreate,
    TagRuleRead,
    TagRuleUpdate,
)

router = guarded_router("/rules", "Tag rules")


class Criteria(BaseModel):
    """Criteria to try."""

    model_config = ConfigDict(extra="forbid")

    rule_criteria: RuleCriteria


@router.get("", responses=refusals(*READ, 422))
async def list_rules(
    *,
    request: Request,
    db: Reading,
    paging: PageAsked,
    tag_id: str | None = None,
    is_active: bool | None = None,
) -> Page[TagRuleRead]:
    """List rules by name."""
    rows = await get_tag_rules(db, paging.skip, paging.limit, tag_id, is_active=is_active)
    total = await count_tag_rules(db, tag_id, is_active=is_active)
    return page_of(request, paging, TagRuleRead, rows, total=total)


@router.post("", status_code=201, responses=refusals(*WITH_BODY, 409))
async def make_rule(db: Writing, rule: TagRuleCreate) -> TagRuleRead:
    """Make a rule; it tags nothing until it is applied."""
    return TagRuleRead.model_validate(await create_tag_rule(db, rule))


@router.post("/test", responses=refusals(*WITH_BODY))
async def try_criteria(
    request: Request,
    me: Annotated[Caller, Depends(get_caller)],
    given: Criteria,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RuleTestResult:
    """Tell which devices criteria would match, and change nothing."""
    return await reading_in_thread(
        request,
        lambda db: test_rule(db, given.rule_criteria, limit=limit, visible_to=me.user_id),
    )


@router.get("/{rule_id}", responses=refusals(*READ, 404))
async def show_rule(db: Reading, rule_id: str) -> TagRuleRead:
    """Show one rule."""
    return TagRuleRead.model_validate(found(await get_tag_rule(db, rule_id), "rule"))


@router.patch("/{rule_id}", responses=refusals(*WITH_BODY, 404, 409))
async def change_rule(db: Writing, rule_id: str, change: TagRuleUpdate) -> TagRuleRead:
    """Change a rule; fields left out stay."""
    return TagRuleRead.model_validate(found(await update_tag_rule(db, rule_id, change), "rule"))


@router.delete("/{rule_id}", status_code=204, responses=refusals(*READ, 404))
async def remove_rule(db: Writing, rule_id: str) -> None:
    """Delete a rule with the links that it made."""
    require_found(await delete_tag_rule(db, rule_id), "rule")


@router.post("/{rule_id}/apply", responses=refusals(*READ, 404, 422))
async def apply_one(request: Request, rule_id: str) -> RuleApplyResult:
    """Put the rule's tag on the devices that it matches, and take it off the others."""
    applied = await writing_in_thread(request, lambda db: apply_rule(db, rule_id))
    return found(applied, "rule")
