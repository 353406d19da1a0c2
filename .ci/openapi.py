"""Write docs/openapi.json: the API's own description, as a running server gives it.

`--check` only compares, so that a change of the API is seen in review.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from netraven.app import api_document

PAGE = Path(__file__).parent.parent / "docs" / "openapi.json"


def document() -> str:
    """Return the document as it is kept: sorted, so that differences are few."""
    return json.dumps(api_document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(document(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != document():
        raise SystemExit("docs/openapi.json is not what the code says; run `make reference`")
