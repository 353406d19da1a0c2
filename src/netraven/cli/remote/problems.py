"""From a server's refusal back to the error that it means: the same sentence, the same code."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Protocol

from netraven.errors import NetRavenError, ServerFailed


class Refusal(Protocol):
    """The reply of a server that refused."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        ...

    def json(self) -> object:
        """Return the body; raises ValueError where it is no JSON."""
        ...


def error_of(reply: Refusal, url: str) -> NetRavenError:
    """Return the error that a server's problem document tells."""
    try:
        problem = reply.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return ServerFailed(
            f"{url} answered {reply.status_code}, and not as NetRaven does; check the address"
        )
    kind = _by_code().get(problem["code"], ServerFailed)
    detail = str(problem.get("detail", f"{url} answered {reply.status_code}"))
    if kind is ServerFailed:
        return ServerFailed(f"{url}: {detail}; its log says more")
    # By its sentence, which each class would make out of other parts.
    return kind.__new__(kind, detail)


@cache
def _by_code() -> dict[str, type[NetRavenError]]:
    return {kind.code: kind for kind in _kinds(NetRavenError) if kind.code != NetRavenError.code}


def _kinds(kind: type[NetRavenError]) -> Iterator[type[NetRavenError]]:
    for inner in kind.__subclasses__():
        yield from _kinds(inner)
        yield inner
