"""Annotating a version: each of its lines with the version and the moment since which it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from netraven.archive.backups import get_backup
from netraven.archive.opaque import folded_lines
from netraven.archive.search_scope import load_one
from netraven.archive.series import Series
from netraven.archive.versions import get_newest_versions, get_version
from netraven.archive.views import get_redacted_content
from netraven.archive.weave import Weave
from netraven.archive.weave_build import weave_series
from netraven.archive.weave_standing import choose_current
from netraven.archive.weave_store import open_parts
from netraven.db import Id, get_keyring, operation
from netraven.db.enums import BackupStatus
from netraven.errors import Corrupt, KeyUnavailable
from netraven.models import Backup


class AnnotatedLine(NamedTuple):
    """A line of a redacted view, and the version since which it stands without a gap.

    `author` made that version, where it is known and kept. `is_from_start` says that the first
    known version had it: it may be older.
    """

    text: str
    version: int
    since: datetime
    author: str | None
    is_from_start: bool


@dataclass(frozen=True, slots=True)
class Annotation:
    """A version's redacted view, line by line; joined by line feeds they are the view exactly."""

    backup: Backup
    lines: tuple[AnnotatedLine, ...]


@operation
def annotate(
    db: Session,
    device_id: Id,
    version: int | None = None,
    *,
    config_type: str = "running",
    visible_to: Id | None = None,
) -> Annotation | None:
    """Return since when each line of a completed version stands; without a number, the newest.

    None where there is no such version to be seen. Raises KeyUnavailable, and Corrupt where
    neither weave nor contents can tell.
    """
    backup = _completed(db, device_id, version, config_type=config_type, visible_to=visible_to)
    if backup is None or backup.version is None:
        return None
    series = (backup.device_id, backup.config_type)
    parts = usable_parts(db, series)
    weave = next((part for part in parts if backup.version in part.kept), None)
    if weave is None:
        raise Corrupt(f"the history of {backup.config_type} of {backup.device.hostname}")
    places = [*weave.places(backup.version)]
    texts = [weave.lines[place] for place in places]
    told = _told(weave, {weave.firsts[place] for place in places}, _authors(db, series))
    lines = [
        AnnotatedLine(text, *told[weave.firsts[place]])
        for place, text in zip(places, _decoded(texts), strict=True)
    ]
    for number, view in _views(db, backup, texts).items():
        lines[number] = lines[number]._replace(text=view)
    return Annotation(backup, tuple(lines))


@operation
def usable_parts(db: Session, series: Series) -> Sequence[Weave]:
    """Return the weave of a series behind its past; missing, outdated or damaged, one made anew.

    Empty where there is no completed version. Raises KeyUnavailable.
    """
    keyring = get_keyring(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; nothing sealed can be read")
    found = load_one(db, series)
    if found is not None and found.weave is not None and choose_current(db, [found.standing]):
        with suppress(Corrupt):
            return open_parts(db, keyring, found.weave)
    woven = weave_series(db, series)
    return () if woven is None else (*woven.fresh.past, woven.fresh.weave)


def _completed(
    db: Session, device_id: Id, version: int | None, *, config_type: str, visible_to: Id | None
) -> Backup | None:
    if version is not None:
        found = get_version(db, device_id, version, config_type=config_type)
    else:
        newest = get_newest_versions(db, device_id, BackupStatus.COMPLETED, config_type=config_type)
        found = next(iter(newest), None)
    if found is None or found.status is not BackupStatus.COMPLETED:
        return None
    return found if visible_to is None else get_backup(db, found.id, visible_to=visible_to)


_Told = tuple[int, datetime, str | None, bool]


def _told(
    weave: Weave, numbers: Collection[int], authors: Mapping[int, str]
) -> Mapping[int, _Told]:
    """Return what is told of lines that came with these versions."""
    start = weave.versions[0].number
    return {
        each.number: (each.number, each.at, authors.get(each.number), each.number == start)
        for each in weave.versions
        if each.number in numbers
    }


def _decoded(texts: Sequence[bytes]) -> Sequence[str]:
    return b"\n".join(texts).decode("utf-8", "surrogateescape").split("\n") if texts else ()


def _authors(db: Session, series: Series) -> Mapping[int, str]:
    known = db.execute(_AUTHORS, {"device_id": series[0], "config_type": series[1]})
    return {row[0]: row[1] for row in known if row[0] and row[1]}


# Building it takes longer than running it.
_AUTHORS = select(Backup.version, Backup.author).where(
    Backup.device_id == bindparam("device_id"),
    Backup.config_type == bindparam("config_type"),
    Backup.author.is_not(None),
    Backup.version.is_not(None),
)


def _views(db: Session, backup: Backup, texts: list[bytes]) -> Mapping[int, str]:
    """Return what people see in place of folded lines, by their numbers from 0."""
    folded = folded_lines(texts)
    if not folded:
        return {}
    view = (get_redacted_content(db, backup.id) or "").split("\n")
    if len(view) != len(texts):
        raise Corrupt(f"the history of {backup.config_type} of {backup.device.hostname}")
    return {number: view[number] for number in folded}
