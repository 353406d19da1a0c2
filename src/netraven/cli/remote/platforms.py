"""The platforms that a server knows, its users' own among them."""

from __future__ import annotations

from dataclasses import dataclass

from netraven.cli.remote.asking import one
from netraven.cli.remote.server import Server
from netraven.platforms.catalogue import NATIVE
from netraven.platforms.described import Described


@dataclass(frozen=True, slots=True)
class ServersPlatforms:
    """What names mean at the server."""

    server: Server

    def resolve(self, name: str) -> Described | None:
        """Return the platform that any tool calls so, or None."""
        return one(self.server, "/platforms", name.strip(), Described) if name.strip() else None

    def close_names(self, name: str, *, at_most: int = 3) -> list[str]:
        """Return the names that were perhaps meant, the nearest first."""
        return NATIVE.close_names(name, at_most=at_most)

    def described(self) -> list[Described]:
        """Return every platform, as the server lists them."""
        return self.server.read(list[Described], self.server.get("/platforms"))
