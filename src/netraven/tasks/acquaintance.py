"""What sessions taught of logins and host keys, kept whatever else became of the devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from netraven.collect.pacing import Freeze, LoginResult, Verdict
from netraven.collect.target import HostKeyPolicy
from netraven.db.enums import HostKeyState
from netraven.errors import HostKeyChanged
from netraven.inventory.hostkeys import record_host_keys
from netraven.jobs.refusals import refusal_entry
from netraven.schemas.job import JobLogEntryCreate
from netraven.tasks.judging import Collected, Finished
from netraven.tasks.shards import PassedOver
from netraven.vault.outcomes import DeviceLogin, freeze_credential, record_logins


def keep_acquaintance(
    db: Session, batch: Sequence[Finished], credential_ids: Mapping[str, UUID]
) -> None:
    """Keep the host keys that were shown, count the logins, and freeze what was refused twice.

    `credential_ids` are those of the credentials that were revealed, by name.
    """
    # No operation itself: within one, freezing a credential would not be audited.
    for state, keys in _shown_keys(batch).items():
        record_host_keys(db, keys, state)
    outcomes = [one.outcome for one in batch if isinstance(one, Collected)]
    keep_logins(
        db,
        [each for one in outcomes for each in one.logins],
        [freeze for one in outcomes for freeze in one.freezes],
        credential_ids,
    )


def keep_logins(
    db: Session,
    logins: Sequence[LoginResult],
    freezes: Sequence[Freeze],
    credential_ids: Mapping[str, UUID],
) -> None:
    """Count the logins that were answered, and freeze what was refused twice."""
    record_logins(db, [*_counted(logins, credential_ids)])
    for freeze in freezes:
        credential_id = credential_ids.get(freeze.credential)
        if credential_id is not None:
            freeze_credential(db, credential_id, reason=freeze.reason)


def refusals(finished: Finished) -> Iterator[JobLogEntryCreate]:
    """Yield a line for each login that was refused, here or on the way."""
    if isinstance(finished, PassedOver):
        return
    target = finished.planned.request.target
    names = {jump.device_id: jump.hostname for jump in target.jump}
    names[target.device_id] = target.hostname
    for login in finished.outcome.logins:
        if login.verdict is Verdict.REFUSED:
            hostname = names.get(login.device_id, login.device_id)
            yield refusal_entry(UUID(login.device_id), hostname, login.credential)


_ANSWERS: Mapping[Verdict, bool] = {Verdict.ACCEPTED: True, Verdict.REFUSED: False}


def _counted(
    logins: Sequence[LoginResult], credential_ids: Mapping[str, UUID]
) -> Iterator[DeviceLogin]:
    """Yield the logins that were answered."""
    for login in logins:
        credential_id = credential_ids.get(login.credential)
        if credential_id is not None and login.verdict in _ANSWERS:
            yield DeviceLogin(
                device_id=UUID(login.device_id),
                credential_id=credential_id,
                is_success=_ANSWERS[login.verdict],
                at=login.at,
            )


def _shown_keys(batch: Sequence[Finished]) -> dict[HostKeyState, dict[UUID, str]]:
    """Return the host keys that were seen: those to trust, and those that are only offered."""
    shown: dict[HostKeyState, dict[UUID, str]] = {state: {} for state in HostKeyState}
    for one in batch:
        if isinstance(one, Collected):
            for device_id, key, state in _keys_of(one):
                shown[state][device_id] = key
    return shown


def _keys_of(collected: Collected) -> Iterator[tuple[UUID, str, HostKeyState]]:
    capture, error = collected.outcome.capture, collected.outcome.error
    seen = capture or (None if error is None else error.report)
    if seen is None:
        return
    target = collected.planned.request.target
    peers = [*zip(collected.planned.jump_ids, target.jump, strict=True)]
    keys = [
        (device_id, jump.host_key_policy, key)
        for (device_id, jump), key in zip(peers, seen.jump_host_keys, strict=False)
    ]
    if seen.host_key:
        keys.append((collected.device_id, target.host_key_policy, seen.host_key))
    for place, (device_id, policy, key) in enumerate(keys):
        # Who shows a changed key is the last one that was reached.
        is_refused = isinstance(error, HostKeyChanged) and place == len(keys) - 1
        is_believed = policy is not HostKeyPolicy.IGNORE and not is_refused
        yield device_id, key, HostKeyState.TRUSTED if is_believed else HostKeyState.OFFERED
