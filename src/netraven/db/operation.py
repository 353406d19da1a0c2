"""Data operations: one body over Session that AsyncSession can await too.

Where another process has the database, an `Elsewhere` stands in the session's place, and asks it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar, cast, overload

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_DEPTH = "operation_depth"


class Elsewhere(Protocol):
    """Stands in a session's place where the operation is done by another process."""

    def ask(self, called: Callable[..., R], /, *args: object, **kwargs: object) -> R:
        """Return what the operation comes to there.

        In the place of rows come what doors show of them, with the attributes of the same names.
        """
        ...


Unit: TypeAlias = Session | Elsewhere
"""What a door that may stand on another machine calls operations with."""


class Operation(Protocol[P, R_co]):
    """Call it with a Session or an Elsewhere; await it with an AsyncSession."""

    __name__: str
    __doc__: str | None

    @overload
    def __call__(self, db: Unit, /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(
        self, db: AsyncSession, /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, R_co]: ...


def operation(body: Callable[Concatenate[Session, P], R]) -> Operation[P, R]:
    """Return `body` callable with all kinds of session; coroutines are a TypeError."""
    if inspect.iscoroutinefunction(body) or inspect.isgeneratorfunction(body):
        message = f"{body.__name__} must be a plain function over Session"
        raise TypeError(message)
    if inspect.isasyncgenfunction(body):
        message = f"{body.__name__} must not be an asynchronous generator"
        raise TypeError(message)

    def run(db: Session, /, *args: P.args, **kwargs: P.kwargs) -> R:
        depth = db.info.get(_DEPTH, 0)
        db.info[_DEPTH] = depth + 1
        try:
            return body(db, *args, **kwargs)
        finally:
            db.info[_DEPTH] = depth

    @wraps(body)
    def call(
        db: Unit | AsyncSession, /, *args: P.args, **kwargs: P.kwargs
    ) -> R | Coroutine[Any, Any, R]:
        if isinstance(db, AsyncSession):
            return db.run_sync(run, *args, **kwargs)
        if isinstance(db, Session):
            return run(db, *args, **kwargs)
        return db.ask(cast("Callable[..., R]", call), *args, **kwargs)

    return cast("Operation[P, R]", call)


def is_outermost(db: Session) -> bool:
    """Tell whether the running operation was called by a door, not by another operation."""
    depth: int = db.info.get(_DEPTH, 0)
    return depth <= 1
