"""Rules of this house that no linter can say, read from the source by `ast`.

Each rule is a function from one module to the faults in it. Beside every rule stands what it must
refuse and what it must let pass, so that none of them can fall silent unnoticed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "netraven"

FUNCTION_LINES = 60
FILE_LINES = 600
DOMAIN_ROOMS = ("admin", "vault", "inventory", "archive", "jobs")
ASYNC_PLACES = (
    *("collect/", "lab/", "notify/", "tasks/", "worker/"),
    *("api/", "web/", "cli/", "request/", "app.py"),
    *("db/unit.py", "db/writequeue.py", "jobs/engine.py", "sso/oidc.py"),
)
RECORDS = ("db/migrations/versions/",)  # what was done once, in full, and never edited
# `audit` asks whether its caller was called by a door; as an operation it would ask about itself.
PARTS_OF_OPERATIONS = {("admin/audit.py", "audit")}
LAST_HANDLERS = ("worker/run.py", "request/errors.py", "cli/main.py")
EMPTY_WORDS = {"utils", "helper", "helpers", "manager", "data", "info", "process", "handle"}
# Callbacks that asyncssh, asyncio and the standard library call by these names.
IMPOSED_NAMES = {
    *("data_received", "data_requested", "process_result_value", "process_bind_param"),
    *("handle_do", "handle_will", "handle_subnegotiation"),
}


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its place below the package (or below the root, for tests) and its tree.

    `nodes` are those of the whole tree, found once for all rules.
    """

    place: str
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]

    @classmethod
    def parse(cls, place: str, text: str) -> Module:
        tree = ast.parse(text)
        return cls(place, text, tree, tuple(ast.walk(tree)))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def calls(self, *names: str) -> Iterator[ast.Call]:
        endings = tuple(f".{name}" for name in names)
        for node in self.nodes:
            if isinstance(node, ast.Call) and f".{_dotted(node.func)}".endswith(endings):
                yield node

    def stands_in(self, places: Iterable[str]) -> bool:
        return self.place.startswith(tuple(places))

    def fault(self, node: ast.AST, sentence: str) -> str:
        return f"{self.place}:{getattr(node, 'lineno', 1)}: {sentence}"


Rule = Callable[[Module], Iterator[str]]


def operations_leave_the_transaction_to_its_opener(module: Module) -> Iterator[str]:
    if module.stands_in(f"{room}/" for room in DOMAIN_ROOMS):
        for call in module.calls("db.commit", "db.rollback", "db.close", "session.commit"):
            yield module.fault(call, "an operation flushes; whoever opened the session ends it")


def public_functions_over_a_session_are_operations(module: Module) -> Iterator[str]:
    if not module.stands_in(f"{room}/" for room in DOMAIN_ROOMS):
        return
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        first = next(iter([*node.args.posonlyargs, *node.args.args]), None)
        takes_session = first and first.annotation and ast.unparse(first.annotation) == "Session"
        decorators = {_dotted(decorator) for decorator in node.decorator_list}
        is_part = (module.place, node.name) in PARTS_OF_OPERATIONS
        if takes_session and not is_part and "operation" not in decorators:
            yield module.fault(node, f"{node.name} takes a Session but is no @operation")


def relationships_raise_on_lazy_load(module: Module) -> Iterator[str]:
    for call in module.calls("relationship"):
        lazy = next((keyword.value for keyword in call.keywords if keyword.arg == "lazy"), None)
        if not (isinstance(lazy, ast.Constant) and lazy.value in {"raise", "raise_on_sql"}):
            yield module.fault(call, 'a relationship says lazy="raise"')


def functions_are_short(module: Module) -> Iterator[str]:
    for node in () if module.stands_in(RECORDS) else module.functions():
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES:
            yield module.fault(node, f"{node.name} has {lines} lines; {FUNCTION_LINES} is the most")


def files_are_short(module: Module) -> Iterator[str]:
    lines = module.text.count("\n")
    if lines > FILE_LINES and not module.stands_in(RECORDS):
        yield f"{module.place}: {lines} lines; {FILE_LINES} is the most: split it by noun"


def only_the_last_handlers_catch_everything(module: Module) -> Iterator[str]:
    if module.place in LAST_HANDLERS:
        return
    for node in module.nodes:
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = _dotted(node.type) if node.type else "BaseException"
        passes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if caught == "Exception" or (caught == "BaseException" and not passes_on):
            yield module.fault(node, "name the errors that are expected here")


def coroutines_stand_where_the_network_is(module: Module) -> Iterator[str]:
    if module.stands_in(ASYNC_PLACES):
        return
    for node in module.functions():
        if isinstance(node, ast.AsyncFunctionDef):
            yield module.fault(node, f"async def {node.name} has no place in this room")


def only_settings_read_the_environment(module: Module) -> Iterator[str]:
    if module.place == "settings.py":
        return
    for node in module.nodes:
        if isinstance(node, ast.Attribute) and _dotted(node) in {"os.environ", "os.getenv"}:
            yield module.fault(node, "the environment is read in settings.py only")


def only_the_clock_knows_the_time(module: Module) -> Iterator[str]:
    if module.place == "clock.py":
        return
    asked = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time")
    for call in module.calls(*asked):
        yield module.fault(call, "ask netraven.clock for the time")


def nobody_sleeps_a_thread(module: Module) -> Iterator[str]:
    for call in module.calls("time.sleep"):
        yield module.fault(call, "time.sleep holds a thread; wait for the event itself")


