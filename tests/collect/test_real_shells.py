"""The linux platform against shells that nobody here wrote, on a real pseudo-terminal."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from netraven.collect.limits import Limits
from netraven.collect.session import Session
from netraven.errors import DialogueFailed
from netraven.platforms.linux import linux_reading
from netraven.platforms.observation import Observation, Yields
from netraven.platforms.platform import Platform
from tests.collect.pty import on_terminal
from tests.parts import PART

LIMITS = Limits(idle_s=20, deadline_s=60)
SHELLS = {
    "bash": (("bash", "--norc", "-i"), {"PS1": r"\u@h1:\w\$ "}),
    "bash in colour": (("bash", "--norc", "-i"), {"PS1": r"\[\e[1;32m\]h1\[\e[0m\] \W \$ "}),
    "bash with a title": (("bash", "--norc", "-i"), {"PS1": r"\[\e]0;\w\a\][\u@h1 \W]\$ "}),
    "bash with a counter": (("bash", "--norc", "-i"), {"PS1": r"h1 [\#]$ "}),
    "dash": (("dash", "-i"), {"PS1": "h1$ "}),
    "a bare dash": (("dash", "-i"), {"PS1": "$ "}),
}
CONTENT = "\nauto lo\niface lo inet loopback\n\n# caf\u00e9 $ \nroot@h1:/# \n\n"


@pytest.fixture(params=SHELLS)
def shell(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> tuple[tuple[str, ...], dict[str, str]]:
    program, environment = SHELLS[request.param]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    record_property(PART, f"{program[0]} on a pseudo-terminal")
    return program, {**environment, "HISTFILE": "/dev/null"}


def reading(path: Path) -> Platform:
    platform = linux_reading(str(path))
    assert platform is not None
    return platform


async def read(
    path: Path, shell: tuple[tuple[str, ...], dict[str, str]], *, columns: int = 511
) -> Observation:
    program, environment = shell
    platform = reading(path)
    async with on_terminal(program, environment, columns=columns) as stream:
        session = Session(stream, platform, LIMITS)
        await session.open()
        running = await session.run(platform.commands_for(Yields.RUNNING)[0])
        await session.leave()
    return running


@pytest.mark.parametrize("columns", [511, 40])
async def test_a_file_comes_byte_for_byte_on_wide_and_narrow_terminals(
    shell: tuple[tuple[str, ...], dict[str, str]], tmp_path: Path, columns: int
) -> None:
    path = tmp_path / "interfaces"
    path.write_text(CONTENT, encoding="utf-8")

    running = await read(path, shell, columns=columns)

    assert running.text == CONTENT
    assert (running.confirmed, running.echo_seen, running.oddities) == (True, True, ())


async def test_a_large_file_comes_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "large"
    content = "".join(f"line {number} of many\n" for number in range(30_000))
    path.write_text(content, encoding="utf-8")

    running = await read(path, SHELLS["bash"])

    assert running.text == content
    assert running.confirmed is True


async def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DialogueFailed):
        await read(tmp_path / "absent", SHELLS["bash"])
