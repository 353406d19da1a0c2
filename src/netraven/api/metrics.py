"""Metrics for Prometheus: the installation as it stands, and what this process counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from fastapi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from netraven import __version__
from netraven.api.access import guarded_router
from netraven.api.replies import READ, refusals
from netraven.archive.backups import count_backups
from netraven.db.enums import BackupStatus, RunStatus
from netraven.db.facts import database_size
from netraven.jobs.status import get_status
from netraven.jobs.summaries import get_job_log_statistics
from netraven.request.ground import get_ground
from netraven.request.units import Reading
from netraven.schemas.job import JobLogStatistics
from netraven.schemas.status import Status

router = guarded_router("", "Health", base="")

_TEXT = {"text/plain": {"schema": {"type": "string"}}}
Label = TypeVar("Label", bound=str)

# Queues of sites are as many as there are sites; together they are one label.
_SITES = "site:"


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": _TEXT}, **refusals(*READ)},
)
async def scrape(request: Request, db: Reading) -> Response:
    """Return all metrics in Prometheus' text format; no label grows with the fleet."""
    installation = CollectorRegistry(auto_describe=False)
    kept = {status: await count_backups(db, status=status) for status in BackupStatus}
    installation.register(
        _Installation(
            await get_status(db),
            await get_job_log_statistics(db),
            kept,
            size_bytes=await database_size(db),
        )
    )
    counted = generate_latest(get_ground(request).measures.registry)
    return Response(
        generate_latest(installation) + counted, headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


class _Installation(Collector):
    """What the database tells, the same whichever web process is asked."""

    def __init__(
        self,
        status: Status,
        runs: JobLogStatistics,
        backups: Mapping[BackupStatus, int],
        *,
        size_bytes: int,
    ) -> None:
        self._status = status
        self._runs = runs
        self._backups = backups
        self._size_bytes = size_bytes

    @override
    def collect(self) -> Iterable[Metric]:
        """Return one family for each thing that is measured."""
        yield _labelled("netraven_info", "This program.", "version", {__version__: 1})
        yield from self._fleet()
        yield from self._work()
        yield _labelled("netraven_backups", "Versions kept, by status.", "status", self._backups)
        yield _single(
            "netraven_database_bytes", "What the database takes on its disk.", self._size_bytes
        )

    def _fleet(self) -> Iterator[Metric]:
        fleet = self._status.fleet
        yield _labelled(
            "netraven_devices",
            "Devices, by whether they are switched on.",
            "state",
            {"enabled": fleet.enabled, "disabled": fleet.disabled},
        )
        yield _labelled(
            "netraven_devices_last_backup",
            "Enabled devices, by how their last backup ended.",
            "status",
            {**fleet.by_status, "none": fleet.untried},
        )
        numbers = {
            "unreachable": ("Enabled devices that did not answer.", fleet.unreachable),
            "without_good_backup": ("Enabled devices without a good backup.", fleet.without_good),
            "quarantined": ("Devices whose last capture is in quarantine.", len(fleet.quarantined)),
        }
        for name, (told, number) in numbers.items():
            yield _single(f"netraven_devices_{name}", told, number)
        oldest = None if fleet.oldest_good is None else fleet.oldest_good.at
        yield from _moment(
            "netraven_last_complete_sweep",
            "When every enabled device had been tried.",
            fleet.swept_at,
        )
        yield from _moment(
            "netraven_oldest_good_backup", "The oldest of the devices' newest good backups.", oldest
        )

    def _work(self) -> Iterator[Metric]:
        status, queue = self._status, self._status.queue
        silent = sum(worker.is_silent for worker in status.workers)
        by_queue: dict[str, int] = {"interactive": 0, "sweep": 0, "sites": 0}
        for name, number in queue.shards.items():
            key = "sites" if name.startswith(_SITES) else name
            by_queue[key] = by_queue.get(key, 0) + number
        by_status = {state.value: self._runs["by_status"].get(state, 0) for state in RunStatus}
        families: dict[str, tuple[str, str, Mapping[str, int]]] = {
            "netraven_runs": ("Runs kept, by status.", "status", by_status),
            "netraven_shards_waiting": ("Parts of runs that wait.", "queue", by_queue),
            "netraven_workers": (
                "Processes that do work.",
                "state",
                {"live": len(status.workers) - silent, "silent": silent},
            ),
        }
        for name, (told, label, numbers) in families.items():
            yield _labelled(name, told, label, numbers)
        overdue = sum(schedule.is_overdue for schedule in status.schedules)
        failing = sum(schedule.consecutive_failures > 0 for schedule in status.schedules)
        singles: dict[str, tuple[str, float]] = {
            "netraven_devices_open": ("Devices that active runs have to go.", queue.open_devices),
            "netraven_devices_held_back": ("Devices in black-outs.", status.waiting_devices),
            "netraven_schedules_overdue": ("Schedules that did not fire in time.", overdue),
            "netraven_schedules_failing": ("Schedules whose last run failed.", failing),
            "netraven_credentials_frozen": ("Credentials put aside.", status.frozen_credentials),
            "netraven_health": ("0 well, 1 a warning, 2 critical.", status.health.exit_code),
            "netraven_run_average_seconds": (
                "How long runs take on average.",
                self._runs["average_seconds"] or 0,
            ),
        }
        for name, (told, value) in singles.items():
            yield _single(name, told, value)


def _single(name: str, told: str, number: float) -> Metric:
    return GaugeMetricFamily(name, told, value=number)


def _labelled(name: str, told: str, label: str, numbers: Mapping[Label, int]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=(label,))
    for value, number in sorted(numbers.items()):
        family.add_metric((str(value),), number)
    return family


def _moment(name: str, told: str, at: datetime | None) -> Iterator[Metric]:
    """Yield an instant in seconds since 1970; nothing where there is none."""
    if at is not None:
        yield _single(f"{name}_timestamp_seconds", told, at.timestamp())
