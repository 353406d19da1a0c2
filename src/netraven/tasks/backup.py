"""The backup of devices: collected at once, judged and stored as they come, told as stored."""

from __future__ import annotations

from collections.abc import Mapping

from netraven.db.enums import ResultStatus
from netraven.tasks.collecting import Collection, in_thread
from netraven.tasks.plan import Terms, read_terms
from netraven.tasks.task import Work


async def back_up(work: Work) -> None:
    """Back a shard's devices up; raises as `Collection.conduct` does."""
    terms = await in_thread(work.collector.loading, _terms, work)
    with work.collector.joined(terms, is_interactive=work.is_interactive) as share:
        await Collection(work, terms, share).conduct()


def good_backups(results: Mapping[ResultStatus, int]) -> str:
    """Return how a run ended, in one sentence."""
    devices, good = sum(results.values()), results.get(ResultStatus.SUCCEEDED, 0)
    return f"{good} of {devices} {'device has' if devices == 1 else 'devices have'} a good backup"


def _terms(work: Work) -> Terms:
    given = work.options.get("deadline_seconds")
    with work.reading() as db:
        return read_terms(db, deadline_s=given if isinstance(given, int) else None)
