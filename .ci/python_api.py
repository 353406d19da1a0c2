"""Write docs/python-api.md: every operation of `netraven.crud` with its signature and rules.

Read from the code, so that the page cannot differ from it; `--check` only compares.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from netraven import crud

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "python-api.md"
INTRODUCTION = Path(__file__).with_name("python_api.md")
ROOMS = {
    "inventory": "Devices, tags and rules",
    "vault": "Credentials and keys",
    "archive": "Backups",
    "jobs": "Runs, schedules, leases and workers",
    "admin": "Users, settings and audit events",
    "nextrun": "Schedule arithmetic",
}


def page() -> str:
    """Return the whole page."""
    by_room: defaultdict[str, list[str]] = defaultdict(list)
    for name in crud.__all__:
        by_room[_room(name)].append(name)
    parts = [INTRODUCTION.read_text(encoding="utf-8").rstrip()]
    for room, title in ROOMS.items():
        parts.append(f"## {title}")
        parts.extend(_entry(name) for name in sorted(by_room.pop(room, [])))
    if by_room:
        raise SystemExit(f"no title for the rooms {', '.join(sorted(by_room))}")
    return "\n\n".join(parts) + "\n"


def _room(name: str) -> str:
    return str(getattr(crud, name).__module__).split(".")[1]


def _entry(name: str) -> str:
    documentation = inspect.getdoc(getattr(crud, name)) or ""
    return f"### {name}\n\n```python\n{_signature(name)}\n```\n\n{_paragraphs(documentation)}"


def _signature(name: str) -> str:
    """Return the signature as it is written, over several lines where it is long."""
    function = inspect.unwrap(getattr(crud, name))
    source = ast.parse(inspect.getsource(function))
    definition = source.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise SystemExit(f"{name} is no function")
    arguments = list(_arguments(definition.args))
    returned = ast.unparse(definition.returns) if definition.returns else "None"
    line = f"{name}({', '.join(arguments)}) -> {returned}"
    if len(line) <= 96:  # noqa: PLR2004  the width of a page
        return line
    return f"{name}(\n" + "".join(f"    {one},\n" for one in arguments) + f") -> {returned}"


def _arguments(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    for place, argument in enumerate(positional):
        default = arguments.defaults[place - without] if place >= without else None
        yield _argument(argument, default)
    if arguments.kwonlyargs:
        yield "*"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _argument(argument, default)


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    return f"{argument.arg}{annotation}" + (f" = {ast.unparse(default)}" if default else "")


def _paragraphs(documentation: str) -> str:
    return "\n".join(line.rstrip() for line in documentation.splitlines())


def main() -> None:
    """Write the page, or compare it with what would be written."""
    wanted = page()
    if "--check" in sys.argv[1:]:
        if PAGE.read_text(encoding="utf-8") != wanted:
            raise SystemExit("docs/python-api.md is not what the code says; run `make reference`")
        return
    PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
