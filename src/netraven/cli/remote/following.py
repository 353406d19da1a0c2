"""A run at a server, followed by its events: each device as it is done, then the whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from netraven import clock
from netraven.db.enums import BackupStatus, ResultStatus, RunStatus
from netraven.errors import Conflict, NetRavenError, NotFound, ServerFailed
from netraven.tasks.progress import DeviceDone, RunSummary

if TYPE_CHECKING:
    from netraven.cli.remote.server import Server

_OPEN = frozenset({ResultStatus.PENDING, ResultStatus.RUNNING})
_NOT_TOLD = _OPEN | {ResultStatus.CANCELLED}
_MOST_BREAKS = 5


class RemoteFollowing:
    """One run; a stream that breaks off is taken up where it was.

    Devices that were cancelled are counted, but not told: nothing was done with them.
    """

    def __init__(
        self, server: Server, run_id: UUID, on_result: Callable[[DeviceDone], None] | None
    ) -> None:
        self._server = server
        self._run_id = run_id
        self._on_result = on_result
        self._told: set[str] = set()
        self._counts = Counter[str]()
        self._results = Counter[ResultStatus]()
        self._last_id = ""

    def see_through(self, *, cancels: bool) -> RunSummary | None:
        """Return how the run ended; the first interrupt cancels it, or ends the watching: None."""
        is_cancelled = False
        while True:
            try:
                return self._followed()
            except KeyboardInterrupt:
                if not cancels:
                    return None
                if is_cancelled:
                    raise
                is_cancelled = True
                with suppress(Conflict):  # it has just ended
                    self._server.send("POST", f"/runs/{self._run_id}/cancel")

    def _followed(self) -> RunSummary:
        breaks = 0
        while True:
            known = self._last_id
            try:
                for kind, told in self._events():
                    if kind == "end":
                        return self._summed_up(told)
                    self._take(kind, told)
            except ServerFailed:
                if breaks == _MOST_BREAKS:
                    raise
            # Whoever learns something new each time may break off as often as it likes.
            breaks = 0 if self._last_id != known else breaks + 1
            if breaks > _MOST_BREAKS:
                message = f"{self._server.address.url} ends every stream of the run {self._run_id}"
                raise ServerFailed(message)
            self._require_there()

    def _events(self) -> Iterator[tuple[str, dict[str, object]]]:
        path = f"/runs/{self._run_id}/events"
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        fields: dict[str, str] = {}
        with self._server.stream(path, headers=headers) as lines:
            for line in lines:
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields and "data" in fields:
                    yield fields["event"], json.loads(fields["data"])
                    self._last_id = fields.get("id", self._last_id)
                    fields = {}

    def _require_there(self) -> None:
        """Raise NotFound where somebody has deleted the run."""
        try:
            self._server.get(f"/runs/{self._run_id}")
        except NotFound:
            message = f"the run {self._run_id} has been deleted"
            raise NotFound(message) from None
        except NetRavenError as error:
            if not error.retryable:
                raise

    def _take(self, kind: str, told: dict[str, object]) -> None:
        if kind == "progress":
            by_status = self._server.read(dict[ResultStatus, int], told.get("by_status"))
            self._results = Counter(by_status)
        elif kind == "result":
            done = self._done(told)
            key = str(told.get("device_id") or done.hostname)
            if done.status not in _NOT_TOLD and key not in self._told:
                self._told.add(key)
                self._count(done)
                if self._on_result is not None:
                    self._on_result(done)

    def _done(self, told: dict[str, object]) -> DeviceDone:
        fields = {
            "device_id": told.get("device_id") or self._run_id,
            "hostname": told.get("device_hostname"),
            "status": told.get("status"),
            "backup_status": told.get("backup_status"),
            "is_new": told.get("is_new", False),
            "version": told.get("backup_version"),
            "reason": told.get("reason"),
            "message": told.get("message") or "",
            "duration_ms": told.get("duration_ms") or 0,
        }
        return self._server.read(DeviceDone, fields)

    def _count(self, done: DeviceDone) -> None:
        if done.backup_status is BackupStatus.QUARANTINED:
            self._counts["quarantined"] += 1
        elif done.backup_status is BackupStatus.COMPLETED:
            self._counts["new" if done.is_new else "unchanged"] += 1

    def _summed_up(self, run: dict[str, object]) -> RunSummary:
        start, end = self._moment(run.get("start_time")), self._moment(run.get("end_time"))
        took_s = 0.0 if start is None else ((end or clock.now()) - start).total_seconds()
        return RunSummary(
            run_id=self._run_id,
            status=self._server.read(RunStatus, run.get("status")),
            took_s=max(0.0, took_s),
            results=Counter({status: n for status, n in self._results.items() if n}),
            new_versions=self._counts["new"],
            unchanged=self._counts["unchanged"],
            quarantined=self._counts["quarantined"],
        )

    def _moment(self, told: object) -> datetime | None:
        return None if told is None else self._server.read(datetime, told)
