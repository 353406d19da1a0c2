"""The declarative base: names of constraints, ids, times."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from netraven import clock
from netraven.db.jsonedits import notice_edits
from netraven.db.types import UtcDateTime, UuidColumn, new_id

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[type, TypeEngine[Any]]] = {
        datetime: UtcDateTime(),
        UUID: UuidColumn,
    }


notice_edits(Base)


class HasId:
    """A row with an id of its own, made by the application, increasing within a process."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-2)


class HasCreated:
    """A row that knows when it was made."""

    created_at: Mapped[datetime] = mapped_column(default=clock.now, sort_order=90)


class HasUpdated(HasCreated):
    """A row that knows when another of its columns last changed."""

    updated_at: Mapped[datetime] = mapped_column(
        default=clock.now, onupdate=clock.now, sort_order=91
    )
