"""A process that takes an administrator away when it is told to, and says how that ended."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable

from sqlalchemy.orm import Session

from netraven.admin.users import delete_user, update_user
from netraven.db import KeyRing, make_async_sessions, make_sessions, unit_of_work
from netraven.errors import InUse
from netraven.schemas.user import UserUpdate


def main() -> None:
    """Read what to do from the first line, say that it is ready, and do it at the second."""
    told = json.loads(sys.stdin.readline())
    ring = KeyRing.from_text(told["keyring"])
    take_away = _taking_away(told["user"], told["change"])
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    try:
        if told["kind"] == "sync":
            with unit_of_work(make_sessions(told["url"], ring)) as db:
                take_away(db)
        else:
            asyncio.run(_awaited(told["url"], ring, take_away))
    except InUse:
        print("in use", flush=True)  # noqa: T201
    else:
        print("done", flush=True)  # noqa: T201


def _taking_away(user_id: str, change: dict[str, object] | None) -> Callable[[Session], object]:
    if change is None:
        return lambda db: delete_user(db, user_id)
    update = UserUpdate.model_validate(change)
    return lambda db: update_user(db, user_id, update)


async def _awaited(url: str, ring: KeyRing, body: Callable[[Session], object]) -> None:
    async with unit_of_work(make_async_sessions(url, ring)) as db:
        await db.run_sync(body)


if __name__ == "__main__":
    main()
