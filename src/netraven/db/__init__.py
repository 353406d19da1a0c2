"""The way to the database: types, operations, engines, units of work."""

from netraven.db.actor import SYSTEM, Actor, ActorKind
from netraven.db.base import Base
from netraven.db.dialect import insert_into, is_postgresql, present_time, seconds_between
from netraven.db.engine import (
    at_commit,
    get_keyring,
    make_async_engine,
    make_async_sessions,
    make_engine,
    make_sessions,
)
from netraven.db.failures import guarded
from netraven.db.operation import Elsewhere, Operation, Unit, is_outermost, operation
from netraven.db.types import Id, JsonColumn, UtcDateTime, as_uuid, name_key, new_id
from netraven.db.unit import get_actor, unit_of_work
from netraven.seal import KeyRing

__all__ = [
    "SYSTEM",
    "Actor",
    "ActorKind",
    "Base",
    "Elsewhere",
    "Id",
    "JsonColumn",
    "KeyRing",
    "Operation",
    "Unit",
    "UtcDateTime",
    "as_uuid",
    "at_commit",
    "get_actor",
    "get_keyring",
    "guarded",
    "insert_into",
    "is_outermost",
    "is_postgresql",
    "make_async_engine",
    "make_async_sessions",
    "make_engine",
    "make_sessions",
    "name_key",
    "new_id",
    "operation",
    "present_time",
    "seconds_between",
    "unit_of_work",
]
