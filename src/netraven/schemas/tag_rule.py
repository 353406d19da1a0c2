"""Tag rules as callers give and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from typing_extensions import TypedDict

from netraven.db.types import Id
from netraven.schemas.texts import PRINTABLE, Description

MAX_RULE_NAME = 100

RuleName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=MAX_RULE_NAME, pattern=PRINTABLE
    ),
]
# A leaf or a node; the operations say what is wrong with one, by Invalid("rule_criteria").
RuleCriteria: TypeAlias = dict[str, JsonValue]


class TagRuleCreate(BaseModel):
    """A rule to make; it tags nothing until it is applied."""

    # Blanks are stripped around names only: within criteria they may be meant.
    model_config = ConfigDict(extra="forbid")

    name: RuleName
    description: Description | None = None
    tag_id: Id
    rule_criteria: RuleCriteria
    is_active: bool = True


class TagRuleUpdate(BaseModel):
    """What changes of a rule; fields left out stay."""

    model_config = ConfigDict(extra="forbid")

    # The defaults stand for nothing: only fields that were given are looked at.
    name: RuleName = ""
    description: Description | None = None
    tag_id: Id = ""
    rule_criteria: RuleCriteria = Field(default_factory=dict)
    is_active: bool = True


class RuleTag(BaseModel):
    """The tag that a rule gives, as far as lists of rules show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    color: str


class TagRuleRead(BaseModel):
    """A rule as doors show it; `last_error` says why it could not be evaluated."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    description: str | None
    tag: RuleTag
    rule_criteria: RuleCriteria
    is_active: bool
    last_error: str | None
    created_at: datetime
    updated_at: datetime


class RuleApplyResult(TypedDict):
    """What applying a rule did; `error` is `inactive` where nothing was tried, else None."""

    success: bool
    error: str | None
    rule_id: UUID
    rule_name: str
    tag_id: UUID
    tag_name: str
    total_devices: int
    matched_devices: int
    added: int
    removed: int


class MatchingDevice(TypedDict):
    """A device that criteria match."""

    id: UUID
    hostname: str
    ip_address: str
    device_type: str


class RuleTestResult(TypedDict):
    """What criteria would match; the list is limited, the count is not."""

    total_devices: int
    matching_count: int
    matching_devices: list[MatchingDevice]
