"""What `netraven serve` says before it serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.twins import Placed, copied

USAGE, STORAGE = 2, 7
BOTH = {"NETRAVEN_TLS_CERTIFICATE": "/etc/hostname", "NETRAVEN_TLS_KEY": "/etc/hostname"}


@pytest.mark.parametrize("given", list(BOTH))
def test_a_certificate_and_its_key_belong_together(
    tmp_path: Path, home_template: Path, given: str
) -> None:
    half = Placed(copied(home_template, tmp_path / "home"), **{given: BOTH[given]})

    answer = half.run("serve", "--port", 0)

    assert answer.exit_code == USAGE
    assert answer.err.endswith(
        "NETRAVEN_TLS_CERTIFICATE and NETRAVEN_TLS_KEY belong together; set both\n"
    )


@pytest.mark.parametrize("content", [None, "no certificate at all\n"])
def test_a_certificate_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, home_template: Path, content: str | None
) -> None:
    path = tmp_path / "server.pem"
    if content is not None:
        path.write_text(content)
    files = dict.fromkeys(BOTH, str(path))
    wrong = Placed(copied(home_template, tmp_path / "home"), **files)

    answer = wrong.run("serve", "--port", 0)

    assert answer.exit_code == USAGE, answer.text
    assert str(path) in answer.err
    assert len(answer.err.splitlines()) == 1
