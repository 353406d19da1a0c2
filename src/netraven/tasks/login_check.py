"""One credential tried on devices: who takes it, found out past the same rules as any login."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from netraven.collect.walk import Step
from netraven.db.enums import ResultStatus
from netraven.errors import LoginPostponed, LoginWithheld
from netraven.inventory.reachability import record_reachability
from netraven.tasks.collecting import Collection, in_thread
from netraven.tasks.judging import Finished
from netraven.tasks.plan import Terms, read_terms
from netraven.tasks.result_keeping import ResultKeeper, Told, told, told_failure
from netraven.tasks.shards import PassedOver, Planned
from netraven.tasks.task import Work

_BEFORE_AN_ANSWER: Final = frozenset({Step.RESOLVE, Step.CONNECT, Step.BANNER})


async def check_login(work: Work, credential_id: UUID) -> None:
    """Log in to a shard's devices with this credential, reach the prompt, and leave.

    Refusals count and freeze as they do in a backup, so that no account is locked either. Raises
    as `Collection.conduct` does.
    """
    terms = await in_thread(work.collector.loading, _terms, work)
    keeper = partial(ResultKeeper, _judge, also=_note)
    with work.collector.joined(terms, is_interactive=work.is_interactive) as share:
        await Collection(
            work, terms, share, ask=_ask, keeper=keeper, credential_id=credential_id
        ).conduct()


def _terms(work: Work) -> Terms:
    with work.reading() as db:
        return read_terms(db)


def _ask(planned: Planned) -> Planned:
    """Ask nothing: that the prompt was reached is the answer."""
    return replace(planned, request=replace(planned.request, commands=()))


def _judge(finished: Finished) -> Told:
    if isinstance(finished, PassedOver) or finished.outcome.capture is None:
        return told_failure(finished)
    return Told(told(finished, ResultStatus.SUCCEEDED))


def _note(db: Session, batch: Sequence[Finished]) -> None:
    """Note who answered, whatever became of the login."""
    found = ((one.device_id, _answers(one)) for one in batch)
    record_reachability(db, {one: answers for one, answers in found if answers is not None})


def _answers(finished: Finished) -> bool | None:
    """Tell whether the device answered; None where it was not asked."""
    if isinstance(finished, PassedOver):
        return None
    error = finished.outcome.error
    if error is None:
        return None if finished.outcome.capture is None else True
    if isinstance(error, LoginWithheld | LoginPostponed):
        return None
    return error.step not in _BEFORE_AN_ANSWER
