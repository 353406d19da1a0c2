"""Weaves in the database: loaded and stored, each under the name of the rules of its view."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.orm import Session

from netraven.archive.series import Series
from netraven.archive.weave import Weave
from netraven.archive.weave_frame import (
    FORMAT,
    StoredPast,
    StoredWeave,
    corrupt_history,
    open_weave,
    past_place,
    seal_weave,
    weave_place,
)
from netraven.db import KeyRing, insert_into, operation
from netraven.db.chunks import in_chunks
from netraven.db.engine import SEND_AS_BYTES
from netraven.models import History, HistoryPast
from netraven.platforms.platform import Platform


@dataclass(frozen=True, slots=True)
class FreshWeave:
    """A weave to be stored in place of the series' present one, with new parts of its past."""

    series: Series
    weave: Weave
    view_rev: str
    past: tuple[Weave, ...] = ()


@lru_cache(maxsize=256)
def view_rev(platform: Platform | None) -> str:
    """Return the name of the rules by which this platform's views are made.

    It follows from them, so that nobody has to remember to raise it.
    """
    rules = None if platform is None else (platform.secrets, platform.literals)
    digest = hashlib.sha256(repr(rules).encode()).hexdigest()
    return f"{_VIEW_REVISION}-{digest[:8]}"


def mixed_view_rev(platforms: Iterable[Platform | None]) -> str:
    """Return the name of the rules of a series that several platforms' programs wrote."""
    names = sorted(set(map(view_rev, platforms)))
    if len(names) == 1:
        return names[0]
    return f"{_VIEW_REVISION}-{hashlib.sha256('+'.join(names).encode()).hexdigest()[:8]}"


@operation
def load_weaves(db: Session, series: Collection[Series]) -> dict[Series, StoredWeave]:
    """Return the rows of these series that there are."""
    found: dict[Series, StoredWeave] = {}
    for chunk in in_chunks(sorted(series)):
        devices = {device_id for device_id, _ in chunk}
        # SQLite finds rows by one column in a list, but not by two.
        wanted = _ROWS.where(History.device_id.in_(devices), _KEY.in_(chunk))
        found |= {(row[0], row[1]): StoredWeave(*row) for row in db.execute(wanted)}
    return found


@operation
def load_past(db: Session, series: Collection[Series]) -> dict[Series, list[StoredPast]]:
    """Return the parts of the past of those of these series that have any, the oldest first."""
    found: dict[Series, list[StoredPast]] = {}
    # Most installations have none at all.
    if not db.scalar(_HAS_PAST):
        return found
    for chunk in in_chunks(sorted({device_id for device_id, _ in series})):
        for row in db.execute(_PAST, {"device_ids": chunk}):
            past = StoredPast(*row)
            if past.series in series:
                found.setdefault(past.series, []).append(past)
    return found


@operation
def open_parts(db: Session, keyring: KeyRing, row: StoredWeave) -> list[Weave]:
    """Return a weave behind the parts of its past; raises Corrupt or KeyUnavailable.

    Each kept version's text comes back from one of them.
    """
    weave = open_weave(keyring, row)
    past: list[Weave] = []
    if weave.has_past():
        rows = load_past(db, [row.series]).get(row.series, ())
        past = [open_weave(keyring, each) for each in rows]
        if not weave.follows(past):
            raise corrupt_history(row.series)
    return [*past, weave]


@operation
def keep_weaves(db: Session, keyring: KeyRing, fresh: Sequence[FreshWeave]) -> None:
    """Store weaves in place of those that are there; the caller holds their series."""
    if not fresh:
        return
    rows = [_row(keyring, each) for each in sorted(fresh, key=lambda each: each.series)]
    insertion = insert_into(db, History)
    replaced = {name: insertion.excluded[name] for name in _REPLACED}
    key = ["device_id", "config_type"]
    kept = insertion.on_conflict_do_update(index_elements=key, set_=replaced)
    db.connection().execute(kept, rows)
    keep_past(db, keyring, [(each.series, past) for each in fresh for past in each.past])


@operation
def keep_past(db: Session, keyring: KeyRing, past: Sequence[tuple[Series, Weave]]) -> None:
    """Store parts of the past of series, in place of those that end with the same version."""
    if not past:
        return
    rows = [_past_row(keyring, *each) for each in past]
    insertion = insert_into(db, HistoryPast)
    replaced = {name: insertion.excluded[name] for name in ("format", "data")}
    key = ["device_id", "config_type", "last_version"]
    db.connection().execute(
        insertion.on_conflict_do_update(index_elements=key, set_=replaced), rows
    )


@operation
def drop_weaves(db: Session, series: Collection[Series]) -> None:
    """Remove the weaves of these series, and their past."""
    for chunk in in_chunks(sorted(series)):
        db.execute(delete(History).where(_KEY.in_(chunk)))
        db.execute(delete(HistoryPast).where(_PAST_KEY.in_(chunk)))


# Raised when the tokens, the folds or the way they are put in become others.
_VIEW_REVISION = 2
_REPLACED = ("last_version", "view_rev", "format", "data")
_KEY = tuple_(History.device_id, History.config_type)
_ROWS = select(
    History.device_id,
    History.config_type,
    History.last_version,
    History.view_rev,
    History.format,
    History.data,
).execution_options(**SEND_AS_BYTES)
_PAST_KEY = tuple_(HistoryPast.device_id, HistoryPast.config_type)
_HAS_PAST = select(select(HistoryPast.last_version).exists())
_PAST = (
    select(
        HistoryPast.device_id,
        HistoryPast.config_type,
        HistoryPast.last_version,
        HistoryPast.format,
        HistoryPast.data,
    )
    .where(HistoryPast.device_id.in_(bindparam("device_ids", expanding=True)))
    .order_by(HistoryPast.device_id, HistoryPast.config_type, HistoryPast.last_version)
    .execution_options(**SEND_AS_BYTES)
)


def _row(keyring: KeyRing, fresh: FreshWeave) -> Mapping[str, object]:
    device_id, config_type = fresh.series
    return {
        "device_id": device_id,
        "config_type": config_type,
        "last_version": fresh.weave.last_version,
        "view_rev": fresh.view_rev,
        "format": FORMAT,
        "data": seal_weave(keyring, fresh.weave, weave_place(fresh.series)),
    }


def _past_row(keyring: KeyRing, series: Series, past: Weave) -> Mapping[str, object]:
    return {
        "device_id": series[0],
        "config_type": series[1],
        "last_version": past.last_version,
        "format": FORMAT,
        "data": seal_weave(keyring, past, past_place(series, past.last_version)),
    }
