"""Name functions, methods, classes and imports that nothing uses, tests and benchmarks included.

Vulture's own command cannot leave out fields, and fields of tables, schemas and values are mostly
read by name through libraries; so they are not judged here. Ruff judges parameters and names within
a function.
"""

from __future__ import annotations

import sys
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parent.parent
PLACES = ("src", "tests", "benchmarks", ".ci")
FIELDS = {"variable", "attribute"}
# Called by these decorators' owners, never by name.
DECORATORS = [
    "@*.callback",
    "@*.command",
    "@event.listens_for",
    "@field_validator",
    "@initialize",
    "@invariant",
    "@model_validator",
    "@overload",
    "@override",
    "@pytest.fixture",
    "@pytest_asyncio.fixture",
    "@app.get",
    "@router.delete",
    "@router.get",
    "@router.patch",
    "@router.post",
    "@router.put",
    "@rule",
    "@validates",
]
# Called by these names from Alembic, pytest and the standard library's HTTP server.
NAMES = ["upgrade", "downgrade", "test_*", "pytest_*", "do_GET", "do_POST"]


def main() -> int:
    """Print each finding and return 1, or return 0."""
    search = Vulture(ignore_names=NAMES, ignore_decorators=DECORATORS)
    # What stands under tests/typing is read by type checkers and never called.
    search.scavenge([str(ROOT / place) for place in PLACES], exclude=["*/tests/typing/*"])
    found = [item for item in search.get_unused_code() if item.typ not in FIELDS]
    for item in found:
        place = item.filename.relative_to(ROOT)
        print(f"{place}:{item.first_lineno}: {item.typ} {item.name} is used nowhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
