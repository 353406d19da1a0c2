"""A process that takes an administrator away when it is told to, and says how that ended."""

from __future__ import annotations

import json
import sys

from netraven.admin.users import delete_user, update_user
from netraven.db import KeyRing
from netraven.errors import InUse
from netraven.schemas.user import UserUpdate
from tests.conftest import Database


def main() -> None:
    """Read what to do from the first line, say that it is ready, and do it at the second."""
    told = json.loads(sys.stdin.readline())
    database = Database(told["url"], KeyRing.from_text(told["keyring"]), told["kind"])
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    try:
        if told["change"] is None:
            database.run(delete_user, told["user"])
        else:
            change = UserUpdate.model_validate(told["change"])
            database.run(update_user, told["user"], change)
    except InUse:
        print("in use", flush=True)  # noqa: T201
    else:
        print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
