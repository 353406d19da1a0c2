"""The documentation is complete, and names nothing that does not exist."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from netraven import errors
from netraven.cli.main import app
from netraven.db.enums import JobType, ResultStatus, RunStatus
from netraven.errors import ExitCode, NetRavenError
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS, platform_names
from netraven.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
DECISION_LINES = 40

LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#([^)\s]+))?\)")


def test_each_setting_has_its_row() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}

    assert _first_cells("operations/settings.md") == known


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}

    named = {
        word
        for page in PAGES
        for word in re.findall(r"\bNETRAVEN_[A-Z_]*[A-Z]\b", page.read_text())
    }

    assert {name for name in named if not name.startswith(f"{PREFIX}TEST")} <= known


def test_each_command_has_its_section() -> None:
    headings = set(re.findall(r"^#+ `(netraven.*)`$", _page("operations/cli.md"), re.MULTILINE))

    assert headings == set(_commands(get_command(app)))


def test_each_option_of_a_command_is_named_in_its_section() -> None:
    sections = _sections(_page("operations/cli.md"))

    missing = [
        f"{path}: {option}"
        for path, command in _commands(get_command(app)).items()
        for option in _options(command)
        if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", sections.get(path, ""))
    ]

    assert not missing


def test_each_error_code_has_its_row() -> None:
    classes = inspect.getmembers(errors, inspect.isclass)
    codes = {kind.code for _, kind in classes if issubclass(kind, NetRavenError)}

    assert _first_cells("operations/errors.md") == codes


@pytest.mark.parametrize("code", ExitCode)
def test_each_exit_code_has_its_row(code: ExitCode) -> None:
    rows = _rows("operations/exit-codes.md")

    assert [str(code.value), f"`{code.name}`"] in [cells[:2] for cells in rows]


@pytest.mark.parametrize(
    "word", [*JobType, *RunStatus, *ResultStatus], ids=lambda word: f"{type(word).__name__}.{word}"
)
def test_each_job_type_and_status_is_in_the_glossary(word: str) -> None:
    assert f"`{word}`" in _page("glossary.md")


def test_each_platform_has_its_row() -> None:
    assert _first_cells("operations/platforms.md") == set(platform_names())


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_each_platform_has_its_page(platform: Platform) -> None:
    page = _page(f"platforms/{platform.name}.md")

    assert page.startswith(f"# {platform.label}\n")
    assert f"[`{platform.name}`]({platform.name}.md)" in _page("platforms/README.md")
    for command in platform.commands:
        assert (command.file or command.text).replace("|", "\\|") in page


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_a_platforms_row_says_what_it_rests_on(platform: Platform) -> None:
    rows = {cells[0].strip("`"): cells for cells in _rows("operations/platforms.md")}

    assert rows[platform.name][2].startswith(platform.proof)


def test_each_room_is_in_the_architecture() -> None:
    source = ROOT / "src" / "netraven"
    rooms = {path.stem for path in source.iterdir() if path.suffix == ".py"} | {
        path.name for path in source.iterdir() if (path / "__init__.py").exists()
    }

    table = _sections(_page("architecture.md"))["Rooms"]

    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == rooms - {"__init__"}


def test_each_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[\[<>=;~ ]", entry)[0] for entry in project["dependencies"]}

    table = _sections(_page("architecture.md"))["What NetRaven is built on"]

    assert set(re.findall(r"^\| `([\w.-]+)` \| \S", table, re.MULTILINE)) == names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_link_leads_somewhere(page: Path) -> None:
    broken = [
        f"{target}#{anchor}" if anchor else target
        for target, anchor in LINK.findall(page.read_text())
        if not (page.parent / target).exists()
        or (anchor and anchor not in _anchors(page.parent / target))
    ]

    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_page_can_be_reached_from_the_readme(page: Path) -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        current = waiting.pop().resolve()
        if current in reached or not current.is_relative_to(ROOT):
            continue
        reached.add(current)
        if current.is_dir():
            waiting += current.glob("*.md")
        elif current.suffix == ".md":
            waiting += [current.parent / target for target, _ in LINK.findall(current.read_text())]

    assert page.resolve() in reached


def test_decisions_are_numbered_and_short() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))

    assert [path.name[:4] for path in decisions] == [
        f"{number:04}" for number in range(1, len(decisions) + 1)
    ]
    assert all(path.read_text().count("\n") <= DECISION_LINES for path in decisions)


def _page(name: str) -> str:
    return (DOCS / name).read_text()


def _rows(name: str) -> list[list[str]]:
    """Return the cells of each row of the page's tables, heads and rules among them."""
    lines = [line for line in _page(name).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _first_cells(name: str) -> set[str]:
    """Return what stands in code type in the first cell of a row."""
    return {cells[0].strip("`") for cells in _rows(name) if cells[0].startswith("`")}


def _sections(text: str) -> dict[str, str]:
    """Return the text below each heading, without code marks, up to the next heading."""
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {title.strip("`"): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def _commands(command: object, path: str = "netraven") -> dict[str, TyperCommand]:
    """Return the commands that do something, by what is typed to call them."""
    if isinstance(command, TyperCommand):
        return {} if command.hidden else {path: command}
    assert isinstance(command, TyperGroup)
    found: dict[str, TyperCommand] = {}
    for name, child in command.commands.items():
        found |= _commands(child, f"{path} {name}")
    return found


def _options(command: TyperCommand) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, TyperOption) and not parameter.hidden:
            yield next(name for name in parameter.opts if name.startswith("--"))


def _anchors(page: Path) -> set[str]:
    """Return the anchors that the page's headings have on the usual sites."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
