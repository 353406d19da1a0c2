"""What a log line shows of an error."""

from __future__ import annotations

from typing import Literal

import pytest

from netraven.log import configure_logging, frames_of, get_logger


def fail_with(password: str) -> None:
    message = f"{password} was refused"
    raise ValueError(message)


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_variable_of_an_error_is_shown(
    log_format: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(level="info", log_format=log_format)

    try:
        password = "correct-horse"
        [][len(password)]
    except IndexError:
        get_logger("test").exception("a call failed")

    said = capsys.readouterr().err
    assert "a call failed" in said
    assert "password =" not in said


def test_frames_lead_to_the_fault_and_leave_its_text_out() -> None:
    with pytest.raises(ValueError, match="was refused") as caught:
        fail_with("correct-horse")

    frames = frames_of(caught.value)

    assert frames[-1].endswith(" fail_with")
    assert "correct-horse" not in str(frames)
