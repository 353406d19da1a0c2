"""An installation elsewhere, with what commands ask of one that is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, TypeVar, cast
from uuid import UUID

from typing_extensions import override

from netraven.cli.remote.asking import Table
from netraven.cli.remote.platforms import ServersPlatforms
from netraven.cli.remote.server import Server
from netraven.db import Elsewhere
from netraven.errors import Forbidden, OnlyHere

if TYPE_CHECKING:
    from netraven.schemas.imports import RowVerdict
    from netraven.tasks.progress import DeviceDone, RunSummary

R = TypeVar("R")


class _Unit(Elsewhere):
    """Asks the server for each operation, in a transaction of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @override
    def ask(self, called: Callable[..., R], /, *args: object, **kwargs: object) -> R:
        """Return what the operation comes to there; raises OnlyHere where it cannot be asked."""
        perform = _table(called.__module__).get(called)
        if perform is None:
            message = (
                "this works on the machine of the installation itself; run it there, without a "
                "server"
            )
            raise OnlyHere(message)
        bound = signature(called).bind(self, *args, **kwargs).arguments
        _, *asked = bound.items()
        return cast("R", perform(self._server, dict(asked)))


@dataclass(frozen=True, slots=True)
class RemoteHome:
    """One installation elsewhere, at which somebody has an account."""

    server: Server

    @property
    def platforms(self) -> ServersPlatforms:
        """The platforms that the server knows."""
        return ServersPlatforms(self.server)

    def is_anybody_at_work(self) -> bool:
        """Tell whether a worker of the server gave a sign of life; yes where one may not know."""
        from netraven.schemas.status import Status

        try:
            found = self.server.read(Status, self.server.get("/status"))
        except Forbidden:
            return True
        return any(not worker.is_silent for worker in found.workers)

    def follow(
        self,
        run_id: UUID,
        on_result: Callable[[DeviceDone], None] | None = None,
        *,
        cancels: bool = True,
    ) -> RunSummary | None:
        """Return how a run of the server ended, having told each device once it was done.

        The first interrupt cancels the run, or only ends the watching: then None is returned.
        """
        from netraven.cli.remote.following import RemoteFollowing

        return RemoteFollowing(self.server, run_id, on_result).see_through(cancels=cancels)

    def import_devices(self, content: bytes, *, dry_run: bool) -> list[RowVerdict]:
        """Import the devices of a CSV file's content there, and return a verdict a row."""
        from netraven.schemas.imports import RowVerdict

        told = self.server.send(
            "POST",
            "/devices/import",
            query={"dry_run": dry_run},
            content=content,
            media="text/csv",
        )
        rows = told.get("rows") if isinstance(told, dict) else None
        return self.server.read(list[RowVerdict], rows)

    @contextmanager
    def reading(self) -> Iterator[Elsewhere]:
        """Yield what operations are asked of."""
        yield _Unit(self.server)

    @contextmanager
    def writing(self) -> Iterator[Elsewhere]:
        """Yield the same: what one operation changed stays, whatever becomes of the next."""
        yield _Unit(self.server)


def _table(module: str) -> Table:
    """Return how the operations of a module's room are asked for."""
    _, room, *_ = module.split(".")
    return _tables().get(room, dict)()


@cache
def _tables() -> dict[str, Callable[[], Table]]:
    return {
        "admin": _admin,
        "vault": _vault,
        "inventory": _inventory,
        "archive": _archive,
        "jobs": _jobs,
    }


def _admin() -> Table:
    from netraven.cli.remote.admin import TABLE

    return TABLE


def _vault() -> Table:
    from netraven.cli.remote.vault import TABLE

    return TABLE


def _inventory() -> Table:
    from netraven.cli.remote.inventory import TABLE

    return TABLE


def _archive() -> Table:
    from netraven.cli.remote.archive import TABLE

    return TABLE


def _jobs() -> Table:
    from netraven.cli.remote.jobs import TABLE

    return TABLE
