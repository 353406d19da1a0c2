"""What filters of lists have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator


class Filter(BaseModel):
    """Conditions joined by AND; None and blank texts are no condition.

    A blank `visible_to` stays what it is, an id that nobody has: it must not lift a restriction.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {
            name: None if name != "visible_to" and _is_blank(value) else value
            for name, value in given.items()
        }


def _is_blank(value: JsonValue) -> bool:
    return isinstance(value, str) and not value.strip()
