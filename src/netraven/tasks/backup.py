"""The backup of devices: collected at once, judged and stored as they come, told as stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from netraven.db.enums import ResultStatus
from netraven.schemas.job import BackupOptions
from netraven.tasks.collecting import Collection, in_thread
from netraven.tasks.plan import Terms, read_terms
from netraven.tasks.shards import Planned
from netraven.tasks.task import Work


async def back_up(work: Work) -> None:
    """Back a shard's devices up; raises as `Collection.conduct` does."""
    terms = await in_thread(work.collector.loading, _terms, work)
    ask = partial(_ask, _config_types(work))
    with work.collector.joined(terms, is_interactive=work.is_interactive) as share:
        await Collection(work, terms, share, ask=ask).conduct()


def good_backups(results: Mapping[ResultStatus, int]) -> str:
    """Return how a run ended, in one sentence."""
    devices, good = sum(results.values()), results.get(ResultStatus.SUCCEEDED, 0)
    return f"{good} of {devices} {'device has' if devices == 1 else 'devices have'} a good backup"


def _config_types(work: Work) -> tuple[str, ...]:
    options = BackupOptions.model_validate(dict(work.options))
    return tuple(dict.fromkeys(options.config_types))


def _ask(config_types: tuple[str, ...], planned: Planned) -> Planned:
    """Return the device with the configurations that the run wants of it."""
    if config_types == planned.request.config_types:
        return planned
    return replace(planned, request=replace(planned.request, config_types=config_types))


def _terms(work: Work) -> Terms:
    given = work.options.get("deadline_seconds")
    with work.reading() as db:
        return read_terms(db, deadline_s=given if isinstance(given, int) else None)
