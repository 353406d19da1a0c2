"""Backups of a server: their rows, what they hold, and the history of their lines."""

from __future__ import annotations

from types import MappingProxyType
from typing import cast

from netraven.archive import (
    backups,
    devices,
    history_annotate,
    history_biography,
    history_stories,
    transcripts,
    unsealing,
    versions,
    views,
    weave_standing,
)
from netraven.archive.history_annotate import AnnotatedLine, Annotation
from netraven.archive.history_biography import BiographyPage, LineLife
from netraven.archive.history_stories import Deviant, Story, StoryDevice, StoryPage
from netraven.archive.transcripts import TranscriptView
from netraven.archive.weave_standing import HistoryStatus
from netraven.cli.remote import lines
from netraven.cli.remote.asking import (
    Asked,
    Table,
    changed,
    counted,
    deleted,
    every,
    listed,
    or_none,
    shown,
)
from netraven.cli.remote.server import Server
from netraven.models import Backup
from netraven.schemas.backup import BackupComparison, BackupRead

_BACKUPS = "/backups"
# A page of a biography is looked for so long before the server says how far it came.
_LOOK_S = 10


def _content(server: Server, asked: Asked) -> str | None:
    place = f"{_BACKUPS}/{asked['backup_id']}/content"
    content = or_none(lambda: server.get_bytes("GET", place))
    return None if content is None else content.decode("utf-8", "surrogateescape")


def _unseal(server: Server, asked: Asked) -> bytes | None:
    place = f"{_BACKUPS}/{asked['backup_id']}/unseal"
    return or_none(lambda: server.get_bytes("POST", place, body={"reason": asked["reason"]}))


def _diff(server: Server, asked: Asked) -> BackupComparison | None:
    query = {"context": asked.get("context"), "volatile": asked.get("with_volatile", True)}
    told = or_none(lambda: server.get(f"{_BACKUPS}/{asked['a']}/diff/{asked['b']}", query))
    return None if told is None else server.read(BackupComparison, told)


def _version(server: Server, asked: Asked) -> BackupRead | None:
    query = {name: asked.get(name) for name in ("device_id", "config_type")}
    rows = every(server, _BACKUPS, query, BackupRead)
    return next((row for row in rows if row.version == asked["version"]), None)


def _transcript(server: Server, asked: Asked) -> TranscriptView | None:
    told = or_none(lambda: server.get(f"{_BACKUPS}/{asked['backup_id']}/transcript"))
    return None if told is None else server.read(TranscriptView, told)


def _history_status(server: Server, _asked: Asked) -> HistoryStatus:
    return server.read(HistoryStatus, server.get("/history"))


def _annotate(server: Server, asked: Asked) -> Annotation | None:
    query = {"version": asked.get("version"), "config_type": asked.get("config_type")}
    told = or_none(lambda: server.get(f"/devices/{asked['device_id']}/annotation", query))
    if not isinstance(told, dict):
        return None
    backup = server.read(BackupRead, told["backup"])
    read = server.read(list[dict[str, object]], told["lines"])
    return Annotation(
        backup=cast("Backup", backup),
        lines=tuple(
            server.read(AnnotatedLine, [*map(line.get, AnnotatedLine._fields)]) for line in read
        ),
    )


def _biography(server: Server, asked: Asked) -> BiographyPage:
    query = {**lines.scope_of(asked), "line": asked["line"], "within_s": _LOOK_S}
    lives: list[LineLife] = []
    end = lines.NOTHING_YET
    for told in lines.read(server, "/biography", query):
        if isinstance(told, lines.End):
            end = told
        else:
            lives.append(server.read(LineLife, told))
    return BiographyPage(
        lives=tuple(lives),
        searched=end.searched,
        unwoven=end.unwoven,
        unreadable=tuple(end.unreadable),
        ended=end.ended,
        cursor=end.cursor,
    )


def _stories(server: Server, asked: Asked) -> StoryPage:
    query = {**asked, "tag_id": asked.get("tags")}
    told = server.get("/stories", {name: query[name] for name in query if name != "tags"})
    read = server.read(dict[str, object], told)
    items = server.read(list[dict[str, object]], read.get("items"))
    stories = tuple(_story(server, item) for item in items)
    return StoryPage(stories=stories, total=server.read(int, read.get("total")))


def _story(server: Server, told: dict[str, object]) -> Story:
    # What only tells stories apart, and how to read their lines, does not travel.
    def device(each: object) -> StoryDevice:
        told = {**cast("dict[str, object]", each), "exact": b"", "device_type": ""}
        return server.read(StoryDevice, [*map(told.get, StoryDevice._fields)])

    parts = {
        "same": tuple(map(device, cast("list[object]", told["same"]))),
        "deviants": tuple(
            Deviant(device=device(each["device"]), lines=tuple(each["lines"]))
            for each in cast("list[dict[str, list[str]]]", told["deviants"])
        ),
    }
    return server.read(Story, {**told, **parts})


TABLE: Table = MappingProxyType(
    {
        backups.get_backups: listed(_BACKUPS, BackupRead),
        backups.count_backups: counted(_BACKUPS),
        backups.get_backup: shown(_BACKUPS, BackupRead),
        backups.update_backup: changed(_BACKUPS, BackupRead),
        backups.delete_backup: deleted(_BACKUPS),
        versions.get_version: _version,
        versions.get_newest_versions: listed(_BACKUPS, BackupRead),
        views.get_redacted_content: _content,
        views.redacted_diff: _diff,
        unsealing.unseal_backup: _unseal,
        transcripts.get_transcript: _transcript,
        devices.delete_device: deleted("/devices"),
        weave_standing.get_history_status: _history_status,
        history_annotate.annotate: _annotate,
        history_biography.line_biography: _biography,
        history_stories.change_stories: _stories,
    }
)
"""How each operation is asked for."""
