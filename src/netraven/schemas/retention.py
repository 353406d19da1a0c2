"""How long backups are kept: the policy, and what applying it did or would do."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_MOST = 1_000_000


class RetentionPolicy(BaseModel):
    """What is kept beyond protected rows and those in use; numbers of days, versions and spans.

    `keep_days` counts from when a text was last seen; the last `keep_daily` days, `keep_weekly`
    ISO weeks and `keep_monthly` months, the current ones included, keep their newest version.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    keep_days: int = Field(ge=1, le=_MOST)
    keep_last: int = Field(ge=1, le=_MOST)
    keep_daily: int = Field(default=0, ge=0, le=_MOST)
    keep_weekly: int = Field(default=0, ge=0, le=_MOST)
    keep_monthly: int = Field(default=0, ge=0, le=_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport:
    """What retention did, or would do in a dry run.

    `examined` = `kept` + `removed`. `bytes_freed` is the plain size of the contents that went.
    `kept_because` counts rows by reason (`protected`, `in use`, `young`, `last`, `daily`,
    `weekly`, `monthly`); a row may have several. `blocked_ids` are rows that the policy would
    remove and that stay, because a content that rests on theirs is damaged. `last_device_id` is
    where the next call goes on, None when no device was left.
    """

    examined: int
    kept: int
    removed: int
    contents_removed: int
    bytes_freed: int
    removed_ids: tuple[UUID, ...]
    last_device_id: UUID | None
    kept_because: dict[str, int]
    blocked_ids: tuple[UUID, ...] = ()
