"""What a shard's collection raises where several things went wrong."""

from __future__ import annotations

import pytest

from netraven.db import new_id
from netraven.errors import Conflict, StorageFailed
from netraven.tasks.collecting import foremost

LOST = Conflict("shard", "this part of the run has passed to another worker")
FULL = StorageFailed("the disk is full; free some space and retry")
FAULT = KeyError("correct-horse")


@pytest.mark.parametrize(
    ("errors", "first", "others"),
    [
        ([FAULT, ExceptionGroup("within", [FULL, LOST])], LOST, ["StorageFailed", "KeyError"]),
        ([FAULT, FULL], FULL, ["KeyError"]),
        ([FAULT], FAULT, []),
    ],
)
def test_of_errors_together_one_is_raised_and_the_others_are_told(
    errors: list[Exception],
    first: Exception,
    others: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    raised = foremost(BaseExceptionGroup("together", errors), run_id=new_id())

    lines = capsys.readouterr().out.splitlines()
    assert raised is first
    assert len(lines) == len(others)
    assert all(f"kind={kind}" in line for kind, line in zip(others, lines, strict=True))
    assert "correct-horse" not in str(lines)