def names_mean_something(module: Module) -> Iterator[str]:
    stem = Path(module.place).stem
    if _words(stem) & EMPTY_WORDS:
        yield f"{module.place}: the file's name says nothing"
    for node in module.nodes:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.endswith("_async") or (
            _words(node.name) & EMPTY_WORDS and node.name not in IMPOSED_NAMES
        ):
            yield module.fault(node, f"the name {node.name} says nothing")


def statements_are_not_built_from_strings(module: Module) -> Iterator[str]:
    for node in module.nodes:
        if not isinstance(node, ast.Call) or not node.args:
            continue
        is_sql = _dotted(node.func) in {"text", "sa.text", "exec_driver_sql"}
        if is_sql and isinstance(node.args[0], ast.JoinedStr | ast.BinOp):
            yield module.fault(node, "SQL is not built from strings; bind the values")


SOURCE_RULES: dict[Rule, tuple[str, str, str]] = {
    # the rule: (a place, what it refuses there, what it lets pass there)
    operations_leave_the_transaction_to_its_opener: (
        "inventory/devices.py",
        "def f(db):\n    db.commit()\n",
        "def f(db):\n    db.flush()\n",
    ),
    public_functions_over_a_session_are_operations: (
        "vault/credentials.py",
        "def get_credential(db: Session, name: str) -> None: ...\n",
        "@operation\ndef get_credential(db: Session) -> None: ...\ndef _part(db: Session): ...\n",
    ),
    relationships_raise_on_lazy_load: (
        "models/device.py",
        "class Device:\n    tags = relationship(secondary=links)\n",
        'class Device:\n    tags = relationship(secondary=links, lazy="raise")\n',
    ),
    functions_are_short: (
        "archive/diff.py",
        "def f():\n" + "    x = 1\n" * FUNCTION_LINES,
        "def f():\n" + "    x = 1\n" * (FUNCTION_LINES - 1),
    ),
    files_are_short: (
        "archive/diff.py",
        "x = 1\n" * (FILE_LINES + 1),
        "x = 1\n" * FILE_LINES,
    ),
    only_the_last_handlers_catch_everything: (
        "tasks/backup.py",
        "try:\n    f()\nexcept Exception:\n    g()\n",
        "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n",
    ),
    coroutines_stand_where_the_network_is: (
        "archive/backups.py",
        "async def get_backup(): ...\n",
        "def get_backup(): ...\n",
    ),
    only_settings_read_the_environment: (
        "cli/device.py",
        "import os\nhome = os.environ['HOME']\n",
        "home = settings.home\n",
    ),
    only_the_clock_knows_the_time: (
        "archive/backups.py",
        "seen_at = datetime.now(UTC)\n",
        "seen_at = clock.now()\n",
    ),
    nobody_sleeps_a_thread: (
        "db/engine.py",
        "time.sleep(1)\n",
        "time.monotonic()\n",
    ),
    names_mean_something: (
        "collect/session.py",
        "class SessionManager: ...\n",
        "class Session:\n    def data_received(self): ...\n",
    ),
    statements_are_not_built_from_strings: (
        "inventory/devices.py",
        'db.execute(text(f"DELETE FROM {table}"))\n',
        'db.execute(text("DELETE FROM devices WHERE id = :id"), {"id": device_id})\n',
    ),
}


def no_part_of_ours_is_replaced(module: Module) -> Iterator[str]:
    for node in module.nodes:
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        if is_import and "unittest.mock" in ast.unparse(node).replace(" import ", "."):
            yield module.fault(node, "tests run the real parts, no mocks")
    for call in module.calls("monkeypatch.setattr", "mocker.patch"):
        yield module.fault(call, "tests run the real parts, nothing is patched")


TEST_RULES: dict[Rule, tuple[str, str, str]] = {
    functions_are_short: SOURCE_RULES[functions_are_short],
    files_are_short: SOURCE_RULES[files_are_short],
    no_part_of_ours_is_replaced: (
        "tests/collect/test_session.py",
        "from unittest import mock\n",
        "def test_it(monkeypatch):\n    monkeypatch.setenv('NETRAVEN_HOME', '/srv')\n",
    ),
}


@pytest.mark.parametrize("rule", SOURCE_RULES, ids=lambda rule: rule.__name__)
def test_in_the_source(rule: Rule) -> None:
    modules = _modules(SOURCE, SOURCE)

    faults = [fault for module in modules for fault in rule(module)]

    assert modules
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("rule", TEST_RULES, ids=lambda rule: rule.__name__)
def test_in_tests_and_benchmarks(rule: Rule) -> None:
    modules = [*_modules(ROOT / "tests", ROOT), *_modules(ROOT / "benchmarks", ROOT)]

    faults = [fault for module in modules for fault in rule(module)]

    assert modules
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("rule", SOURCE_RULES | TEST_RULES, ids=lambda rule: rule.__name__)
def test_each_rule_can_fail_and_can_pass(rule: Rule) -> None:
    place, refused, accepted = (SOURCE_RULES | TEST_RULES)[rule]

    assert list(rule(Module.parse(place, refused)))
    assert not list(rule(Module.parse(place, accepted)))


@cache
def _modules(directory: Path, base: Path) -> list[Module]:
    return [
        Module.parse(path.relative_to(base).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(directory.rglob("*.py"))
    ]


def _dotted(node: ast.AST) -> str:
    """Return `a.b` for a name, an attribute or a called decorator, else an empty string."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{_dotted(value)}.{attribute}".lstrip(".")
        case ast.Call(func=called):
            return _dotted(called)
        case _:
            return ""


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}
