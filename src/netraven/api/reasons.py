"""Why somebody must see secrets: asked wherever they are shown, and kept on record."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Reason(BaseModel):
    """Why secrets must be seen; it goes on record."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
